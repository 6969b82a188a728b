from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rupture_markers.learning.dataset import CodedSet
from rupture_markers.learning.folds import fold_of_cases
from rupture_markers.learning.own_model import LEAST_GAIN, GoldTurns, fit_own
from rupture_markers.learning.registry import LoadedModel, load_model, save_model
from rupture_markers.learning.scoring import score_transcript, suggestions
from rupture_markers.learning.stacked import StackedModel
from rupture_markers.learning.terms import count_sorted
from rupture_markers.learning.turn_table import TurnTable, build_table, share_columns
from rupture_markers.markers.marker import FAMILIES

ALL = dict.fromkeys(FAMILIES, 0.0)


@pytest.fixture(scope="module")
def noise(sample_coded: CodedSet, sample_table: TurnTable) -> GoldTurns:
    """Gold of the sample study with a baseline that knows nothing."""
    base = np.full((len(sample_table), len(FAMILIES)), np.nan)
    for column, family in enumerate(FAMILIES):
        rows = sample_table.rows_of(family)
        base[rows, column] = np.random.default_rng(column).normal(size=len(rows))
    texts = [turn.spoken for transcript in sample_coded.transcripts for turn in transcript.turns]
    counts, _, terms = count_sorted(texts, characters=False)
    return GoldTurns(base, counts, terms, share_columns(sample_table, sample_coded.shares), sample_table.cases)


def test_a_baseline_that_knows_nothing_is_left_and_a_perfect_one_is_kept(noise: GoldTurns) -> None:
    left = [choice for choice in fit_own(noise).choices.values() if choice != "baseline"]
    assert len(left) >= 2  # sixteen sessions' own words may be too few for one family
    perfect = replace(noise, base=np.where(np.isnan(noise.base), np.nan, 6 * noise.share - 3))
    assert set(fit_own(perfect).choices.values()) == {"baseline"}


def test_a_choice_gains_out_of_fold_what_is_asked(noise: GoldTurns) -> None:
    fit = fit_own(noise)
    for family, choice in fit.choices.items():
        found = fit.average_precision[family]
        assert choice == "baseline" or found[choice] >= found["baseline"] + LEAST_GAIN


def test_rows_of_other_cases_have_no_say_out_of_fold(noise: GoldTurns) -> None:
    # A case whose gold is turned around changes the scores of others, never its own.
    first = fit_own(noise, folds=4)
    fold = fold_of_cases(noise.cases, 4, 1)
    turned = replace(noise, share=np.where((fold == 0)[:, None], 1 - noise.share, noise.share))
    second = fit_own(turned, folds=4)
    same = [f for f in FAMILIES if first.choices[f] == second.choices[f]]
    assert same
    for family in same:
        column = FAMILIES.index(family)
        a, b = first.out_of_fold[fold == 0, column], second.out_of_fold[fold == 0, column]
        assert np.array_equal(a, b, equal_nan=True)


def test_turns_without_gold_teach_nothing(noise: GoldTurns) -> None:
    half = np.arange(len(noise.cases)) % 2 == 0
    hidden = replace(noise, share=np.where(half[:, None], noise.share, np.nan))
    assert fit_own(hidden).model.parts.keys() == set(FAMILIES)


@pytest.fixture(scope="module")
def stacked(tiny_model: tuple[Path, LoadedModel], noise: GoldTurns) -> StackedModel:
    base = tiny_model[1].model
    return StackedModel(base, fit_own(noise).model)


def as_loaded(loaded: LoadedModel, model: StackedModel) -> LoadedModel:
    return replace(loaded, model=model)


def test_a_stacked_model_gives_slope_times_baseline_plus_own_words(
    stacked: StackedModel, tiny_model: tuple[Path, LoadedModel], sample_coded: CodedSet
) -> None:
    loaded = tiny_model[1]
    session = sample_coded.transcripts[0]
    table = build_table([session], loaded.featurise, counter=stacked.counter)
    found = stacked.score_table(table).probabilities
    plain = build_table([session], loaded.featurise, counter=loaded.model.counter)
    base = loaded.model.score_table(plain).probabilities
    place = {term: n for n, term in enumerate(stacked.counter.terms)}
    own = table.counts[:, [place[str(t)] for t in stacked.own.vocabulary.terms]].tocsr()
    expected = stacked.own.log_odds(np.log(base / (1 - base)), own)
    assert np.allclose(np.log(found / (1 - found)), expected, atol=1e-3, equal_nan=True)


def test_a_stacked_model_read_back_scores_the_same_and_is_of_format_three(
    stacked: StackedModel, tiny_model: tuple[Path, LoadedModel], sample_coded: CodedSet, tmp_path: Path
) -> None:
    loaded = tiny_model[1]
    save_model(tmp_path / "own", stacked, loaded.manifest.model_copy(update={"format": 3, "id": "own"}))
    again = load_model(tmp_path / "own")
    assert isinstance(again.model, StackedModel)
    a = score_transcript(again, sample_coded.transcripts[1])
    b = score_transcript(as_loaded(loaded, stacked), sample_coded.transcripts[1])
    assert a.rows == b.rows


def test_a_part_on_a_part_on_a_baseline_works_as_one(
    stacked: StackedModel, tiny_model: tuple[Path, LoadedModel], sample_coded: CodedSet, tmp_path: Path
) -> None:
    twice = StackedModel(stacked, stacked.own)
    save_model(tmp_path / "twice", twice, tiny_model[1].manifest.model_copy(update={"format": 3, "id": "twice"}))
    loaded = load_model(tmp_path / "twice")
    scores = score_transcript(loaded, sample_coded.transcripts[0])
    assert suggestions(scores, ALL, loaded)


def test_evidence_of_a_stacked_model_names_the_labs_words_and_holds_the_score_up(
    stacked: StackedModel, tiny_model: tuple[Path, LoadedModel], sample_coded: CodedSet
) -> None:
    loaded = as_loaded(tiny_model[1], stacked)
    reasons = []
    for session in sample_coded.transcripts[:4]:
        for found in suggestions(score_transcript(loaded, session), ALL, loaded):
            reasons += [evidence.reason for evidence in found.evidence]
            assert all(evidence.weight > 0 for evidence in found.evidence)
    terms = {str(term)[2:] for term in stacked.own.vocabulary.terms}
    own = [reason for reason in reasons if reason.startswith("your words: ")]
    assert own
    assert all(reason.removeprefix('your words: "').removesuffix('"') in terms for reason in own)
