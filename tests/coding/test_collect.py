from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from tests.coding.page_results import answer, region

from rupture_markers.coding.answer import AnsweredTask
from rupture_markers.coding.assigned import Assignment
from rupture_markers.coding.codebook_history import CodebookInUse
from rupture_markers.coding.coded_task import Accounts, StudyFacts, coded_segments, strays
from rupture_markers.markers.codebook import load_codebook
from rupture_markers.markers.coded_segment import CodedSegment
from rupture_markers.transcripts.transcript import Transcript, Turn

BOOK = load_codebook()
SAID = ["What came up?", "Nothing much 🙂, I guess.", "You went quiet.", "It is a stupid question."]
TURNS = (4, 5, 6, 7)
SPEAKERS = ("therapist", "client", "therapist", "client")


def transcript(texts: list[str] | None = None) -> Transcript:
    words = ["a", "b", "c", "d", *(texts or SAID)]
    return Transcript(
        "s1",
        "case1",
        tuple(Turn(i, SPEAKERS[i % 2], text) for i, text in enumerate(words)),  # type: ignore[arg-type]
    )


ASSIGNED = Assignment(
    task_id="t" * 32, segment_id="s1/1", session_id="s1", case_id="case1", coder="ana", arm="assisted", shown=True,
    role="primary", session_end=False, unit="s1/1", mode="flagged_segments", order=0.5, position=0, flagged=True,
    content_sha256="c", turns=TURNS, context=(2, 3),
)  # fmt: skip


def facts(**changes: Any) -> StudyFacts:
    base = StudyFacts(
        codebook=BOOK,
        history=(CodebookInUse(BOOK, BOOK.sha256, ""),),
        rounds={"s1/1": 2},
        own=frozenset({("s1/1", "ana"), ("s1/1", "ben")}),
        transcripts={"s1": transcript()},
        accounts=Accounts({1: "ana", 2: "ben"}),
    )
    return replace(base, **changes)


def annotated(*annotations: Mapping[str, Any], dialogue: list[str] | None = None) -> AnsweredTask:
    return AnsweredTask.model_validate(
        {
            "id": 7,
            "data": {"task_id": "t" * 32, "dialogue": [{"text": text} for text in dialogue or SAID]},
            "annotations": [
                {"id": n + 1, "completed_by": 1, "updated_at": f"2026-05-0{n + 1}T10:00:00.000000Z", **a}
                for n, a in enumerate(annotations)
            ],
        }
    )


def one(result: list[dict[str, Any]], **changes: Any) -> CodedSegment:
    (record,) = coded_segments([annotated({"result": result, "lead_time": 41.5})], ASSIGNED, facts(**changes))
    return record


def test_a_marker_carries_all_that_was_said_of_it() -> None:
    items = region(
        SAID, 3, "C3", origin="manual", memo="of the task", review="mine", significance="4", certainty="sure",
        strain="task",
    )  # fmt: skip
    record = one(answer("markers_coded", items))
    (coding,) = record.codings
    assert (record.outcome, record.arm, record.shown, record.round, record.seconds) == (
        "markers", "assisted", True, 2, 41.5,
    )  # fmt: skip
    assert (record.first_turn, record.last_turn) == (4, 7)
    assert record.codebook_sha256 == BOOK.sha256
    assert record.annotation == f"{'t' * 32}:ana"
    assert (coding.turn, coding.codes, coding.span, coding.memo) == (7, ("C3",), None, "of the task")
    assert (coding.significance, coding.certainty, coding.strain_about, coding.review) == (4, 0.95, "task", "mine")
    assert record.notes == ()


def test_a_repair_says_what_it_answers_and_whether_collaboration_returned() -> None:
    (coding,) = one(answer("markers_coded", region(SAID, 2, "R4", answers="W2", collaboration="partly"))).codings
    assert (coding.answers, coding.collaboration) == ("W2", "partly")


def test_offsets_after_an_emoji_are_code_points() -> None:
    text = SAID[1]
    begin = len(text[: text.index("I guess")].encode("utf-16-le")) // 2
    (coding,) = one(answer("markers_coded", region(SAID, 1, "W5", begin=begin, stop=begin + 7))).codings
    assert coding.span is not None
    assert text[slice(*coding.span)] == "I guess"


def test_several_markers_in_a_turn_and_one_over_two_turns() -> None:
    record = one(
        answer("markers_coded", region(SAID, 1, "W2"), region(SAID, 1, "W5", stop=7), region(SAID, 2, "R4", last=3))
    )
    assert [(c.turn, c.codes) for c in record.codings] == [(5, ("W5",)), (5, ("W2",)), (6, ("R4",)), (7, ("R4",))]


@pytest.mark.parametrize(("said", "became"), [("no_marker", "no_marker"), ("not_codable", "not_codable")])
def test_an_outcome_of_the_whole_segment(said: str, became: str) -> None:
    assert one(answer(said)).outcome == became


def test_nothing_is_made_up_where_no_outcome_was_given() -> None:
    record = one([])
    assert record.outcome == "skipped"
    assert "no outcome" in record.notes[0]


def test_markers_and_no_marker_together_are_kept_and_reported() -> None:
    record = one(answer("no_marker", region(SAID, 3, "C3")))
    assert record.outcome == "markers"
    assert any("together" in note for note in record.notes)


def test_a_skipped_task_is_no_negative() -> None:
    (record,) = coded_segments([annotated({"result": [], "was_cancelled": True})], ASSIGNED, facts())
    assert record.outcome == "skipped"


def test_a_code_that_the_codebook_no_longer_has_is_kept_with_a_note() -> None:
    record = one(answer("markers_coded", region(SAID, 3, "X9")))
    assert record.codings[0].codes == ("X9",)
    assert any("X9" in note and "no such code" in note for note in record.notes)


def test_a_suggestion_said_to_be_wrong_is_no_coding() -> None:
    record = one(answer("no_marker", region(SAID, 1, "W2", origin="prediction", review="wrong")))
    assert (record.outcome, record.codings, record.rejected) == ("no_marker", (), ((5, "W2"),))


def test_a_suggestion_that_nobody_judged_is_left_out() -> None:
    record = one(answer("markers_coded", region(SAID, 1, "W2", origin="prediction")))
    assert (record.outcome, record.codings) == ("skipped", ())
    assert any("nobody judged" in note for note in record.notes)


def test_words_that_moved_are_found_again_by_their_quote() -> None:
    record = one(answer("markers_coded", region(SAID, 1, "C3", quote="a stupid question", stop=5)))
    (coding,) = record.codings
    assert coding.turn == 7
    assert coding.span is not None
    assert SAID[3][slice(*coding.span)] == "a stupid question"
    assert any("found again" in note for note in record.notes)


def test_words_that_are_nowhere_are_reported_and_kept_for_the_whole_turn() -> None:
    record = one(answer("markers_coded", region(SAID, 1, "W2", quote="never said")))
    assert [(c.turn, c.span) for c in record.codings] == [(5, None)]
    assert any("nor elsewhere" in note for note in record.notes)


def test_a_marker_outside_the_turns_to_be_coded_is_left_out_and_reported() -> None:
    items = region(SAID, 3, "C3", quote="not in this dialogue")
    for item in items:
        item["value"] |= {"start": "9", "end": "9"}
    record = one(answer("markers_coded", items))
    assert record.codings == ()
    assert record.notes


def test_a_turn_that_moved_in_the_transcript_is_coded_where_it_stands_now() -> None:
    record = one(answer("markers_coded", region(SAID, 3, "C3")), transcripts={"s1": transcript(["New.", *SAID])})
    assert [c.turn for c in record.codings] == [8]


def test_the_last_of_two_annotations_of_one_coder_counts() -> None:
    task = annotated({"result": answer("no_marker")}, {"result": answer("markers_coded", region(SAID, 3, "C3"))})
    (record,) = coded_segments([task], ASSIGNED, facts())
    assert record.outcome == "markers"
    assert any("last changed" in note for note in record.notes)


def test_another_coder_who_has_the_task_is_counted_and_not_taken_twice() -> None:
    task = annotated({"result": answer("no_marker"), "completed_by": 2})
    assert coded_segments([task], ASSIGNED, facts()) == []
    assert strays([task], ASSIGNED, facts()) == 1


def test_another_coder_who_has_no_such_task_is_taken_by_the_own_name() -> None:
    task = annotated({"result": answer("no_marker"), "completed_by": 2})
    (record,) = coded_segments([task], ASSIGNED, facts(own=frozenset({("s1/1", "ana")})))
    assert record.coder == "ben"
    assert "project of ana" in record.notes[0]


def test_items_that_are_none_of_the_pages_are_counted_and_left_out() -> None:
    record = one([*answer("no_marker"), {"from_name": "other", "to_name": "dialogue", "type": "choices", "value": {}}])
    assert record.outcome == "no_marker"
    assert any("none of the page's" in note for note in record.notes)


def test_notes_hold_no_word_of_the_transcript() -> None:
    record = one(answer("markers_coded", region(SAID, 1, "W2", quote="a stupid question never said", memo="stupid")))
    assert "stupid" not in " ".join(record.notes)


def test_a_code_in_the_turn_of_a_speaker_with_whom_it_is_not_coded_is_kept_and_reported() -> None:
    record = one(answer("markers_coded", region(SAID, 0, "W2"), region(SAID, 1, "W2")))
    assert [c.turn for c in record.codings] == [4, 5]
    assert record.notes == (
        "W2, turn 4: not coded in such a speaker's turn: kept, and set aside in all figures and in training",
    )
