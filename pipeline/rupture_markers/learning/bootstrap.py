"""Intervals from a bootstrap over cases: turns of one case are alike, so whole cases are drawn, never turns."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from rupture_markers.learning.evaluation_report import Estimate

REPLICATES = 1000
LEAST_CASES = 5
"""Below this many cases no interval is given: resampling them says nothing."""
_CHUNK = 100
_LOW, _HIGH = 2.5, 97.5

Weights = NDArray[np.float64]
"""Replicates x turns: how often each turn's case was drawn."""
Figures = Callable[[Weights], Mapping[str, NDArray[np.float64]]]
"""Value of each figure in each replicate; NaN where it cannot be computed."""


def case_draws(cases: NDArray[np.str_], replicates: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """How often each case is drawn in each replicate, and the case of each row.

    The first replicate draws every case once, so that it gives the figure itself.

    Returns
    -------
    draws : array, (1 + replicates) x cases
    row_case : array of int, rows
    """
    names, row_case = np.unique(cases, return_inverse=True)
    random = np.random.default_rng([seed, len(names), replicates])
    drawn = random.multinomial(len(names), np.full(len(names), 1 / max(len(names), 1)), size=replicates)
    return np.vstack([np.ones(len(names)), drawn]), row_case.astype(np.int64)


def estimates(
    figures: Figures, cases: NDArray[np.str_], *, replicates: int = REPLICATES, seed: int = 0
) -> dict[str, Estimate]:
    """Figures with their 95 % intervals: the percentiles of the replicates (Efron & Tibshirani, 1993, ch. 13).

    Parameters
    ----------
    figures : callable
        Takes weights, replicates x turns.
    cases : array of str
        Case of each turn.

    Returns
    -------
    dict of str to Estimate
        Without interval where there are fewer than ``LEAST_CASES`` cases; a figure that cannot be computed on all
        turns is left out.
    """
    few = len(np.unique(cases)) < LEAST_CASES
    draws, row_case = case_draws(cases, 0 if few else replicates, seed)
    parts: dict[str, list[NDArray[np.float64]]] = {}
    for start in range(0, len(draws), _CHUNK):
        for name, values in figures(draws[start : start + _CHUNK][:, row_case]).items():
            parts.setdefault(name, []).append(values)
    return {name: found for name, values in parts.items() if (found := _estimate(np.concatenate(values))) is not None}


def _estimate(values: NDArray[np.float64]) -> Estimate | None:
    if np.isnan(values[0]):
        return None
    drawn = values[1:][~np.isnan(values[1:])]
    if not len(drawn):
        return Estimate(value=float(values[0]))
    low, high = np.percentile(drawn, [_LOW, _HIGH])
    return Estimate(value=float(values[0]), low=float(low), high=float(high))
