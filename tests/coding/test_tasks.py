"""What a coder gets to see: a blind task tells nothing, an assisted one looks the same, and all is checked."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rupture_markers.coding.assignment import Assignment, AssignmentRule, assign, segment_to_code
from rupture_markers.coding.labeling_config import CODES, DIALOGUE, TaskData, labeling_config
from rupture_markers.coding.offsets import code_point_offset
from rupture_markers.coding.tasks import CodingTask, build_tasks, validate_task, write_task_files
from rupture_markers.errors import ModelError, StudyError
from rupture_markers.learning.selection import Mode
from rupture_markers.markers.codebook import load_codebook
from rupture_markers.markers.marker import FAMILIES, Suggestion
from rupture_markers.transcripts.segments import segments_of
from rupture_markers.transcripts.transcript import Speaker, Transcript, Turn

CODEBOOK = load_codebook()
SPEAKERS: tuple[Speaker, ...] = ("therapist", "client", "nobody", "other")
texts = st.text(st.sampled_from("ab .é\u0301\U0001f642\U0001f3fd\n"), min_size=1, max_size=30)


def session(session_id: str = "secret-session", *, times: bool = True, words: list[str] | None = None) -> Transcript:
    said = words or [f"said {n} \U0001f642" for n in range(40)]
    turns = []
    for n, text in enumerate(said):
        speaker = SPEAKERS[n % 2] if n % 10 else SPEAKERS[n // 10 % 4]
        turns.append(Turn(2 * n, speaker, text, 3.5 * n if times and n != 5 else None, None))
    return Transcript(session_id, "secret-case", tuple(turns), source_name="Jane Doe.docx", therapist_id="Dr X")


def suggest(turn: int, probability: float = 0.8, code: str = "W2", session_id: str = "secret-session") -> Suggestion:
    return Suggestion(session_id, turn, "withdrawal", code, (code, "W5"), probability, (), "model-7")


def assigned(
    transcript: Transcript, *, flagged: tuple[int, ...] = (0,), mode: Mode = "flagged_segments", **plan: float
) -> tuple[Assignment, ...]:
    rule = AssignmentRule("study-x", ("ana", "ben"), mode=mode, **plan)  # type: ignore[arg-type]
    cut = segments_of(transcript, "turns", turns=10, context_turns=3)
    chosen = [segment_to_code(transcript, segment, flagged=segment.ordinal in flagged) for segment in cut]
    return assign(chosen, rule)


def tasks_of(
    transcript: Transcript, assignments: tuple[Assignment, ...], *suggestions: Suggestion, **more: Any
) -> list[CodingTask]:
    return list(
        build_tasks(
            assignments,
            {transcript.session_id: transcript},
            CODEBOOK,
            suggestions={transcript.session_id: suggestions},
            model_version="model-7",
            **more,
        )
    )


def first_flagged(**more: Any) -> CodingTask:
    transcript = session()
    assignments = assigned(transcript, blind=0.0, withheld=0.0, double_coded=0.0)
    return next(task for task in tasks_of(transcript, assignments, suggest(2), **more) if task.predictions)


def test_a_blind_task_is_our_id_and_the_dialogue_alone() -> None:
    transcript = session()
    tasks = tasks_of(transcript, assigned(transcript, blind=1.0), *(suggest(2 * n) for n in range(40)))
    assert tasks
    for task in tasks:
        assert set(task.payload) == {"data"}
        assert set(task.data) == {"task_id", "dialogue", "context"}
        items = task.data["dialogue"] + task.data["context"]
        assert all(set(item) == {"speaker", "text"} for item in items)
        shown = json.dumps(task.payload)
        for secret in ("secret-session", "secret-case", "Jane", "Dr X", "model-7", "0.8", "ana", "study-x"):
            assert secret not in shown


def test_an_unflagged_assisted_task_cannot_be_told_from_a_withheld_one() -> None:
    transcript = session()
    assignments = assigned(transcript, flagged=(0, 1), blind=0.0, withheld=1.0)
    tasks = tasks_of(transcript, assignments, suggest(2), suggest(24))
    shapes = {
        (frozenset(task.payload), frozenset(task.data), len(task.data["dialogue"]), len(task.task_id)) for task in tasks
    }
    assert shapes == {(frozenset({"data"}), frozenset({"task_id", "dialogue", "context"}), 10, 32)}
    assert {a.flagged for a in assignments} == {True, False}


def test_suggestions_are_shown_in_assisted_tasks_where_the_assignment_says_so_and_nowhere_else() -> None:
    transcript = session()
    assignments = assigned(transcript, flagged=(0, 1, 2, 3), blind=0.5, withheld=0.5, double_coded=1.0)
    by_id = {a.task_id: a for a in assignments}
    tasks = tasks_of(transcript, assignments, *(suggest(20 * n + 2) for n in range(4)))
    assert {by_id[t.task_id].shown for t in tasks} == {True, False}
    for task in tasks:
        assert bool(task.predictions) == by_id[task.task_id].shown
        assert task.arm == "assisted" or not task.predictions


def test_a_blind_task_shows_no_suggestion_even_where_the_log_was_tampered_with() -> None:
    transcript = session()
    assignments = tuple(replace(a, shown=True) for a in assigned(transcript, blind=1.0))
    assert not any(task.predictions for task in tasks_of(transcript, assignments, suggest(2)))


def test_every_item_shown_is_the_turn_that_the_log_names() -> None:
    transcript = session()
    assignments = assigned(transcript)
    by_id = {a.task_id: a for a in assignments}
    for task in tasks_of(transcript, assignments):
        log = by_id[task.task_id]
        assert [transcript.turn(i).text for i in log.turns] == [item["text"] for item in task.data["dialogue"]]
        assert [transcript.turn(i).text for i in log.context] == [item["text"] for item in task.data["context"]]


def test_speakers_are_shown_by_role_and_a_silence_can_be_marked() -> None:
    words = ["hello"] * 20 + [""] + ["yes"] * 19
    transcript = session(words=words)
    tasks = tasks_of(transcript, assigned(transcript))
    items = [item for task in tasks for item in task.data["dialogue"]]
    assert {item["speaker"] for item in items} == {"Client", "Therapist", "Other", "(silence)"}
    assert {"speaker": "(silence)", "text": "(silence)"} in items
    assert [problem for task in tasks for problem in validate_task(task, CODEBOOK)] == []


def test_the_queue_is_the_order_of_the_tasks() -> None:
    transcript = session()
    assignments = assigned(transcript)
    expected = sorted(assignments, key=lambda a: (a.coder, a.arm, a.queue_key))
    assert [task.task_id for task in tasks_of(transcript, assignments)] == [a.task_id for a in expected]


def test_times_are_given_where_known_and_never_invented() -> None:
    transcript = session()
    timed = tasks_of(transcript, assigned(transcript), times=True)
    by_text = {item["text"]: item for task in timed for item in task.data["dialogue"]}
    assert by_text["said 4 \U0001f642"]["start"] == 14.0
    assert "start" not in by_text["said 5 \U0001f642"]
    assert all("end" not in item for item in by_text.values())


def test_a_recording_goes_with_its_session_in_both_arms() -> None:
    transcript = session()
    url = "http://127.0.0.1:9000/secret.mp3"
    for task in tasks_of(transcript, assigned(transcript), recordings={"secret-session": url, "other": "x"}):
        assert task.data["audio"] == url
        assert "start" in task.data["dialogue"][0]
        assert validate_task(task, CODEBOOK) == []


def test_the_ratings_are_asked_at_the_end_of_a_whole_session() -> None:
    transcript = session()
    assignments = assigned(transcript, mode="whole_session", double_coded=0.0)
    ends = [task.data["session_end"] for task in tasks_of(transcript, assignments)]
    assert ends == [[], [], [], [{}]]


def test_a_region_is_the_whole_turn_in_the_browsers_units_with_code_score_and_model() -> None:
    task = first_flagged()
    (prediction,) = task.predictions
    (region,) = prediction["result"]
    assert prediction["model_version"] == "model-7"
    assert prediction["score"] == region["score"] == 0.8
    assert (region["from_name"], region["to_name"], region["type"]) == (CODES, DIALOGUE, "paragraphlabels")
    assert region["value"] == {
        "start": "1",
        "end": "1",
        "startOffset": 0,
        "endOffset": 9,
        "text": "said 1 \U0001f642",
        "paragraphlabels": ["W2"],
    }


@given(st.lists(texts, min_size=10, max_size=40), st.data())
def test_whatever_is_built_is_valid_and_quotes_come_back(words: list[str], data: st.DataObject) -> None:
    transcript = session(words=words)
    codes = [code.id for code in CODEBOOK.codes]
    suggestions = [
        Suggestion(
            "secret-session",
            2 * data.draw(st.integers(0, len(words) - 1)),
            data.draw(st.sampled_from(FAMILIES)),
            data.draw(st.sampled_from(codes)),
            (),
            data.draw(st.floats(0, 1)),
            (),
            "m",
        )
        for _ in range(data.draw(st.integers(0, 6)))
    ]
    unique = {(s.turn, s.code): s for s in suggestions}
    assignments = assigned(transcript, flagged=(0, 1, 2, 3), blind=0.25, withheld=0.0)
    for task in tasks_of(transcript, assignments, *unique.values()):
        assert validate_task(task, CODEBOOK) == []
        for region in (r for p in task.predictions for r in p["result"]):
            text = task.data["dialogue"][int(region["value"]["start"])]["text"]
            end = code_point_offset(text, region["value"]["endOffset"])
            assert text[:end] == region["value"]["text"]


def test_suggestions_on_context_turns_are_not_shown() -> None:
    transcript = session()
    assignments = assigned(transcript, flagged=(1,), blind=0.0, withheld=0.0)
    second = tuple(a for a in assignments if a.turns[0] == 20)
    assert second[0].context == (14, 16, 18)
    assert tasks_of(transcript, second, suggest(18))[0].predictions == ()


def test_a_code_that_the_codebook_lacks_is_refused_before_anything_is_sent() -> None:
    transcript = session()
    assignments = assigned(transcript, blind=0.0, withheld=0.0)
    with pytest.raises(ModelError, match="W99") as fault:
        tasks_of(transcript, assignments, suggest(2, code="W99"))
    assert fault.value.turn == 2


def test_a_transcript_that_lost_a_turn_is_refused() -> None:
    transcript = session()
    assignments = assigned(transcript)
    shorter = replace(transcript, turns=transcript.turns[:-1])
    with pytest.raises(StudyError, match="has changed"):
        tasks_of(shorter, assignments)


Change = Callable[[dict[str, Any], dict[str, Any]], None]


def _data(**changes: Any) -> Change:
    return lambda data, _region: data.update(changes)


def _region(**changes: Any) -> Change:
    return lambda _data, region: region.update(changes)


def _value(**changes: Any) -> Change:
    return lambda _data, region: region["value"].update(changes)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_data(score=0.9), "score"),
        (_data(task_id="f" * 32), "task_id"),
        (_data(dialogue=[]), "dialogue"),
        (_data(dialogue=[{"speaker": "Jane", "text": "x"}] * 10), "speaker"),
        (_data(dialogue=[{"speaker": "Client", "text": ""}] * 10), "text"),
        (_data(context=[{"speaker": "Client", "text": "x", "turn": 4}]), "context"),
        (_region(from_name="labels"), "must go from"),
        (_region(to_name="text"), "must go from"),
        (_region(type="labels"), "type"),
        (_region(score=1.2), "probability"),
        (_region(score=float("nan")), "probability"),
        (_region(score=True), "probability"),
        (_region(extra=1), "must hold"),
        (_value(paragraphlabels=["W2 minimal response"]), "label"),
        (_value(paragraphlabels=["W2", "C1"]), "label"),
        (_value(paragraphlabels=[]), "label"),
        (_value(labels=["W2"]), "value must hold"),
        (_value(start=1), "strings"),
        (_value(start="01"), "strings"),
        (_value(start="2"), "do not exist"),
        (_value(start="10", end="10"), "do not exist"),
        (_value(endOffset=10), "outside"),
        (_value(startOffset=-1), "outside"),
        (_value(startOffset=4, endOffset=4), "behind"),
        (_value(startOffset=5, endOffset=4), "behind"),
        (_value(endOffset=8), "within a character"),
        (_value(endOffset=7.0), "whole numbers"),
        (_value(endOffset=4), "quote"),
        (_value(end="2", endOffset=4), "quote"),
        (_value(text="said 2 \U0001f642"), "quote"),
    ],
)
def test_what_label_studio_would_store_without_a_word_is_found(change: Change, said: str) -> None:
    task = first_flagged()
    assert validate_task(task, CODEBOOK) == []
    data, predictions = deepcopy(task.data), deepcopy(task.predictions)
    change(data, predictions[0]["result"][0])
    problems = validate_task(replace(task, data=data, predictions=predictions), CODEBOOK)
    assert any(said in problem for problem in problems)
    assert "said 1" not in " ".join(problems)  # no word of the transcript


def test_a_prediction_in_a_blind_task_is_found() -> None:
    assert validate_task(replace(first_flagged(), arm="blind"), CODEBOOK) == ["a blind task has a prediction"]


@pytest.mark.parametrize(
    ("change", "said"), [({"model_version": ""}, "version"), ({"score": 2}, "score"), ({"result": []}, "region")]
)
def test_a_prediction_that_is_none_is_found(change: dict[str, Any], said: str) -> None:
    task = first_flagged()
    wrong = replace(task, predictions=({**task.predictions[0], **change},))
    assert any(said in problem for problem in validate_task(wrong, CODEBOOK))


def test_two_regions_of_one_id_are_found() -> None:
    task = first_flagged()
    prediction = deepcopy(task.predictions[0])
    prediction["result"] *= 2
    assert any("twice" in p for p in validate_task(replace(task, predictions=(prediction,)), CODEBOOK))


def test_a_region_over_two_turns_is_valid_where_its_quote_is_right() -> None:
    task = first_flagged()
    predictions = deepcopy(task.predictions)
    predictions[0]["result"][0]["value"] |= {
        "end": "2",
        "startOffset": 5,
        "endOffset": 4,
        "text": "1 \U0001f642\n\nsaid",
    }
    assert validate_task(replace(task, predictions=predictions), CODEBOOK) == []


@pytest.mark.parametrize("arm", ["blind", "assisted"])
def test_labels_and_names_are_those_of_the_labelling_config(arm: Any) -> None:
    from xml.etree import ElementTree

    page = ElementTree.fromstring(labeling_config(CODEBOOK, arm=arm))
    region = first_flagged().predictions[0]["result"][0]
    control = page.find(f".//ParagraphLabels[@name='{region['from_name']}']")
    assert control is not None
    assert control.get("toName") == region["to_name"]
    labels = {label.get("alias") or label.get("value") for label in control.iter("Label")}
    assert set(region["value"]["paragraphlabels"]) <= labels


def test_one_importable_file_is_written_for_each_project(tmp_path: Path) -> None:
    transcript = session()
    tasks = tasks_of(transcript, assigned(transcript, double_coded=1.0, withheld=0.0), suggest(2))
    written = write_task_files(tmp_path / "out", tasks)
    assert set(written) == {task.project for task in tasks}
    again = [payload for path in written.values() for payload in json.loads(path.read_text("utf-8"))]
    assert sorted(again, key=str) == sorted((task.payload for task in tasks), key=str)
    for payload in again:
        TaskData.model_validate(payload["data"])
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(
        f"{coder}-{arm}.json" for coder, arm in written
    )
