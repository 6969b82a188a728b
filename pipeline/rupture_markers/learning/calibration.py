"""From log-odds to probabilities: the logistic function, and a logistic curve on out-of-fold scores (Platt 1999)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from rupture_markers.learning.word_model import doubled

_LEAST_SLOPE = 0.05
FARTHEST = 12.0
"""Log-odds are cut here: nothing that we can know is surer than 1 in 160,000."""


def probability(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """The logistic function."""
    return 1.0 / (1.0 + np.exp(-np.clip(log_odds, -FARTHEST, FARTHEST)))


def fit_calibration(
    raw: NDArray[np.float64], share: NDArray[np.float64], weight: NDArray[np.float64]
) -> tuple[float, float]:
    """Platt's two numbers on out-of-fold log-odds and soft labels; (0, base rate) where there is one label only.

    Source: Platt, J. (1999). Probabilistic outputs for support vector machines. Advances in Large Margin Classifiers.
    """
    rows, labels, weights = doubled(share, weight)
    if len(np.unique(labels)) < 2:
        # No turn, or every turn, was marked: the base rate is all that is known, one turn added on either side.
        total = len(share) + 2
        rate = (share.sum() + 1) / total
        return 0.0, float(np.log(rate / (1 - rate)))
    curve = LogisticRegression(C=1e3, max_iter=1000).fit(raw[rows, None], labels, sample_weight=weights)
    slope = float(curve.coef_[0, 0])
    if slope < _LEAST_SLOPE:
        # Too few marked turns to tell: a curve that falls would turn the order of the turns around.
        rate = float((weights * labels).sum() / weights.sum())
        middle = float((weights * raw[rows]).sum() / weights.sum())
        return _LEAST_SLOPE, float(np.log(rate / (1 - rate))) - _LEAST_SLOPE * middle
    return slope, float(curve.intercept_[0])
