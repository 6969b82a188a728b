"""What the linear model hears beside the words nearby: the words of the whole session, and the features of turns.

Both are further columns of the same regressions (`word_model`). They say what single words cannot: how these two speak all session
(a lecture, a chat, giving in at every turn), and what a turn does in the dialogue.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from rupture_markers.learning.terms import LEAST_CASES, cases_of_terms, unit_rows
from rupture_markers.learning.turn_table import TurnTable

ROLES = (0, 1)
"""Client, therapist: either party's words count by themselves."""
SESSION_SHARE = 0.6
"""Length that the words of a session keep beside those of the turn."""
COMMON_CASES = 15
"""A word counts for a session only if this many training cases use it: a session is not to be known by its topic."""
FEATURE_SHARE = 0.7
"""Length of all features of a turn together, where each lies one standard deviation off."""
FEATURE_OFFSETS: tuple[tuple[int, float], ...] = ((0, 1.0), (-2, 0.5), (-1, 0.5), (1, 0.5), (2, 0.5))
"""Turns whose features are heard, and how much of their length they keep."""
_FARTHEST = 3.0
"""Standard deviations at which a feature is cut."""


@dataclass(frozen=True)
class SessionPart:
    """Words of the whole session.

    Attributes
    ----------
    columns : array of int
        Which words of the vocabulary.
    weights : array of float32, roles x columns x families
    """

    columns: NDArray[np.int64]
    weights: NDArray[np.float32]

    def log_odds(self, table: TurnTable, words: csr_matrix) -> NDArray[np.float64]:
        """What they add to every turn of a session; turns x families."""
        total = np.zeros((len(table.transcripts), self.weights.shape[2]))
        if len(self.columns):
            for role, weights in zip(ROLES, self.weights, strict=True):
                total += session_words(table, words, self.columns, role) @ weights
        return np.asarray(total[table.session])


@dataclass(frozen=True)
class FeaturePart:
    """Features of the turn and of the turns around.

    Attributes
    ----------
    centre, spread : array of float32, features
        As `scale_of` gives them.
    weights : array of float32, offsets x features x families
        Their shares of length included.
    """

    centre: NDArray[np.float32]
    spread: NDArray[np.float32]
    weights: NDArray[np.float32]

    def log_odds(self, table: TurnTable) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What those of the turn add, and those of the turns around; each turns x families."""
        families = self.weights.shape[2]
        if not self.weights.shape[1]:
            nothing = np.zeros((len(table), families))
            return nothing, nothing
        # In double precision: the order in which BLAS adds depends on the number of rows, and a score must not.
        weights = np.concatenate(list(self.weights), axis=1, dtype=np.float64)
        found = scaled(table.features, self.centre, self.spread).astype(np.float64) @ weights
        return found[:, :families], sum_around(table, found, FEATURE_OFFSETS[1:], families)

    def own_effects(self, features: NDArray[np.float32], family: int) -> NDArray[np.float64]:
        """What each feature of a turn adds to the turn's own log-odds."""
        if not self.weights.shape[1]:
            return np.zeros(len(features))
        return (scaled(features, self.centre, self.spread) * self.weights[0, :, family]).astype(np.float64)


def sum_around(
    table: TurnTable, found: NDArray[np.floating], offsets: Sequence[tuple[int, float]], families: int
) -> NDArray[np.float64]:
    """Add up what the turns around give.

    Parameters
    ----------
    found : array, turns x ((1 + offsets) * families)
        What each turn gives to itself, and to the turn that it stands at each of the offsets from.
    """
    around = np.zeros((len(table), families))
    for number, (offset, _) in enumerate(offsets, start=1):
        there = table.at_offset(offset)
        part = found[:, number * families : (number + 1) * families]
        around += np.where((there >= 0)[:, None], part[there], 0.0)
    return around


def session_words(table: TurnTable, words: csr_matrix, columns: NDArray[np.int64], role: int) -> csr_matrix:
    """Words of one party over each session, log(1 + sum of TF-IDF), of unit length; sessions x columns."""
    rows = np.flatnonzero(table.role == role)
    shape = (len(table.transcripts), len(table))
    said = csr_matrix((np.ones(len(rows), dtype=np.float32), (table.session[rows], rows)), shape=shape)
    total = (said @ words).tocsr()[:, columns]
    total.data = np.log1p(total.data)
    return unit_rows(total)


def common_words(words: csr_matrix, cases: NDArray[np.str_]) -> NDArray[np.int64]:
    """Words that enough training cases use: fifteen, or a quarter of the cases where there are few."""
    _, case_of_row = np.unique(cases, return_inverse=True)
    number = int(case_of_row.max()) + 1
    return np.flatnonzero(cases_of_terms(words, case_of_row) >= max(LEAST_CASES, min(COMMON_CASES, number // 4)))


def scaled(
    features: NDArray[np.float32], centre: NDArray[np.float32], spread: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Features in standard deviations, cut at three; 0 where a value is missing."""
    off = np.clip((features - centre) / spread, -_FARTHEST, _FARTHEST)
    return np.nan_to_num(off, copy=False).astype(np.float32, copy=False)


def scale_of(features: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Centre and standard deviation of each feature, a missing value read as 0.

    The centre of a feature that is mostly 0 is 0, so that its column stays sparse; the mean otherwise.
    """
    known = np.nan_to_num(features)
    sparse = (known == 0).mean(axis=0) > 0.5
    centre = np.where(sparse, 0.0, known.mean(axis=0))
    return centre.astype(np.float32), (known.std(axis=0) + 1e-6).astype(np.float32)


@dataclass(frozen=True)
class Heard:
    """Which columns there are beyond the words nearby, before their weights are known.

    Attributes
    ----------
    columns : array of int
        Words that count for a session.
    centre, spread : array of float32, features
    """

    columns: NDArray[np.int64]
    centre: NDArray[np.float32]
    spread: NDArray[np.float32]

    @classmethod
    def of(cls, table: TurnTable, words: csr_matrix) -> Heard:
        """Of training turns."""
        return cls(common_words(words, table.cases), *scale_of(table.features))

    @classmethod
    def nothing(cls) -> Heard:
        """Neither words of the session nor features."""
        none = np.zeros(0, dtype=np.float32)
        return cls(np.zeros(0, dtype=np.int64), none, none)

    @property
    def _feature_length(self) -> float:
        return float(FEATURE_SHARE / np.sqrt(max(len(self.centre), 1)))

    def blocks(self, table: TurnTable, words: csr_matrix) -> list[csr_matrix]:
        """Columns for the regressions."""
        if not len(self.centre) and not len(self.columns):
            return []
        blocks = [session_words(table, words, self.columns, role)[table.session] * SESSION_SHARE for role in ROLES]
        if not len(self.centre):
            return blocks
        features = scaled(table.features, self.centre, self.spread) * self._feature_length
        for offset, share in FEATURE_OFFSETS:
            there = table.at_offset(offset)
            blocks.append(csr_matrix(np.where((there >= 0)[:, None], features[there], 0.0) * share))
        return blocks

    def parts(self, coefficients: NDArray[np.float64]) -> tuple[SessionPart, FeaturePart]:
        """Weights of the columns of `blocks`, each with its share of length.

        Parameters
        ----------
        coefficients : array, columns of `blocks` x families
        """
        families, features = coefficients.shape[1], len(self.centre)
        cut = len(ROLES) * len(self.columns)
        session = coefficients[:cut].reshape(len(ROLES), len(self.columns), families) * SESSION_SHARE
        weights = coefficients[cut:].reshape(len(FEATURE_OFFSETS), features, families) * self._feature_length
        weights = weights * np.array([share for _, share in FEATURE_OFFSETS])[:, None, None]
        return (
            SessionPart(self.columns, session.astype(np.float32)),
            FeaturePart(self.centre, self.spread, weights.astype(np.float32)),
        )
