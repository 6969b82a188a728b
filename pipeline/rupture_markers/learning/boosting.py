"""Gradient boosting over the first stage's scores in the dialogue and the features, the linear model's log-odds added."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import ThreadpoolController

from rupture_markers.learning.calibration import FARTHEST
from rupture_markers.learning.fit_config import FitConfig
from rupture_markers.learning.word_model import doubled
from rupture_markers.markers.marker import FAMILIES

WORD_SHARE = 0.3
"""How much of the turn's own first-stage log-odds is added to the boosting's, which is coarse on its own."""
LINEAR_SHARE = 1.0
"""How much of the linear model's log-odds (words, session, features) is added to the boosting's."""
LINEAR = "words, session and features, heard by the linear model"


@lru_cache(maxsize=1)
def _openmp() -> ThreadpoolController:
    """Looked for once: to find the libraries of a process takes longer than to score a session."""
    return ThreadpoolController()


def raw_log_odds(
    boosting: HistGradientBoostingClassifier | None, inputs: NDArray[np.float32], own: int
) -> NDArray[np.float64]:
    """Uncalibrated log-odds; 0 for a family that no training turn was marked with."""
    if boosting is None or not len(inputs):
        return np.zeros(len(inputs))
    # One thread: on a busy machine OpenMP's threads wait for each other far longer than they work.
    with _openmp().limit(limits=1, user_api="openmp"):
        boosted = np.asarray(boosting.decision_function(inputs[:, : -len(FAMILIES)]), dtype=np.float64)
    words, linear = inputs[:, own], inputs[:, linear_column(inputs.shape[1], own)]
    total = boosted + WORD_SHARE * np.nan_to_num(words) + LINEAR_SHARE * np.nan_to_num(linear)
    return np.asarray(np.clip(total, -FARTHEST, FARTHEST), dtype=np.float64)


def linear_column(width: int, family: int) -> int:
    """Column of the second stage's inputs with the linear model's log-odds of a family."""
    return width - len(FAMILIES) + family


def boost(
    inputs: NDArray[np.float32], share: NDArray[np.float64], weight: NDArray[np.float64], config: FitConfig
) -> HistGradientBoostingClassifier | None:
    """Fit on soft labels; None where every turn, or none, was marked."""
    rows, labels, weights = doubled(share, weight)
    if len(np.unique(labels)) < 2:
        return None
    known = few_values(inputs[:, : -len(FAMILIES)], config.bins)[rows]
    # Never split on, and scikit-learn cannot bin a column without a value.
    known[:, np.isnan(known).all(axis=0)] = 0.0
    boosting = HistGradientBoostingClassifier(
        max_iter=config.trees, max_leaf_nodes=config.leaves, learning_rate=config.rate,
        min_samples_leaf=config.least_in_leaf, l2_regularization=config.shrinkage,
        max_features=config.features_a_split, max_bins=config.bins, early_stopping=False, random_state=config.seed,
    )  # fmt: skip
    with _openmp().limit(limits=1, user_api="openmp"):
        return boosting.fit(known, labels, sample_weight=weights)


def few_values(inputs: NDArray[np.float32], most: int) -> NDArray[np.float32]:
    """Each column with at most this many values: every value becomes the nearest of as many quantiles.

    Boosting splits halfway between two values, so its trees treat the true values as they treat these; scikit-learn
    takes three quarters of the time of a fit to find weighted quantiles by itself.
    """
    out = inputs.copy()
    for column in range(inputs.shape[1]):
        known = ~np.isnan(inputs[:, column])
        values = np.sort(inputs[known, column])
        if len(np.unique(values)) <= most:
            continue
        kept = np.unique(values[np.linspace(0, len(values) - 1, most).round().astype(np.int64)])
        halfway = (kept[1:] + kept[:-1]) / 2
        out[known, column] = kept[np.searchsorted(halfway, inputs[known, column])]
    return out
