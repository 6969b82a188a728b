"""Recall of the flags in this corpus: exact bounds, refusals, and what more would take."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import hypergeom

from rupture_markers.coding.hypergeometric import stopping_p_value, total_bounds
from rupture_markers.coding.recall import StratumCount, estimate_recall


def flagged(size: int, coded: int, positive: int, name: str = "flagged", within: str = "") -> StratumCount:
    return StratumCount(name, True, size, coded, positive, within)


def others(size: int, coded: int, positive: int, name: str = "not flagged") -> StratumCount:
    return StratumCount(name, False, size, coded, positive)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_bounds_are_the_totals_that_the_sample_does_not_reject(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 120))
    drawn = data.draw(st.integers(0, size))
    positive = data.draw(st.integers(0, drawn))
    low, high = total_bounds(size, drawn, positive, 0.025, 0.025)
    possible = np.arange(positive, size - drawn + positive + 1)
    assert low == possible[hypergeom.sf(positive - 1, size, possible, drawn) > 0.025][0]
    assert high == possible[hypergeom.cdf(positive, size, possible, drawn) > 0.025][-1]


@pytest.mark.parametrize(("size", "drawn"), [(40, 8), (40, 30), (90, 9)])
def test_bounds_cover_every_total_with_their_level(size: int, drawn: int) -> None:
    for total in range(size + 1):
        chance = hypergeom.pmf(np.arange(drawn + 1), size, total, drawn)
        covered = sum(
            p for x, p in enumerate(chance)
            if p > 0 and total_bounds(size, drawn, x, 0.025, 0.025)[0] <= total
            <= total_bounds(size, drawn, x, 0.025, 0.025)[1]
        )  # fmt: skip
        assert covered >= 0.95 - 1e-9


@pytest.mark.parametrize(("caught", "missed"), list(product((2, 10), (1, 3, 6, 15))))
def test_recall_covers_the_truth_counted_exactly_over_all_samples(caught: int, missed: int) -> None:
    covered, given = {"all": 0.0, "two-sided": 0.0}, {"all": 0.0, "two-sided": 0.0}
    for x, y in product(range(13), range(11)):
        chance = float(hypergeom.pmf(x, 20, caught, 12) * hypergeom.pmf(y, 50, missed, 10))
        found = estimate_recall([flagged(20, 12, x), others(50, 10, y)])
        if chance == 0 or found.recall is None:
            continue
        truth = caught / (caught + missed)
        high = 1.0 if found.recall.high is None else found.recall.high
        for kind in ("all",) if found.recall.high is None else ("all", "two-sided"):
            given[kind] += chance
            covered[kind] += chance * (found.recall.low <= truth <= high)
    # Not only on average: also among the samples for which an interval is given at all.
    assert covered["all"] >= 0.95 * given["all"]
    assert covered["two-sided"] >= 0.95 * given["two-sided"]


def test_no_marker_among_the_controls_gives_a_lower_bound_only() -> None:
    found = estimate_recall([flagged(30, 30, 12), others(100, 20, 0)])
    assert found.recall is not None
    assert (found.recall.estimate, found.recall.high) == (None, None)
    assert 0.4 < found.recall.low < 1
    assert "lower bound only" in found.notes[0]


@pytest.mark.parametrize(
    ("strata", "missing"),
    [
        ([flagged(30, 30, 12), others(100, 0, 0)], "No control was coded blind"),
        ([flagged(30, 0, 0), others(100, 10, 2)], "No flagged segment was coded blind"),
        ([flagged(30, 10, 0), others(100, 10, 0)], "No blind coding holds a marker"),
    ],
)
def test_recall_is_refused_with_what_is_missing(strata: list[StratumCount], missing: str) -> None:
    found = estimate_recall(strata)
    assert found.recall is None
    assert any(missing in words for words in found.missing)


def test_whole_sessions_drawn_blind_are_no_simple_random_sample_of_segments() -> None:
    strata = [
        StratumCount("whole sessions, with suggestions", True, 30, 20, 10, by_session=True),
        StratumCount("whole sessions, without suggestions", False, 60, 40, 4, by_session=True),
    ]
    found = estimate_recall(strata)
    assert found.recall is None
    assert found.prevalence is None
    assert "Whole sessions" in found.missing[0]
    full = [StratumCount(s.name, s.flagged, s.size, s.size, s.positive, by_session=True) for s in strata]
    recall = estimate_recall(full).recall
    assert recall is not None
    assert recall.low == recall.high == recall.estimate == pytest.approx(10 / 14)


def test_all_coded_blind_leaves_no_uncertainty() -> None:
    found = estimate_recall([flagged(30, 30, 12), others(100, 100, 8)])
    assert found.recall is not None
    assert found.recall.low == found.recall.high == pytest.approx(0.6)
    assert found.prevalence is not None
    assert found.prevalence.low == found.prevalence.high == pytest.approx(20 / 130)


def test_segments_flagged_later_count_as_caught_and_not_twice() -> None:
    found = estimate_recall(
        [flagged(30, 30, 12), others(100, 100, 8), flagged(10, 10, 4, "later", within="not flagged")]
    )
    assert found.recall is not None
    assert found.recall.low == found.recall.high == pytest.approx(16 / 20)


def test_more_controls_narrow_the_bounds() -> None:
    few = estimate_recall([flagged(50, 50, 30), others(200, 20, 2)]).recall
    many = estimate_recall([flagged(50, 50, 30), others(200, 100, 10)]).recall
    assert few is not None and many is not None
    assert few.high is not None and many.high is not None
    assert many.high - many.low < few.high - few.low


def test_how_many_more_segments_it_takes() -> None:
    found = estimate_recall([flagged(50, 50, 30), others(200, 50, 5)])
    by_target = {m.target: m for m in found.more}
    # 30 caught, 5 of an estimated 20 found: 35 of 50. 40 are 80 %: 5 more of 15 hidden among 150.
    assert by_target[0.8].expected == int(np.ceil(5 * 151 / 16))
    assert by_target[0.8].cautious is not None
    assert by_target[0.8].cautious > (by_target[0.8].expected or 0)
    assert not by_target[0.95].stop


def test_the_stopping_rule_is_that_of_callaghan_and_mueller_hansen() -> None:
    # 20 found before, 0 of 100 drawn from 400: at 95 % recall missing two or more would be needed.
    assert stopping_p_value([(400, 100, 0)], 20, 0.95) == pytest.approx(float(hypergeom.cdf(0, 400, 2, 100)))
    assert (stopping_p_value([(400, 390, 0)], 20, 0.95) or 0.0) < 0.05
    assert stopping_p_value([(5, 3, 0)], 200, 0.5) == 0.0


@pytest.mark.parametrize("sizes", [((12, 8), (8, 6)), ((20, 14), (6, 5))])
def test_the_stopping_rule_errs_with_at_most_five_percent_however_the_missed_ones_lie(
    sizes: tuple[tuple[int, int], tuple[int, int]],
) -> None:
    (size1, drawn1), (size2, drawn2) = sizes
    found_before, target = 6, 0.7
    stops = {
        seen: p
        for seen in product(range(drawn1 + 1), range(drawn2 + 1))
        if (p := stopping_p_value([(size1, drawn1, seen[0]), (size2, drawn2, seen[1])], found_before, target))
        is not None
        and p < 0.05
    }
    missed = 0.0
    for total1, total2 in product(range(size1 + 1), range(size2 + 1)):
        first = hypergeom.pmf(np.arange(drawn1 + 1), size1, total1, drawn1)
        second = hypergeom.pmf(np.arange(drawn2 + 1), size2, total2, drawn2)
        wrong = sum(
            first[seen1] * second[seen2]
            for seen1, seen2 in stops
            if found_before + seen1 + seen2 < target * (found_before + total1 + total2)
        )
        assert wrong <= 0.05 + 1e-9, (total1, total2)
        missed = max(missed, float(wrong))
    assert stops
    assert missed > 0, "the rule was never tried where the target was missed"


def test_a_stratum_that_was_coded_in_full_changes_nothing_but_what_is_found() -> None:
    alone = stopping_p_value([(60, 40, 1)], 20, 0.9)
    assert stopping_p_value([(60, 40, 1), (5, 5, 0)], 20, 0.9) == pytest.approx(alone)
    assert stopping_p_value([(60, 40, 0), (500, 0, 0)], 2, 0.9) == pytest.approx(1.0), "nothing is known of the second"
