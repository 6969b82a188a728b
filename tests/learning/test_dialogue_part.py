"""The words of a session, the features of turns, and few values a column."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from rupture_markers.learning.boosting import few_values
from rupture_markers.learning.calibration import fit_calibration
from rupture_markers.learning.dataset import CodedSet
from rupture_markers.learning.dialogue_part import session_words
from rupture_markers.learning.turn_featuriser import turn_featuriser
from rupture_markers.learning.turn_table import build_table, share_columns
from rupture_markers.learning.word_model import WordConfig, fit_words


def test_the_parts_of_the_linear_model_add_up_to_its_log_odds(sample_coded: CodedSet) -> None:
    table = build_table(sample_coded.transcripts, turn_featuriser())
    share = share_columns(table, sample_coded.shares)
    model = fit_words(table, share, np.ones(len(table)), WordConfig(), dialogue=True)
    assert len(model.session.columns)
    columns = np.searchsorted(table.terms if table.terms is not None else [], model.vocabulary.terms)
    found = model.score(table, table.counts[:, columns].tocsr())
    of_turn, _ = model.features.log_odds(table)
    coded = ~np.isnan(found.log_odds)
    total = found.parts.sum(axis=2) + of_turn + model.intercept
    assert total[coded] == pytest.approx(found.log_odds[coded], abs=1e-4)
    for row in (5, 6, 7, 8):
        effects = model.features.own_effects(table.features[row], 0, table.features[row])
        assert effects.sum() == pytest.approx(of_turn[row, 0], abs=1e-4)


def test_words_of_a_session_are_one_partys_alone(sample_coded: CodedSet) -> None:
    table = build_table(sample_coded.transcripts[:2], turn_featuriser())
    every = np.arange(table.counts.shape[1])
    for role in (0, 1):
        found = session_words(table, table.counts, every, role)
        for number in (0, 1):
            said = table.counts[(table.session == number) & (table.role == role)].sum(axis=0)
            assert set(found[number].indices.tolist()) == set(np.flatnonzero(np.asarray(said).ravel()).tolist())


@given(
    arrays.arrays(np.float32, st.tuples(st.integers(1, 60), st.just(2)), elements=st.floats(-100, 100, width=16)),
    st.integers(2, 10),
)
def test_few_values_are_few_in_the_same_order_and_the_nearest_quantiles(given: NDArray[np.float32], most: int) -> None:
    found = few_values(given, most)
    for before, after in zip(given.T, found.T, strict=True):
        kept = np.unique(after)
        assert len(kept) <= most
        assert set(kept.tolist()) <= set(before.tolist())
        assert (np.diff(after[np.argsort(before, kind="stable")]) >= 0).all()
        assert np.abs(before - after) == pytest.approx(np.abs(before[:, None] - kept).min(axis=1))


def test_trees_fitted_on_few_values_treat_the_true_ones_alike() -> None:
    draw = np.random.default_rng(3)
    inputs = draw.normal(size=(400, 3)).astype(np.float32)
    inputs[draw.random(inputs.shape) < 0.1] = np.nan
    labels = (np.nan_to_num(inputs[:, 0]) + draw.normal(size=400) > 0).astype(int)
    coarse = few_values(inputs, 15)
    boosting = HistGradientBoostingClassifier(max_iter=20, max_bins=15, random_state=0).fit(coarse, labels)
    assert boosting.decision_function(inputs) == pytest.approx(boosting.decision_function(coarse))


def test_calibration_never_turns_the_order_of_turns_around() -> None:
    raw = np.array([3.0, 2.0, 1.0, 0.0, -1.0, -2.0])
    slope, offset = fit_calibration(raw, np.array([0.0, 0.0, 0.0, 1.0, 1.0, 1.0]), np.ones(6))
    assert slope > 0
    assert slope * raw.mean() + offset == pytest.approx(0.0, abs=1e-9)
