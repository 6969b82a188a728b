"""Placeholders in place of findings, and the way back: what was replaced, where, by what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from rupture_markers.errors import StudyError
from rupture_markers.transcripts.transcript import Event, Transcript, Turn


@dataclass(frozen=True, slots=True, order=True)
class Replacement:
    """One span of a turn and its placeholder.

    Attributes
    ----------
    turn : int
    start, end : int
        Half-open code-point offsets in the turn as it was before any replacement of the same round.
    original : str
        The words that stood there; never in a log or a message.
    placeholder : str
    """

    turn: int
    start: int
    end: int
    original: str
    placeholder: str


def moved(offset: int, replacements: Sequence[Replacement]) -> int:
    """Where an offset of the turn before the round lies after it; one within a replaced span moves to its start.

    Parameters
    ----------
    offset : int
    replacements : Sequence of Replacement
        Of that turn, in order, without overlap.
    """
    shift = 0
    for item in replacements:
        if item.end <= offset:
            shift += len(item.placeholder) - (item.end - item.start)
        elif item.start < offset:
            return item.start + shift
    return offset + shift


def _in_order(replacements: Iterable[Replacement], text: str) -> list[Replacement]:
    items = sorted(replacements)
    at = 0
    for item in items:
        if item.start < at or item.end > len(text) or item.start >= item.end:
            raise StudyError(
                "two replacements overlap, or one lies outside its turn.", "Look at the findings again.", turn=item.turn
            )
        at = item.end
    return items


def replaced_text(text: str, replacements: Iterable[Replacement]) -> str:
    """The text with its placeholders.

    Raises
    ------
    StudyError
        If two spans overlap, one lies outside, or the words there are not the ones to be replaced.
    """
    parts, at = [], 0
    for item in _in_order(replacements, text):
        if text[item.start : item.end] != item.original:
            raise StudyError(
                "the turn is not the one that was looked at.", "Look at the findings again.", turn=item.turn
            )
        parts += [text[at : item.start], item.placeholder]
        at = item.end
    return "".join([*parts, text[at:]])


def restored_text(text: str, replacements: Iterable[Replacement]) -> str:
    """The text as it was before ``replaced_text``.

    Raises
    ------
    StudyError
        If a placeholder does not stand where the map says.
    """
    parts, at, shift = [], 0, 0
    for item in sorted(replacements):
        start = item.start + shift
        end = start + len(item.placeholder)
        if start < at or text[start:end] != item.placeholder:
            raise StudyError(
                "a placeholder is not where the map says.",
                "The copy was changed; restore it from a backup.",
                turn=item.turn,
            )
        parts += [text[at:start], item.original]
        at, shift = end, shift + len(item.placeholder) - (item.end - item.start)
    return "".join([*parts, text[at:]])


def _with_placeholders(turn: Turn, items: list[Replacement]) -> Turn:
    for event in turn.events:
        for item in items:
            if (
                item.start < event.end
                and event.start < item.end
                and not (event.start < item.start and item.end < event.end)
            ):
                raise StudyError(
                    "the finding is a transcriber's tag, or part of one and of the words beside it.",
                    "Mend it in the transcript itself.",
                    turn=turn.index,
                )
    events = tuple(Event(e.kind, moved(e.start, items), moved(e.end, items), e.seconds) for e in turn.events)
    return replace(turn, text=replaced_text(turn.text, items), events=events)


def _restored(turn: Turn, items: list[Replacement]) -> Turn:
    after = []  # the same round, seen from the other side
    shift = 0
    for item in items:
        start = item.start + shift
        after.append(Replacement(item.turn, start, start + len(item.placeholder), item.placeholder, item.original))
        shift += len(item.placeholder) - (item.end - item.start)
    events = tuple(Event(e.kind, moved(e.start, after), moved(e.end, after), e.seconds) for e in turn.events)
    return replace(turn, text=restored_text(turn.text, items), events=events)


def _by_turn(replacements: Iterable[Replacement]) -> dict[int, list[Replacement]]:
    out: dict[int, list[Replacement]] = {}
    for item in sorted(replacements):
        out.setdefault(item.turn, []).append(item)
    return out


def with_placeholders(transcript: Transcript, replacements: Iterable[Replacement]) -> Transcript:
    """The session with its placeholders, events moved along.

    Raises
    ------
    StudyError
        If a span overlaps another or the edge of an event, or its words are not the ones to be replaced.
    """
    items = _by_turn(replacements)
    turns = (_with_placeholders(turn, items[turn.index]) if turn.index in items else turn for turn in transcript.turns)
    return replace(transcript, turns=tuple(turns))


def restored(transcript: Transcript, replacements: Iterable[Replacement]) -> Transcript:
    """The session as it was before ``with_placeholders``.

    Raises
    ------
    StudyError
        If a placeholder does not stand where the map says.
    """
    items = _by_turn(replacements)
    turns = (_restored(turn, items[turn.index]) if turn.index in items else turn for turn in transcript.turns)
    return replace(transcript, turns=tuple(turns))
