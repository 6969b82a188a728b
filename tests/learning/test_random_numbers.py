"""Draws by hash: uniform, independent of order and batch, with exact shares."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, kstest

from rupture_markers.learning.random_numbers import blocked_draw, rotation, share_of, uniform

shares = st.integers(0, 100).map(lambda percent: percent / 100)


def test_numbers_are_uniform_over_segments_and_over_seeds() -> None:
    over_segments = [uniform(1, "control", f"s{i}/0-19") for i in range(4000)]
    over_seeds = [uniform(seed, "control", "s01/0-19") for seed in range(4000)]
    assert kstest(over_segments, "uniform").pvalue > 1e-4
    assert kstest(over_seeds, "uniform").pvalue > 1e-4


def test_numbers_of_two_purposes_are_unrelated() -> None:
    pairs = [(uniform(1, "control", str(i)), uniform(1, "queue", str(i))) for i in range(4000)]
    both = sum(a < 0.5 and b < 0.5 for a, b in pairs)
    assert binom.ppf(1e-5, 4000, 0.25) <= both <= binom.ppf(1 - 1e-5, 4000, 0.25)


def test_names_do_not_run_into_each_other() -> None:
    assert uniform(1, "x", "ab", "c") != uniform(1, "x", "a", "bc")


@given(share=shares, batches=st.lists(st.integers(0, 40), max_size=20))
def test_small_batches_together_get_what_one_large_batch_gets(share: float, batches: list[int]) -> None:
    taken = 0
    before = 0
    for batch in batches:
        now = share_of(share, batch, before)
        assert 0 <= now <= batch
        taken += now
        before += batch
    assert taken == share_of(share, sum(batches))
    assert taken <= Fraction(str(share)) * sum(batches) < taken + 1


def test_a_share_is_exact_where_floats_are_not() -> None:
    assert share_of(0.29, 100) == 29


@given(share=shares, seed=st.integers(0, 10_000), total=st.integers(1, 60))
def test_blocks_keep_their_share_to_within_one(share: float, seed: int, total: int) -> None:
    drawn = sum(blocked_draw(share, k, seed=seed, stratum=("arm", "ana", "c1")) for k in range(total * 4))
    assert abs(drawn - share * total * 4) <= 1


@pytest.mark.parametrize("share", [0.0, 0.1, 0.25, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("position", [0, 3, 6])
def test_every_position_is_drawn_with_exactly_the_share(share: float, position: int) -> None:
    seeds = 3000
    drawn = sum(blocked_draw(share, position, seed=seed, stratum=("arm",)) for seed in range(seeds))
    assert binom.ppf(1e-5, seeds, share) <= drawn <= binom.ppf(1 - 1e-5, seeds, share)


@given(st.integers(1, 6), st.integers(0, 1000), st.integers(0, 50))
def test_a_rotation_names_everyone_once_a_block(people: int, seed: int, block: int) -> None:
    names = [f"coder{n}" for n in range(people)]
    block_of = [rotation(names, block * people + k, seed=seed, stratum=("p",)) for k in range(people)]
    assert sorted(block_of) == sorted(names)
    backwards = [rotation(names[::-1], block * people + k, seed=seed, stratum=("p",)) for k in range(people)]
    assert backwards == block_of
