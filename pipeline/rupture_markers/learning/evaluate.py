"""A whole evaluation: cross-validation or a saved model, its figures, and what is asked for beside them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime

from rupture_markers import __version__
from rupture_markers.errors import ModelError
from rupture_markers.learning.evaluation import CrossValidation, cross_validate, sets_of, strongest_of
from rupture_markers.learning.evaluation_cells import (
    Judged,
    cells_by_set,
    code_figures,
    curves,
    group_cells,
    worst_misses,
)
from rupture_markers.learning.evaluation_report import EvaluationReport, Strength
from rupture_markers.learning.evaluation_set import EvaluationSet
from rupture_markers.learning.evaluation_variations import EvaluationOptions, Progress, Variations
from rupture_markers.learning.registry import LoadedModel
from rupture_markers.learning.rupture_model import RuptureModel
from rupture_markers.learning.turn_featuriser import turn_featuriser
from rupture_markers.learning.turn_table import TurnTable, build_table, share_columns
from rupture_markers.learning.weighted_figures import Array
from rupture_markers.markers.codebook import Codebook
from rupture_markers.markers.marker import Family

_STRONGEST = 15
_LEAST_STRENGTH = 0.005
"""Log-odds; less is shown as nothing."""


def evaluate(
    given: EvaluationSet,
    codebook: Codebook,
    options: EvaluationOptions,
    table: TurnTable,
    progress: Progress = lambda _: None,
) -> EvaluationReport:
    """Cross-validate on coded sessions: figures, intervals and what the options ask for.

    Parameters
    ----------
    table : TurnTable
        `evaluation_table` of the set.
    progress : callable
        Called with 1 after each of `fits` models.

    Raises
    ------
    ModelError
        If there are fewer cases than folds.
    """
    start = time.monotonic()
    coded = given.coded
    if len(coded.cases) < max(options.folds, 2):
        raise ModelError(
            f"there are coded sessions of {len(coded.cases)} cases, too few for {options.folds} folds.",
            "Give --folds a smaller number, or evaluate a saved model with --model.",
        )
    families = _families(codebook)
    without = tuple(name for name, weight in options.config.set_weights.items() if weight < 1)
    runs = [
        cross_validate(
            table, coded, families, options.config, folds=options.folds, workers=options.workers,
            without_in_baseline=without, strongest=number == 0, fold_seed=options.config.seed + 1 + number,
            progress=progress,
        )
        for number in range(options.repeats)
    ]  # fmt: skip
    judged = _judged(runs[0], [run.probabilities for run in runs], options)
    again = Variations(runs[0], judged, families, options, progress)
    repeats = f", {options.repeats} times with other folds" if options.repeats > 1 else ""
    report = _report(given, codebook, options, judged, runs[0].ranked, runs[0].strongest)
    return report.model_copy(
        update={
            "procedure": (
                f"{options.folds}-fold cross-validation grouped by case{repeats}, all sets trained together, everything "
                "fitted inside the fold (vocabulary, both stages, calibration on inner folds grouped by case)"
                f"{_beside_the_marks(coded.graded_turns)}"
            ),
            "ablation": again.ablation() if options.ablation else [],
            "learning_curve": again.learning_curve() if options.learning_curve else [],
            "cross_set": again.cross_set() if options.cross_set else [],
            "seconds": round(time.monotonic() - start, 1),
        }
    )


def _beside_the_marks(graded: int) -> str:
    return f"; degrees of {graded} turns learnt beside the marks, those of training turns alone" if graded else ""


def evaluate_saved(
    given: EvaluationSet, codebook: Codebook, loaded: LoadedModel, options: EvaluationOptions
) -> EvaluationReport:
    """Evaluate a saved model on sessions of cases that it did not learn from; those that it did are left out.

    Raises
    ------
    ModelError
        If no other case is left.
    """
    start = time.monotonic()
    learnt = set(loaded.manifest.training_cases) & set(given.coded.cases)
    given = given.without_cases(learnt)
    if not given.coded.transcripts:
        raise ModelError(
            f"model '{loaded.id}' learnt from every case given.", "Give sessions of other cases, or leave out --model."
        )
    table = given.masked(build_table(given.coded.transcripts, loaded.featurise, counter=loaded.model.counter))
    found = loaded.model.score_table(table)
    ranked = tuple(loaded.model.rank_codes(table, found.word_scores.words))
    share = share_columns(table, given.coded.shares)
    sets = sets_of(table, given.coded)
    judged = Judged(table, share, [found.probabilities], {}, sets, options.replicates, options.seed)
    strongest = (
        strongest_of(loaded.model, table, found.inputs, given.coded) if isinstance(loaded.model, RuptureModel) else {}
    )
    options = replace(options, folds=0, repeats=1)
    return _report(given, codebook, options, judged, ranked, strongest).model_copy(
        update={
            "procedure": f"saved model '{loaded.id}' on cases that it did not learn from",
            "model_id": loaded.id,
            "model_sha256": loaded.manifest.sha256,
            "config": dict(loaded.manifest.config),
            "left_out_cases": len(learnt),
            "seconds": round(time.monotonic() - start, 1),
        }
    )


def evaluation_table(given: EvaluationSet, codebook: Codebook, progress: Progress = lambda _: None) -> TurnTable:
    """Turns of the set with their features and terms; turns that nobody coded are context only."""
    return given.masked(build_table(given.coded.transcripts, turn_featuriser(codebook), progress=progress))


def _families(codebook: Codebook) -> dict[Family, tuple[str, ...]]:
    return {family: tuple(code.id for code in codebook.of_family(family)) for family in codebook.families}


def _judged(run: CrossValidation, scores: list[Array], options: EvaluationOptions) -> Judged:
    share = share_columns(run.table, run.coded.shares)
    sets = sets_of(run.table, run.coded)
    return Judged(run.table, share, scores, run.baselines, sets, options.replicates, options.seed)


def _report(
    given: EvaluationSet,
    codebook: Codebook,
    options: EvaluationOptions,
    judged: Judged,
    ranked: tuple[Mapping[Family, tuple[str, ...]], ...],
    strongest: Mapping[Family, Mapping[str, float]],
) -> EvaluationReport:
    groups, suppressed = group_cells(judged)
    codes, accuracy = code_figures(judged, ranked, given.agreed, codebook)
    sessions: dict[str, int] = {}
    for transcript in given.coded.transcripts:
        name = given.coded.sets[transcript.session_id]
        sessions[name] = sessions.get(name, 0) + 1
    return EvaluationReport(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        version=__version__,
        procedure="",
        labels=given.labels,
        codebook_name=codebook.name,
        codebook_version=codebook.version,
        codebook_sha256=codebook.sha256,
        folds=options.folds,
        repeats=options.repeats,
        replicates=options.replicates,
        seed=options.seed,
        config=asdict(options.config),
        graded_turns=given.coded.graded_turns,
        sessions=sessions,
        cases=len(given.coded.cases),
        by_set=cells_by_set(judged),
        groups=groups,
        suppressed_groups=suppressed,
        codes=codes,
        code_accuracy=accuracy,
        curves=curves(judged),
        strongest={
            family: [
                Strength(reason=reason, log_odds=round(value, 3))
                for reason, value in sorted(found.items(), key=lambda item: -item[1])[:_STRONGEST]
                if value >= _LEAST_STRENGTH
            ]
            for family, found in strongest.items()
        },
        misses=worst_misses(judged, given.agreed),
    )
