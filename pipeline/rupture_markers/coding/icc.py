"""Intraclass correlations of numbers that coders gave: how often a marker was coded, how significant, session ratings.

As in `agreement_figures`, all is a function of sums over units, so that a bootstrap over cases is a matter of sums.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_TWO_WAY = 5


def two_way_columns(table: Array, weights: Array | None = None) -> Array:
    """What ICC(2,1) and ICC(2,k) are summed from; for units that every coder of the table rated.

    Parameters
    ----------
    table : array, units x coders
        Numbers; no NaN.
    weights : array, units, optional
        Inverse selection probabilities.

    Returns
    -------
    array, units x (5 + coders)
    """
    weight = np.ones(len(table)) if weights is None else np.asarray(weights, dtype=float)
    mean = table.mean(axis=1)
    columns = [np.ones(len(table)), weight, weight * mean, weight * mean**2, weight * (table**2).sum(axis=1)]
    return np.concatenate([np.stack(columns, axis=1), weight[:, None] * table], axis=1)


def two_way_icc(sums: Array) -> dict[str, Array]:
    """ICC(2,1) and ICC(2,k): absolute agreement of the coders who rated all units, coders taken as a sample of coders.

    Parameters
    ----------
    sums : array, ... x columns of `two_way_columns`

    Returns
    -------
    dict of str to array
        ``icc2_1``, of one coder, and ``icc2_k``, of the mean of the k coders; NaN where nothing varies.

    References
    ----------
    Shrout, P. E., & Fleiss, J. L. (1979). Intraclass correlations: uses in assessing rater reliability. Psychol. Bull.
    86(2), 420-428.
    """
    units, weight, mean, mean_squared, squares = (sums[..., place] for place in range(_TWO_WAY))
    of_coder = sums[..., _TWO_WAY:]
    k = of_coder.shape[-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = units / weight
        grand = mean / weight
        rows = scale * k * (mean_squared - weight * grand**2)
        columns = units * ((of_coder / weight[..., None] - grand[..., None]) ** 2).sum(axis=-1)
        total = scale * (squares - k * weight * grand**2)
        between, coders = rows / (units - 1), columns / (k - 1)
        error = (total - rows - columns) / ((units - 1) * (k - 1))
        found = {
            "icc2_1": (between - error) / (between + (k - 1) * error + k * (coders - error) / units),
            "icc2_k": (between - error) / (between + (coders - error) / units),
        }
    # Sums of equal numbers leave a rest of rounding where nothing varies.
    flat = total <= 1e-12 * np.maximum(scale * squares, 1.0)
    return {name: np.where(np.isfinite(value) & ~flat, value, np.nan) for name, value in found.items()}


def one_way_columns(table: Array, weights: Array | None = None) -> Array:
    """What ICC(1) is summed from; coders may be missing, and need not be the same from unit to unit.

    Parameters
    ----------
    table : array, units x coders
        Numbers, NaN where the coder did not rate the unit; units with fewer than two ratings do not count.

    Returns
    -------
    array, units x 7
    """
    weight = np.ones(len(table)) if weights is None else np.asarray(weights, dtype=float)
    raters = (~np.isnan(table)).sum(axis=1).astype(float)
    use = raters >= 2
    weight = np.where(use, weight, 0.0)
    mean = np.nansum(table, axis=1) / np.maximum(raters, 1.0)
    within = np.nansum((table - mean[:, None]) ** 2, axis=1)
    ratings = weight * raters
    columns = [use * 1.0, weight, ratings, ratings * raters, ratings * mean, ratings * mean**2, weight * within]
    return np.stack(columns, axis=1)


def one_way_icc(sums: Array) -> dict[str, Array]:
    """ICC(1): for units whose coders differ from unit to unit, so that a coder's level is part of the error.

    Parameters
    ----------
    sums : array, ... x columns of `one_way_columns`

    Returns
    -------
    dict of str to array
        ``icc1_1``, of one coder, and ``icc1_k``, of the mean of k0 coders; NaN where nothing varies.

    Notes
    -----
    (MSB - MSW) / (MSB + (k0 - 1) MSW) and (MSB - MSW) / MSB, where units have unequal numbers of coders with
    k0 = (sum(r) - sum(r^2) / sum(r)) / (units - 1).

    References
    ----------
    Shrout & Fleiss (1979), case 1; k0 after Snedecor & Cochran (1967), Statistical Methods, 6th ed., ch. 10.
    """
    units, weight, ratings, squared, mean, mean_squared, within = (sums[..., place] for place in range(sums.shape[-1]))
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = units / weight
        total = scale * ratings
        between = scale * (mean_squared - mean**2 / ratings) / (units - 1)
        error = scale * within / (total - units)
        k0 = (total - scale * squared / ratings) / (units - 1)
        found = {
            "icc1_1": (between - error) / (between + (k0 - 1) * error),
            "icc1_k": (between - error) / between,
        }
    flat = between + error <= 1e-12 * np.maximum(mean_squared / ratings, 1.0)
    return {name: np.where(np.isfinite(value) & ~flat, value, np.nan) for name, value in found.items()}
