"""Cross-validation grouped by case: everything that is learnt is learnt inside the fold."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from rupture_markers.learning.dataset import CodedSet
from rupture_markers.learning.estimator import FitConfig, fit_model
from rupture_markers.learning.figures import family_figures
from rupture_markers.learning.folds import fold_of_cases
from rupture_markers.learning.manifest import FamilyFigures
from rupture_markers.learning.scores import TurnScore, TurnScores, write_scores
from rupture_markers.learning.turn_table import TurnTable, share_columns
from rupture_markers.learning.word_model import doubled
from rupture_markers.markers.marker import FAMILIES, Family

FOLDS = 10


@dataclass(frozen=True)
class CrossValidation:
    """Out-of-fold scores of every turn.

    Attributes
    ----------
    table : TurnTable
    coded : CodedSet
    probabilities, baseline : arrays, turns x families
        Of the model, and of TF-IDF and logistic regression on the turn alone; NaN where a family is not coded.
    fold : array of int, turns
    top_codes : tuple of str
        Likeliest code of each turn, '' where none.
    """

    table: TurnTable
    coded: CodedSet
    probabilities: NDArray[np.float64]
    baseline: NDArray[np.float64]
    fold: NDArray[np.int64]
    top_codes: tuple[str, ...]
    folds: int
    seed: int

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
                        self.top_codes[row],
                    )
                )  # fmt: skip
                row += 1
            if self.coded.sets[transcript.session_id] == name:
                yield TurnScores(transcript.session_id, tuple(rows))


@dataclass(frozen=True)
class _Fold:
    number: int
    probabilities: NDArray[np.float64]
    baseline: NDArray[np.float64]
    top_codes: list[str]


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
        Sets that the TF-IDF baseline is not trained on.
    progress : callable
        Called with 1 after each fold.
    """
    config = config or FitConfig()
    fold = fold_of_cases(table.cases, folds, config.seed + 1, strata=sets_of(table, coded))
    run = partial(_one_fold, table, coded, codes_of_family, config, fold=fold, without=frozenset(without_in_baseline))
    probabilities = np.full((len(table), len(FAMILIES)), np.nan)
    baseline = np.full_like(probabilities, np.nan)
    top = [""] * len(table)

    def take(part: _Fold) -> None:
        rows = np.flatnonzero(fold == part.number)
        probabilities[rows], baseline[rows] = part.probabilities, part.baseline
        for row, code in zip(rows, part.top_codes, strict=True):
            top[row] = code
        progress(1)

    if workers == 1:
        for number in range(folds):
            take(run(number=number))
    else:
        # spawn: a forked child of a process whose OpenMP has run may hang.
        with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
            for done in as_completed([pool.submit(run, number=number) for number in range(folds)]):
                take(done.result())
    return CrossValidation(table, coded, probabilities, baseline, fold, tuple(top), folds, config.seed)


def _one_fold(
    table: TurnTable,
    coded: CodedSet,
    codes_of_family: Mapping[Family, tuple[str, ...]],
    config: FitConfig,
    *,
    fold: NDArray[np.int64],
    without: frozenset[str],
    number: int,
) -> _Fold:
    inside = fold != number
    held = table.take(~inside)
    model, _ = fit_model(table.take(inside), coded, codes_of_family, config)
    found = model.score_table(held)
    ranked = model.rank_codes(held, found.word_scores.words)
    top = []
    for row, codes in enumerate(ranked):
        given = found.probabilities[row]
        best = FAMILIES[int(np.nanargmax(given))] if not np.isnan(given).all() else None
        top.append(next(iter(codes.get(best, ())), "") if best else "")
    allowed = inside & ~np.isin(sets_of(table, coded), sorted(without))
    return _Fold(number, found.probabilities, turn_alone_baseline(table, coded, allowed, ~inside), top)


def turn_alone_baseline(
    table: TurnTable, coded: CodedSet, train: NDArray[np.bool_], test: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """TF-IDF of the turn's words and pairs and a logistic regression, as scikit-learn has them: the text-book way.

    Returns
    -------
    array, test turns x families
    """
    share = share_columns(table, coded.shares)
    texts = np.array([turn.spoken for t in table.transcripts for turn in t.turns], dtype=object)
    test_rows = np.flatnonzero(test)
    place = np.full(len(table), -1)
    place[test_rows] = np.arange(len(test_rows))
    out = np.full((len(test_rows), len(FAMILIES)), np.nan)
    for column, family in enumerate(FAMILIES):
        rows = table.rows_of(family)
        fit, held = rows[train[rows]], rows[test[rows]]
        if not len(held):
            continue
        copies, labels, weights = doubled(share[fit, column], np.ones(len(fit)))
        if len(np.unique(labels)) < 2:
            out[place[held], column] = float(labels.mean()) if len(labels) else 0.0
            continue
        vectoriser = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True).fit(texts[fit])
        regression = LogisticRegression(C=5.0, max_iter=500)
        regression.fit(vectoriser.transform(texts[fit[copies]]), labels, sample_weight=weights)
        out[place[held], column] = regression.predict_proba(vectoriser.transform(texts[held]))[:, 1]
    return out
