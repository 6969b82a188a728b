"""Folds in which no case stands twice."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rupture_markers.learning.random_numbers import uniform


def fold_of_cases(
    cases: NDArray[np.str_], folds: int, seed: int, *, strata: NDArray[np.str_] | None = None
) -> NDArray[np.int64]:
    """Fold of each row: cases are dealt out in an order drawn by the seed, within each stratum.

    Parameters
    ----------
    cases : array of str
        Case of each row.
    strata : array of str, optional
        Set of each row; every fold gets its share of the cases of each.

    Returns
    -------
    array of int
        0 to ``folds - 1``; all rows of a case have the same.
    """
    stratum = strata if strata is not None else np.full(len(cases), "", dtype=np.str_)
    of_case: dict[str, str] = {}
    for case, name in zip(cases, stratum, strict=True):
        of_case.setdefault(str(case), str(name))
    order = sorted(of_case, key=lambda case: (of_case[case], uniform(seed, "fold", case)))
    fold = {case: place % folds for place, case in enumerate(order)}
    return np.array([fold[str(case)] for case in cases], dtype=np.int64)
