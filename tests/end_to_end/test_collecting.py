"""What people coded in a real Label Studio, brought into the study's log."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.coding.page_results import answer, region
from tests.faults.fault_server import FaultServer
from typer.testing import CliRunner

from rupture_markers.cli import app
from rupture_markers.coding.assigned import Assignment, read_assignments
from rupture_markers.coding.codings_log import current_answers, read_coded_segments
from rupture_markers.coding.label_studio import LabelStudioClient
from rupture_markers.workflow import flow_tasks, flows
from rupture_markers.workflow.queue import client_of
from rupture_markers.workflow.study import Study, open_study

pytestmark = pytest.mark.label_studio


def rupture(*words: str, code: int = 0) -> dict[str, Any]:
    done = CliRunner().invoke(app, [*words, "--json"])
    assert done.exit_code == code, done.output
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


class Desk:
    """The server as a coder's answers come to it."""

    def __init__(self, study: Study, client: LabelStudioClient) -> None:
        self.client = client
        ledger = json.loads(study.projects.read_text())["projects"]
        self.numbers = {task: number for p in ledger for task, number in p["tasks"].items()}

    def dialogue(self, task: Assignment) -> list[str]:
        found = self.client._api.tasks.get(id=str(self.numbers[task.task_id]))
        return [turn["text"] for turn in found.data["dialogue"]]

    def annotate(self, task: Assignment, result: list[dict[str, Any]], *, cancelled: bool = False) -> int:
        made = self.client._api.annotations.create(
            id=self.numbers[task.task_id], result=result, was_cancelled=cancelled, lead_time=12.0
        )
        return int(made.id)


def test_answers_reach_the_log_once_and_edits_and_deletions_are_new_records(served_study: Path) -> None:
    rupture("run", str(served_study))
    study = open_study(served_study)
    with client_of(study) as client:
        desk = Desk(study, client)
        first, second, third = read_assignments(study.assignments)[:3]
        words = desk.dialogue(first)
        number = desk.annotate(first, answer("markers_coded", region(words, 1, "W2", significance="3")))
        gone = desk.annotate(second, answer("no_marker"))
        desk.annotate(third, [], cancelled=True)

        found = rupture("collect", str(served_study))
        assert (found["new"], found["changed"], found["skipped"]) == (3, 0, 1)
        kept = {record.task_id: record for record in current_answers(read_coded_segments(study.codings))}
        (coding,) = kept[first.task_id].codings
        assert (coding.turn, coding.codes, coding.significance) == (first.turns[1], ("W2",), 3)
        assert kept[second.task_id].outcome == "no_marker"
        assert kept[third.task_id].outcome == "skipped"
        assert (kept[first.task_id].coder, kept[first.task_id].arm) == (first.coder, first.arm)

        before = study.codings.read_bytes()
        again = rupture("collect", str(served_study))
        assert (again["new"], again["changed"], again["withdrawn"]) == (0, 0, 0)
        assert study.codings.read_bytes() == before

        client._api.annotations.update(id=number, result=answer("markers_coded", region(words, 1, "W5")))
        client._api.annotations.delete(id=gone)
        third_time = rupture("collect", str(served_study))
        assert (third_time["new"], third_time["changed"], third_time["withdrawn"]) == (0, 1, 1)
        assert study.codings.read_bytes().startswith(before)
        standing = {record.task_id: record for record in current_answers(read_coded_segments(study.codings))}
        assert standing[first.task_id].codings[0].codes == ("W5",)
        assert second.task_id not in standing

        (study.work / "collected.json").unlink()
        after = study.codings.read_bytes()
        lost_mark = rupture("collect", str(served_study))
        assert (lost_mark["new"], lost_mark["changed"], lost_mark["withdrawn"]) == (0, 0, 0)
        assert study.codings.read_bytes() == after


def test_a_study_that_was_never_sent_says_what_to_do(sample_study: Path) -> None:
    done = CliRunner().invoke(app, ["collect", str(sample_study)])
    assert done.exit_code == 0
    assert "0" in done.output


def test_a_server_that_is_down_stops_a_collect_and_the_next_one_finishes(served_study: Path) -> None:
    rupture("run", str(served_study))
    study = open_study(served_study)
    with client_of(study) as client:
        desk = Desk(study, client)
        task = read_assignments(study.assignments)[0]
        desk.annotate(task, answer("no_marker"))
    config = served_study / "study.yaml"
    right = config.read_text(encoding="utf-8")
    config.write_text(right.replace(study.config.label_studio.url or "", "http://127.0.0.1:9"), encoding="utf-8")
    done = CliRunner().invoke(app, ["collect", str(served_study)])
    assert done.exit_code != 0
    assert not study.codings.exists()
    config.write_text(right, encoding="utf-8")
    assert rupture("collect", str(served_study))["new"] == 1


def test_a_server_that_stops_in_the_middle_of_a_collect_loses_nothing_and_the_next_ones_take_nothing_twice(
    served_study: Path, label_studio: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rupture_markers.coding.label_studio._LONGEST_WAIT_S", 0.05)
    monkeypatch.setattr(flows, "collect_project", flow_tasks.collect_project.with_options(retries=0))
    config = served_study / "study.yaml"
    with FaultServer(label_studio.url) as between:
        config.write_text(config.read_text(encoding="utf-8").replace(label_studio.url, between.url), encoding="utf-8")
        rupture("run", str(served_study))
        study = open_study(served_study)
        with client_of(study) as client:
            desk = Desk(study, client)
            by_project = {(task.coder, task.arm): task for task in read_assignments(study.assignments)}
            for task in by_project.values():
                desk.annotate(task, answer("no_marker"))
        for requests in (1, 3, 6):
            between.stop_after(requests)
            done = CliRunner().invoke(app, ["collect", str(served_study)])
            assert between.down, "the collect ended before the server stopped"
            assert done.exit_code != 0
            assert "Traceback" not in done.output
            between.start_again()
        rupture("collect", str(served_study))
        records = read_coded_segments(study.codings)
        assert sorted(record.task_id for record in records) == sorted(task.task_id for task in by_project.values())
        assert rupture("collect", str(served_study))["new"] == 0
