from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from rupture_markers.learning.comparison import FamilyMeasure, HeldOutTurns, compare, family_measure, judge
from rupture_markers.markers.marker import FAMILIES, Family

MEASURES: dict[Family, FamilyMeasure] = {"withdrawal": "ap", "confrontation": "ap"}


def turns(better: float, *, cases: int = 20, each: int = 30, seed: int = 3) -> HeldOutTurns:
    """Two scores of the same turns; the candidate's signal is ``better`` stronger."""
    draw = np.random.default_rng(seed)
    shape = (cases * each, len(FAMILIES))
    share = (draw.random(shape) < 0.2).astype(float)
    noise = draw.normal(size=shape)

    def score(signal: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        return np.asarray(1 / (1 + np.exp(-(signal * share + noise - 1))))

    return HeldOutTurns(share, score(1 + better), score(1.0), np.repeat([f"c{n}" for n in range(cases)], each))


def test_figures_are_those_of_scikit_learn() -> None:
    given = turns(1.0)
    found = compare(given, MEASURES, champion="old", resamples=50)
    for column, family in enumerate(("withdrawal", "confrontation")):
        mine = found.families[family]  # type: ignore[index]
        assert mine.candidate == pytest.approx(
            average_precision_score(given.share[:, column], given.candidate[:, column])
        )
        assert mine.champion == pytest.approx(
            average_precision_score(given.share[:, column], given.champion[:, column])
        )
        assert mine.low <= mine.difference <= mine.high


def test_a_better_one_is_promoted_a_worse_one_is_kept_back() -> None:
    better = judge(compare(turns(1.0), MEASURES, champion="old"), MEASURES, certainty=0.8, allow_equal=False)
    assert better.promoted
    for allow in (False, True):
        worse = judge(compare(turns(-1.0), MEASURES, champion="old"), MEASURES, certainty=0.8, allow_equal=allow)
        assert not worse.promoted
        assert "worse beyond chance" in worse.reason


def test_an_equal_one_is_promoted_only_where_that_is_allowed() -> None:
    found = compare(turns(0.0), MEASURES, champion="old")
    assert found.mean_difference == 0
    assert found.in_favour == 0.5
    assert not judge(found, MEASURES, certainty=0.8, allow_equal=False).promoted
    assert judge(found, MEASURES, certainty=0.8, allow_equal=True).promoted


def test_one_family_that_is_worse_beyond_chance_stops_a_promotion() -> None:
    good, bad = turns(2.0), turns(-0.9)
    mixed = HeldOutTurns(
        good.share, np.column_stack([good.candidate[:, 0], bad.candidate[:, 1], good.candidate[:, 2]]), good.champion,
        good.cases,
    )  # fmt: skip
    verdict = judge(compare(mixed, MEASURES, champion="old"), MEASURES, certainty=0.6, allow_equal=True)
    assert not verdict.promoted
    assert "confrontation is worse" in verdict.reason


def test_a_family_without_a_marked_turn_cannot_be_compared() -> None:
    given = turns(1.0)
    none = HeldOutTurns(np.where([True, False, True], given.share, 0.0), given.candidate, given.champion, given.cases)
    found = compare(none, MEASURES, champion="old", resamples=50)
    assert set(found.families) == {"withdrawal"}
    verdict = judge(found, MEASURES, certainty=0.8, allow_equal=True)
    assert not verdict.promoted
    assert "confrontation" in verdict.reason


def test_cases_are_resampled_not_turns() -> None:
    # All the signal lies in one of two cases: a bootstrap over turns would never leave it out.
    given = turns(1.0, cases=2)
    first = given.cases == "c0"
    one = HeldOutTurns(
        given.share, np.where(first[:, None], given.candidate, given.champion), given.champion, given.cases
    )
    found = compare(one, {"withdrawal": "ap"}, champion="old", resamples=400)
    assert found.families["withdrawal"].low == 0
    assert found.in_favour < 0.95


def test_resamples_are_those_of_the_seed() -> None:
    assert compare(turns(0.3), MEASURES, champion="old", resamples=100) == compare(
        turns(0.3), MEASURES, champion="old", resamples=100
    )


def test_brier_skill_is_nothing_for_the_base_rate_and_one_for_the_truth() -> None:
    share = np.array([0.0, 0.0, 0.5, 1.0])
    once = np.ones((1, 4))
    assert family_measure("brier_skill", share, np.full(4, share.mean()), once) == pytest.approx(0)
    assert family_measure("brier_skill", share, share, once) == pytest.approx(1)
    assert np.isnan(family_measure("ap", np.zeros(4), share, once)).all()


@pytest.mark.parametrize("seed", range(5))
def test_average_precision_with_ties_shares_and_weights_is_scikit_learns(seed: int) -> None:
    draw = np.random.default_rng(seed)
    share, score = draw.choice([0, 0.5, 1], 60, p=[0.7, 0.1, 0.2]), draw.integers(0, 8, 60) / 8
    weights = draw.integers(0, 4, (3, 60)).astype(float)
    expected = [
        average_precision_score(
            np.r_[np.ones(60), np.zeros(60)], np.r_[score, score], sample_weight=np.r_[w * share, w * (1 - share)]
        )
        for w in weights
    ]
    assert family_measure("ap", share, score, weights) == pytest.approx(expected)
