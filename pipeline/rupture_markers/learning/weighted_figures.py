"""Figures of detection for many weightings of the turns at once, as a bootstrap needs them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

READ = (10, 20, 30)
"""Per cent of the turns read at which recall is told."""
BINS = 10
FULL_RECALL = 0.9

FIGURE_LABELS: Mapping[str, str] = {
    "ap": "average precision",
    "ap_all": "average precision with the disputed turns",
    "auc": "area under the ROC curve",
    "recall_10": "recall at 10 % of turns read",
    "recall_20": "recall at 20 % of turns read",
    "recall_30": "recall at 30 % of turns read",
    "segment_recall_10": "recall at 10 % of turns read, in segments",
    "segment_recall_20": "recall at 20 % of turns read, in segments",
    "segment_recall_30": "recall at 30 % of turns read, in segments",
    "work_saved": "work saved over sampling at 90 % recall",
    "brier": "Brier score",
    "brier_skill": "Brier skill",
    "calibration_error": "expected calibration error",
}
"""Figure -> what it is called; `turn_figures` and `segment_figures` give them."""


def turn_figures(share: Array, score: Array, weight: Array) -> dict[str, Array]:
    """Figures of one family over turns.

    A turn is positive where every coder marked it, negative where none did. Disputed turns count in ``ap_all``, as a
    positive and a negative with the coders' shares as weights, and in the figures of workload, as ``score_markers.py``
    has it: there whatever any coder marked is to be found.

    Parameters
    ----------
    share : array, turns
        Share of the coders.
    score : array, turns
        Probability.
    weight : array, replicates x turns

    Returns
    -------
    dict of str to array, replicates
        NaN where the turns are all marked or all unmarked.

    Notes
    -----
    ``work_saved`` is WSS at 90 % recall (Cohen, Hersh, Peterson & Yen, 2006, JAMIA 13(2):206): the share of turns
    that need not be read, less the tenth that reading in random order saves at that recall.
    ``brier_skill`` is 1 - Brier / Brier of always saying the base rate (Murphy, 1973).
    ``calibration_error`` is the mean of |observed - predicted| over ten bins of equally many turns (Naeini et al., AAAI
    2015, with bins by rank: most probabilities lie near 0).
    """
    sure = (share == 0) | (share == 1)
    marked, given, w = share[sure] == 1, score[sure], weight[:, sure]
    out = {
        "ap": average_precision(marked.astype(float), given, w),
        "ap_all": average_precision(share, score, weight),
        "auc": area_under_roc(marked, given, w),
    }
    any_mark = (share > 0).astype(float)
    for percent in READ:
        out[f"recall_{percent}"] = found_within(percent / 100, np.ones(len(share)), any_mark, score, weight)
    out["work_saved"] = work_saved(any_mark, score, weight)
    total = w.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        brier = (w @ ((given - marked) ** 2)) / total
        rate = (w @ marked.astype(float)) / total
        out["brier"] = brier
        out["brier_skill"] = np.where(rate * (1 - rate) > 0, 1 - brier / (rate * (1 - rate)), np.nan)
    out["calibration_error"] = calibration_error(marked, given, w)
    return out


def segment_figures(size: Array, found: Array, score: Array, weight: Array) -> dict[str, Array]:
    """Recall where whole segments are read, the highest score first.

    Parameters
    ----------
    size, found, score : arrays, segments
        Turns to be read, markers in them, score of the segment.
    weight : array, replicates x segments
    """
    return {f"segment_recall_{percent}": found_within(percent / 100, size, found, score, weight) for percent in READ}


def _steps(score: Array) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Order from the highest score, and the last place of each run of equal scores."""
    order = np.argsort(-score, kind="stable")
    ordered = score[order]
    ends = np.flatnonzero(np.r_[ordered[1:] != ordered[:-1], True]) if len(score) else np.zeros(0, dtype=np.int64)
    return order, ends


def average_precision(share: Array, score: Array, weight: Array) -> Array:
    """Sum of precision times the step in recall, equal scores taken in one step, as scikit-learn has it."""
    order, ends = _steps(score)
    w = weight[:, order]
    positive = np.cumsum(w * share[order], axis=1)[:, ends]
    seen = np.cumsum(w, axis=1)[:, ends]
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = np.nan_to_num(positive / seen)
        recall = positive / positive[:, -1:]
    return np.asarray((np.diff(recall, axis=1, prepend=0.0) * precision).sum(axis=1))


def area_under_roc(marked: NDArray[np.bool_], score: Array, weight: Array) -> Array:
    """Chance that a marked turn scores above an unmarked one, equal scores counting half."""
    order, ends = _steps(score)
    w = weight[:, order]
    hits = np.cumsum(w * marked[order], axis=1)[:, ends]
    alarms = np.cumsum(w * ~marked[order], axis=1)[:, ends]
    width = np.diff(alarms, axis=1, prepend=0.0)
    height = hits - np.diff(hits, axis=1, prepend=0.0) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((width * height).sum(axis=1) / (hits[:, -1] * alarms[:, -1]))


def found_within(budget: float, size: Array, found: Array, score: Array, weight: Array) -> Array:
    """Share of the marks found when this share of everything is read, the highest score first.

    Among equal scores the order is random: the expected share is given.
    """
    order, ends = _steps(score)
    w = weight[:, order]
    read = np.cumsum(w * size[order], axis=1)[:, ends]
    got = np.cumsum(w * found[order], axis=1)[:, ends]
    return np.array(
        [_at(budget * r[-1], r, g) / g[-1] if g[-1] > 0 else np.nan for r, g in zip(read, got, strict=True)]
    )


def work_saved(found: Array, score: Array, weight: Array, recall: float = FULL_RECALL) -> Array:
    """Share of turns that need not be read to find this share of the marks, less what random order saves."""
    order, ends = _steps(score)
    w = weight[:, order]
    read = np.cumsum(w, axis=1)[:, ends]
    got = np.cumsum(w * found[order], axis=1)[:, ends]
    return np.array(
        [recall - _at(recall * g[-1], g, r) / r[-1] if g[-1] > 0 else np.nan for r, g in zip(read, got, strict=True)]
    )


def _at(wanted: float, reached: Array, value: Array) -> float:
    """Value where ``reached`` first comes to ``wanted``, straight lines between steps."""
    place = min(int(np.searchsorted(reached, wanted - 1e-9)), len(reached) - 1)
    before, start = (reached[place - 1], value[place - 1]) if place else (0.0, 0.0)
    step = reached[place] - before
    share = min(1.0, (wanted - before) / step) if step > 0 else 1.0
    return float(start + share * (value[place] - start))


def calibration_bins(score: Array, bins: int = BINS) -> NDArray[np.int64]:
    """Bin of each turn: equally many turns a bin, from the lowest score."""
    place = np.empty(len(score), dtype=np.int64)
    place[np.argsort(score, kind="stable")] = np.arange(len(score))
    return place * bins // max(len(score), 1)


def calibration_error(marked: NDArray[np.bool_], score: Array, weight: Array, bins: int = BINS) -> Array:
    """Mean over bins of |observed - predicted|, each bin weighing as much as its turns."""
    of_bin = calibration_bins(score, bins)
    gap = np.zeros(len(weight))
    for number in range(bins):
        inside = of_bin == number
        gap += np.abs(weight[:, inside] @ (score[inside] - marked[inside]))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(gap / weight.sum(axis=1))
