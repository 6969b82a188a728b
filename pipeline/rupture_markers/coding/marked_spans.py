"""Where a marker stands in the turns: its offsets held against its quote, and found again where they moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rupture_markers.coding.answer import MarkedRegion
from rupture_markers.coding.offsets import OffsetError, code_point_offset


@dataclass(frozen=True, slots=True)
class PlacedSpan:
    """A marker's share in one turn.

    Attributes
    ----------
    place : int
        In the dialogue shown.
    span : (int, int) or None
        Half-open code-point offsets; None for the whole turn.
    """

    place: int
    span: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a marker stands, one span a turn; ``note`` says what was wrong, and is empty where nothing was."""

    spans: tuple[PlacedSpan, ...]
    note: str = ""


def place_region(region: MarkedRegion, dialogue: Sequence[str]) -> Placement:
    """Say which words of which turns a marker covers.

    Parameters
    ----------
    region : MarkedRegion
    dialogue : sequence of str
        Texts of the turns shown.

    Returns
    -------
    Placement
        By its offsets where the text there is the quote. Else where the quote stands alone: in its own turn, or in one
        other turn. Else the whole of the turn that it names. Without spans where it names no turn to be coded.
    """
    inside = 0 <= region.first <= region.last < len(dialogue)
    spans = _by_offsets(region, dialogue) if inside else ()
    if spans and _agrees(region, spans, dialogue):
        return Placement(spans)
    moved = _by_quote(region, dialogue)
    if moved is not None:
        return Placement((moved,), "its words stand elsewhere than its offsets say: found again by them")
    if inside:
        whole = tuple(PlacedSpan(place, None) for place in range(region.first, region.last + 1))
        return Placement(whole, "its words are not at its offsets nor elsewhere: kept for the whole turn")
    return Placement((), "it lies outside the turns to be coded: left out")


def _by_offsets(region: MarkedRegion, dialogue: Sequence[str]) -> tuple[PlacedSpan, ...]:
    """Spans that the offsets say; none where they are no places in the text. An empty share in a turn is left out."""
    spans = []
    for place in range(region.first, region.last + 1):
        text = dialogue[place]
        try:
            begin = code_point_offset(text, region.begin) if place == region.first else 0
            ends_here = place == region.last and region.stop >= 0
            stop = code_point_offset(text, region.stop) if ends_here else len(text)
        except OffsetError:
            return ()
        if begin < stop:
            spans.append(PlacedSpan(place, None if (begin, stop) == (0, len(text)) else (begin, stop)))
    return tuple(spans)


def _agrees(region: MarkedRegion, spans: Sequence[PlacedSpan], dialogue: Sequence[str]) -> bool:
    """Whether the quote is the text there, whatever the white space; a region without a quote is taken as it is."""
    said = "".join(dialogue[s.place] if s.span is None else dialogue[s.place][s.span[0] : s.span[1]] for s in spans)
    return not region.quote or _packed(region.quote) == _packed(said)


def _packed(text: str) -> str:
    # The browser writes line breaks between turns, and as the two characters \n within some results.
    return "".join(text.replace("\\n", "\n").split())


def _by_quote(region: MarkedRegion, dialogue: Sequence[str]) -> PlacedSpan | None:
    """The one place where the quote stands: in the turn that it names if it is alone there, else in all turns."""
    quote = region.quote.strip()
    if not quote:
        return None
    for places in ([region.first] if 0 <= region.first < len(dialogue) else [], range(len(dialogue))):
        found = [place for place in places if quote in dialogue[place]]
        if len(found) == 1 and dialogue[found[0]].count(quote) == 1:
            text = dialogue[found[0]]
            begin = text.index(quote)
            whole = quote == text.strip()
            return PlacedSpan(found[0], None if whole else (begin, begin + len(quote)))
    return None
