"""Probabilities of every turn of a session, and the file that holds them."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from rupture_markers.errors import StudyError
from rupture_markers.markers.cues import CueHit
from rupture_markers.markers.marker import FAMILIES, Family
from rupture_markers.transcripts.spreadsheet_safety import Cell, original_cell, write_table
from rupture_markers.transcripts.transcript import Speaker

_SPEAKERS: dict[str, Speaker] = {s: s for s in get_args(Speaker)}
COLUMNS = ("session_id", "turn", "speaker", "withdrawal", "confrontation", "repair", "top_code")


@dataclass(frozen=True, slots=True)
class TurnScore:
    """One turn: a probability for each family that is coded in its speaker's turns, None for the others.

    Attributes
    ----------
    top_code : str
        Likeliest code of the likeliest family, '' where no family is coded.
    codes : Mapping of Family to tuple of str
        All codes of a family, likeliest first; empty after reading from a file.
    """

    session_id: str
    turn: int
    speaker: Speaker
    withdrawal: float | None
    confrontation: float | None
    repair: float | None
    top_code: str = ""
    codes: Mapping[Family, tuple[str, ...]] = field(default_factory=dict)

    def probability(self, family: Family) -> float | None:
        """Probability of a family; None where it is not coded in this speaker's turns."""
        return {"withdrawal": self.withdrawal, "confrontation": self.confrontation, "repair": self.repair}[family]


@dataclass(frozen=True, slots=True)
class ScoringDetail:
    """What the evidence is found from: the second stage's inputs of one session, and what stands behind them.

    Attributes
    ----------
    parts : array of float32, turns x families x 3
        Of the linear model's log-odds, as in ``WordScores``.
    """

    inputs: NDArray[np.float32]
    words: csr_matrix
    parts: NDArray[np.float32]
    cue_hits: tuple[tuple[CueHit, ...], ...]


@dataclass(frozen=True, slots=True)
class TurnScores:
    """All turns of one session, in order.

    Attributes
    ----------
    detail : ScoringDetail or None
        For the evidence; None after reading from a file.
    novelty : float or None
        How far the session lies from what the model has seen (`novelty`); None after reading from a file.
    """

    session_id: str
    rows: tuple[TurnScore, ...]
    detail: ScoringDetail | None = field(default=None, compare=False, repr=False)
    novelty: float | None = field(default=None, compare=False)

    @property
    def turns(self) -> tuple[int, ...]:
        """Turn indices."""
        return tuple(row.turn for row in self.rows)

    def probabilities(self, family: Family) -> tuple[float | None, ...]:
        """Probability of a family for each turn."""
        return tuple(row.probability(family) for row in self.rows)

    @property
    def withdrawal(self) -> tuple[float | None, ...]:
        """Probability of withdrawal for each turn."""
        return self.probabilities("withdrawal")

    @property
    def confrontation(self) -> tuple[float | None, ...]:
        """Probability of confrontation for each turn."""
        return self.probabilities("confrontation")

    @property
    def repair(self) -> tuple[float | None, ...]:
        """Probability of repair for each turn."""
        return self.probabilities("repair")

    def turn(self, index: int) -> TurnScore:
        """Score of the turn of that index.

        Raises
        ------
        KeyError
            If the session has no such turn.
        """
        for row in self.rows:
            if row.turn == index:
                return row
        raise KeyError(index)


def write_scores(path: Path, scores: Iterable[TurnScores]) -> int:
    """Write one row a turn, whole or not at all; families that are not coded in a turn stay empty.

    A session_id that a spreadsheet would run as a formula is written as `safe_cell` writes it.

    Returns
    -------
    int
        Rows written.
    """
    return write_table(path, COLUMNS, (_cells(row) for session in scores for row in session.rows))


def _cells(row: TurnScore) -> list[Cell]:
    given = [None if p is None else f"{p:.6f}" for p in map(row.probability, FAMILIES)]
    return [row.session_id, row.turn, row.speaker, *given, row.top_code]


def read_scores(path: Path) -> Iterator[TurnScores]:
    """Sessions of a file of scores, in order.

    Raises
    ------
    StudyError
        With the line that is no row of scores.
    """
    rows: list[TurnScore] = []
    with path.open(encoding="utf-8-sig", newline="") as handle:
        for number, row in enumerate(csv.DictReader(handle), start=2):
            try:
                score = _row(row)
            except (KeyError, ValueError, TypeError):
                raise StudyError(
                    "this is no row of scores.", "Write the file again with 'rupture score'.", path=path, line=number
                ) from None
            if rows and rows[-1].session_id != score.session_id:
                yield TurnScores(rows[-1].session_id, tuple(rows))
                rows = []
            rows.append(score)
    if rows:
        yield TurnScores(rows[-1].session_id, tuple(rows))


def _row(row: Mapping[str, str]) -> TurnScore:
    speaker = _SPEAKERS[row["speaker"]]
    withdrawal, confrontation, repair = (float(row[family]) if row[family] else None for family in FAMILIES)
    if any(p is not None and not 0 <= p <= 1 for p in (withdrawal, confrontation, repair)):
        raise ValueError(row["turn"])
    session_id = original_cell(row["session_id"])
    return TurnScore(session_id, int(row["turn"]), speaker, withdrawal, confrontation, repair, row["top_code"])
