"""Exact bounds on how many of a finite number of segments carry a marker, from a simple random sample of them."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from functools import lru_cache

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


def stopping_p_value(size: int, drawn: int, positive: int, found_before: int, target: float) -> float:
    """Chance of so few positives in a random sample of the rest if the target recall had been missed.

    Parameters
    ----------
    size, drawn, positive : int
        Segments without a flag, those of them drawn at random and coded, and the positives among these.
    found_before : int
        Positives among the flagged segments.
    target : float
        Share of all positives that is to be found, in (0, 1).

    Returns
    -------
    float
        Stop where it is below 0.05. 0 where missing the target would take more positives than there are segments.

    Notes
    -----
    K = floor(seen / target - found_before + 1), seen = found_before + positive; P(X <= positive) for X
    hypergeometric with K of ``size`` and ``drawn`` draws.

    References
    ----------
    Callaghan, M. W., & Müller-Hansen, F. (2020). Statistical stopping criteria for automated screening in systematic
    reviews. Systematic Reviews 9, 273.
    """
    missed = math.floor((found_before + positive) / target - found_before + 1 + 1e-9)
    return 0.0 if missed > size else float(hypergeom.cdf(positive, size, missed, drawn))
