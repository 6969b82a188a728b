"""All turns of several sessions as one table: who spoke, which terms, which features. Nothing here is learnt."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from rupture_markers.learning.terms import TermCounter, count_sorted
from rupture_markers.markers.cues import CueHit
from rupture_markers.markers.features import TurnFeatures
from rupture_markers.markers.marker import CODED_SPEAKER, FAMILIES, Family
from rupture_markers.transcripts.transcript import Transcript

Featurise = Callable[[Transcript], TurnFeatures]
"""Features of every turn of a session."""

_ROLES = {"client": 0, "therapist": 1}
_OTHER = 2


@dataclass(frozen=True)
class TurnTable:
    """Turns of several sessions, one row a turn, sessions one after the other.

    Attributes
    ----------
    transcripts : tuple of Transcript
    session : array of int
        Which transcript each row is of.
    role : array of int
        0 client, 1 therapist, 2 anybody else or a silence.
    counts : sparse matrix, turns x terms
    words : array of int
        Words of each turn, those among the terms and others.
    terms : array of str, or None
        Columns of ``counts`` where they are not those of a given vocabulary.
    features : array of float32, turns x features
    feature_names : tuple of str
    cue_hits : tuple of tuple of CueHit
        Of each row.
    """

    transcripts: tuple[Transcript, ...]
    session: NDArray[np.int64]
    role: NDArray[np.int64]
    counts: csr_matrix
    words: NDArray[np.int64]
    terms: NDArray[np.str_] | None
    features: NDArray[np.float32]
    feature_names: tuple[str, ...]
    cue_hits: tuple[tuple[CueHit, ...], ...] = ()

    def __len__(self) -> int:
        return len(self.role)

    @cached_property
    def keys(self) -> list[tuple[str, int]]:
        """Session and turn index of each row."""
        return [(t.session_id, turn.index) for t in self.transcripts for turn in t.turns]

    @cached_property
    def cases(self) -> NDArray[np.str_]:
        """Case of each row."""
        return np.array([t.case_id for t in self.transcripts], dtype=np.str_)[self.session]

    def rows_of(self, family: Family) -> NDArray[np.int64]:
        """Rows that the family is coded in."""
        return np.flatnonzero(self.role == _ROLES[CODED_SPEAKER[family]])

    def at_offset(self, offset: int) -> NDArray[np.int64]:
        """Row that stands ``offset`` turns later in the same session, or -1."""
        rows = np.arange(len(self)) + offset
        inside = (rows >= 0) & (rows < len(self))
        found = np.where(inside, rows, 0)
        return np.where(inside & (self.session[found] == self.session), found, -1) if len(self) else rows

    def take(self, rows: NDArray[np.bool_]) -> TurnTable:
        """Only these rows, which must be whole sessions."""
        kept = np.unique(self.session[rows])
        place = np.full(len(self.transcripts), -1)
        place[kept] = np.arange(len(kept))
        return TurnTable(
            tuple(self.transcripts[n] for n in kept),
            place[self.session[rows]],
            self.role[rows],
            self.counts[np.flatnonzero(rows)],
            self.words[rows],
            self.terms,
            self.features[rows],
            self.feature_names,
            tuple(self.cue_hits[row] for row in np.flatnonzero(rows)),
        )


def build_table(
    transcripts: Sequence[Transcript],
    featurise: Featurise,
    *,
    counter: TermCounter | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> TurnTable:
    """Put the turns of these sessions into one table.

    Parameters
    ----------
    counter : TermCounter, optional
        Of a model's vocabulary; without it every term is counted.
    progress : callable
        Called with 1 after each session.
    """
    session: list[int] = []
    role: list[int] = []
    blocks: list[NDArray[np.float32]] = []
    hits: list[tuple[CueHit, ...]] = []
    names: tuple[str, ...] = ()
    for number, transcript in enumerate(transcripts):
        found = featurise(transcript)
        names = tuple(found.names)
        hits.extend(found.cue_hits)
        blocks.append(np.asarray(found.values, dtype=np.float32))
        session.extend([number] * len(transcript.turns))
        role.extend(_ROLES.get(turn.speaker, _OTHER) for turn in transcript.turns)
        progress(1)
    texts = [turn.spoken for transcript in transcripts for turn in transcript.turns]
    terms = None
    if counter is None:
        counts, words, terms = count_sorted(texts)
    else:
        counts, words = counter.count(texts)
    features = np.concatenate(blocks) if blocks else np.zeros((0, 0), dtype=np.float32)
    return TurnTable(
        tuple(transcripts), np.array(session, dtype=np.int64), np.array(role, dtype=np.int64), counts, words, terms,
        features, names, tuple(hits),
    )  # fmt: skip


def share_columns(table: TurnTable, shares: Mapping[Family, Mapping[tuple[str, int], float]]) -> NDArray[np.float64]:
    """Share of coders per row and family; NaN where the family is not coded in that speaker's turns."""
    out = np.full((len(table), len(FAMILIES)), np.nan)
    for column, family in enumerate(FAMILIES):
        given = shares.get(family, {})
        for row in table.rows_of(family):
            out[row, column] = given.get(table.keys[row], 0.0)
    return out


def degree_columns(table: TurnTable, degrees: Mapping[Family, Mapping[tuple[str, int], float]]) -> NDArray[np.float64]:
    """Degrees per row and family, as log(1 + degree); NaN where a turn was not graded."""
    out = np.full((len(table), len(FAMILIES)), np.nan)
    for column, family in enumerate(FAMILIES):
        given = degrees.get(family, {})
        for row in table.rows_of(family) if given else ():
            out[row, column] = np.log1p(given.get(table.keys[row], np.nan))
    return out
