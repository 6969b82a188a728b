"""Cross-validation grouped by case: everything that is learnt is learnt inside the fold."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rupture_markers.learning.baselines import TFIDF, baseline_scores
from rupture_markers.learning.dataset import CodedSet
from rupture_markers.learning.estimator import fit_model
from rupture_markers.learning.figures import family_figures
from rupture_markers.learning.fit_config import FitConfig
from rupture_markers.learning.folds import fold_of_cases
from rupture_markers.learning.manifest import FamilyFigures
from rupture_markers.learning.rupture_model import RuptureModel
from rupture_markers.learning.scores import TurnScore, TurnScores, write_scores
from rupture_markers.learning.strongest_features import separations
from rupture_markers.learning.turn_table import TurnTable, share_columns
from rupture_markers.markers.marker import FAMILIES, Family

FOLDS = 10


@dataclass(frozen=True)
class CrossValidation:
    """Out-of-fold scores of every turn.

    Attributes
    ----------
    table : TurnTable
    coded : CodedSet
    probabilities : array, turns x families
        NaN where a family is not coded.
    baselines : Mapping of str to array, turns x families
        By name, as in ``baselines.BASELINES``.
    fold : array of int, turns
    ranked : tuple of Mapping of Family to codes
        Codes of each turn, likeliest first.
    strongest : Mapping of Family to Mapping of str to float
        `separations` of the held-out turns, mean over folds; empty unless asked for.
    """

    table: TurnTable
    coded: CodedSet
    probabilities: NDArray[np.float64]
    baselines: Mapping[str, NDArray[np.float64]]
    fold: NDArray[np.int64]
    ranked: tuple[Mapping[Family, tuple[str, ...]], ...]
    folds: int
    seed: int
    strongest: Mapping[Family, Mapping[str, float]] = field(default_factory=dict)

    @property
    def baseline(self) -> NDArray[np.float64]:
        """Of TF-IDF and logistic regression on the turn alone."""
        return self.baselines[TFIDF]

    def top_code(self, row: int) -> str:
        """Likeliest code of the likeliest family of a turn, '' where none."""
        given = self.probabilities[row]
        if np.isnan(given).all():
            return ""
        return next(iter(self.ranked[row].get(FAMILIES[int(np.nanargmax(given))], ())), "")

    def figures(self) -> dict[str, dict[Family, FamilyFigures]]:
        """Figures by set and family."""
        share = share_columns(self.table, self.coded.shares)
        sets = sets_of(self.table, self.coded)
        out: dict[str, dict[Family, FamilyFigures]] = {}
        for name in sorted(set(sets.tolist())):
            for column, family in enumerate(FAMILIES):
                rows = self.table.rows_of(family)
                rows = rows[sets[rows] == name]
                found = family_figures(
                    share[rows, column], self.probabilities[rows, column], self.baseline[rows, column]
                )
                if found is not None:
                    out.setdefault(name, {})[family] = found
        return out

    def write(self, folder: Path) -> list[Path]:
        """Write one file of scores per set, and one of the baseline's, as ``score_markers.py`` reads them."""
        folder.mkdir(parents=True, exist_ok=True)
        sets = sets_of(self.table, self.coded)
        written = []
        for name in sorted(set(sets.tolist())):
            for kind, scores in (("scores", self.probabilities), ("tfidf", self.baseline)):
                path = folder / f"{name}-{kind}.csv"
                write_scores(path, self._sessions(name, scores))
                written.append(path)
        return written

    def _sessions(self, name: str, scores: NDArray[np.float64]) -> Iterator[TurnScores]:
        row = 0
        for transcript in self.table.transcripts:
            rows = []
            for turn in transcript.turns:
                withdrawal, confrontation, repair = (None if np.isnan(p) else float(p) for p in scores[row])
                rows.append(
                    TurnScore(
                        transcript.session_id, turn.index, turn.speaker, withdrawal, confrontation, repair,
                        self.top_code(row),
                    )
                )  # fmt: skip
                row += 1
            if self.coded.sets[transcript.session_id] == name:
                yield TurnScores(transcript.session_id, tuple(rows))


@dataclass(frozen=True)
class _Fold:
    number: int
    probabilities: NDArray[np.float64]
    baselines: dict[str, NDArray[np.float64]]
    ranked: list[dict[Family, tuple[str, ...]]]
    strongest: dict[Family, dict[str, float]]


def sets_of(table: TurnTable, coded: CodedSet) -> NDArray[np.str_]:
    """Set of each row."""
    return np.array([coded.sets[t.session_id] for t in table.transcripts], dtype=np.str_)[table.session]


def cross_validate(
    table: TurnTable,
    coded: CodedSet,
    codes_of_family: Mapping[Family, tuple[str, ...]],
    config: FitConfig | None = None,
    *,
    folds: int = FOLDS,
    workers: int = 1,
    without_in_baseline: Collection[str] = (),
    strongest: bool = False,
    fold_seed: int | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> CrossValidation:
    """Score every turn by a model that saw no turn of its case.

    Parameters
    ----------
    table : TurnTable
        That counts every term, of the transcripts in ``coded``.
    workers : int
        Processes; each fold is fitted in one.
    without_in_baseline : collection of str
        Sets that the baselines are not trained on.
    strongest : bool
        Look which features carry the families, too.
    fold_seed : int, optional
        Of the folds; the config's seed + 1 without.
    progress : callable
        Called with 1 after each fold.
    """
    config = config or FitConfig()
    seed = config.seed + 1 if fold_seed is None else fold_seed
    fold = fold_of_cases(table.cases, folds, seed, strata=sets_of(table, coded))
    run = partial(
        _one_fold, table, coded, codes_of_family, config,
        fold=fold, without=frozenset(without_in_baseline), strongest=strongest,
    )  # fmt: skip
    parts: list[_Fold] = []

    def take(part: _Fold) -> None:
        parts.append(part)
        progress(1)

    if workers == 1:
        for number in range(folds):
            take(run(number=number))
    else:
        # spawn: a forked child of a process whose OpenMP has run may hang.
        with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
            for done in as_completed([pool.submit(run, number=number) for number in range(folds)]):
                take(done.result())
    parts.sort(key=lambda part: part.number)
    shape = (len(table), len(FAMILIES))
    probabilities = np.full(shape, np.nan)
    baselines = {name: np.full(shape, np.nan) for part in parts for name in part.baselines}
    ranked: list[Mapping[Family, tuple[str, ...]]] = [{} for _ in range(len(table))]
    for part in parts:
        rows = np.flatnonzero(fold == part.number)
        probabilities[rows] = part.probabilities
        for name, scores in part.baselines.items():
            baselines[name][rows] = scores
        for row, codes in zip(rows, part.ranked, strict=True):
            ranked[row] = codes
    found = _mean_over_folds([part.strongest for part in parts])
    return CrossValidation(table, coded, probabilities, baselines, fold, tuple(ranked), folds, config.seed, found)


def _mean_over_folds(parts: list[dict[Family, dict[str, float]]]) -> dict[Family, dict[str, float]]:
    out: dict[Family, dict[str, float]] = {}
    for family in FAMILIES:
        given = [part[family] for part in parts if part.get(family)]
        reasons = dict.fromkeys(reason for part in given for reason in part)
        if given:
            out[family] = {reason: sum(part.get(reason, 0.0) for part in given) / len(given) for reason in reasons}
    return out


def _one_fold(
    table: TurnTable,
    coded: CodedSet,
    codes_of_family: Mapping[Family, tuple[str, ...]],
    config: FitConfig,
    *,
    fold: NDArray[np.int64],
    without: frozenset[str],
    strongest: bool,
    number: int,
) -> _Fold:
    inside = fold != number
    held = table.take(~inside)
    model, _ = fit_model(table.take(inside), coded, codes_of_family, config)
    found = model.score_table(held)
    allowed = inside & ~np.isin(sets_of(table, coded), sorted(without))
    return _Fold(
        number,
        found.probabilities,
        baseline_scores(table, coded, allowed, ~inside),
        model.rank_codes(held, found.word_scores.words),
        strongest_of(model, held, found.inputs, coded) if strongest else {},
    )


def strongest_of(
    model: RuptureModel, table: TurnTable, inputs: NDArray[np.float32], coded: CodedSet
) -> dict[Family, dict[str, float]]:
    """`separations` of each family over the turns that the coders agree on."""
    share = share_columns(table, coded.shares)
    out: dict[Family, dict[str, float]] = {}
    for column, family in enumerate(FAMILIES):
        rows = table.rows_of(family)
        rows = rows[(share[rows, column] == 0) | (share[rows, column] == 1)]
        if family in model.families and len(rows):
            out[family] = separations(model, family, inputs[rows], share[rows, column] == 1)
    return out
