"""Evaluations that train otherwise: without groups of features, from fewer cases, on one set alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from rupture_markers.errors import ConfigError
from rupture_markers.learning.baselines import TFIDF, baseline_scores
from rupture_markers.learning.bootstrap import REPLICATES, Weights
from rupture_markers.learning.dataset import CodedSet
from rupture_markers.learning.estimator import fit_model
from rupture_markers.learning.evaluation import CrossValidation, cross_validate
from rupture_markers.learning.evaluation_cells import Judged, precision_and_difference
from rupture_markers.learning.evaluation_report import CrossSetCell, Variation
from rupture_markers.learning.fit_config import FitConfig
from rupture_markers.learning.random_numbers import uniform
from rupture_markers.learning.turn_table import TurnTable
from rupture_markers.learning.weighted_figures import Array, turn_figures
from rupture_markers.markers.marker import FAMILIES, Family

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
    left_out : tuple of str
        What the ablation leaves out, groups joined by '+'; empty for every group in turn.
    seed : int
        Of the bootstrap and the learning curve.
    """

    folds: int = 10
    repeats: int = 1
    replicates: int = REPLICATES
    workers: int = 1
    ablation: bool = False
    left_out: tuple[str, ...] = ()
    learning_curve: bool = False
    cross_set: bool = False
    seed: int = 20
    config: FitConfig = field(default_factory=FitConfig)


Progress = Callable[[int], None]


def feature_groups(table: TurnTable) -> tuple[str, ...]:
    """Groups of features, the part of a name before the stroke, and the words."""
    return (*dict.fromkeys(name.partition("/")[0] for name in table.feature_names), "all features", "words")


def left_out(options: EvaluationOptions, table: TurnTable) -> tuple[str, ...]:
    """What the ablation leaves out, one after the other.

    Raises
    ------
    ConfigError
        If a group is named that there is not.
    """
    known = feature_groups(table)
    unknown = sorted({group for name in options.left_out for group in name.split("+")} - set(known))
    if unknown:
        raise ConfigError(
            f"there is no group of features '{unknown[0]}'.", f"Take some of {', '.join(known)}, joined by '+'."
        )
    return (options.left_out or known) if options.ablation else ()


def fits(options: EvaluationOptions, table: TurnTable, sets: int) -> int:
    """How many models an evaluation fits."""
    total = options.folds * options.repeats
    total += options.folds * len(left_out(options, table))
    total += options.folds * len(CURVE_SHARES) if options.learning_curve else 0
    return total + (sets if options.cross_set and sets > 1 else 0)


@dataclass(frozen=True)
class Variations:
    """Other ways of training, on the folds of the main run."""

    run: CrossValidation
    judged: Judged
    families: Mapping[Family, tuple[str, ...]]
    options: EvaluationOptions
    progress: Progress

    def ablation(self) -> list[Variation]:
        """Groups of features left out in turn."""
        table = self.run.table
        return [
            self._variation(f"without {group.replace('+', ', ')}", without(table, group))
            for group in left_out(self.options, table)
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


def without(table: TurnTable, groups: str) -> TurnTable:
    """The table less some groups of features, joined by '+'; 'all features' and 'words' are groups, too."""
    gone = groups.split("+")
    if "words" in gone:
        none = csr_matrix((len(table), 0), dtype=np.float32)
        table = replace(table, counts=none, terms=np.array([], dtype=np.str_))
    names = table.feature_names
    kept = [n for n, name in enumerate(names) if "all features" not in gone and name.partition("/")[0] not in gone]
    return replace(table, features=table.features[:, kept], feature_names=tuple(names[n] for n in kept))


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
