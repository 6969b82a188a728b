"""A speaker against their own usual, and the session as a whole.

Brevity tells nothing by itself: a third of all client turns have three words or fewer. So length, hedging and the
like are set against what is usual for this speaker in this session. The usual length is the median over the whole
session (whole sessions are scored after the fact); means leave the turn itself out.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from rupture_markers.markers.dialogue import Moves, Neighbours
from rupture_markers.markers.measures import SessionMeasures, at
from rupture_markers.transcripts.transcript import Turn

Column = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]

FEWEST = 3
"""A usual is known from so many turns on; NaN below."""

_EDGE = 6


def _parties(near: Neighbours) -> tuple[Flags, Flags]:
    return near.client, near.therapist


def _blank(size: int) -> Column:
    return np.full(size, np.nan, dtype=np.float32)


def against_usual(values: Column, near: Neighbours, measured: SessionMeasures) -> Column:
    """Difference from the mean of the same speaker's other turns; NaN below `FEWEST` others."""
    out = _blank(len(values))
    for party in _parties(near):
        among = party & measured.counted & ~np.isnan(values)
        number, total = int(among.sum()), float(values[among].sum())
        others = number - among
        if number > FEWEST:
            rows = party & ~np.isnan(values)
            mean = (total - np.where(among, values, 0)) / others
            out[rows] = (values - mean)[rows]
    return out


def usual_columns(near: Neighbours, did: Moves, measured: SessionMeasures) -> dict[str, Column]:
    """Length of a turn against the speaker's own."""
    size = len(measured.words)
    median, rank = _blank(size), _blank(size)
    for party in _parties(near):
        lengths = np.sort(measured.length[party & measured.counted])
        if len(lengths) >= FEWEST:
            median[party] = np.median(lengths)
            below = np.searchsorted(lengths, measured.length[party], side="left")
            upto = np.searchsorted(lengths, measured.length[party], side="right")
            rank[party] = (below + upto) / (2 * len(lengths))
    answers = (near.before >= 0) & did.ends_asking[near.before] if size else np.zeros(0, dtype=bool)
    to_questions = against_usual(np.where(answers, measured.length, np.float32(np.nan)), near, measured)
    return {
        "usual/words": measured.length - median,
        "usual/rank": rank,
        "usual/words-to-questions": to_questions,
        "usual/own-median": median,
        "usual/change": measured.length - at(measured.length, near.own_before),
    }


def session_columns(near: Neighbours, measured: SessionMeasures) -> dict[str, Column]:
    """Place in the session, the speaker's part in it, and runs of short turns."""
    size = len(measured.words)
    rows: Column = np.arange(size, dtype=np.float32)
    share, short_share = _blank(size), _blank(size)
    short_before, short_after = _blank(size), _blank(size)
    both = float(measured.words[near.client | near.therapist].sum())
    for party in _parties(near):
        counted = np.flatnonzero(party & measured.counted)
        if both:
            share[party] = measured.words[party].sum() / both
        if len(counted) >= FEWEST:
            among = party & measured.counted
            others = len(counted) - among.astype(np.float32)
            short_share[party] = ((measured.short[counted].sum() - (measured.short & among)) / others)[party]
        steps = np.concatenate([[0], np.cumsum(measured.short[counted])]).astype(np.float32)
        mine = np.flatnonzero(party)
        first = np.searchsorted(counted, mine, side="left")
        past = np.searchsorted(counted, mine, side="right")
        short_before[mine] = steps[first] - steps[np.maximum(first - 4, 0)]
        short_after[mine] = steps[np.minimum(past + 4, len(counted))] - steps[past]
    return {
        "session/position": rows / np.float32(max(size - 1, 1)),
        "session/turns": np.full(size, np.log2(size + 1), dtype=np.float32),
        "session/turns-before": np.minimum(rows, 20),
        "session/turns-left": np.minimum(size - 1 - rows, 20),
        "session/opening": (rows < _EDGE).astype(np.float32),
        "session/closing": (rows >= size - _EDGE).astype(np.float32),
        "session/talk-share": share,
        "session/short-turns": short_share,
        "run/short-turns-before": short_before,
        "run/short-turns-after": short_after,
    }


def pace_and_latency(turns: Sequence[Turn], near: Neighbours, measured: SessionMeasures) -> dict[str, Column]:
    """Seconds from the other's end to this start, words a second, and both against the speaker's usual.

    NaN wherever a time is missing or runs backwards; a negative latency is an overlap and is kept.
    """
    start = np.array([np.nan if t.start_s is None else t.start_s for t in turns], dtype=np.float64)
    end = np.array([np.nan if t.end_s is None else t.end_s for t in turns], dtype=np.float64)
    lasted = end - start
    there = near.before >= 0
    previous_end = np.where(there, end[near.before], np.nan) if len(turns) else end
    previous_start = np.where(there, start[near.before], np.nan) if len(turns) else start
    latency = np.where(start >= previous_start, start - previous_end, np.nan).astype(np.float32)
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = np.where((lasted > 0) & (measured.words > 0), measured.words / lasted, np.nan).astype(np.float32)
    return {
        "time/latency": latency,
        "time/latency-usual": against_usual(latency, near, measured),
        "time/rate": rate,
        "time/rate-usual": against_usual(rate, near, measured),
    }
