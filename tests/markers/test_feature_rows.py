"""Features of a turn in its dialogue: what they measure, and what they must not depend on."""

from __future__ import annotations

import dataclasses
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.language import Language

from rupture_markers.markers.cue_component import build_pipeline
from rupture_markers.markers.feature_labels import FEATURE_LABELS, TIME_LABELS, feature_label
from rupture_markers.markers.features import TurnFeatures, feature_names, turn_features
from rupture_markers.transcripts.transcript import Event, Speaker, Transcript, Turn


@lru_cache(maxsize=1)
def pipeline() -> Language:
    return build_pipeline("blank")


def session(*lines: str, session_id: str = "s1", case_id: str = "c1") -> Transcript:
    speakers: dict[str, Speaker] = {"T": "therapist", "C": "client", "O": "other", "-": "nobody"}
    turns = [Turn(i, speakers[line[0]], line[3:]) for i, line in enumerate(lines)]
    return Transcript(session_id, case_id, tuple(turns))


def measured(*lines: str) -> TurnFeatures:
    return turn_features(session(*lines), pipeline())


def value(features: TurnFeatures, row: int, name: str) -> float:
    return float(features.column(name)[row])


TALK = (
    "T: How was the week for you?",
    "C: We went to the lake with my sister and it rained all the time, so we played cards.",
    "T: It sounds like it was better than you had feared.",
    "C: Fine.",
    "T: And what was it like to see her again?",
    "C: Yes, but I do not see what that has to do with it.",
    "T: You're right, I'm sorry, I went ahead too fast.",
    "C: It's okay. I suppose I was a bit afraid of it, the whole way there in the car.",
)


def test_every_column_has_a_readable_name_and_no_two_share_one() -> None:
    names = feature_names(pipeline(), timing=True)
    labels = [feature_label(name) for name in names]
    assert len(set(names)) == len(names)
    assert len(set(labels)) == len(labels)
    assert all(label and "/" not in label for label in labels)


def test_names_and_shape_agree_and_the_fixed_ones_come_first() -> None:
    features = measured(*TALK)
    assert features.values.shape == (len(TALK), len(features.names))
    assert features.values.dtype == np.float32
    assert features.names[: len(FEATURE_LABELS)] == tuple(FEATURE_LABELS)
    assert not set(TIME_LABELS) & set(features.names)


def test_the_same_session_gives_the_same_rows_whatever_its_id_and_case_and_whatever_came_before() -> None:
    first = turn_features(session(*TALK), pipeline())
    turn_features(session("T: Something else, quite unlike it.", "C: zzz lol u idk"), pipeline())
    second = turn_features(session(*TALK, session_id="other", case_id="elsewhere"), pipeline())
    np.testing.assert_array_equal(first.values, second.values)
    assert first.cue_hits == second.cue_hits


def test_brevity_is_measured_against_the_speakers_own_usual() -> None:
    features = measured(*TALK)
    assert value(features, 3, "usual/words") < 0 < value(features, 1, "usual/words")
    assert value(features, 3, "usual/rank") < value(features, 1, "usual/rank")
    curt = measured("T: How was the week?", "C: Fine.", "T: And work?", "C: Okay.", "T: Sleep?", "C: Bad.")
    assert value(curt, 1, "usual/words") == pytest.approx(0)


def test_a_short_answer_is_told_apart_by_what_was_asked() -> None:
    opened = measured("T: What was that like for you?", "C: It was okay.")
    closed = measured("T: Did you sleep?", "C: It was okay.")
    assert value(opened, 1, "between/short-after-open") == 1
    assert value(opened, 1, "between/short-after-closed") == 0
    assert value(closed, 1, "between/short-after-closed") == 1
    assert np.isnan(value(closed, 1, "between/words-after-open"))


def test_what_cannot_be_known_is_nan_and_not_zero() -> None:
    features = measured("C: I never know what to say here.", "T: Okay.")
    for name in ("before/words", "before/advice", "between/shared-words", "between/short-after-open", "usual/words"):
        assert np.isnan(value(features, 0, name)), name
    assert np.isnan(value(features, 1, "after/words"))
    assert np.isnan(value(features, 1, "events/pause-seconds"))


def test_events_are_no_words_of_the_speaker() -> None:
    text = "[T: never mind] No (pause)"
    plain = turn_features(session("T: Well?", "C: No"), pipeline())
    turns = (
        Turn(0, "therapist", "Well?"),
        Turn(1, "client", text, events=(Event("back_channel", 0, 15), Event("pause", 19, 26, seconds=8.0))),
    )
    with_events = turn_features(Transcript("s", "c", turns), pipeline())
    assert value(with_events, 1, "turn/words") == value(plain, 1, "turn/words") == 1.0
    assert value(with_events, 1, "says/absolute") == 0
    assert value(with_events, 1, "events/pause") == 1
    assert value(with_events, 1, "events/back-channels") == 1
    assert value(with_events, 1, "events/pause-seconds") == pytest.approx(np.log1p(8))
    assert with_events.texts[1].strip() == "No"


def test_a_hum_of_the_listener_does_not_hide_the_question() -> None:
    plain = measured("T: How do you feel about it?", "C: Fine.")
    hummed = measured("T: How do you feel about it?", "C: Mm-hmm.", "T: Mm-hmm.", "C: Fine.")
    assert value(hummed, 3, "before/open-question-asked") == value(plain, 1, "before/open-question-asked") == 1
    assert value(hummed, 3, "before/turns-between") == 2


def test_a_silence_before_the_turn_is_told() -> None:
    features = measured("T: How do you feel about it?", "-: ", "C: Fine.")
    assert value(features, 2, "events/silence-before") == 1
    assert value(features, 2, "before/open-question-asked") == 1


def test_shared_words_echo_and_a_point_pressed_twice() -> None:
    features = measured(
        "T: The letter to your father, did you write the letter?",
        "C: The letter.",
        "T: Did you write that letter, to your father?",
        "C: No.",
    )
    assert value(features, 1, "between/echo") == 1
    assert value(features, 1, "between/shared-words") > 0
    assert value(features, 3, "between/same-point-pressed") > 0.5


def test_cues_of_neighbours_are_counted_and_never_those_of_the_turn_itself() -> None:
    features = measured(*TALK)
    assert value(features, 5, "cue/confrontation") > 0
    assert value(features, 5, "run/confrontation-before") == 0
    assert value(features, 6, "run/confrontation-last-turn") == value(features, 5, "cue/confrontation")
    assert value(features, 4, "run/confrontation-after") >= value(features, 5, "cue/confrontation")
    assert value(features, 6, "cue/R5") > 0


def test_therapist_turns_look_back_at_the_client() -> None:
    features = measured("C: I do not see the point of this. You never listen.", "T: I see.")
    assert value(features, 1, "before/negation") > 0
    assert value(features, 1, "before/second-person") > 0


def test_times_are_measured_only_where_they_are_known_and_asked_for() -> None:
    turns = (
        Turn(0, "therapist", "And how was it?", start_s=0.0, end_s=2.0),
        Turn(1, "client", "It was all right I think", start_s=5.0, end_s=8.0),
        Turn(2, "therapist", "Why?", start_s=9.0),
        Turn(3, "client", "No idea", start_s=12.0, end_s=13.0),
        Turn(4, "therapist", "So?", start_s=4.0, end_s=5.0),
    )
    features = turn_features(Transcript("s", "c", turns), pipeline(), timing=True)
    latency, rate = features.column("time/latency"), features.column("time/rate")
    assert latency[1] == pytest.approx(3.0)
    assert np.isnan(latency[[0, 3, 4]]).all(), "no end before it, or a start that runs backwards"
    assert rate[1] == pytest.approx(2.0)
    assert np.isnan(rate[2])


def test_an_unknown_feature_is_a_key_error() -> None:
    with pytest.raises(KeyError, match="turn/nothing"):
        measured(*TALK).column("turn/nothing")


@pytest.mark.parametrize("lines", [(), ("C: ",), ("O: Hello", "-: "), ("C: a", "C: b", "C: c")])
def test_odd_sessions_are_measured_too(lines: tuple[str, ...]) -> None:
    features = measured(*lines)
    assert features.values.shape == (len(lines), len(features.names))


WORDS = st.lists(
    st.sampled_from(["I", "don't", "know", "you", "yes", "but", "sorry", "lake", "Mm-hmm", "?", "--"]), max_size=8
)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("TCO-"), WORDS), max_size=12))
def test_measures_are_finite_or_nan_and_turn_indices_do_not_matter(lines: list[tuple[str, list[str]]]) -> None:
    transcript = session(*(f"{speaker}: {' '.join(words)}" for speaker, words in lines))
    features = turn_features(transcript, pipeline())
    assert not np.isinf(features.values).any()
    shifted = tuple(dataclasses.replace(turn, index=turn.index * 3 + 7) for turn in transcript.turns)
    again = turn_features(dataclasses.replace(transcript, turns=shifted), pipeline())
    np.testing.assert_array_equal(features.values, again.values)
    assert again.turns == tuple(turn.index for turn in shifted)
