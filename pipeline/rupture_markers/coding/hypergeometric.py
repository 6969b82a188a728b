"""Exact bounds on how many of a finite number of segments carry a marker, from a simple random sample of them."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import hypergeom


@lru_cache(maxsize=100_000)
def total_bounds(
    size: int, drawn: int, positive: int, low_risk: float, high_risk: float, *, given_some: bool = False
) -> tuple[int, int]:
    """Bounds on the number of positives in a population, by inverting the hypergeometric test.

    Parameters
    ----------
    size, drawn, positive : int
        Of the population, of the sample, and of the positives in the sample.
    low_risk, high_risk : float
        Chance, at most, that the number lies below the lower, and above the upper bound.
    given_some : bool
        Whether the lower bound is used only where the sample holds a positive: its chance is then taken among such
        samples, since else the bound would be wrong too often just where it is used.

    Returns
    -------
    (int, int)
        Smallest K with P(X >= positive | K) > low_risk, and largest K with P(X <= positive | K) > high_risk; with
        ``given_some`` the former is P(X >= positive | X >= 1, K).

    References
    ----------
    Buonaccorsi, J. P. (1987). A note on confidence intervals for proportions in finite populations. Am. Stat. 41(3),
    215-218.

    Examples
    --------
    >>> total_bounds(100, 20, 0, 0.025, 0.025)
    (0, 15)
    >>> total_bounds(100, 100, 7, 0.025, 0.025)
    (7, 7)
    """
    fewest, most = positive, size - drawn + positive
    possible = range(fewest, most + 1)

    def at_least(total: int) -> float:
        chance = float(hypergeom.sf(positive - 1, size, total, drawn))
        return chance / float(hypergeom.sf(0, size, total, drawn)) if given_some and positive else chance

    # Both chances are monotone in K.
    low = bisect_right(possible, low_risk, key=at_least)
    high = bisect_left(possible, -high_risk, key=lambda k: -float(hypergeom.cdf(positive, size, k, drawn)))
    return fewest + low, fewest + high - 1


def stopping_p_value(
    strata: Sequence[tuple[int, int, int]], found_before: int, target: float, *, most: int = 20_000
) -> float | None:
    """Chance of so few positives in random samples of the rest if the target recall had been missed.

    Parameters
    ----------
    strata : sequence of (int, int, int)
        Of the segments without a flag, by stratum: how many, those of them drawn at random and coded, and the positives
        among these.
    found_before : int
        Positives among the flagged segments.
    target : float
        Share of all positives that is to be found, in (0, 1).
    most : int
        Ways of spreading the missed ones over the strata that are tried at most.

    Returns
    -------
    float or None
        Stop where it is below 0.05. 0 where missing the target would take more positives than there can be; None where
        there are too many ways to try.

    Notes
    -----
    The target is missed where the strata hold K = floor(seen / target - found_before + 1) positives or more, seen being
    found_before and those in the samples. For one stratum p is P(X <= positives seen) for X hypergeometric, as in the
    paper. For several it is the largest such chance over all ways in which K positives can lie in the strata, X being the
    sum of independent hypergeometric numbers: whatever the true way is, p below 0.05 comes up with a chance of at most
    0.05 where the target was missed.

    References
    ----------
    Callaghan, M. W., & Müller-Hansen, F. (2020). Statistical stopping criteria for automated screening in systematic
    reviews. Systematic Reviews 9, 273.
    """
    seen = sum(positive for _, _, positive in strata)
    missed = math.floor((found_before + seen) / target - found_before + 1 + 1e-9)
    ranges = [range(positive, size - drawn + positive + 1) for size, drawn, positive in strata]
    if missed > sum(possible[-1] for possible in ranges):
        return 0.0
    ways = [list(possible) for possible in ranges[:-1]]
    if math.prod(len(way) for way in ways) > most:
        return None
    largest = 0.0
    for first in product(*ways):
        last = missed - sum(first)
        if last in ranges[-1]:
            chances: NDArray[np.floating[Any]] = np.ones(1)
            for (size, drawn, _), total in zip(strata, (*first, last), strict=True):
                chances = np.convolve(chances, _few(size, drawn, total, seen))[: seen + 1]
            largest = max(largest, float(chances.sum()))
    return min(largest, 1.0)


@lru_cache(maxsize=100_000)
def _few(size: int, drawn: int, total: int, most: int) -> NDArray[np.float64]:
    """Chances of 0, 1, ... ``most`` positives in a sample."""
    return np.asarray(hypergeom.pmf(np.arange(most + 1), size, total, drawn))
