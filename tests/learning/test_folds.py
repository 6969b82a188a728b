from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rupture_markers.learning.folds import fold_of_cases

CASES = st.lists(st.sampled_from([f"case{n}" for n in range(30)]), min_size=1, max_size=200)


@given(CASES, st.integers(2, 10), st.integers(0, 99))
def test_no_case_stands_in_two_folds(cases: list[str], folds: int, seed: int) -> None:
    fold = fold_of_cases(np.array(cases), folds, seed)
    for case in set(cases):
        assert len(set(fold[np.array(cases) == case].tolist())) == 1


@given(CASES, st.integers(2, 10))
def test_folds_hold_equally_many_cases(cases: list[str], folds: int) -> None:
    fold = fold_of_cases(np.array(cases), folds, 3)
    of_case = dict(zip(cases, fold.tolist(), strict=True))
    sizes = np.bincount(list(of_case.values()), minlength=folds)
    assert sizes.max() - sizes.min() <= 1


def test_fold_of_a_case_does_not_hang_on_the_order_of_the_rows() -> None:
    cases = np.array([f"c{n % 7}" for n in range(50)])
    forwards = dict(zip(cases, fold_of_cases(cases, 3, 1), strict=True))
    backwards = dict(zip(cases[::-1], fold_of_cases(cases[::-1], 3, 1), strict=True))
    assert forwards == backwards
