"""Third stage: a turn's own score weighed against those of the turns around it and of the session's other turns.

Markers come in runs and a repair follows a rupture; the second stage sees the words of the turns around, this one
what it made of them. A logistic regression on out-of-fold log-odds, so that it calibrates as well (Platt 1999).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from rupture_markers.learning.turn_table import TurnTable
from rupture_markers.learning.word_model import doubled
from rupture_markers.markers.marker import FAMILIES

OFFSETS = (-3, -2, -1, 1, 2, 3)
"""Turns whose scores are looked at."""
_FEW, _RATE = 1.0, 0.1
"""So many turns, of such a probability, are added to a session's mean: a short session tells little."""


@dataclass(frozen=True)
class Surroundings:
    """Weights of one family's third stage.

    Attributes
    ----------
    slope, offset : float
        Calibrated log-odds are ``slope * own + offset`` where all around is typical.
    centre, scale, weights : array of float64, columns of `surrounding_scores`
    """

    slope: float
    offset: float
    centre: NDArray[np.float64]
    scale: NDArray[np.float64]
    weights: NDArray[np.float64]

    def added(self, around: NDArray[np.float64]) -> NDArray[np.float64]:
        """What the turns around (first column) and the session (second) add to the log-odds; rows x 2."""
        parts = np.nan_to_num((around - self.centre) / self.scale) * self.weights
        near = len(OFFSETS) * len(FAMILIES)
        return np.stack([parts[:, :near].sum(axis=1), parts[:, near:].sum(axis=1)], axis=1)


def nothing_around() -> Surroundings:
    """Weights that change nothing."""
    size = (len(OFFSETS) + 1) * len(FAMILIES)
    return Surroundings(1.0, 0.0, np.zeros(size), np.ones(size), np.zeros(size))


def surrounding_scores(table: TurnTable, raw: NDArray[np.float64]) -> NDArray[np.float64]:
    """Second-stage log-odds of the turns around, then the log of the session's mean probability without the turn.

    Parameters
    ----------
    raw : array, turns x families
        NaN where a family is not coded.
    """
    parts = []
    for offset in OFFSETS:
        there = table.at_offset(offset)
        parts.append(np.where((there >= 0)[:, None], raw[there], np.nan))
    seen = ~np.isnan(raw)
    given = np.where(seen, 1.0 / (1.0 + np.exp(-np.nan_to_num(raw))), 0.0)
    size = len(table.transcripts)
    total, count = np.zeros((size, raw.shape[1])), np.zeros((size, raw.shape[1]))
    np.add.at(total, table.session, given)
    np.add.at(count, table.session, seen)
    others = (total[table.session] - given + _FEW * _RATE) / (count[table.session] - seen + _FEW)
    parts.append(np.log(np.clip(others, 1e-3, 1.0)))
    return np.concatenate(parts, axis=1)


def fit_surroundings(
    own: NDArray[np.float64],
    around: NDArray[np.float64],
    share: NDArray[np.float64],
    weight: NDArray[np.float64],
    strength: float,
) -> Surroundings:
    """Fit on out-of-fold scores and soft labels of the turns of one family.

    Parameters
    ----------
    own : array, turns
        Out-of-fold second-stage log-odds.
    around : array, turns x columns
        Of `surrounding_scores`.
    strength : float
        Inverse of the regularisation of columns scaled to unit deviation.
    """
    rows, labels, weights = doubled(share, weight)
    blank = nothing_around()
    if len(np.unique(labels)) < 2:
        # No turn, or every turn, was marked: the base rate is all that is known, one turn added on either side.
        rate = (share.sum() + 1) / (len(share) + 2)
        return Surroundings(0.0, float(np.log(rate / (1 - rate))), blank.centre, blank.scale, blank.weights)
    known = ~np.isnan(around)
    count = np.maximum(known.sum(axis=0), 1)
    centre = np.where(known, around, 0.0).sum(axis=0) / count
    scale = np.sqrt(np.where(known, (around - centre) ** 2, 0.0).sum(axis=0) / count) + 1e-6
    spread = float(own.std()) + 1e-6
    inputs = np.concatenate([own[:, None] / spread, np.nan_to_num((around - centre) / scale)], axis=1)
    curve = LogisticRegression(C=strength, max_iter=500).fit(inputs[rows], labels, sample_weight=weights)
    return Surroundings(
        float(curve.coef_[0, 0]) / spread, float(curve.intercept_[0]), centre, scale, curve.coef_[0, 1:].copy()
    )
