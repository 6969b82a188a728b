"""A server that lost answers (an older backup, or an empty one that was filled again) takes none back."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr
from tests.coding.page_results import answer
from tests.coding.test_collect import ASSIGNED, SAID, facts

from rupture_markers.coding.answer import AnsweredTask
from rupture_markers.coding.codings_log import current_answers
from rupture_markers.coding.collect import Polled, PollReport, last_records, poll_project
from rupture_markers.coding.label_studio import LabelStudioClient
from rupture_markers.errors import LabelStudioFault
from rupture_markers.markers.coded_segment import CodedSegment

MADE, CODED, LATER = (f"2026-05-0{day}T10:00:00.000000Z" for day in (1, 2, 3))
EARLIER = "2026-05-01T12:00:00.000000Z"


class Served:
    """A project with one task, as the server has it at a time."""

    def __init__(self, *coded_at: str, created: str = MADE, changed: str = CODED, said: str = "no_marker") -> None:
        self.task = AnsweredTask.model_validate(
            {
                "id": 7, "created_at": created, "updated_at": changed,
                "data": {"task_id": ASSIGNED.task_id, "dialogue": [{"text": text} for text in SAID]},
                "annotations": [
                    {"id": n, "completed_by": 1, "updated_at": at, "result": answer(said)} for n, at in enumerate(coded_at)
                ],
            }
        )  # fmt: skip

    def answered_tasks(self, _project: int, *, since: str = "") -> list[AnsweredTask]:
        return [self.task]

    def count_annotations(self, _project: int) -> int:
        return len(self.task.annotations)


def poll(served: Served, log: list[CodedSegment]) -> PollReport:
    client: Any = served
    report, _ = poll_project(
        client, 1, {ASSIGNED.task_id: ASSIGNED}, last_records(log), facts(), Polled(), log.extend
    )  # fmt: skip
    return report


def collected() -> list[CodedSegment]:
    log: list[CodedSegment] = []
    assert poll(Served(CODED), log).new == 1
    return log


def test_an_older_backup_has_not_the_answer_and_it_stands() -> None:
    log = collected()
    report = poll(Served(changed=EARLIER), log)
    assert (report.withdrawn, report.gone) == (0, 1)
    assert [a.outcome for a in current_answers(log)] == ["no_marker"]


def test_an_older_backup_has_an_earlier_form_of_the_answer_and_the_later_stands() -> None:
    log = collected()
    report = poll(Served(EARLIER, changed=EARLIER, said="not_codable"), log)
    assert (report.changed, report.withdrawn) == (0, 0)
    assert [a.outcome for a in current_answers(log)] == ["no_marker"]


def test_a_task_that_was_made_again_on_an_empty_server_takes_nothing_back() -> None:
    log = collected()
    report = poll(Served(created=LATER, changed=LATER), log)
    assert (report.withdrawn, report.gone) == (0, 1)
    assert len(current_answers(log)) == 1


def test_what_is_coded_again_on_such_a_server_replaces_the_answer() -> None:
    log = collected()
    report = poll(Served(LATER, created="2026-05-02T23:00:00.000000Z", changed=LATER, said="not_codable"), log)
    assert report.changed == 1
    assert [a.outcome for a in current_answers(log)] == ["not_codable"]


def test_an_annotation_that_a_person_deleted_is_taken_back() -> None:
    log = collected()
    report = poll(Served(changed=LATER), log)
    assert (report.withdrawn, report.gone) == (1, 0)
    assert current_answers(log) == ()


def test_of_two_annotations_the_later_was_deleted_and_the_earlier_counts() -> None:
    log: list[CodedSegment] = []
    poll(Served(EARLIER, CODED), log)
    assert poll(Served(EARLIER, changed=LATER, said="not_codable"), log).changed == 1
    assert [a.outcome for a in current_answers(log)] == ["not_codable"]


def test_a_server_without_any_account_is_not_believed() -> None:
    """Coders would be told from the projects alone, and every answer put down anew."""
    client = LabelStudioClient("http://127.0.0.1:9", SecretStr("none"), pause_s=0)
    some: Any = client
    some._get = lambda _path: []
    with client, pytest.raises(LabelStudioFault, match="cannot be read"):
        client.users()
