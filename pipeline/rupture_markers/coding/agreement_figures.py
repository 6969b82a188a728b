"""Figures of agreement on a table of units by coders, weighted, with coders missing where they did not code.

Every figure is a function of sums over units (`binary_columns`), so that a bootstrap over cases needs the sums of each
case alone. Weights are inverse selection probabilities; where all are equal they change nothing.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

BINARY_FIGURES = ("raw", "kappa", "alpha", "ac1", "positive", "negative", "prevalence")
_COLUMNS = ("units", "weight", "codings", "marks", "split", "both", "neither", "agreeing", "all_weight", "mean_share")
_PAIR_COLUMNS = 4


def pairs_of(coders: int) -> tuple[tuple[int, int], ...]:
    """Columns of each pair of coders."""
    return tuple(combinations(range(coders), 2))


def binary_columns(table: Array, weights: Array | None = None) -> Array:
    """What the binary figures are summed from, a row a unit.

    Parameters
    ----------
    table : array, units x coders
        1 marked, 0 not marked, NaN where the coder did not code the unit.
    weights : array, units, optional
        Inverse selection probabilities.

    Returns
    -------
    array, units x (10 + 4 a pair of coders)
    """
    weight = np.ones(len(table)) if weights is None else np.asarray(weights, dtype=float)
    seen, marked_by = ~np.isnan(table), np.nan_to_num(table)
    coders, marks = seen.sum(axis=1).astype(float), marked_by.sum(axis=1)
    pairable = np.where(coders >= 2, weight, 0.0)
    others = np.maximum(coders - 1, 1.0)
    both, neither = marks * (marks - 1) / others, (coders - marks) * (coders - marks - 1) / others
    coded = np.maximum(coders, 1.0)
    columns = [
        (coders >= 2) * 1.0,
        pairable,
        pairable * coders,
        pairable * marks,
        pairable * 2 * marks * (coders - marks) / others,
        pairable * both,
        pairable * neither,
        pairable * (both + neither) / coded,
        np.where(coders >= 1, weight, 0.0),
        weight * marks / coded,
    ]
    for first, second in pairs_of(table.shape[1]):
        shared = weight * (seen[:, first] & seen[:, second])
        one, other = marked_by[:, first], marked_by[:, second]
        columns += [shared, shared * one, shared * other, shared * one * other]
    return np.stack(columns, axis=1)


def binary_figures(sums: Array) -> dict[str, Array]:
    """Figures of agreement from sums of `binary_columns`; NaN where a figure is not defined.

    Parameters
    ----------
    sums : array, ... x columns

    Returns
    -------
    dict of str to array
        ``raw``: share of agreeing pairs of coders within a unit. ``kappa``: Cohen (1960); over more than two coders
        the mean of the pairs (Light, 1971). ``alpha``: Krippendorff (2011), nominal. ``ac1``: Gwet (2008).
        ``positive``, ``negative``: Cicchetti & Feinstein (1990), over pairs of coders. ``prevalence``: share of the
        codings that are marks.

    Notes
    -----
    With r coders and m marks in a unit: alpha = 1 - (n - 1) sum(2 m (r - m) / (r - 1)) / (2 sum(m) sum(r - m)), n the
    sum of r over units with two coders or more, weights scaled to a mean of 1. AC1 = (raw - e) / (1 - e),
    e = 2 p (1 - p), p the mean of m / r over all units. Positive agreement = sum(m (m - 1) / (r - 1)) / sum(m), which
    for two coders is 2a / (2a + b + c).

    References
    ----------
    Cohen, J. (1960). A coefficient of agreement for nominal scales. Educ. Psychol. Meas. 20(1), 37-46.
    Light, R. J. (1971). Measures of response agreement for qualitative data. Psychol. Bull. 76(5), 365-377.
    Krippendorff, K. (2011). Computing Krippendorff's alpha-reliability. University of Pennsylvania.
    Gwet, K. L. (2008). Computing inter-rater reliability and its variance in the presence of high agreement.
    Br. J. Math. Stat. Psychol. 61(1), 29-48.
    Cicchetti, D. V., & Feinstein, A. R. (1990). High agreement but low kappa: II. J. Clin. Epidemiol. 43(6), 551-558.

    Examples
    --------
    >>> table = np.array([[1, 1], [1, 0], [0, 0], [0, 0]], dtype=float)
    >>> found = binary_figures(binary_columns(table).sum(axis=0))
    >>> {name: round(float(value), 3) for name, value in found.items() if name in ("raw", "kappa", "positive")}
    {'raw': 0.75, 'kappa': 0.5, 'positive': 0.667}
    """
    s = {name: sums[..., place] for place, name in enumerate(_COLUMNS)}
    pairs = sums[..., len(_COLUMNS) :].reshape(*sums.shape[:-1], -1, _PAIR_COLUMNS)
    with np.errstate(divide="ignore", invalid="ignore"):
        raw = s["agreeing"] / s["weight"]
        size = s["codings"] * s["units"] / s["weight"]
        prevalence = s["marks"] / s["codings"]
        share = s["mean_share"] / s["all_weight"]
        disagreement = s["split"] / s["codings"]
        by_chance = 2 * prevalence * (1 - prevalence) * size / (size - 1)
        found = {
            "raw": raw,
            "kappa": _mean_of_known(pair_kappas(pairs)),
            "alpha": 1 - disagreement / by_chance,
            "ac1": 1 - (1 - raw) / (1 - 2 * share * (1 - share)),
            "positive": s["both"] / s["marks"],
            "negative": s["neither"] / (s["codings"] - s["marks"]),
            "prevalence": prevalence,
        }
    return {name: np.where(np.isfinite(found[name]), found[name], np.nan) for name in BINARY_FIGURES}


def pair_kappas(pairs: Array) -> Array:
    """Cohen's kappa of each pair, from the sums of its four columns; NaN where both coders always said the same one thing.

    Parameters
    ----------
    pairs : array, ... x pairs x 4
        Weight of the units that both coded, of those that the first, the second, and both marked.
    """
    weight, first, second, both = (pairs[..., place] for place in range(_PAIR_COLUMNS))
    with np.errstate(divide="ignore", invalid="ignore"):
        agreed = (weight - first - second + 2 * both) / weight
        expected = (first * second + (weight - first) * (weight - second)) / weight**2
        kappa = 1 - (1 - agreed) / (1 - expected)
    return np.where(np.isfinite(kappa), kappa, np.nan)


def _mean_of_known(values: Array) -> Array:
    known = ~np.isnan(values)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.nansum(values, axis=-1) / known.sum(axis=-1))
