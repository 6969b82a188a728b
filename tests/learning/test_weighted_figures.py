from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

from rupture_markers.learning.bootstrap import case_draws, estimates
from rupture_markers.learning.weighted_figures import (
    area_under_roc,
    average_precision,
    calibration_error,
    found_within,
    turn_figures,
    work_saved,
)

ROWS = st.lists(st.tuples(st.booleans(), st.integers(0, 9), st.integers(1, 4)), min_size=3, max_size=40).filter(
    lambda rows: len({marked for marked, _, _ in rows}) == 2
)


@given(ROWS)
def test_average_precision_and_roc_are_those_of_scikit_learn_with_weights(rows: list[tuple[bool, int, int]]) -> None:
    marked = np.array([row[0] for row in rows])
    score = np.array([row[1] / 10 for row in rows])
    weight = np.array([[row[2] for row in rows], [1] * len(rows)], dtype=float)
    ap = average_precision(marked.astype(float), score, weight)
    auc = area_under_roc(marked, score, weight)
    for n in (0, 1):
        assert ap[n] == pytest.approx(average_precision_score(marked, score, sample_weight=weight[n]))
        assert auc[n] == pytest.approx(roc_auc_score(marked, score, sample_weight=weight[n]))


def test_a_constant_score_finds_what_random_order_finds_and_saves_nothing() -> None:
    marked = np.array([1.0, 0, 0, 0, 1, 0, 0, 0, 0, 0])
    flat, once = np.full(10, 0.2), np.ones((1, 10))
    assert found_within(0.2, np.ones(10), marked, flat, once)[0] == pytest.approx(0.2)
    assert work_saved(marked, flat, once)[0] == pytest.approx(0.0)


def test_a_perfect_order_finds_all_at_once_and_saves_what_it_can() -> None:
    marked = np.r_[np.ones(2), np.zeros(18)]
    score, once = np.linspace(1, 0, 20).astype(np.float64), np.ones((1, 20))
    assert found_within(0.1, np.ones(20), marked, score, once)[0] == pytest.approx(1.0)
    assert work_saved(marked, score, once)[0] == pytest.approx(0.9 - 1.8 / 20)


def test_disputed_turns_count_in_ap_all_and_workload_alone() -> None:
    share = np.array([1.0, 0, 0.5, 0, 1, 0])
    score = np.array([0.9, 0.2, 0.8, 0.1, 0.7, 0.3])
    found = turn_figures(share, score, np.ones((1, 6)))
    assert found["ap"][0] == pytest.approx(1.0)
    assert found["ap_all"][0] < 1.0
    assert found["recall_30"][0] == pytest.approx(1.8 / 3)


def test_probabilities_that_are_what_they_say_have_no_calibration_error() -> None:
    score = np.repeat([0.1, 0.5], 50)
    marked = np.r_[np.arange(50) < 5, np.arange(50) < 25]
    assert calibration_error(marked, score, np.ones((1, 100)), bins=2)[0] == pytest.approx(0.0)
    assert calibration_error(~marked, score, np.ones((1, 100)), bins=2)[0] == pytest.approx(0.4)


def test_whole_cases_are_drawn_and_the_first_replicate_is_the_data() -> None:
    cases = np.array(["b", "a", "b", "c", "a"])
    draws, row_case = case_draws(cases, 50, seed=1)
    assert draws.shape == (51, 3)
    assert (draws[0] == 1).all()
    assert (draws.sum(axis=1) == 3).all()
    assert row_case.tolist() == [1, 0, 1, 2, 0]


def test_an_interval_holds_the_figure_and_few_cases_get_none() -> None:
    random = np.random.default_rng(3)
    values = random.normal(size=200)

    def mean(weight: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        return {"mean": np.asarray(weight @ values / weight.sum(axis=1))}

    many = np.array([f"c{n % 40}" for n in range(200)])
    found = estimates(mean, many, replicates=400, seed=2)["mean"]
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.value < found.high
    assert found == estimates(mean, many, replicates=400, seed=2)["mean"]
    few = estimates(mean, np.array([f"c{n % 4}" for n in range(200)]), replicates=400)["mean"]
    assert few.low is None
