"""Placeholders, and the way back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rupture_markers.errors import StudyError
from rupture_markers.transcripts.events import find_events
from rupture_markers.transcripts.replacement import (
    Replacement,
    moved,
    replaced_text,
    restored,
    restored_text,
    with_placeholders,
)
from rupture_markers.transcripts.transcript import Transcript, Turn

TEXTS = st.text(st.sampled_from("ab [NAME]é\u0301\U0001f642\u202e\n"), min_size=1, max_size=60)
PLACEHOLDERS = st.sampled_from(["[NAME]", "[PLACE]", "X", "[DATE]", "\U0001f642"])


@st.composite
def rounds(draw: st.DrawFn) -> tuple[str, list[Replacement]]:
    text = draw(TEXTS)
    cuts = sorted(draw(st.sets(st.integers(0, len(text)), max_size=8)))
    spans = [pair for pair in zip(cuts[::2], cuts[1::2], strict=False) if pair[0] < pair[1]]
    return text, [Replacement(0, a, b, text[a:b], draw(PLACEHOLDERS)) for a, b in spans]


@given(rounds())
def test_what_was_replaced_can_be_had_back(round_: tuple[str, list[Replacement]]) -> None:
    text, items = round_
    assert restored_text(replaced_text(text, items), items) == text


@given(rounds(), st.data())
def test_an_offset_beside_placeholders_keeps_its_place(
    round_: tuple[str, list[Replacement]], data: st.DataObject
) -> None:
    text, items = round_
    at = data.draw(st.integers(0, len(text)))
    if not any(item.start < at < item.end for item in items):
        after = replaced_text(text, items)
        assert after[moved(at, items) :] == replaced_text(text[at:], [
            Replacement(0, i.start - at, i.end - at, i.original, i.placeholder) for i in items if i.start >= at
        ])  # fmt: skip


def test_events_move_along_and_back() -> None:
    text = "Michelle [laughs] told (T: And Tom?) it. (pause)"
    turn = Turn(0, "client", text, 1.0, 2.0, find_events(text))
    before = Transcript("s", "c", (turn, Turn(1, "therapist", "Mm.")))
    items = [Replacement(0, 0, 8, "Michelle", "[NAME]"), Replacement(0, 31, 34, "Tom", "[NAME]")]
    after = with_placeholders(before, items)
    assert after.turns[0].text == "[NAME] [laughs] told (T: And [NAME]?) it. (pause)"
    assert after.turns[0].events == find_events(after.turns[0].text)
    assert restored(after, items) == before


def test_a_map_that_does_not_fit_is_refused() -> None:
    item = Replacement(0, 0, 3, "Tom", "[NAME]")
    with pytest.raises(StudyError) as refused:
        restored_text("Somebody said", [item])
    assert "Somebody" not in str(refused.value)
    with pytest.raises(StudyError):
        replaced_text("Tim said", [item])
    with pytest.raises(StudyError):
        replaced_text("Tom said", [item, Replacement(0, 2, 5, "m s", "X")])
