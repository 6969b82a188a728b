"""A whole evaluation: cross-validation or a saved model, its figures, and what is asked for beside them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from rupture_markers import __version__
from rupture_markers.errors import ModelError
from rupture_markers.learning.baselines import TFIDF, baseline_scores
from rupture_markers.learning.bootstrap import REPLICATES, Weights
from rupture_markers.learning.dataset import CodedSet
from rupture_markers.learning.estimator import FitConfig, RuptureModel, fit_model
from rupture_markers.learning.evaluation import CrossValidation, cross_validate, sets_of, strongest_of
from rupture_markers.learning.evaluation_cells import (
    Judged,
    cells_by_set,
    code_figures,
    curves,
    group_cells,
    precision_and_difference,
    worst_misses,
)
from rupture_markers.learning.evaluation_report import CrossSetCell, EvaluationReport, Strength, Variation
from rupture_markers.learning.evaluation_set import EvaluationSet
from rupture_markers.learning.random_numbers import uniform
from rupture_markers.learning.registry import LoadedModel
from rupture_markers.learning.turn_featuriser import turn_featuriser
from rupture_markers.learning.turn_table import TurnTable, build_table, share_columns
from rupture_markers.learning.weighted_figures import Array, turn_figures
from rupture_markers.markers.codebook import Codebook
from rupture_markers.markers.marker import FAMILIES, Family

_STRONGEST = 15
_LEAST_STRENGTH = 0.005
"""Log-odds; less is shown as nothing."""
CURVE_SHARES = (0.125, 0.25, 0.5)
"""Shares of the training cases of a fold that the learning curve learns from, beside all of them."""
_PURPOSE = "learning curve"


@dataclass(frozen=True)
class EvaluationOptions:
    """How thorough an evaluation is.

    Attributes
    ----------
    folds, repeats : int
    replicates : int
        Of the bootstrap.
    ablation, learning_curve, cross_set : bool
        Parts that fit many more models.
    seed : int
        Of the bootstrap and the learning curve.
    """

    folds: int = 10
    repeats: int = 1
    replicates: int = REPLICATES
    workers: int = 1
    ablation: bool = False
    learning_curve: bool = False
    cross_set: bool = False
    seed: int = 20
    config: FitConfig = field(default_factory=FitConfig)


Progress = Callable[[int], None]


def feature_groups(table: TurnTable) -> tuple[str, ...]:
    """Groups of features, the part of a name before the stroke, and the words."""
    return (*dict.fromkeys(name.partition("/")[0] for name in table.feature_names), "all features", "words")


def fits(options: EvaluationOptions, table: TurnTable, sets: int) -> int:
    """How many models an evaluation fits."""
    total = options.folds * options.repeats
    total += options.folds * len(feature_groups(table)) if options.ablation else 0
    total += options.folds * len(CURVE_SHARES) if options.learning_curve else 0
    return total + (sets if options.cross_set and sets > 1 else 0)


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
    again = _Again(runs[0], judged, families, options, progress)
    repeats = f", {options.repeats} times with other folds" if options.repeats > 1 else ""
    report = _report(given, codebook, options, judged, runs[0].ranked, runs[0].strongest)
    return report.model_copy(
        update={
            "procedure": (
                f"{options.folds}-fold cross-validation grouped by case{repeats}, all sets trained together, everything "
                "fitted inside the fold (vocabulary, both stages, calibration on inner folds grouped by case)"
            ),
            "ablation": again.ablation() if options.ablation else [],
            "learning_curve": again.learning_curve() if options.learning_curve else [],
            "cross_set": again.cross_set() if options.cross_set else [],
            "seconds": round(time.monotonic() - start, 1),
        }
    )


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
    table = given.masked(build_table(given.coded.transcripts, loaded.featurise, counter=loaded.model.counter()))
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


@dataclass(frozen=True)
class _Again:
    """Other ways of training, on the folds of the main run."""

    run: CrossValidation
    judged: Judged
    families: Mapping[Family, tuple[str, ...]]
    options: EvaluationOptions
    progress: Progress

    def ablation(self) -> list[Variation]:
        """Every group of features left out in turn."""
        return [
            self._variation(f"without {group}", without(self.run.table, group))
            for group in feature_groups(self.run.table)
        ]

    def _variation(self, name: str, table: TurnTable) -> Variation:
        found = cross_validate(
            table, self.run.coded, self.families, self.options.config, folds=self.options.folds,
            workers=self.options.workers, progress=self.progress,
        )  # fmt: skip
        ap, more = precision_and_difference(self.judged, found.probabilities)
        cases = len(self.run.coded.cases)
        return Variation(name=name, cases=cases - cases // self.options.folds, ap=ap, difference=more)

    def learning_curve(self) -> list[Variation]:
        """The same folds learnt from a growing share of their cases, the smaller within the larger."""
        table, coded = self.run.table, self.run.coded
        out = []
        for share in CURVE_SHARES:
            scores = np.full_like(self.run.probabilities, np.nan)
            counts = []
            for number in range(self.options.folds):
                inside = self.run.fold != number
                kept = _some_cases(self.judged, inside, share, self.options.seed)
                counts.append(len(np.unique(table.cases[kept])))
                scores[~inside] = _scored(table, coded, kept, ~inside, self.families, self.options.config)
                self.progress(1)
            ap, more = precision_and_difference(self.judged, scores)
            out.append(
                Variation(name=f"{share:.1%} of the cases", cases=round(float(np.mean(counts))), ap=ap, difference=more)
            )
        return out

    def cross_set(self) -> list[CrossSetCell]:
        """Each set learnt alone, every other one scored."""
        table, coded = self.run.table, self.run.coded
        names = sorted(set(self.judged.sets.tolist()))
        out: list[CrossSetCell] = []
        for name in names if len(names) > 1 else ():
            train = self.judged.sets == name
            scores = _scored(table, coded, train, ~train, self.families, self.options.config)
            tfidf = baseline_scores(table, coded, train, ~train)[TFIDF]
            full, base = np.full_like(self.run.probabilities, np.nan), np.full_like(self.run.probabilities, np.nan)
            full[~train], base[~train] = scores, tfidf
            for other in names:
                if other != name:
                    out.extend(self._crossed(name, other, full, base))
            self.progress(1)
        return out

    def _crossed(self, name: str, other: str, full: Array, base: Array) -> list[CrossSetCell]:
        out = []
        for column, family in enumerate(FAMILIES):
            rows = self.run.table.rows_of(family)
            rows = rows[(self.judged.sets[rows] == other) & ~np.isnan(full[rows, column])]
            share = self.judged.share[rows, column]
            sure = (share == 0) | (share == 1)
            if len(np.unique(share[sure])) < 2:
                continue

            def figures(
                weight: Weights, share: Array = share, a: Array = full[rows, column], b: Array = base[rows, column]
            ) -> dict[str, Array]:
                ours, theirs = turn_figures(share, a, weight), turn_figures(share, b, weight)
                return {"ap": ours["ap"], "baseline_ap": theirs["ap"], "brier_skill": ours["brier_skill"]}

            found = self.judged.estimates(rows, figures)
            rate = float((share == 1).sum() / sure.sum())
            out.append(
                CrossSetCell.model_validate(
                    {"trained_on": name, "scored": other, "family": family, "base_rate": rate, **found}
                )
            )
        return out


def without(table: TurnTable, group: str) -> TurnTable:
    """The table less one group of features (or all of them), or less the words."""
    if group == "words":
        none = csr_matrix((len(table), 0), dtype=np.float32)
        return replace(table, counts=none, terms=np.array([], dtype=np.str_))
    kept = [
        n for n, name in enumerate(table.feature_names) if group != "all features" and name.partition("/")[0] != group
    ]
    return replace(table, features=table.features[:, kept], feature_names=tuple(table.feature_names[n] for n in kept))


def _some_cases(judged: Judged, inside: NDArray[np.bool_], share: float, seed: int) -> NDArray[np.bool_]:
    """Rows of a share of the cases inside, of each set, two cases at least; smaller shares lie within larger ones."""
    cases = judged.table.cases
    chosen: list[str] = []
    for name in np.unique(judged.sets[inside]):
        of_set = sorted(
            np.unique(cases[inside & (judged.sets == name)]).tolist(), key=lambda case: uniform(seed, _PURPOSE, case)
        )
        chosen += of_set[: max(2, round(share * len(of_set)))]
    return inside & np.isin(cases, chosen)


def _scored(
    table: TurnTable, coded: CodedSet, train: NDArray[np.bool_], test: NDArray[np.bool_],
    families: Mapping[Family, tuple[str, ...]], config: FitConfig,
) -> Array:  # fmt: skip
    model, _ = fit_model(table.take(train), coded, families, config)
    return model.score_table(table.take(test)).probabilities
