"""Disagreements, the page's data, and what an adjudicator's answers come to; without a server."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from rupture_markers.coding.adjudication import (
    AdjudicationTask,
    append_adjudication_tasks,
    build_adjudication_tasks,
    disagreements,
    read_adjudication_tasks,
)
from rupture_markers.coding.adjudication_page import (
    DECISION,
    NO_MARKER,
    REASON,
    Outcome,
    adjudication_config,
    adjudication_problems,
    read_outcome,
)
from rupture_markers.coding.answer import AnsweredTask
from rupture_markers.coding.gold import Adjudication
from rupture_markers.markers.codebook import load_codebook
from rupture_markers.markers.coded_segment import CodedSegment
from rupture_markers.markers.marker import Arm, Coding
from rupture_markers.transcripts.interchange import read_interchange
from rupture_markers.transcripts.transcript import Transcript
from rupture_markers.workflow.adjudicating import outcomes

BOOK = load_codebook()


@pytest.fixture(scope="module")
def transcript() -> Transcript:
    return next(read_interchange(Path(__file__).resolve().parents[1] / "fixtures" / "sample-transcripts.jsonl"))


def answer(coder: str, marks: dict[int, str], session: str = "s", arm: Arm = "blind") -> CodedSegment:
    codings = tuple(Coding(session, turn, coder, tuple(codes.split())) for turn, codes in marks.items())
    outcome: Any = "markers" if marks else "no_marker"
    return CodedSegment(f"{session}:{coder}", "", f"{session}/0-9", session, "case", 0, 9, coder, arm, outcome, codings)


def test_a_disagreement_is_of_families_unless_codes_are_asked_for() -> None:
    answers = [answer("ana", {1: "W1", 2: "W2", 3: "C1 W2"}), answer("ben", {1: "W2", 3: "W2"})]
    assert [d.turn for d in disagreements(answers, BOOK)] == [2, 3]
    assert [d.turn for d in disagreements(answers, BOOK, level="code")] == [1, 2, 3]


def test_assisted_codings_are_adjudicated_only_on_request_and_then_say_so() -> None:
    answers = [answer("ana", {1: "W1"}), answer("ben", {}, arm="assisted")]
    assert disagreements(answers, BOOK) == ()
    (one,) = disagreements(answers, BOOK, blind_only=False)
    assert not one.blind


def test_one_coder_alone_and_uncodable_segments_are_no_disagreement() -> None:
    assert disagreements([answer("ana", {1: "W1"})], BOOK) == ()
    gone = replace(answer("ben", {}), outcome="not_codable")
    assert disagreements([answer("ana", {1: "W1"}), gone], BOOK) == ()


def test_a_task_shows_the_dialogue_and_the_codes_and_is_another_where_a_coder_says_otherwise(
    transcript: Transcript,
) -> None:
    name = transcript.session_id
    turn = next(t.index for t in transcript.turns if t.speaker == "client" and t.index > 2)
    first = [answer("ana", {turn: "W1"}, name), answer("ben", {}, name)]
    made = build_adjudication_tasks(disagreements(first, BOOK), {name: transcript}, BOOK, study="x", seed=1)
    ((task_id, (record, task)),) = made.items()
    assert (record.turn, record.speaker) == (turn, "client")
    assert adjudication_problems(task, BOOK) == []
    marked = [line for line in task.data["dialogue"] if line["speaker"].startswith("▶")]
    assert len(marked) == 1
    assert {o["said"] for o in task.data["opinions"]} == {"W1 denial", "no marker"}
    again = build_adjudication_tasks(disagreements(first[::-1], BOOK), {name: transcript}, BOOK, study="x", seed=1)
    assert again == made
    other = [answer("ana", {turn: "W2"}, name), answer("ben", {}, name)]
    later = build_adjudication_tasks(disagreements(other, BOOK), {name: transcript}, BOOK, study="x", seed=1)
    assert later.keys() != {task_id}


def test_a_turn_that_is_gone_gets_no_task(transcript: Transcript) -> None:
    name = transcript.session_id
    answers = [replace(a, first_turn=9000, last_turn=9001) for a in (answer("ana", {9000: "W1"}, name),
                                                                     answer("ben", {}, name))]  # fmt: skip
    found = disagreements(answers, BOOK)
    assert len(found) == 1
    assert build_adjudication_tasks(found, {name: transcript}, BOOK, study="x", seed=1) == {}


def given(decision: list[str], reason: list[str]) -> list[dict[str, Any]]:
    return [
        {"from_name": DECISION, "type": "choices", "value": {"choices": decision}},
        {"from_name": REASON, "type": "choices", "value": {"choices": reason}},
    ]


@pytest.mark.parametrize(
    ("decision", "reason", "expected"),
    [
        (["W2", "C1"], ["edge case"], Outcome(("W2", "C1"), "edge case")),
        ([NO_MARKER], ["oversight"], Outcome((), "oversight")),
        (["W2"], [], "no single reason"),
        ([], ["oversight"], "neither one to three"),
        ([NO_MARKER, "W2"], ["oversight"], "neither one to three"),
        (["W1", "W2", "W3", "W4"], ["oversight"], "neither one to three"),
        (["R1"], ["oversight"], "not coded in such a speaker's turn"),
        (["W99"], ["oversight"], "no longer in the codebook"),
    ],
)
def test_an_answer_is_read_or_refused_in_words(decision: list[str], reason: list[str], expected: Any) -> None:
    found = read_outcome(given(decision, reason), BOOK, "client")
    if isinstance(expected, str):
        assert isinstance(found, str)
        assert expected in found
    else:
        assert found == expected


def answered(task_id: str, decision: str, at: str, **more: Any) -> AnsweredTask:
    note = {"result": given([decision], ["oversight"]), "updated_at": at, "completed_by": 7, **more}
    return AnsweredTask(data={"task_id": task_id}, annotations=[note])


KNOWN = {name: AdjudicationTask(name, "s", 3, "case", "client", True) for name in ("a", "b")}


def test_where_a_turn_was_asked_of_twice_the_later_answer_counts_and_only_once() -> None:
    tasks = [answered("b", "C1", "2026-02-02T00:00:00Z"), answered("a", "W2", "2026-02-01T00:00:00Z")]
    new, unread = outcomes(tasks, KNOWN, [], BOOK)
    assert [(r.codes, r.adjudicator, r.task_id) for r in new] == [(("C1",), "user-7", "b")]
    assert unread == ()
    assert outcomes(tasks, KNOWN, new, BOOK) == ([], ())


def test_skips_and_tasks_of_others_say_nothing_and_a_deleted_answer_withdraws() -> None:
    skipped = answered("a", "W2", "2026-02-01T00:00:00Z", was_cancelled=True)
    assert outcomes([skipped, answered("x", "W2", "2026-02-01T00:00:00Z")], KNOWN, [], BOOK) == ([], ())
    before = Adjudication("s", 3, "case", ("W2",), "oversight", "user-7", task_id="a")
    (gone,), _ = outcomes([AnsweredTask(data={"task_id": "a"})], KNOWN, [before], BOOK)
    assert gone == replace(before, withdrawn=True)
    assert outcomes([AnsweredTask(data={"task_id": "a"})], KNOWN, [before, gone], BOOK) == ([], ())
    assert outcomes([], KNOWN, [before], BOOK) == ([], ())


def test_the_log_of_tasks_maps_them_back(tmp_path: Path) -> None:
    path = tmp_path / "adjudication-tasks.jsonl"
    append_adjudication_tasks(path, KNOWN.values())
    assert read_adjudication_tasks(path) == KNOWN


def test_the_page_has_every_code_and_reason_each_with_a_key_of_its_own() -> None:
    choices = list(ET.fromstring(adjudication_config(BOOK)).iter("Choice"))
    keys = [choice.get("hotkey") for choice in choices]
    assert None not in keys
    assert len(keys) == len(set(keys))
    aliases = {choice.get("alias") for choice in choices}
    assert {code.id for code in BOOK.codes} | {NO_MARKER, "guideline gap"} <= aliases
