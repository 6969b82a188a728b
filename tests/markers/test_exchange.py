"""What a turn does with what the other just did: each column where it is on and where it is off. Every dialogue is invented."""

from __future__ import annotations

import dataclasses
import re
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.language import Language

from rupture_markers.markers.cue_component import build_pipeline, turn_docs
from rupture_markers.markers.dialogue import moves, neighbours
from rupture_markers.markers.exchange import EXCHANGE_LABELS, Column, exchange_columns
from rupture_markers.markers.exchange_lists import EXCHANGE_LISTS
from rupture_markers.markers.feature_labels import FEATURE_LABELS
from rupture_markers.markers.features import TurnFeatures, turn_features
from rupture_markers.markers.measures import SessionMeasures
from rupture_markers.markers.phrases import variants
from rupture_markers.markers.word_lists import WORD_LISTS, word_counter
from rupture_markers.transcripts.transcript import Event, Speaker, Transcript, Turn

SPEAKERS: dict[str, Speaker] = {"T": "therapist", "C": "client", "O": "other", "-": "nobody"}
LOOKING_AHEAD = {"exchange/reassured-next", "exchange/praised-next"}
Lines = tuple[str, ...]


@lru_cache(maxsize=1)
def pipeline() -> Language:
    return build_pipeline("blank")


def session(*lines: str, session_id: str = "s1", case_id: str = "c1") -> Transcript:
    turns = [Turn(i, SPEAKERS[line[0]], line[3:]) for i, line in enumerate(lines)]
    return Transcript(session_id, case_id, tuple(turns))


def column(name: str, *lines: str) -> list[float]:
    """Values of a column, rounded to what a float32 holds."""
    values = turn_features(session(*lines), pipeline()).column(f"exchange/{name}")
    return [round(float(value), 5) for value in values]


def asked_about(name: str, lines: Lines) -> float:
    """Value of the column in the one turn that is written 'T> ...' in place of 'T: ...'."""
    (row,) = (n for n, line in enumerate(lines) if line[1] == ">")
    return column(name, *lines)[row]


def exchange_of(features: TurnFeatures) -> Column:
    return np.stack([features.column(name) for name in EXCHANGE_LABELS], axis=1)


def made(transcript: Transcript) -> dict[str, Column]:
    """Columns as `exchange_columns` itself gives them."""
    turns = transcript.turns
    counts = word_counter().count(list(turn_docs(pipeline(), [turn.spoken for turn in turns])))
    near = neighbours(turns)
    measured = SessionMeasures.of(turns, counts, near)
    return exchange_columns(turns, counts, near, moves(turns, counts), measured, np.zeros(len(turns), dtype=bool))


OBJECTS = "C: I just don't see the point."
TELLS = "C: I had a lovely week."
PRESSES = "T: You need to write it down every day."
LEAVES_IT = "T: It rained all morning."
GREETING = ("T: Hello, come in.", "C: Hello there.", "T: Sit down by the window.", "C: The chair is new.")

CASES: tuple[tuple[str, Lines, Lines], ...] = (
    ("repair-moves", (TELLS, "T> I am so sorry."), (TELLS, "T> The bus was late.")),
    ("repair-moves-after-objection", (OBJECTS, "T> I am so sorry."), (TELLS, "T> I am so sorry.")),
    (
        "accepts-objection",
        (OBJECTS, "T> That's completely understandable."),
        (TELLS, "T> That's completely understandable."),
    ),
    (
        "accepts-objection",
        (OBJECTS, "T> Hm, fair enough."),
        (OBJECTS, "T> The form is long, and still, fair enough."),
    ),
    (
        "accepts-otherwise",
        (TELLS, "T> That's completely understandable."),
        (OBJECTS, "T> That's completely understandable."),
    ),
    ("hard-after-objection", (OBJECTS, "T> That sounds really hard."), (TELLS, "T> That sounds really hard.")),
    ("hard-otherwise", (TELLS, "T> That sounds really hard."), (OBJECTS, "T> That sounds really hard.")),
    ("objected-to", (OBJECTS, "T> It rained."), (TELLS, "T> It rained.")),
    (
        "objected-to",
        ("T: Did you go?", "C: No.", "T> It rained."),
        ("T: Did you go?", "C: On Monday.", "T> It rained."),
    ),
    ("counters", (OBJECTS, "T> Come on."), (OBJECTS, "T> Come in.")),
    (
        "anything-else-without-move",
        (TELLS, "T> Is there anything else?"),
        (TELLS, "T> I am sorry. Is there anything else?"),
    ),
    (
        "anything-else-without-move",
        (TELLS, "T> Was it anything else?"),
        (TELLS, "T> It was like nothing and anything else."),
    ),
    (
        "goes-on-with-move",
        (TELLS, "T: I am so sorry.", "C: Yeah.", "T> The room was cold."),
        (TELLS, "T: The door was shut.", "C: Yeah.", "T> The room was cold."),
    ),
    (
        "goes-on-with-move",
        (TELLS, "T: I am so sorry.", "C: Yeah.", "T: Right.", "C: Okay.", "T> The room was cold."),
        (TELLS, "T: I am so sorry.", "C: The lamp was broken.", "T> The room was cold."),
    ),
    (
        "goes-on-with-move",
        (TELLS, "T: I am so sorry.", "C: Yeah.", "T> The room was right."),
        (TELLS, "T: I am so sorry.", "C: Yeah.", "T> Right."),
    ),
    ("short-after-pressure", (PRESSES, "C> In the evening, then."), (LEAVES_IT, "C> In the evening, then.")),
    (
        "short-after-pressure",
        (PRESSES, "C> One two three four five six seven eight."),
        (PRESSES, "C> One two three four five six seven eight nine."),
    ),
    (
        "short-after-pressure",
        (PRESSES, "C> In the evening, then."),
        ("T: You said that you need to write it down.", "C> In the evening, then."),
    ),
    ("pressure-so-far", (PRESSES, "C> The bus was late."), (LEAVES_IT, "C> The bus was late.")),
    ("yields-under-pressure", (PRESSES, "C> Okay."), (LEAVES_IT, "C> Okay.")),
    ("yields-under-pressure", (PRESSES, "C> Mm-hmm."), (PRESSES, "C> The bus was late.")),
    (
        "goes-along-under-pressure",
        (PRESSES, "C> I will try that on Monday."),
        (LEAVES_IT, "C> I will try that on Monday."),
    ),
    ("goes-along-under-pressure", (PRESSES, "C> Thank you so much."), (PRESSES, "C> Thank you much.")),
    (
        "goes-along-under-pressure",
        (PRESSES, "C> Thank you" + " la" * 58),
        (PRESSES, "C> Thank you" + " la" * 59),
    ),
    ("settled", (*GREETING, LEAVES_IT, "C> I'm fine with it."), (*GREETING[2:], LEAVES_IT, "C> I'm fine with it.")),
    (
        "settled-in-short",
        (*GREETING, LEAVES_IT, "C> I'm fine with it" + " la" * 12),
        (*GREETING, LEAVES_IT, "C> I'm fine with it" + " la" * 13),
    ),
    ("settled-in-short", (*GREETING, "T: So?", "C> I'm fine with it."), ("T: So?", "C> I'm fine with it.")),
    (
        "settled-when-asked",
        ("T: How does it affect you?", "C> I'm fine with it."),
        ("T: When was it?", "C> I'm fine with it."),
    ),
    (
        "settled-when-asked",
        ("T: You wrote it. How does it affect you?", "C> I'm fine with it."),
        ("T: How does it affect you? You wrote it.", "C> I'm fine with it."),
    ),
    (
        "obstacle-to-step",
        ("T: Would you like a walk in the evening?", "C> I am too tired for walks."),
        ("T: When is the walk in the evening?", "C> I am too tired for walks."),
    ),
    (
        "obstacle-to-step",
        ("T: Would you like a walk?", "C> I am too tired today."),
        ("T: Would you like a walk?", "C> I'm too tired today."),
    ),
    (
        "obstacle-to-step",
        ("T: Would you like a walk?", "C> I am too tired for walks."),
        ("T: Would you like a walk?", "C> I am too tired, and I want to stop."),
    ),
    (
        "obstacle-when-asked",
        ("T: Where is the hardest bit?", "C> I am too tired for walks."),
        ("T: Where is the best bit?", "C> I am too tired for walks."),
    ),
    (
        "obstacle-when-asked",
        ("T: Where is the hardest bit?", "C> I am too tired for walks."),
        ("T: Where is the hardest step?", "C> I am too tired for walks."),
    ),
    ("wishes-change", ("C> I really want to stop.",), ("C> She wants me to stop.",)),
    (
        "asks-and-is-put-off",
        ("T: What do you think?", "C> Could you give me some tips?"),
        ("T: It rained.", "C> Could you give me some tips?"),
    ),
    (
        "asks-and-is-put-off",
        ("T: What do you think?", "C> Could you give me some tips?"),
        ("T: For example, a list. What do you think?", "C> Could you give me some tips?"),
    ),
    (
        "asks-again",
        ("C: Any tips?", "T: It rained.", "C> Could you give me some tips?"),
        ("C: Any trips?", "T: It rained.", "C> Could you give me some tips?"),
    ),
    (
        "asks-again",
        ("C: Any tips?", "T: It rained.", "C> Could you give me some tips?"),
        ("C: Any tips?", "T: Here are two of them.", "C> Could you give me some tips?"),
    ),
    (
        "asks-and-is-served",
        ("C: Any tips?", "T: Here are two of them.", "C> Could you give me some more advice, any tips?"),
        ("C: Any tips?", "T: It rained.", "C> Could you give me some more advice, any tips?"),
    ),
    ("frame", ("T: Hello.", "C> How long will this session be?"), ("T: Hello.", "C> How far will it be?")),
    ("denies-their-word", ("T: Were you angry?", "C> I wasn't angry."), ("T: Were you angry?", "C> I was angry.")),
    ("denies-their-word", ("T: Were you angry?", "C> I wasn't angry."), ("T: Were you upset?", "C> I wasn't angry.")),
    ("compares", ("C> Other people run, too.",), ("C> The other buses run, too.",)),
    ("holds-ground", ("C> It is my own decision.",), ("C> It is her decision.",)),
    ("concedes-then-turns", ("C> I know, but it rained.",), ("C> I know, and it rained.",)),
    ("concedes-then-turns", ("C> I know, but it rained.",), ("C> It was long, but it rained.",)),
    ("concedes-then-turns", ("C> I know, but it rained.",), ("C> I know, but I want to stop.",)),
    ("not-knowing-in-short", ("C> I don't know" + " la" * 9,), ("C> I don't know" + " la" * 10,)),
    ("not-knowing-in-short", ("C> I don't know.",), ("C> I know.",)),
    ("reassured-next", ("C> It was late.", "T: Take your time."), ("C> It was late.", "T: Take your coat.")),
    (
        "reassured-next",
        ("C> It was late.", "T: Take your time."),
        ("C> It was late on Monday, and later still on the Tuesday.", "T: Take your time."),
    ),
    ("praised-next", ("C> It was late.", "T: That's a great start."), ("C> It was late.", "T: That's a late start.")),
    (
        "praised-next",
        ("C> It was late.", "T: Well, great."),
        ("C> It was late.", "T: The bus on Monday was great."),
    ),
    (
        "praised-next",
        ("C> It was late.", "T: That's a great start."),
        ("C> It was late on Monday, and later still on the Tuesday.", "T: That's a great start."),
    ),
    (
        "explains-in-short",
        ("T: How does it affect you?", "C> Because it helps."),
        ("T: When was it?", "C> Because it helps."),
    ),
    (
        "explains-in-short",
        ("T: How does it affect you?", "C> Because of sleep" + " la" * 9),
        ("T: How does it affect you?", "C> Because of sleep" + " la" * 10),
    ),
    (
        "explains-in-short",
        ("T: How does it affect you?", "C> Because it helps."),
        ("T: How does it affect you?", "C> Because sleep."),
    ),
)
"""Column, a dialogue where it is on, one where it is off; 'C>' marks the turn that is looked at."""


@pytest.mark.parametrize(("name", "on", "off"), CASES)
def test_a_column_is_on_where_it_says_and_off_where_one_thing_is_missing(name: str, on: Lines, off: Lines) -> None:
    assert asked_about(name, on) > 0
    assert asked_about(name, off) == 0


def test_every_column_has_such_a_pair() -> None:
    assert {f"exchange/{name}" for name, _, _ in CASES} == set(EXCHANGE_LABELS)


def test_kinds_of_move_are_counted_once_each_and_logged() -> None:
    one = column("repair-moves", TELLS, "T: I am so sorry, my mistake, I apologise.")
    assert one[1] == pytest.approx(np.log(2), abs=1e-5)
    two = column("repair-moves", TELLS, "T: I am so sorry. It is up to you.")
    assert two[1] == pytest.approx(np.log(3), abs=1e-5)
    assert column("repair-moves", TELLS, "T: Sure. It is up to you.")[1] == pytest.approx(np.log(3), abs=1e-5)
    assert column("repair-moves", TELLS, "T: That makes sense.")[1] == pytest.approx(np.log(2), abs=1e-5)
    assert column("repair-moves", TELLS, "T: After all of it that makes sense.")[1] == 0
    late = column("repair-moves", TELLS, "T: It is up to you, and she was sure.")
    assert late[1] == pytest.approx(np.log(2), abs=1e-5), "complying is looked for at the beginning"


def test_an_objection_is_remembered_across_the_therapists_hum_and_no_further() -> None:
    lines = (OBJECTS, "T: Mm-hmm.", "C: The drive is long.", "T: It rained.", "C: The drive is long.", "T: It rained.")
    assert column("objected-to", *lines) == [0, 1, 0, 1, 0, 0]
    nodded = (OBJECTS, "T: Yeah.", "C: The drive is long.", "T: It rained.")
    assert column("objected-to", *nodded) == [0, 1, 0, 1]
    answered = (OBJECTS, "T: The drive.", "C: The drive is long.", "T: It rained.")
    assert column("objected-to", *answered) == [0, 1, 0, 0]


def test_a_line_marked_as_back_channel_takes_no_floor_and_ends_no_objection() -> None:
    marked = list(session(OBJECTS, "T: the drive", "C: It is long.", "T: It rained.").turns)
    marked[1] = dataclasses.replace(marked[1], back_channel=True)
    features = turn_features(Transcript("s", "c", tuple(marked)), pipeline())
    assert features.column("exchange/objected-to").tolist() == [0, 1, 0, 1]


def test_only_the_client_objects_and_only_the_therapist_is_objected_to() -> None:
    assert column("objected-to", "T: I just don't see the point.", "C: It rained.", "T: So it did.") == [0, 0, 0]
    assert column("objected-to", OBJECTS, "C: It rained.") == [0, 0]
    assert column("objected-to", "T: It rained.") == [0]


def test_a_bare_no_is_four_words_at_most() -> None:
    lines = ("T: Did you go?", "C: No, on Monday morning.", "T: It rained.")
    assert column("objected-to", *lines)[2] == 1
    lines = ("T: Did you go?", "C: No, early on Monday morning.", "T: It rained.")
    assert column("objected-to", *lines)[2] == 0


def test_an_objection_in_another_partys_or_an_events_words_is_none() -> None:
    assert column("objected-to", TELLS, "O: I just don't see the point.", "T: It rained.")[2] == 0
    text = "It was [T: I just don't see the point] late"
    event = Event("back_channel", 7, text.index("]") + 1)
    turns = (Turn(0, "client", text, events=(event,)), Turn(1, "therapist", "It rained."))
    assert turn_features(Transcript("s", "c", turns), pipeline()).column("exchange/objected-to").tolist() == [0, 0]


def test_pressure_is_counted_to_four_and_not_in_the_turn_itself() -> None:
    so_far = column("pressure-so-far", *([PRESSES, "C: It rained."] * 6))
    assert so_far[0::2] == [0, 1, 2, 3, 4, 4]
    assert so_far[1::2] == [1, 2, 3, 4, 4, 4]


def test_pressure_is_forgotten_after_eight_of_the_therapists_turns() -> None:
    plain = [LEAVES_IT, "C: And then it snowed."]
    so_far = column("pressure-so-far", PRESSES, "C: It rained.", *plain * 9)
    # Client's turns after 1, 2 ... turns of the therapist: the first one pressed, and is the ninth from last in the end.
    assert so_far[1::2] == [1] * 8 + [0] * 2
    assert so_far[0::2] == [0] + [1] * 8 + [0]


def test_a_hum_of_the_therapist_is_no_turn_that_pressure_is_forgotten_over() -> None:
    hums = ["T: Mm-hmm.", "C: And then it snowed."] * 9
    assert column("pressure-so-far", PRESSES, "C: It rained.", *hums)[-1] == 1


def test_the_client_presses_nobody() -> None:
    lines = ("C: You need to write it down.", "T: It rained.", "C: It did.")
    assert column("pressure-so-far", *lines) == [0, 0, 0]
    assert column("short-after-pressure", *lines) == [0, 0, 0]


def test_giving_in_weighs_as_much_as_was_pressed() -> None:
    lines = (PRESSES, "C: Okay.", PRESSES, "C: Okay.", PRESSES, "C: Mm-hmm.", PRESSES, "C: I will try it on Monday.")
    assert column("yields-under-pressure", *lines)[1::2] == [1, 2, 3, 0]
    assert column("goes-along-under-pressure", *lines)[1::2] == [0, 0, 0, 4]


def test_content_counts_from_the_speakers_third_turn_on() -> None:
    fine = "C: I'm fine with it."
    lines = (LEAVES_IT, fine, LEAVES_IT, fine, LEAVES_IT, fine, LEAVES_IT, fine)
    for name in ("settled", "settled-in-short"):
        assert column(name, *lines)[1::2] == [0, 0, 1, 1]
    hummed = (LEAVES_IT, "C: Mm-hmm.", LEAVES_IT, "C: Mm-hmm.", LEAVES_IT, fine)
    assert column("settled", *hummed)[-1] == 0, "a hum is no turn that the speaker has had"


def test_content_when_asked_counts_from_the_first_turn_on() -> None:
    assert column("settled-when-asked", "T: How does it affect you?", "C: I'm fine with it.") == [0, 1]


def test_asking_is_asking_again_from_the_second_request_on() -> None:
    asks = "C: Could you give me some tips?"
    lines = (asks, "T: It rained.", TELLS, "T: It snowed.", asks, "T: The bus was late.", asks)
    assert column("asks-again", *lines) == [0, 0, 0, 0, 1, 0, 1]
    assert column("asks-again", "T: Any tips?", asks, "T: It rained.") == [0, 0, 0], "requests of one party each"


NODS = ("T: Mm-hmm.", "T: Yeah.", "T: Okay, right.")


@pytest.mark.parametrize("nod", NODS)
@pytest.mark.parametrize(
    ("name", "asked", "answer"),
    [
        ("asks-and-is-put-off", "T: What do you think?", "C: Could you give me some tips?"),
        ("asks-and-is-served", "T: Here are two.", "C: Could you give me some tips?"),
        ("settled-when-asked", "T: How does it affect you?", "C: I'm fine with it."),
        ("explains-in-short", "T: How does it affect you?", "C: Because it helps."),
        ("obstacle-to-step", "T: Would you like a walk?", "C: I am too tired for walks."),
        ("obstacle-when-asked", "T: Where is the hardest bit?", "C: I am too tired for walks."),
        ("denies-their-word", "T: Were you angry?", "C: I wasn't angry."),
    ],
)
def test_what_a_turn_answers_is_found_across_a_nod_and_not_across_a_turn(
    name: str, asked: str, answer: str, nod: str
) -> None:
    assert column(name, asked, "C: It snowed.", nod, answer)[-1] > 0
    assert column(name, asked, "C: It snowed.", LEAVES_IT, answer)[-1] == 0


@pytest.mark.parametrize(
    ("answer", "denied"),
    [
        ("Not angry.", 1),
        ("Not really all that angry.", 1),
        ("Not, um, really all, uh, that angry.", 1),
        ("Not really all that very angry.", 0),
        ("Angry, not.", 0),
        ("I'm never angry.", 1),
        ("No. Angry is what she was.", 1),
        ("Not angry, and not afraid.", 2),
        ("Not angry, not angry.", 1),
        ("Not at all.", 0),
    ],
)
def test_a_word_is_denied_by_a_negation_among_the_four_words_before_it(answer: str, denied: int) -> None:
    found = column("denies-their-word", "T: Were you angry, or afraid?", f"C: {answer}")
    assert found == [0, pytest.approx(np.log1p(denied), abs=1e-5)]


def test_a_negation_at_the_end_of_one_turn_denies_nothing_in_the_next() -> None:
    assert column("denies-their-word", "T: Angry? I think not", "C: angry then") == [0, 0]
    assert column("denies-their-word", "C: Angry then.", "T: Were you not?", "C: No", "T: angry, were you") == [
        0,
        0,
        0,
        0,
    ]


def test_an_empty_session_has_every_column_and_no_row() -> None:
    found = made(session())
    assert set(found) == set(EXCHANGE_LABELS)
    assert {values.shape for values in found.values()} == {(0,)}
    assert turn_features(session(), pipeline()).values.shape[0] == 0


@pytest.mark.parametrize(
    "lines",
    [
        ("-: ",),
        ("O: I just don't see the point.",),
        ("O: You need to go.", "-: (pause)", "O: Any tips?", "O: Not angry.", "O: Any tips?"),
        ("-: ", "O: You need to go.", OBJECTS, "O: Not the point.", "T: That's completely understandable.", "-: "),
    ],
)
def test_silences_and_other_people_break_nothing(lines: Lines) -> None:
    found = made(session(*lines))
    assert all(values.shape == (len(lines),) and np.isfinite(values).all() for values in found.values())


PHRASES = sorted({variants(phrase)[0] for phrases in EXCHANGE_LISTS.values() for phrase in phrases})
TEXTS = st.lists(
    st.sampled_from([*PHRASES, "Mm-hmm", "Yeah.", "No", "angry", "not", "but", "?", ".", "anything else", "um", "--"]),
    max_size=4,
).map(" ".join)
DIALOGUES = st.lists(
    st.tuples(st.sampled_from("TCTCTCO-"), TEXTS).map(lambda line: f"{line[0]}: {line[1]}"), max_size=14
)


@settings(max_examples=40, deadline=None)
@given(DIALOGUES, st.text(min_size=1, max_size=8), st.text(min_size=1, max_size=8))
def test_the_columns_are_finite_and_the_same_whatever_the_session_is_called(
    lines: list[str], name: str, case: str
) -> None:
    values = exchange_of(turn_features(session(*lines), pipeline()))
    assert np.isfinite(values).all()
    assert (values >= 0).all()
    again = turn_features(session(*lines, session_id=name, case_id=case), pipeline())
    np.testing.assert_array_equal(values, exchange_of(again))


@settings(max_examples=25, deadline=None)
@given(DIALOGUES)
def test_just_the_columns_that_have_a_label_are_made(lines: list[str]) -> None:
    found = made(session(*lines))
    assert set(found) == set(EXCHANGE_LABELS)
    assert {(values.dtype, values.shape) for values in found.values()} == {(np.dtype(np.float32), (len(lines),))}


@settings(max_examples=25, deadline=None)
@given(DIALOGUES, DIALOGUES)
def test_what_is_said_later_changes_only_the_columns_about_the_next_turn(lines: list[str], more: list[str]) -> None:
    before, after = made(session(*lines)), made(session(*lines, *more))
    for name in set(EXCHANGE_LABELS) - LOOKING_AHEAD:
        np.testing.assert_array_equal(before[name], after[name][: len(lines)], err_msg=name)


@settings(max_examples=25, deadline=None)
@given(DIALOGUES)
def test_turns_of_nobody_and_of_others_change_nothing_for_client_and_therapist(lines: list[str]) -> None:
    of_two = np.array([line[0] in "TC" for line in lines], dtype=bool)
    alone = made(session(*(line for line in lines if line[0] in "TC")))
    for name, values in made(session(*lines)).items():
        np.testing.assert_array_equal(values[of_two], alone[name], err_msg=name)


def test_every_column_stands_among_the_features_under_its_own_label() -> None:
    assert all(FEATURE_LABELS[name] == label for name, label in EXCHANGE_LABELS.items())
    assert all(name.startswith("exchange/") for name in EXCHANGE_LABELS)
    assert len(set(EXCHANGE_LABELS.values())) == len(EXCHANGE_LABELS)


@pytest.mark.parametrize("name", EXCHANGE_LISTS)
def test_every_reading_of_every_phrase_is_heard_as_its_list(name: str) -> None:
    phrases = EXCHANGE_LISTS[name]
    assert phrases
    readings = [reading for phrase in phrases for reading in variants(phrase)]
    spoken = [re.sub(r" '(s|d)\b", r"'\1", reading) for reading in readings]
    counts = word_counter().count(list(turn_docs(pipeline(), spoken)))
    heard = counts.anywhere[:, counts.column(name)]
    assert [text for text, times in zip(spoken, heard, strict=True) if not times] == []


def test_no_list_of_exchanges_takes_the_name_of_another_list() -> None:
    assert not set(EXCHANGE_LISTS) & set(WORD_LISTS)


@pytest.mark.parametrize("said", ["It did not work.", "It didn't work.", "It didn’t work."])
def test_a_contraction_is_heard_as_its_words_are(said: str) -> None:
    assert asked_about("objected-to", (f"C: {said}", "T> It rained all morning.")) == 1.0


@pytest.mark.parametrize(
    "said", ["Why didn't you call?", "Why did not you call?", "Isn't it late?", "You had not said it."]
)
def test_lists_of_words_hear_contractions_too(said: str) -> None:
    counts = word_counter().count(list(turn_docs(pipeline(), [said])))
    lists = {"Why": "press", "Isn't": "yes-no-question", "You": "negation"}
    assert counts.anywhere[0, counts.column(lists[said.split(maxsplit=1)[0]])] > 0


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("Let's leave that.", "change-of-task"),
        ("Let us leave that.", "change-of-task"),
        ("let's go back a little", "redirect"),
        ("Let us stay here.", "redirect"),
    ],
)
def test_lists_of_words_hear_let_us_and_its_short_form(said: str, name: str) -> None:
    counts = word_counter().count(list(turn_docs(pipeline(), [said])))
    assert counts.anywhere[0, counts.column(name)] > 0


@pytest.mark.parametrize("said", ["Okay.", "Okay, yeah.", "Yeah, right.", "Yes, sure.", "Mm-hmm, yeah", "Mm-hmm."])
def test_agreement_of_several_words_yields_as_one_word_does(said: str) -> None:
    assert asked_about("yields-under-pressure", (PRESSES, f"C> {said}")) == 1.0
    assert asked_about("yields-under-pressure", (PRESSES, f"T> {said}")) == 0.0


def test_a_bare_no_is_answered_once_and_a_polite_one_is_none() -> None:
    assert column("objected-to", "T: Anything new?", "C: No.", "T: I see that.", "T: It rained all morning.")[2:] == [
        1,
        0,
    ]
    assert column("objected-to", "T: Can you come at nine?", "C: No problem.", "T: It rained all morning.")[2] == 0


def test_a_move_goes_on_only_across_one_who_hears_it_out() -> None:
    for nod in ("Yeah.", "Mm-hmm."):
        assert column("goes-on-with-move", "T: It's up to you.", f"C: {nod}", "T: We met on Monday.")[2] == 1
    assert column("goes-on-with-move", "C: Yeah.", "T: It's up to you.", "T: We met on Monday.")[2] == 0
