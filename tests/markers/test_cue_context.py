"""Cues in their dialogue: speaker, the turn before, events, strain."""

from __future__ import annotations

import pytest
from spacy.language import Language

from rupture_markers.markers.codebook import load_codebook
from rupture_markers.markers.cue_component import build_pipeline
from rupture_markers.markers.cue_context import cues_in_session
from rupture_markers.markers.cues import load_cues
from rupture_markers.transcripts.transcript import Event, EventKind, Speaker, Transcript, Turn

CUES = """version: "1"
cues:
  - {id: w2-yes, code: W2, phrases: ["yes"], whole: true, after: [open question, invitation], why: test}
  - {id: w2-silent, code: W2, with_event: [pause], most_words: 0, after: [question], why: test}
  - {id: w6-laughs, code: W6, phrases: ["died"], with_event: [laughter], why: test}
  - {id: c2-red, code: C2, phrases: ["red"], why: test}
  - {id: r8-fair, code: R8, phrases: ["makes sense"], after: [strain], why: test}
"""

SPEAKERS: dict[str, Speaker] = {"T": "therapist", "C": "client", "O": "other", "-": "nobody"}


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Language:
    path = tmp_path_factory.mktemp("cues") / "cues.yaml"
    path.write_text(CUES, encoding="utf-8")
    return build_pipeline("blank", load_cues(path, load_codebook()))


def turn(index: int, line: str) -> Turn:
    speaker, _, text = line.partition(": ")
    kinds: dict[str, EventKind] = {"(pause)": "pause", "[laughs]": "laughter", "[T: red]": "back_channel"}
    events = [Event(kind, text.index(tag), text.index(tag) + len(tag)) for tag, kind in kinds.items() if tag in text]
    return Turn(index, SPEAKERS[speaker], text, events=tuple(sorted(events, key=lambda event: event.start)))


def heard(pipeline: Language, *lines: str) -> list[list[str]]:
    transcript = Transcript("s", "c", tuple(turn(index, line) for index, line in enumerate(lines)))
    return [[hit.cue_id for hit in hits] for hits in cues_in_session(transcript, pipeline)]


def test_a_bare_yes_is_heard_after_an_open_question_and_not_after_a_closed_one(pipeline: Language) -> None:
    assert heard(pipeline, "T: What was that like for you?", "C: Yes.")[1] == ["w2-yes"]
    assert heard(pipeline, "T: Tell me more.", "C: Yes.")[1] == ["w2-yes"]
    assert heard(pipeline, "T: Did you sleep?", "C: Yes.")[1] == []
    assert heard(pipeline, "C: Yes.") == [[]]


def test_the_turn_before_is_found_across_hums_and_silences(pipeline: Language) -> None:
    lines = ("T: How was that?", "C: Mm-hmm.", "T: Mm-hmm.", "-: (pause)", "C: Yes.")
    assert heard(pipeline, *lines)[4] == ["w2-yes"]


def test_a_cue_is_heard_only_in_turns_of_its_speakers(pipeline: Language) -> None:
    assert heard(pipeline, "T: red", "C: red", "O: red") == [[], ["c2-red"], []]


def test_words_inside_an_event_are_not_the_speakers(pipeline: Language) -> None:
    assert heard(pipeline, "C: I went [T: red] home") == [[]]


def test_laughter_is_an_event_or_written(pipeline: Language) -> None:
    assert heard(pipeline, "C: He died [laughs]", "C: he died lol", "C: He died.") == [["w6-laughs"], ["w6-laughs"], []]


def test_a_silence_for_an_answer_is_heard_and_a_pause_before_words_is_not(pipeline: Language) -> None:
    transcript = Transcript(
        "s",
        "c",
        (turn(0, "T: How do you feel?"), turn(1, "C: (pause)"), turn(2, "T: Why?"), turn(3, "C: (pause) So, red.")),
    )
    hits = cues_in_session(transcript, pipeline)
    assert [(h.cue_id, h.start, h.end) for h in hits[1]] == [("w2-silent", 0, 7)]
    assert [h.cue_id for h in hits[3]] == ["c2-red"]


def test_a_strategy_is_heard_where_there_is_a_strain_to_answer(pipeline: Language) -> None:
    assert heard(pipeline, "C: red", "T: That makes sense.")[1] == ["r8-fair"]
    assert heard(pipeline, "C: red", "T: Mm-hmm.", "C: And so on it went.", "T: That makes sense.")[3] == ["r8-fair"]
    far = ("C: red", "T: And then what?", "C: One.", "T: And after?", "C: Two.", "T: That makes sense.")
    assert heard(pipeline, *far)[5] == []
    assert heard(pipeline, "C: Two.", "T: That makes sense.")[1] == []


def test_an_empty_session_has_no_cues(pipeline: Language) -> None:
    assert heard(pipeline) == []
