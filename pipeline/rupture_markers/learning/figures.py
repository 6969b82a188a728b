"""Figures of detection, as ``score_markers.py`` defines them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

from rupture_markers.learning.manifest import FamilyFigures


def family_figures(
    share: NDArray[np.float64], score: NDArray[np.float64], baseline: NDArray[np.float64] | None = None
) -> FamilyFigures | None:
    """Figures of one family; None where the agreed turns are all marked or all unmarked.

    A turn is positive where every coder marked it, negative where none did; disputed ones count in ``ap_all``
    alone, each as a positive and a negative weighted by the coders' shares.

    Parameters
    ----------
    share : array of float
        Share of the coders, per turn.
    score : array of float
        Probability, per turn.
    baseline : array of float, optional
        Of the model that this one is compared with.
    """
    sure = (share == 0) | (share == 1)
    marked, given = share[sure] == 1, score[sure]
    if marked.all() or not marked.any():
        return None
    brier = float(np.mean((given - marked) ** 2))
    base = float(np.mean((marked.mean() - marked) ** 2))
    return FamilyFigures(
        turns=len(share),
        positive=int(marked.sum()),
        disputed=int((~sure).sum()),
        ap=float(average_precision_score(marked, given)),
        ap_all=soft_average_precision(share, score),
        auc=float(roc_auc_score(marked, given)),
        brier=brier,
        brier_skill=1 - brier / base,
        baseline_ap=None if baseline is None else float(average_precision_score(marked, baseline[sure])),
        baseline_ap_all=None if baseline is None else soft_average_precision(share, baseline),
    )


def soft_average_precision(share: NDArray[np.float64], score: NDArray[np.float64]) -> float:
    """Average precision over all turns, each a positive and a negative with the shares as weights."""
    twice = np.r_[np.ones(len(share)), np.zeros(len(share))]
    return float(average_precision_score(twice, np.r_[score, score], sample_weight=np.r_[share, 1 - share]))


def threshold_for_recall(
    share: NDArray[np.float64], score: NDArray[np.float64], recall: float
) -> tuple[float, float, float]:
    """Highest threshold that finds this share of the markers.

    Returns
    -------
    threshold, flagged, precision : float
        Share of the turns at or above it, and the coders' mean share among these. (1, 0, 0) where nothing is marked.
    """
    if share.sum() <= 0:
        return 1.0, 0.0, 0.0
    order = np.argsort(-score, kind="stable")
    found = np.cumsum(share[order]) / share.sum()
    place = min(int(np.searchsorted(found, recall)), len(order) - 1)
    # Rounded down, so that the turn itself stays above what is stored.
    value = float(np.floor(score[order[place]] * 1e4) / 1e4)
    above = score >= value
    return value, float(above.mean()), float(share[above].mean())
