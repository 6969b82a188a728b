"""A bootstrap over cases: cases are drawn with all their units, since the units of one case are alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
DRAWS = 2000
FEW_CASES = 10
"""Below this a percentile interval over cases is known to be too narrow, and the report says so."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its 95 % interval; None where it is not defined, or no interval can be given.

    Attributes
    ----------
    value, low, high : float or None
    """

    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Resampling:
    """Seed and number of draws of a bootstrap."""

    seed: int = 1
    draws: int = DRAWS


def figures_over_cases(
    columns: Array,
    cases: Sequence[str],
    figures: Callable[[Array], Mapping[str, Array]],
    *,
    seed: int = 1,
    draws: int = DRAWS,
    tail: float = 0.025,
) -> dict[str, Figure]:
    """Figures of all units, each with the 2.5th and 97.5th percentile over draws of cases.

    Parameters
    ----------
    columns : array, units x sums
        What the figures are summed from.
    cases : sequence of str
        Of each unit.
    figures : callable
        Figures from sums; its first axis are the draws.
    seed : int
    draws : int
    tail : float
        Share of the draws beyond each end of the interval.

    Returns
    -------
    dict of str to Figure
        No interval where there are fewer than two cases, or where the figure is undefined in a tenth of the draws.

    References
    ----------
    Field, C. A., & Welsh, A. H. (2007). Bootstrapping clustered data. J. R. Stat. Soc. B 69(3), 369-390.
    """
    names, of_unit = np.unique(np.array(cases, dtype=str), return_inverse=True)
    sums = np.zeros((len(names), columns.shape[1]))
    np.add.at(sums, of_unit, columns)
    value = figures(sums.sum(axis=0))
    if len(names) < 2:
        return {name: Figure(_known(found)) for name, found in value.items()}
    number = np.random.default_rng(seed).multinomial(len(names), np.full(len(names), 1 / len(names)), size=draws)
    drawn = figures(number @ sums)
    return {name: _with_interval(_known(found), drawn[name], tail) for name, found in value.items()}


def _known(value: Array | float) -> float | None:
    return None if np.isnan(value) else float(value)


def _with_interval(value: float | None, drawn: Array, tail: float) -> Figure:
    known = drawn[~np.isnan(drawn)]
    if value is None or len(known) < 0.9 * len(drawn):
        return Figure(value)
    low, high = np.quantile(known, [tail, 1 - tail])
    return Figure(value, float(low), float(high))
