from __future__ import annotations

from dataclasses import replace

import numpy as np
from tests.learning.small_fit import TINY, families_of

from rupture_markers.learning.calibration import fit_calibration, probability
from rupture_markers.learning.dataset import CodedSet
from rupture_markers.learning.estimator import fit_model
from rupture_markers.learning.evaluation import cross_validate
from rupture_markers.learning.figures import family_figures, threshold_for_recall
from rupture_markers.learning.turn_table import TurnTable
from rupture_markers.markers.codebook import Codebook
from rupture_markers.markers.marker import FAMILIES, Family


def test_same_data_and_seed_give_the_same_probabilities(
    sample_table: TurnTable, sample_coded: CodedSet, codebook: Codebook
) -> None:
    one, first = fit_model(sample_table, sample_coded, families_of(codebook), TINY)
    two, second = fit_model(sample_table, sample_coded, families_of(codebook), TINY)
    a, b = one.score_table(sample_table).probabilities, two.score_table(sample_table).probabilities
    assert np.allclose(a, b, rtol=0, atol=1e-9, equal_nan=True)
    assert np.allclose(first.probabilities, second.probabilities, rtol=0, atol=1e-9, equal_nan=True)


def test_held_out_labels_and_words_change_nothing_in_a_fold(
    sample_table: TurnTable, sample_coded: CodedSet, codebook: Codebook
) -> None:
    """Swap the labels of one fold's cases: the scores that this fold gets must stay as they are."""
    before = cross_validate(sample_table, sample_coded, families_of(codebook), TINY, folds=3)
    held = {key for key, fold in zip(sample_table.keys, before.fold, strict=True) if fold == 0}
    clients = {sample_table.keys[row] for row in sample_table.rows_of("withdrawal")}
    turned: dict[Family, dict[tuple[str, int], float]] = {
        family: {**shares, **{key: 1.0 - shares.get(key, 0.0) for key in held & clients}}
        for family, shares in sample_coded.shares.items()
        if family != "repair"
    }
    other = replace(sample_coded, shares={**sample_coded.shares, **turned})
    after = cross_validate(sample_table, other, families_of(codebook), TINY, folds=3)
    rows = before.fold == 0
    assert np.array_equal(before.probabilities[rows], after.probabilities[rows], equal_nan=True)
    assert np.array_equal(before.baseline[rows], after.baseline[rows], equal_nan=True)
    assert not np.array_equal(before.probabilities[~rows], after.probabilities[~rows], equal_nan=True)


def test_vocabulary_is_of_the_training_cases_alone(
    sample_table: TurnTable, sample_coded: CodedSet, codebook: Codebook
) -> None:
    inside = sample_table.session < 12
    part = sample_table.take(inside)
    model, _ = fit_model(part, sample_coded, families_of(codebook), TINY)
    assert part.terms is not None
    columns = np.searchsorted(part.terms, model.words.vocabulary.terms)
    present = part.counts[:, columns].toarray() > 0
    cases = np.array([len(set(part.cases[present[:, n]].tolist())) for n in range(len(columns))])
    assert cases.min() >= 3


def test_probabilities_stand_where_the_family_is_coded_and_nowhere_else(
    sample_table: TurnTable, sample_coded: CodedSet, codebook: Codebook
) -> None:
    model, _ = fit_model(sample_table, sample_coded, families_of(codebook), TINY)
    found = model.score_table(sample_table).probabilities
    for column, family in enumerate(FAMILIES):
        rows = sample_table.rows_of(family)
        assert ((found[rows, column] > 0) & (found[rows, column] < 1)).all()
        assert np.isnan(np.delete(found[:, column], rows)).all()


def test_family_that_nobody_marked_gets_a_low_probability_not_a_fault(
    sample_table: TurnTable, sample_coded: CodedSet, codebook: Codebook
) -> None:
    none = replace(sample_coded, shares={**sample_coded.shares, "repair": {}}, codes={})
    model, _ = fit_model(sample_table, none, families_of(codebook), TINY)
    found = model.score_table(sample_table).probabilities[sample_table.rows_of("repair"), 2]
    assert found.max() < 0.01


def test_calibration_finds_the_curve_that_made_the_labels() -> None:
    random = np.random.default_rng(5)
    raw = random.normal(size=20_000) * 2
    marked = (random.random(len(raw)) < probability(0.5 * raw - 1.0)).astype(float)
    slope, offset = fit_calibration(raw, marked, np.ones(len(raw)))
    assert abs(slope - 0.5) < 0.05
    assert abs(offset + 1.0) < 0.08


def test_threshold_finds_the_recall_it_was_chosen_for() -> None:
    random = np.random.default_rng(6)
    share = random.choice([0.0, 0.5, 1.0], p=[0.8, 0.1, 0.1], size=2000)
    score = np.clip(0.3 * share + random.random(2000) * 0.7, 0, 1)
    value, flagged, precision = threshold_for_recall(share, score, 0.6)
    above = score >= value
    assert 0.6 <= share[above].sum() / share.sum() < 0.62
    assert flagged == above.mean()
    assert precision == share[above].mean()


def test_figures_leave_disputed_turns_out_of_ap_but_not_of_ap_all() -> None:
    found = family_figures(np.array([1.0, 0.0, 0.5, 0.0]), np.array([0.9, 0.2, 0.8, 0.1]))
    assert found is not None
    assert (found.ap, found.positive, found.disputed) == (1.0, 1, 1)
    assert found.ap_all < 1.0
