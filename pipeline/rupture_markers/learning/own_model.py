"""A lab's own part of a model: a small word model beside the baseline's log-odds, and the choice between them.

For each family one of three is chosen on scores out of fold, grouped by case: the baseline as it is, the baseline's
log-odds beside the lab's own words, or the lab's own words alone. All that is learnt, vocabulary included, is learnt
inside the fold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from rupture_markers.learning.calibration import FARTHEST
from rupture_markers.learning.figures import soft_average_precision
from rupture_markers.learning.folds import fold_of_cases
from rupture_markers.learning.terms import CHARACTERS, Vocabulary, choose_vocabulary
from rupture_markers.learning.word_model import doubled
from rupture_markers.markers.marker import FAMILIES, Family

Choice = Literal["baseline", "both", "own"]
CHOICES: tuple[Choice, ...] = get_args(Choice)
"""From the simplest; the first of equals is taken."""
FOLDS = 5
MOST_WORDS = 3000
STRENGTH = 0.3
"""Inverse of the regularisation of the lab's words: a few sessions are few."""
LEAST_GAIN = 0.01
"""Average precision out of fold that a choice must gain over a simpler one: less is within the noise of few cases."""


@dataclass(frozen=True)
class GoldTurns:
    """Turns with gold, one row a turn.

    Attributes
    ----------
    base : array, turns x families
        Log-odds of the baseline; NaN where a family is not coded in that speaker's turns.
    counts : sparse matrix, turns x terms
        Of every word and word pair of the turns.
    terms : array of str
    share : array, turns x families
        Gold; NaN where there is none.
    cases : array of str
        Case of each row.
    """

    base: NDArray[np.float64]
    counts: csr_matrix
    terms: NDArray[np.str_]
    share: NDArray[np.float64]
    cases: NDArray[np.str_]

    def take(self, rows: NDArray[np.bool_]) -> GoldTurns:
        """Only these rows."""
        where = np.flatnonzero(rows)
        return GoldTurns(self.base[where], self.counts[where], self.terms, self.share[where], self.cases[where])


@dataclass(frozen=True)
class OwnPart:
    """One family: log-odds = slope * baseline's log-odds + weights . words + intercept.

    Attributes
    ----------
    choice : Choice
    weights : array of float32, terms
    slope, intercept : float
        1 and 0 for the baseline as it is.
    """

    choice: Choice
    weights: NDArray[np.float32]
    slope: float
    intercept: float

    def added(self, words: csr_matrix) -> NDArray[np.float64]:
        """What words and intercept add to the log-odds of each row."""
        return np.asarray(words @ self.weights, dtype=np.float64) + self.intercept


@dataclass(frozen=True)
class OwnModel:
    """The lab's own part: vocabulary of words and pairs of at least three training cases, and a part a family."""

    vocabulary: Vocabulary
    parts: Mapping[Family, OwnPart]

    def words(self, counts: csr_matrix) -> csr_matrix:
        """TF-IDF of turns; ``counts`` holds the vocabulary's terms."""
        return self.vocabulary.weigh(counts)[0]

    def log_odds(self, base: NDArray[np.float64], counts: csr_matrix) -> NDArray[np.float64]:
        """Log-odds of each row and family; NaN where ``base`` is."""
        words = self.words(counts)
        out = np.full(base.shape, np.nan)
        for column, family in enumerate(FAMILIES):
            if family in self.parts:
                part = self.parts[family]
                out[:, column] = part.slope * base[:, column] + part.added(words)
        return np.where(np.isnan(base), np.nan, np.clip(out, -FARTHEST, FARTHEST))


@dataclass(frozen=True)
class OwnFit:
    """A fitted own part, and what its choice rests on.

    Attributes
    ----------
    average_precision : Mapping of Family to Mapping of Choice to float
        Out of fold, soft; empty for a family without a marked turn.
    out_of_fold : array, turns x families
        Log-odds of what was chosen.
    """

    model: OwnModel
    average_precision: Mapping[Family, Mapping[Choice, float]]
    out_of_fold: NDArray[np.float64]

    @property
    def choices(self) -> dict[Family, Choice]:
        """What was chosen for each family."""
        return {family: part.choice for family, part in self.model.parts.items()}


def fit_own(turns: GoldTurns, *, folds: int = FOLDS, seed: int = 1) -> OwnFit:
    """Choose for each family between baseline, both and own, then fit the choice on all turns."""
    fold = fold_of_cases(turns.cases, min(folds, len(np.unique(turns.cases))), seed)
    scores = {choice: np.full(turns.base.shape, np.nan) for choice in CHOICES}
    for number in np.unique(fold):
        inside, held = turns.take(fold != number), turns.take(fold == number)
        vocabulary, columns = vocabulary_of(inside)
        for choice in CHOICES:
            model = fit_choice(inside, vocabulary, columns, dict.fromkeys(FAMILIES, choice), seed)
            scores[choice][fold == number] = model.log_odds(held.base, held.counts[:, columns].tocsr())
    chosen: dict[Family, Choice] = {}
    precision: dict[Family, dict[Choice, float]] = {}
    out = np.full(turns.base.shape, np.nan)
    for column, family in enumerate(FAMILIES):
        rows = np.flatnonzero(~np.isnan(turns.share[:, column]) & ~np.isnan(turns.base[:, column]))
        share = turns.share[rows, column]
        chosen[family] = "baseline"
        if 0 < share.sum() < len(share):
            found = {choice: soft_average_precision(share, scores[choice][rows, column]) for choice in CHOICES}
            precision[family] = found
            for choice in CHOICES[1:]:
                if found[choice] >= found[chosen[family]] + LEAST_GAIN:
                    chosen[family] = choice
        out[:, column] = scores[chosen[family]][:, column]
    vocabulary, columns = vocabulary_of(turns)
    return OwnFit(fit_choice(turns, vocabulary, columns, chosen, seed), precision, out)


def vocabulary_of(turns: GoldTurns) -> tuple[Vocabulary, NDArray[np.int64]]:
    """Words and pairs of the turns that enough cases use, and their columns in ``turns.counts``."""
    _, case_of_row = np.unique(turns.cases, return_inverse=True)
    words = ~np.char.startswith(turns.terms, CHARACTERS)
    vocabulary, columns = choose_vocabulary(
        turns.counts[:, np.flatnonzero(words)], turns.terms[words], case_of_row,
        most_words=MOST_WORDS, most_characters=0,
    )  # fmt: skip
    return vocabulary, np.flatnonzero(words)[columns]


def fit_choice(
    turns: GoldTurns, vocabulary: Vocabulary, columns: NDArray[np.int64], choices: Mapping[Family, Choice], seed: int
) -> OwnModel:
    """Fit what was chosen for each family on all turns; the baseline as it is where all or none are marked."""
    words = vocabulary.weigh(turns.counts[:, columns].tocsr())[0]
    nothing = np.zeros(len(vocabulary.terms), dtype=np.float32)
    parts: dict[Family, OwnPart] = {}
    for column, family in enumerate(FAMILIES):
        choice = choices[family]
        rows = np.flatnonzero(~np.isnan(turns.share[:, column]) & ~np.isnan(turns.base[:, column]))
        copies, labels, weights = doubled(turns.share[rows, column], np.ones(len(rows)))
        if choice == "baseline" or len(np.unique(labels)) < 2:
            parts[family] = OwnPart("baseline", nothing, 1.0, 0.0)
            continue
        base = csr_matrix(turns.base[rows, column][:, None] if choice == "both" else np.zeros((len(rows), 1)))
        matrix = hstack([words[rows], base]).tocsr()[copies]
        regression = LogisticRegression(C=STRENGTH, max_iter=500, tol=1e-4, random_state=seed)
        # One thread: vectors are short, and on a busy machine the threads wait for each other far longer than they work.
        with threadpool_limits(1):
            regression.fit(matrix, labels, sample_weight=weights)
        coefficients = regression.coef_[0]
        parts[family] = OwnPart(
            choice, coefficients[:-1].astype(np.float32), float(coefficients[-1]), float(regression.intercept_[0])
        )
    return OwnModel(vocabulary, parts)
