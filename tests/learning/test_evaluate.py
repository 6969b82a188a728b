from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rupture_markers.errors import ConfigError, ModelError
from rupture_markers.learning.dataset import CodedSet
from rupture_markers.learning.evaluate import evaluate, evaluate_saved
from rupture_markers.learning.evaluation import cross_validate
from rupture_markers.learning.evaluation_report import EvaluationReport
from rupture_markers.learning.evaluation_set import EvaluationSet, join_evaluation_sets, read_evaluation_folder
from rupture_markers.learning.evaluation_variations import EvaluationOptions, feature_groups, fits, left_out, without
from rupture_markers.learning.fit_config import FitConfig
from rupture_markers.learning.registry import LoadedModel
from rupture_markers.learning.turn_table import TurnTable
from rupture_markers.markers.codebook import Codebook
from rupture_markers.markers.marker import FAMILIES
from rupture_markers.reports.evaluation_page import evaluation_page
from rupture_markers.transcripts.interchange import write_transcripts

ROOT = Path(__file__).resolve().parents[2]
OPTIONS = EvaluationOptions(
    folds=2,
    replicates=100,
    config=FitConfig(inner_folds=2, trees=4, least_in_leaf=10),
    learning_curve=True,
    cross_set=True,
)


@pytest.fixture(scope="module")
def given(sample_coded: CodedSet, codebook: Codebook, tmp_path_factory: pytest.TempPathFactory) -> EvaluationSet:
    """The sample sessions as two folders, as a lab would have them."""
    sets = []
    names = [t.session_id for t in sample_coded.transcripts]
    lines = (ROOT / "annotations/sample-codings.jsonl").read_text(encoding="utf-8").splitlines()
    for which, part in (("north", names[::2]), ("south", names[1::2])):
        folder = tmp_path_factory.mktemp("sets") / which
        folder.mkdir()
        write_transcripts(folder / "transcripts.jsonl", [t for t in sample_coded.transcripts if t.session_id in part])
        kept = [line for line in lines if any(f'"{name}"' in line for name in part)]
        (folder / "codings.jsonl").write_text("\n".join(kept) + "\n", encoding="utf-8")
        rows = [f"{name},{name},{'a' if n > 1 else 'b'}" for n, name in enumerate(part)]
        (folder / "sessions.csv").write_text("session_id,case_id,arm\n" + "\n".join(rows) + "\n", encoding="utf-8")
        (folder / "labels.txt").write_text("two <b>automated</b> coders\n", encoding="utf-8")
        sets.append(read_evaluation_folder(folder, codebook))
    return join_evaluation_sets(sets)


@pytest.fixture(scope="module")
def table(given: EvaluationSet, sample_table: TurnTable, sample_coded: CodedSet) -> TurnTable:
    order = [sample_coded.transcripts.index(next(s for s in sample_coded.transcripts if s.session_id == t.session_id))
             for t in given.coded.transcripts]  # fmt: skip
    rows = np.concatenate([np.flatnonzero(sample_table.session == n) for n in order])
    session = np.concatenate([np.full((sample_table.session == n).sum(), place) for place, n in enumerate(order)])
    return replace(
        sample_table, transcripts=given.coded.transcripts, session=session, role=sample_table.role[rows],
        counts=sample_table.counts[rows], features=sample_table.features[rows],
        cue_hits=tuple(sample_table.cue_hits[row] for row in rows),
    )  # fmt: skip


@pytest.fixture(scope="module")
def report(given: EvaluationSet, table: TurnTable, codebook: Codebook) -> EvaluationReport:
    done: list[int] = []
    found = evaluate(given, codebook, OPTIONS, table, done.append)
    assert sum(done) == fits(OPTIONS, table, 2)
    return found


def test_every_set_and_family_has_figures_baselines_and_intervals(report: EvaluationReport) -> None:
    assert set(report.by_set) == {"north", "south"}
    for cells in report.by_set.values():
        assert set(cells) == set(FAMILIES)
        for cell in cells.values():
            assert {"ap", "ap_all", "recall_20", "segment_recall_20", "work_saved", "brier_skill"} <= set(cell.figures)
            ap = cell.figures["ap"]
            assert ap.low is not None
            assert ap.high is not None
            assert ap.low <= ap.value <= ap.high
            assert cell.baselines["base rate"]["auc"].value == pytest.approx(0.5, abs=0.2)
            assert cell.too_few == (cell.positive < 30)


def test_the_learning_curve_learns_from_fewer_cases_and_sets_are_crossed(report: EvaluationReport) -> None:
    counts = [variation.cases for variation in report.learning_curve]
    assert counts == sorted(counts)
    assert counts[-1] < report.cases
    assert {(c.trained_on, c.scored) for c in report.cross_set} == {("north", "south"), ("south", "north")}


@pytest.mark.parametrize("group", ["says", "usual", "all features", "words"])
def test_a_model_is_fitted_and_scored_without_a_group(
    group: str, given: EvaluationSet, table: TurnTable, codebook: Codebook
) -> None:
    assert group in feature_groups(table)
    families = {family: tuple(code.id for code in codebook.of_family(family)) for family in codebook.families}
    found = cross_validate(without(table, group), given.coded, families, OPTIONS.config, folds=2, workers=1)
    for column, family in enumerate(FAMILIES):
        assert np.isfinite(found.probabilities[table.rows_of(family), column]).all()


def test_groups_are_left_out_together_and_an_unknown_one_is_named(table: TurnTable) -> None:
    names = without(table, "says+usual").feature_names
    assert not [name for name in names if name.startswith(("says/", "usual/"))]
    options = replace(OPTIONS, ablation=True, left_out=("says+usual", "words"))
    assert left_out(options, table) == ("says+usual", "words")
    assert left_out(replace(options, left_out=()), table) == feature_groups(table)
    with pytest.raises(ConfigError, match="no group of features 'sayings'"):
        fits(replace(options, left_out=("words+sayings",)), table, 2)


def test_small_groups_are_left_out(report: EvaluationReport) -> None:
    assert [(group.column, group.value) for group in report.groups] == [("arm", "a")]
    assert report.suppressed_groups == 1


def test_misses_are_told_by_id_and_are_what_they_say(report: EvaluationReport, given: EvaluationSet) -> None:
    assert report.misses
    for miss in report.misses:
        share = given.coded.shares[miss.family].get((miss.session_id, miss.turn), 0.0)
        assert share == (1.0 if miss.kind == "missed" else 0.0)


def test_the_page_fetches_nothing_escapes_all_and_holds_no_words_unless_asked(
    report: EvaluationReport, given: EvaluationSet
) -> None:
    page = evaluation_page(report)
    assert re.findall(r"(?:src|href)\s*=\s*[\"'](?!data:)", page) == []
    assert "two &lt;b&gt;automated&lt;/b&gt; coders" in page
    turns = [turn.text for t in given.coded.transcripts for turn in t.turns if len(turn.words) > 6]
    assert not any(text in page for text in turns)
    miss = report.misses[0]
    shown = evaluation_page(report, {(miss.session_id, miss.turn): "<i>the words</i>"})
    assert "&lt;i&gt;the words&lt;/i&gt;" in shown


def test_the_report_survives_its_json(report: EvaluationReport) -> None:
    assert EvaluationReport.model_validate_json(report.model_dump_json()) == report


def test_a_left_out_group_is_gone_from_the_table(table: TurnTable) -> None:
    assert not [name for name in without(table, "cue").feature_names if name.startswith("cue/")]
    assert without(table, "all features").features.shape == (len(table), 0)
    assert without(table, "words").counts.shape == (len(table), 0)


def test_a_saved_model_is_not_scored_on_cases_that_it_learnt_from(
    given: EvaluationSet, codebook: Codebook, tiny_model: tuple[Path, LoadedModel]
) -> None:
    loaded = tiny_model[1]
    learnt = replace(
        loaded, manifest=loaded.manifest.model_copy(update={"training_cases": list(given.coded.cases)[:4]})
    )
    found = evaluate_saved(given, codebook, learnt, OPTIONS)
    assert found.left_out_cases == 4
    assert found.cases == len(given.coded.cases) - 4
    everything = replace(
        loaded, manifest=loaded.manifest.model_copy(update={"training_cases": list(given.coded.cases)})
    )
    with pytest.raises(ModelError, match="learnt from every case"):
        evaluate_saved(given, codebook, everything, OPTIONS)


def test_turns_that_nobody_coded_are_context_alone(given: EvaluationSet, table: TurnTable) -> None:
    seen = frozenset(table.keys[:10])
    masked = replace(given, seen=seen).masked(table)
    kept = {masked.keys[row] for family in FAMILIES for row in masked.rows_of(family)}
    assert kept <= seen
    assert len(masked) == len(table)
