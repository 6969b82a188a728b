"""What is measured once for a whole session and used by many features: lengths, shared words, cut-offs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rupture_markers.markers.dialogue import Neighbours, Rows, is_hum
from rupture_markers.markers.word_counts import TurnCounts
from rupture_markers.transcripts.transcript import Turn

Column = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]

SHORT_WORDS = 3
"""A short turn has one to so many words (a third of all client turns in the coded sessions)."""


def log_words(words: Column) -> Column:
    """Length on a scale where twice as long is one more: log2(words + 1)."""
    return np.log2(words + 1)


def at(values: Column, rows: Rows) -> Column:
    """Values (or rows of values) of other turns; NaN where there is no such row (-1)."""
    if not len(values):
        return values
    taken = values[rows].astype(np.float32, copy=False)
    taken[rows < 0] = np.nan
    return taken


@dataclass(frozen=True, slots=True)
class SessionMeasures:
    """Measures of all turns of one session, one row a turn.

    Attributes
    ----------
    words : array of float32
        Words of the speaker; events are none.
    length : array of float32
        log2(words + 1).
    short : array of bool
        One to three words.
    hum : array of bool
        'Mm-hmm' and nothing else.
    broken_off : array of bool
        Ends on a hyphen or dash.
    counted : array of bool
        Takes the floor and has words: what a speaker's usual is taken over.
    content : tuple of frozenset of int
    """

    words: Column
    length: Column
    short: Flags
    hum: Flags
    broken_off: Flags
    counted: Flags
    content: tuple[frozenset[int], ...]

    @classmethod
    def of(cls, turns: Sequence[Turn], counts: TurnCounts, near: Neighbours) -> SessionMeasures:
        """Measure the turns of a session."""
        words = np.array([len(turn.words) for turn in turns], dtype=np.float32)
        return cls(
            words=words,
            length=log_words(words),
            short=(words > 0) & (words <= SHORT_WORDS),
            hum=np.array([is_hum(turn.text) for turn in turns], dtype=bool),
            broken_off=np.array([turn.text.rstrip().endswith(("-", "–", "—")) for turn in turns], dtype=bool),
            counted=near.floor & (words > 0),
            content=counts.content,
        )

    def overlap(self, rows: Rows) -> tuple[Column, Column, Column]:
        """Content words shared with another row.

        Returns
        -------
        shared : array of float32
            How many; NaN where there is no such row.
        taken_up : array of float32
            Share of the other's content words that are said here; NaN where the other has none.
        new : array of float32
            Share of the content words here that are not the other's; NaN where there are none.
        """
        shared = np.full(len(rows), np.nan, dtype=np.float32)
        taken_up, new = shared.copy(), shared.copy()
        for row, other in enumerate(rows.tolist()):
            if other < 0:
                continue
            mine, theirs = self.content[row], self.content[other]
            both = len(mine & theirs)
            shared[row] = both
            if theirs:
                taken_up[row] = both / len(theirs)
            if mine:
                new[row] = 1 - both / len(mine)
        return shared, taken_up, new

    def overlap_share(self, rows: Rows) -> Column:
        """Shared content words as a share of all in either row (Jaccard); NaN where there are none."""
        share = np.full(len(rows), np.nan, dtype=np.float32)
        for row, other in enumerate(rows.tolist()):
            if other >= 0:
                mine, theirs = self.content[row], self.content[other]
                if mine or theirs:
                    both = len(mine & theirs)
                    share[row] = both / (len(mine) + len(theirs) - both)
        return share
