"""Who answers whom, and what kind of turn a turn is."""

from __future__ import annotations

from functools import lru_cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spacy.language import Language

from rupture_markers.markers.cue_component import build_pipeline, turn_docs
from rupture_markers.markers.dialogue import NONE, Moves, is_hum, moves, neighbours
from rupture_markers.markers.word_lists import word_counter
from rupture_markers.transcripts.transcript import Speaker, Turn


def session(*lines: tuple[Speaker, str]) -> tuple[Turn, ...]:
    return tuple(Turn(index, speaker, text) for index, (speaker, text) in enumerate(lines))


@lru_cache(maxsize=1)
def pipeline() -> Language:
    return build_pipeline("blank")


def kinds(text: str) -> Moves:
    turns = session(("therapist", text))
    return moves(turns, word_counter().count(list(turn_docs(pipeline(), [text]))))


@pytest.mark.parametrize(
    "text",
    ["What was that like?", "How do you see it, then?", "so how do you feel about that", "I see. And why is that?"],
)
def test_open_questions(text: str) -> None:
    assert kinds(text).open_question[0]
    assert not kinds(text).closed_question[0]
    assert kinds(text).ends_asking[0]


@pytest.mark.parametrize("text", ["Did you sleep?", "You slept?", "do you smoke", "Right. Is it every day?"])
def test_closed_questions(text: str) -> None:
    assert kinds(text).closed_question[0]
    assert not kinds(text).open_question[0]


@pytest.mark.parametrize("text", ["Tell me more.", "I wonder how that was.", "Help me understand that."])
def test_invitations_ask_without_a_question(text: str) -> None:
    assert kinds(text).invitation[0]
    assert kinds(text).ends_asking[0]


def test_a_statement_asks_nothing() -> None:
    did = kinds("It sounds like a long week. Your sister came.")
    assert did.reflection[0]
    assert not (did.open_question[0] or did.closed_question[0] or did.invitation[0] or did.ends_asking[0])


@pytest.mark.parametrize(
    ("text", "hum"),
    [
        ("Mm-hmm.", True),
        ("Mhm, mhm", True),
        ("Uh-huh", True),
        ("Hmm", True),
        ("Yeah.", False),
        ("No", False),
        ("", False),
        ("Him", False),
    ],
)
def test_a_hum_is_no_word(text: str, hum: bool) -> None:
    assert is_hum(text) is hum


def test_back_channels_hums_silences_and_others_are_passed_over() -> None:
    turns = (
        *session(("therapist", "How was it?"), ("client", "Mm-hmm."), ("nobody", "(pause)"), ("other", "Tea?")),
        Turn(4, "client", "yeah", back_channel=True),
        Turn(5, "client", "Fine."),
        Turn(6, "therapist", "Fine?"),
    )
    near = neighbours(turns)
    assert near.before.tolist() == [NONE, 0, 0, 0, 0, 0, 5]
    assert near.after.tolist() == [5, 6, 5, 5, 6, 6, NONE]
    assert near.own_before.tolist() == [NONE, NONE, NONE, NONE, NONE, NONE, 0]
    assert near.floor.tolist() == [True, False, False, False, False, True, True]


SPEAKER = st.sampled_from(["client", "therapist", "other", "nobody"])


@given(st.lists(st.tuples(SPEAKER, st.sampled_from(["Mm-hmm", "A word.", ""])), max_size=30))
def test_neighbours_lie_on_their_side_and_belong_to_the_right_party(lines: list[tuple[Speaker, str]]) -> None:
    near = neighbours(session(*lines))
    for row, (speaker, _) in enumerate(lines):
        assert near.before[row] < row
        assert near.after[row] == NONE or near.after[row] > row
        for other in (near.before[row], near.after[row]):
            if other != NONE:
                assert near.floor[other]
                assert speaker in ("other", "nobody") or lines[other][0] != speaker
        for own in (near.own_before[row], near.own_after[row]):
            if own != NONE:
                assert near.floor[own]
                assert lines[own][0] == speaker
