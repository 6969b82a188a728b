"""Times of turns: reading them, judging them, and the silence between two turns."""

from __future__ import annotations

import re
from itertools import pairwise

from rupture_markers.transcripts.transcript import Transcript

_CLOCK = re.compile(r"^(?:(\d{1,3}):)?(\d{1,2}):(\d{1,2}(?:[.,]\d{1,6})?)$")
_SECONDS = re.compile(r"^\d{1,7}(?:\.\d{1,6})?$")


def parse_time(text: str) -> float | None:
    """Seconds of ``01:02:03.5``, ``02:03`` or ``63.5``; None if it is none of them."""
    text = text.strip().strip("[]()")
    clock = _CLOCK.match(text)
    if clock:
        hours, minutes, seconds = clock.groups()
        return int(hours or 0) * 3600 + int(minutes) * 60 + float(seconds.replace(",", "."))
    return float(text) if _SECONDS.match(text) else None


def time_bins_allowed(transcript: Transcript) -> str | None:
    """None where every turn has a start and none runs backwards; else the reason, in words."""
    starts = [turn.start_s for turn in transcript.turns if turn.speaker != "nobody"]
    missing = sum(start is None for start in starts)
    if missing:
        return f"{missing} of {len(starts)} turns have no start time"
    known = [start for start in starts if start is not None]
    backwards = sum(later < earlier for earlier, later in pairwise(known))
    return f"start times run backwards {backwards} times" if backwards else None


def latencies(transcript: Transcript) -> dict[int, float]:
    """Seconds between the end of a turn and the start of the next speaker's, by the index of the latter.

    A turn is in it only where both times are known; an overlap is negative. Back-channels and silences are
    passed over: neither takes the floor.
    """
    out: dict[int, float] = {}
    before = None
    for turn in transcript.turns:
        if turn.back_channel or turn.speaker == "nobody":
            continue
        if (
            before is not None
            and before.speaker != turn.speaker
            and before.end_s is not None
            and turn.start_s is not None
        ):
            out[turn.index] = turn.start_s - before.end_s
        before = turn
    return out
