"""Gates: turns heard once alike and once more by side, in the fit, in the file, and in files of before there were any."""

from __future__ import annotations

import copy
import hashlib
import json
import shutil
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skops.io
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack

from rupture_markers.learning.dataset import CodedSet
from rupture_markers.learning.dialogue_part import (
    FEATURE_OFFSETS,
    GATES,
    ROLES,
    FeaturePart,
    Heard,
    SessionPart,
    gates_of,
    scaled,
    sides,
)
from rupture_markers.learning.evaluation_variations import without
from rupture_markers.learning.model_parts import FORMAT, model_of_parts, parts_of
from rupture_markers.learning.registry import LoadedModel, load_model
from rupture_markers.learning.rupture_model import RuptureModel
from rupture_markers.learning.turn_featuriser import turn_featuriser
from rupture_markers.learning.turn_table import Featurise, TurnTable, build_table, share_columns
from rupture_markers.learning.word_model import WordConfig, WordModel, columns_of, fit_words
from rupture_markers.markers.codebook import Codebook
from rupture_markers.markers.marker import FAMILIES
from rupture_markers.transcripts.transcript import Speaker, Transcript, Turn

Tiny = tuple[Path, LoadedModel]
EVERY, WRITTEN, SPOKEN, LONG, SHORT = range(5)
"""Sides, where all gates are there."""
GATE_KEYS = ("gates", "gate_limits", "gates_of_session")
LINES: tuple[tuple[Speaker, str], ...] = (
    ("therapist", "How was the lake in the end?"),
    ("client", "It rained all day"),
    ("nobody", ""),
    ("client", "and then we played cards"),
    ("other", "Tea?"),
    ("therapist", "Cards."),
)
"""Four words are short, five are long."""


@lru_cache(maxsize=1)
def featurise() -> Featurise:
    return turn_featuriser()


def table_of(*mediums: str) -> TurnTable:
    turns = tuple(Turn(n, speaker, text) for n, (speaker, text) in enumerate(LINES))
    sessions = [Transcript(f"s{n}", f"c{n}", turns, medium=medium) for n, medium in enumerate(mediums)]
    return build_table(sessions, featurise())


def sides_in(table: TurnTable) -> NDArray[np.float32]:
    columns, limits, _ = gates_of(table.feature_names)
    return sides(table.features, columns, limits)


def fitted(table: TurnTable, coded: CodedSet) -> WordModel:
    return fit_words(table, share_columns(table, coded.shares), np.ones(len(table)), WordConfig(), dialogue=True)


def words_of(model: WordModel, table: TurnTable) -> csr_matrix:
    return model.vocabulary.weigh(columns_of(table, model.vocabulary))[0]


@pytest.fixture(scope="module")
def gated(sample_table: TurnTable, sample_coded: CodedSet) -> WordModel:
    return fitted(sample_table, sample_coded)


@pytest.fixture(scope="module")
def model(tiny_model: Tiny) -> RuptureModel:
    found = tiny_model[1].model
    assert isinstance(found, RuptureModel)
    return found


def linear_of(model: RuptureModel) -> WordModel:
    assert model.linear is not None
    return model.linear


def only_sides(model: WordModel, *kept: int) -> WordModel:
    """The weights of all other sides zeroed; of the words of sessions, too, whose sides come first."""

    def cut(weights: NDArray[np.float32]) -> NDArray[np.float32]:
        out = weights.copy()
        out[[side for side in range(len(weights)) if side not in kept]] = 0
        return out

    return replace(
        model,
        session=replace(model.session, weights=cut(model.session.weights)),
        features=replace(model.features, weights=cut(model.features.weights)),
    )


def session_log_odds(model: WordModel, table: TurnTable) -> NDArray[np.float64]:
    side = model.features.session_sides(table.features)
    return model.session.log_odds(table, words_of(model, table), side)


def test_sessions_are_split_by_the_gates_of_sessions_alone_in_whatever_order_they_stand(gated: WordModel) -> None:
    table = table_of("text chat", "spoken")
    part = gated.features
    turned = replace(part, gates=part.gates[::-1], limits=part.limits[::-1], of_session=part.of_session[::-1])
    for found in (part, turned):
        expected = [[1, 1, 0]] * len(LINES) + [[1, 0, 1]] * len(LINES)
        assert found.session_sides(table.features).tolist() == expected


@given(st.data())
def test_every_turn_is_on_the_first_side_and_on_one_side_of_each_gate(data: st.DataObject) -> None:
    shape = data.draw(st.tuples(st.integers(0, 12), st.integers(1, 4)))
    floats = st.floats(-10, 10, width=16) | st.just(float("nan"))
    features = data.draw(arrays.arrays(np.float32, shape, elements=floats))
    columns = np.array(data.draw(st.lists(st.integers(0, shape[1] - 1), max_size=4)), dtype=np.int64)
    limits = data.draw(arrays.arrays(np.float64, len(columns), elements=st.floats(0.25, 10)))
    found = sides(features, columns, limits)
    assert found.shape == (len(features), 1 + 2 * len(columns))
    assert found.dtype == np.float32
    assert (found[:, EVERY] == 1).all()
    assert set(np.unique(found).tolist()) <= {0.0, 1.0}
    np.testing.assert_array_equal(found[:, 1::2] + found[:, 2::2], 1)
    for number, (column, limit) in enumerate(zip(columns, limits, strict=True)):
        np.testing.assert_array_equal(found[:, 1 + 2 * number] == 1, features[:, column] >= limit)


def test_the_limit_itself_is_above_and_what_is_unknown_below() -> None:
    features = np.array([[0.5], [0.49], [np.nan], [np.inf]], dtype=np.float32)
    found = sides(features, np.array([0]), np.array([0.5]))
    assert found.tolist() == [[1, 1, 0], [1, 0, 1], [1, 0, 1], [1, 1, 0]]


def test_without_a_gate_there_is_one_side() -> None:
    assert sides(np.zeros((3, 2), dtype=np.float32), *gates_of(())[:2]).tolist() == [[1], [1], [1]]


def test_gates_are_found_wherever_their_features_stand() -> None:
    names = ("turn/words", "says/hedge", "medium/written")
    columns, limits, of_session = gates_of(names)
    assert [names[column] for column in columns] == [gate.feature for gate in GATES]
    assert limits.tolist() == [gate.limit for gate in GATES]
    assert of_session.tolist() == [True, False]
    assert [part.tolist() for part in gates_of(("says/hedge", "turn/words"))] == [[1], [GATES[1].limit], [False]]
    assert [len(part) for part in gates_of(("says/hedge",))] == [0, 0, 0]


def test_five_words_are_on_the_long_side_and_four_on_the_short_one() -> None:
    found = sides_in(table_of("spoken"))
    assert found[:, LONG].tolist() == [1, 0, 0, 1, 0, 0]
    assert found[:, SHORT].tolist() == [0, 1, 1, 0, 1, 1]


@pytest.mark.parametrize(
    ("medium", "written"),
    [
        ("text chat", True),
        ("Text Chat", True),
        ("e-mail", True),
        ("written messages", True),
        ("typed", True),
        ("spoken", False),
        ("Spoken", False),
        ("video chat", False),
        ("spoken, typed up", False),
        ("SMS", True),
        ("WhatsApp", True),
        ("telephone", False),
        ("face to face", False),
        ("", False),
    ],
)
def test_a_chat_is_heard_as_a_chat_in_every_turn_and_speech_as_speech(medium: str, written: bool) -> None:
    found = sides_in(table_of(medium))
    assert (found[:, WRITTEN] == written).all()
    assert (found[:, SPOKEN] != written).all()


def test_what_is_learnt_of_chats_is_added_in_chats_alone(gated: WordModel, sample_table: TurnTable) -> None:
    chat = np.array([t.medium == "text chat" for t in sample_table.transcripts])[sample_table.session]
    assert 0 < chat.sum() < len(chat)
    for side, inside in ((WRITTEN, chat), (SPOKEN, ~chat)):
        part = only_sides(gated, side)
        session = session_log_odds(part, sample_table)
        own, around = part.features.log_odds(sample_table)
        for found in (session, own, around):
            assert found[inside].any()
            assert not found[~inside].any()


def test_what_is_learnt_of_short_turns_is_added_in_short_turns_alone(gated: WordModel, sample_table: TurnTable) -> None:
    long = np.array([len(turn.words) >= 5 for t in sample_table.transcripts for turn in t.turns])
    for side, inside in ((LONG, long), (SHORT, ~long)):
        part = only_sides(gated, side)
        for found in part.features.log_odds(sample_table):
            assert found[inside].any()
            assert not found[~inside].any()
        assert not session_log_odds(part, sample_table).any(), "words of a session are not heard by the turn's length"


def test_the_sides_add_up(gated: WordModel, sample_table: TurnTable) -> None:
    parts = [only_sides(gated, side) for side in range(1 + 2 * len(GATES))]
    whole = np.stack(gated.features.log_odds(sample_table))
    assert sum(np.stack(part.features.log_odds(sample_table)) for part in parts) == pytest.approx(whole, abs=1e-6)
    total = session_log_odds(gated, sample_table)
    assert sum(session_log_odds(part, sample_table) for part in parts) == pytest.approx(total, abs=1e-6)


def test_a_features_effect_is_that_of_the_sides_of_the_turn_it_is_heard_like(
    gated: WordModel, sample_table: TurnTable
) -> None:
    part, features = gated.features, sample_table.features
    side = part.sides(features)
    chat_short, speech_long = (
        np.flatnonzero((side[:, a] * side[:, b]) == 1)[0] for a, b in ((WRITTEN, SHORT), (SPOKEN, LONG))
    )
    values = scaled(features[7], part.centre, part.spread)
    for like, of in ((chat_short, [EVERY, WRITTEN, SHORT]), (speech_long, [EVERY, SPOKEN, LONG])):
        found = part.own_effects(features[7], 1, features[like])
        assert found == pytest.approx(values * part.weights[of, 0, :, 1].sum(axis=0), abs=1e-6)


@pytest.mark.parametrize("gone", ["session", "medium", "turn", "medium+turn", "all features"])
def test_weights_are_of_the_columns_that_the_regressions_saw(
    gone: str, sample_table: TurnTable, gated: WordModel
) -> None:
    """Any coefficients: the columns times them are what the two parts add."""
    table = without(sample_table, gone)
    words = words_of(gated, table)
    heard = Heard.of(table, words)
    blocks = hstack(heard.blocks(table, words)).tocsr()
    coefficients = np.random.default_rng(4).normal(size=(blocks.shape[1], len(FAMILIES)))
    session, features = heard.parts(coefficients)
    added = session.log_odds(table, words, features.session_sides(table.features))
    added = added + sum(features.log_odds(table))
    assert added == pytest.approx(blocks @ coefficients, rel=1e-4, abs=1e-4)


@pytest.mark.parametrize(
    ("gone", "gates", "of_session"),
    [
        ("says", 2, 1),
        ("medium", 1, 0),
        ("turn", 1, 1),
        ("medium+turn", 0, 0),
        ("exchange+medium", 1, 0),
        ("all features", 0, 0),
        ("words", 2, 1),
    ],
)
def test_a_gate_whose_feature_is_left_out_falls_away_and_the_rest_is_fitted(
    gone: str, gates: int, of_session: int, sample_table: TurnTable, sample_coded: CodedSet
) -> None:
    table = without(sample_table, gone)
    model = fitted(table, sample_coded)
    assert len(model.features.gates) == len(model.features.limits) == len(model.features.of_session) == gates
    assert model.features.weights.shape == (
        (1 + 2 * gates, len(FEATURE_OFFSETS), len(table.feature_names), len(FAMILIES))
    )
    assert model.session.weights.shape[:2] == (1 + 2 * of_session, len(ROLES))
    assert [table.feature_names[n] for n in model.features.gates] == [
        gate.feature for gate in GATES if gate.feature in table.feature_names
    ]
    log_odds = model.score(table, columns_of(table, model.vocabulary)).log_odds
    for column, family in enumerate(FAMILIES):
        rows = table.rows_of(family)
        assert np.isfinite(log_odds[rows, column]).all()
        assert len(np.unique(log_odds[rows, column])) > 1


def test_the_first_stage_has_no_gates(sample_table: TurnTable, sample_coded: CodedSet) -> None:
    share = share_columns(sample_table, sample_coded.shares)
    first = fit_words(sample_table, share, np.ones(len(sample_table)), WordConfig())
    assert not len(first.features.gates)
    assert not first.score(sample_table, columns_of(sample_table, first.vocabulary)).parts[:, :, 2].any()


def test_a_session_of_one_medium_alone_fits_all_the_same(sample_table: TurnTable, sample_coded: CodedSet) -> None:
    chat = np.array([t.medium == "text chat" for t in sample_table.transcripts])[sample_table.session]
    spoken = sample_table.take(~chat)
    model = fitted(spoken, sample_coded)
    assert not model.features.weights[WRITTEN].any(), "nothing is learnt of chats where there is none"
    assert model.features.weights[SPOKEN].any()
    log_odds = model.score(sample_table, columns_of(sample_table, model.vocabulary)).log_odds
    assert np.isfinite(log_odds[sample_table.rows_of("repair"), FAMILIES.index("repair")]).all()


def same_scores(one: RuptureModel, other: RuptureModel, table: TurnTable) -> None:
    weighed = one.words.vocabulary.weigh(columns_of(table, one.words.vocabulary))
    mine, theirs = (linear_of(model).score_words(table, *weighed) for model in (one, other))
    np.testing.assert_array_equal(mine.log_odds, theirs.log_odds)
    np.testing.assert_array_equal(mine.parts, theirs.parts)
    found = [model.score_table(table) for model in (one, other)]
    np.testing.assert_array_equal(found[0].probabilities, found[1].probabilities)
    like = table.features[5]
    for family in FAMILIES:
        np.testing.assert_array_equal(
            one.feature_effects(table.features[6], family, like), other.feature_effects(table.features[6], family, like)
        )


def test_a_model_taken_apart_and_put_together_scores_the_same(model: RuptureModel, sample_table: TurnTable) -> None:
    part = linear_of(model).features
    assert len(part.gates) == len(GATES)
    assert all(weights.any() for weights in part.weights)
    parts = parts_of(model)
    assert parts["format"] == FORMAT
    again = model_of_parts(parts)
    assert isinstance(again, RuptureModel)
    same_scores(model, again, sample_table)
    written = skops.io.loads(skops.io.dumps(parts["linear"]))
    for key in GATE_KEYS:
        assert written[key].dtype == parts["linear"][key].dtype
        np.testing.assert_array_equal(written[key], parts["linear"][key])


def of_format_4(model: RuptureModel) -> dict[str, Any]:
    """Parts as a file of format 4 has them: one side, and no word of gates."""
    parts = copy.copy(parts_of(model))
    linear = {key: value for key, value in parts["linear"].items() if key not in GATE_KEYS}
    linear["session_weights"], linear["feature_weights"] = linear["session_weights"][0], linear["feature_weights"][0]
    assert linear["session_weights"].ndim == linear["feature_weights"].ndim == 3
    return {**parts, "format": 4, "linear": linear}


def without_sides(model: RuptureModel) -> RuptureModel:
    return replace(model, linear=only_sides(linear_of(model), EVERY))


def test_a_model_of_format_4_scores_as_one_whose_sides_weigh_nothing(
    model: RuptureModel, sample_table: TurnTable
) -> None:
    old = model_of_parts(of_format_4(model))
    assert isinstance(old, RuptureModel)
    part = linear_of(old)
    assert isinstance(part.features, FeaturePart)
    assert isinstance(part.session, SessionPart)
    assert not len(part.features.gates)
    same_scores(without_sides(model), old, sample_table)
    mine, theirs = (m.score_table(sample_table).probabilities for m in (model, old))
    assert not np.array_equal(mine, theirs, equal_nan=True), "the gates of the tiny model are heard"


def test_a_file_of_format_4_is_read_from_disk(tiny_model: Tiny, sample_table: TurnTable, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_model[0], tmp_path / "old"))
    model = tiny_model[1].model
    assert isinstance(model, RuptureModel)
    data = skops.io.dumps(of_format_4(model))
    (folder / "model.skops").write_bytes(data)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest |= {"format": 4, "sha256": hashlib.sha256(data).hexdigest(), "size_bytes": len(data)}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    old = load_model(folder).model
    assert isinstance(old, RuptureModel)
    same_scores(without_sides(model), old, sample_table)


def test_a_model_of_before_the_gates_does_not_ask_for_their_features(
    model: RuptureModel, sample_coded: CodedSet, codebook: Codebook
) -> None:
    """Format 4 was fitted without `medium/` and `exchange/`: what it needs is what it names."""
    parts = of_format_4(model)
    names = [str(name) for name in parts["feature_names"]]
    kept = [n for n, name in enumerate(names) if name.partition("/")[0] not in ("medium", "exchange")]
    assert 0 < len(kept) < len(names)
    linear = parts["linear"]
    for key in ("feature_centre", "feature_spread"):
        linear[key] = linear[key][kept]
    linear["feature_weights"] = linear["feature_weights"][:, kept]
    parts["feature_names"] = parts["feature_names"][kept]
    old = model_of_parts(parts)
    assert isinstance(old, RuptureModel)
    needed = turn_featuriser(codebook, names=old.feature_names)
    table = build_table(sample_coded.transcripts[:3], needed, counter=old.counter)
    assert table.features.shape[1] == len(kept)
    weighed = old.words.vocabulary.weigh(table.counts)
    log_odds = linear_of(old).score_words(table, *weighed).log_odds
    rows = table.rows_of("repair")
    assert np.isfinite(log_odds[rows, FAMILIES.index("repair")]).all()
