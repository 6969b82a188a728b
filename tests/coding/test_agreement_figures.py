"""Figures of agreement against programs that others wrote, on random tables."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path

import krippendorff
import numpy as np
import pandas as pd  # type: ignore[import-untyped]
import pingouin  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from statsmodels.stats.inter_rater import cohens_kappa, fleiss_kappa  # type: ignore[import-untyped]

from rupture_markers.coding.agreement_figures import binary_columns, binary_figures
from rupture_markers.coding.dawid_skene import dawid_skene
from rupture_markers.coding.icc import one_way_columns, one_way_icc, two_way_columns, two_way_icc

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"
SEEDS = st.integers(0, 2**32 - 1)


def figures(table: NDArray[np.float64], weights: NDArray[np.float64] | None = None) -> dict[str, float]:
    return {k: float(v) for k, v in binary_figures(binary_columns(table, weights).sum(axis=0)).items()}


def random_table(seed: int, coders: int | None = None, gaps: float = 0.0) -> NDArray[np.float64]:
    random = np.random.default_rng(seed)
    units, k = int(random.integers(6, 50)), coders or int(random.integers(2, 6))
    marked = random.random(units) < random.choice([0.1, 0.4, 0.8])
    table = (random.random((units, k)) < np.where(marked, 0.85, 0.1)[:, None]).astype(float)
    table[:2] = [[0.0] * k, [1.0] * k]
    table[2:][random.random((units - 2, k)) < gaps] = np.nan
    return table


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.sampled_from([0.0, 0.25]))
def test_alpha_is_that_of_krippendorff(seed: int, gaps: float) -> None:
    table = random_table(seed, gaps=gaps)
    theirs = krippendorff.alpha(table.T, value_domain=[0, 1], level_of_measurement="nominal")
    assert figures(table)["alpha"] == pytest.approx(theirs, abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(SEEDS)
def test_kappa_is_that_of_statsmodels_and_over_many_coders_the_mean_of_the_pairs(seed: int) -> None:
    table = random_table(seed)
    theirs = []
    for first, second in combinations(range(table.shape[1]), 2):
        counts = np.zeros((2, 2))
        np.add.at(counts, (table[:, first].astype(int), table[:, second].astype(int)), 1)
        theirs.append(cohens_kappa(counts).kappa)
    assert figures(table)["kappa"] == pytest.approx(float(np.mean(theirs)), abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(SEEDS)
def test_raw_agreement_is_that_of_fleiss_kappa(seed: int) -> None:
    table = random_table(seed)
    counts = np.stack([(table == 0).sum(axis=1), (table == 1).sum(axis=1)], axis=1)
    chance = float(((counts.sum(axis=0) / counts.sum()) ** 2).sum())
    assert figures(table)["raw"] == pytest.approx(
        fleiss_kappa(counts, method="fleiss") * (1 - chance) + chance, abs=1e-12
    )


def test_raw_agreement_ac1_and_alpha_are_those_of_irrcac() -> None:
    for case in json.loads((FIXTURES / "irrcac.json").read_text(encoding="utf-8")):
        found = figures(np.array(case["table"], dtype=float))
        for name in ("raw", "ac1", "alpha"):
            assert found[name] == pytest.approx(case[name], abs=1e-11), name


def test_positive_agreement_of_two_coders_is_twice_the_both_over_the_marks() -> None:
    table = np.array([[1, 1], [1, 1], [1, 0], [0, 1], [0, 0]], dtype=float)
    assert figures(table)["positive"] == pytest.approx(4 / 6)
    assert figures(table)["negative"] == pytest.approx(2 / 4)


def test_whole_weights_count_units_that_often() -> None:
    random = np.random.default_rng(3)
    table, weights = random_table(7, coders=3, gaps=0.2), random.integers(1, 5, size=200).astype(float)
    weights = weights[: len(table)]
    repeated = np.repeat(table, weights.astype(int), axis=0)
    once, many = figures(table, weights), figures(repeated)
    for name in ("raw", "kappa", "ac1", "positive", "negative", "prevalence"):
        assert once[name] == pytest.approx(many[name], abs=1e-12), name
    # Alpha corrects for the number of units, which weights do not change.
    scaled = figures(table, weights * 7)
    assert scaled["alpha"] == pytest.approx(once["alpha"], abs=1e-12)


def test_where_nobody_marked_anything_kappa_and_alpha_are_not_defined() -> None:
    found = figures(np.zeros((20, 2)))
    assert found["raw"] == found["ac1"] == 1.0
    assert np.isnan([found["kappa"], found["alpha"], found["positive"]]).all()


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_iccs_are_those_of_pingouin(seed: int) -> None:
    random = np.random.default_rng(seed)
    units, coders = int(random.integers(5, 40)), int(random.integers(2, 6))
    table = random.normal(size=(units, 1)) + random.normal(size=(units, coders)) + random.normal(size=(1, coders))
    rows = [(u, c, table[u, c]) for u in range(units) for c in range(coders)]
    data = pd.DataFrame(rows, columns=["unit", "coder", "x"])
    theirs = pingouin.intraclass_corr(data, "unit", "coder", "x").set_index("Type")["ICC"]
    ours = two_way_icc(two_way_columns(table).sum(axis=0)) | one_way_icc(one_way_columns(table).sum(axis=0))
    for name, of_theirs in (("icc2_1", "ICC(A,1)"), ("icc2_k", "ICC(A,k)"), ("icc1_1", "ICC(1,1)"),
                            ("icc1_k", "ICC(1,k)")):  # fmt: skip
        assert float(ours[name]) == pytest.approx(float(theirs[of_theirs]), abs=1e-9), name


def test_icc1_with_missing_coders_is_the_one_way_analysis_of_variance() -> None:
    import statsmodels.formula.api as smf  # type: ignore[import-untyped]
    from statsmodels.stats.anova import anova_lm  # type: ignore[import-untyped]

    random = np.random.default_rng(11)
    table = random.normal(size=(30, 1)) + random.normal(size=(30, 4))
    table[random.random((30, 4)) < 0.35] = np.nan
    table = table[(~np.isnan(table)).sum(axis=1) >= 2]
    data = pd.DataFrame([(u, x) for u, row in enumerate(table) for x in row if x == x], columns=["unit", "x"])
    result = anova_lm(smf.ols("x ~ C(unit)", data).fit())
    between, within = result["mean_sq"]
    counts = data.groupby("unit").size().to_numpy()
    k0 = (counts.sum() - (counts**2).sum() / counts.sum()) / (len(counts) - 1)
    found = one_way_icc(one_way_columns(table).sum(axis=0))
    assert float(found["icc1_1"]) == pytest.approx((between - within) / (between + (k0 - 1) * within), abs=1e-12)


def test_dawid_and_skene_is_that_of_crowd_kit() -> None:
    for case in json.loads((FIXTURES / "crowdkit.json").read_text(encoding="utf-8")):
        ours = dawid_skene(np.array(case["table"], dtype=float), iterations=200, tolerance=-1.0)
        assert np.abs(ours - case["probabilities"]).max() < 1e-8
