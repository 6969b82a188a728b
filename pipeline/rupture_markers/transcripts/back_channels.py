"""Back-channels that stand on a line of their own: the other speaker goes on over them."""

from __future__ import annotations

import re
from dataclasses import replace

from rupture_markers.transcripts.events import is_acknowledgement, is_hum
from rupture_markers.transcripts.transcript import Turn, is_written

_CLOSED = (".", "!", "?", "…", "。")
_BROKEN_OFF = ("...", "…", "--", "-", "–", "—", ",")
_QUOTES = " \"'”’)]"
_ASKS = re.compile(
    r"\b(?:(?:do|did|are|were|have|can|could|would|will|should) (?:you|we|they|he|she|i)"
    r"|(?:is|was|does) (?:it|that|this|he|she)"
    r"|what|how|why|when|where|who|which)\b",
    re.IGNORECASE,
)
_LAST_CLAUSE = 60
_LEAST_WORDS = 4


def mark_back_channels(turns: tuple[Turn, ...], medium: str = "spoken") -> tuple[Turn, ...]:
    """Mark the lines of their own that take no floor.

    The rule: a line of one to three words of acknowledgement ('Mm-hmm', 'yeah, right'; never 'no') and nothing
    else, between two turns of the same other speaker, where the first does not end its sentence or the second goes
    on in lower case or with a dash. Never after a question, since a short answer is an answer. Where most turns of
    the session carry no full stops (or no capitals), these say nothing: there only a hum ('mm-hmm', 'uh-huh') that
    follows no question word is marked. Typed sessions have no back-channels.

    Parameters
    ----------
    turns : tuple of Turn
    medium : str
        A written one (``text chat``) leaves the turns as they are.
    """
    if is_written(medium):
        return turns
    long = [t.spoken.strip(_QUOTES) for t in turns if len(t.words) >= _LEAST_WORDS]
    stopped = bool(long) and sum(text.endswith(_CLOSED + _BROKEN_OFF) for text in long) * 2 >= len(long)
    capitals = bool(long) and sum(text[:1].isupper() for text in long) * 2 >= len(long)
    out = list(turns)
    for i in range(1, len(turns) - 1):
        before, turn, after = turns[i - 1], turns[i], turns[i + 1]
        if before.speaker != after.speaker or {"nobody", before.speaker} & {turn.speaker}:
            continue
        if before.speaker == "nobody" or not is_acknowledgement(turn.spoken.strip()):
            continue
        if _goes_on(before, turn, after, stopped=stopped, capitals=capitals):
            out[i] = replace(turn, back_channel=True)
    return tuple(out)


def _goes_on(before: Turn, turn: Turn, after: Turn, *, stopped: bool, capitals: bool) -> bool:
    first, second = before.spoken.rstrip(_QUOTES), after.spoken.lstrip(" \"'“‘([")
    if not first or not second or first.endswith("?"):
        return False
    broken_off = first.endswith(_BROKEN_OFF)
    open_end = broken_off or not first.endswith(_CLOSED)
    continued = second.startswith(("-", "–", "—", "…", "...")) or (capitals and second[:1].islower())
    if stopped and (continued or broken_off):
        return True
    asks = _ASKS.search(re.split(r"[.!?,;]", first[-_LAST_CLAUSE:])[-1]) is not None
    if stopped:
        return open_end and not asks
    return open_end and not asks and is_hum(turn.spoken.strip())
