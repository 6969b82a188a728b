"""What a turn answers across the other's 'yeah' and 'mm-hmm': the thread of speech that it belongs to.

In a transcript of speech a complaint or a lecture goes over many lines, each broken by the other's 'Yeah.'. A line
of it is no short answer to that 'Yeah': it goes on with what the speaker said since the other last took the floor.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from rupture_markers.markers.dialogue import NONE, Moves, Neighbours, Rows
from rupture_markers.markers.measures import SessionMeasures, log_words
from rupture_markers.markers.word_counts import TurnCounts
from rupture_markers.transcripts.transcript import Turn

Column = npt.NDArray[np.float32]

_FEW = 3
"""A turn of so many words, all of them agreement or a hum, hears the other out and takes nothing up."""


def nods(counts: TurnCounts) -> Column:
    """Words of agreement and hums in each turn."""
    return counts.anywhere[:, counts.column("agreement")] + counts.anywhere[:, counts.column("minimal")]


def gives_way(turns: Sequence[Turn], counts: TurnCounts, near: Neighbours, measured: SessionMeasures) -> Column:
    """Turns that only hear the other out: 1 or 0."""
    asks = np.array(["?" in turn.text for turn in turns], dtype=bool)
    out = ~near.floor | ((measured.words <= _FEW) & (nods(counts) >= measured.words) & ~asks)
    return np.asarray(out, dtype=np.float32)


def answered(turns: Sequence[Turn], quiet: Column) -> Rows:
    """Row of the other's last turn before each one that did not only give way; -1 for none."""
    last = {"client": NONE, "therapist": NONE}
    other = {"client": "therapist", "therapist": "client"}
    out = []
    for row, turn in enumerate(turns):
        out.append(last[other[turn.speaker]] if turn.speaker in other else NONE)
        if turn.speaker in last and not quiet[row]:
            last[turn.speaker] = row
    return np.array(out, dtype=np.int64)


def thread_columns(
    turns: Sequence[Turn], counts: TurnCounts, near: Neighbours, did: Moves, measured: SessionMeasures
) -> dict[str, Column]:
    """Length of the thread so far and to come, and what the turn that it answers did."""
    quiet = gives_way(turns, counts, near, measured)
    of = answered(turns, quiet)
    size = len(turns)
    before, after = np.zeros(size, dtype=np.float32), np.zeros(size, dtype=np.float32)
    said, to_come = before.copy(), after.copy()
    for row in range(size):
        own = int(near.own_before[row])
        if own >= 0 and of[own] == of[row]:
            before[row] = before[own] + 1
            said[row] = said[own] + measured.words[own]
    for row in range(size - 1, -1, -1):
        own = int(near.own_after[row])
        if own >= 0 and of[own] == of[row]:
            after[row] = after[own] + 1
            to_come[row] = to_come[own] + measured.words[own]
    there = of >= 0

    def then(flags: npt.NDArray[np.bool_]) -> Column:
        return np.where(there, flags[of], np.nan).astype(np.float32) if size else before

    opened = did.open_question | did.invitation
    informs = counts.anywhere[:, counts.column("information")] > 0
    return {
        "thread/gives-way": quiet,
        "thread/turns-before": np.minimum(before, 6),
        "thread/turns-after": np.minimum(after, 6),
        "thread/words-before": log_words(said),
        "thread/words-after": log_words(to_come),
        "thread/words": log_words(said + measured.words + to_come),
        "thread/after-open": then(opened),
        "thread/after-closed": then(did.closed_question & ~opened),
        "thread/after-advice": then(did.advice),
        "thread/after-press": then(did.press),
        "thread/after-reflection": then(did.reflection),
        "thread/after-information": then(informs),
        "thread/answers-words": np.where(there, measured.length[of], np.nan).astype(np.float32) if size else before,
        "thread/turns-since-answered": np.where(there, np.minimum(np.arange(size) - of, 12), np.nan).astype(np.float32),
    }
