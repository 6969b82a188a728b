"""Logistic regressions on the TF-IDF of a turn's words and characters and of its neighbours' words.

By themselves they are the first stage. With the words of the session and the features of the turns (`dialogue_part`) as
further columns they are the linear model that the second stage's boosting is added to.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack, vstack
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVR

from rupture_markers.learning.dialogue_part import FeaturePart, Heard, SessionPart, sum_around
from rupture_markers.learning.terms import Vocabulary, choose_vocabulary
from rupture_markers.learning.turn_table import TurnTable
from rupture_markers.markers.marker import FAMILIES

NEIGHBOURS: tuple[tuple[int, float], ...] = (
    (-1, 0.6), (1, 0.4), (-2, 0.4), (2, 0.3), (-3, 0.2), (3, 0.2), (-4, 0.2), (4, 0.2),
)  # fmt: skip
"""Turns whose words count beside the turn's own: offset and how much of their length they keep."""
LEAST_GRADED = 200
"""Graded turns of a family, below which its degrees are not learnt."""


@dataclass(frozen=True)
class WordConfig:
    """What the first stage and the linear model are fitted with.

    Attributes
    ----------
    strength : float
        Inverse of the regularisation, liblinear's C.
    most_words, most_characters : int
        Largest vocabulary.
    character_share : float
        Length that a turn's characters keep beside its words: spelling should tell less than words do.
    degree_share : float
        How much of the regression on degrees, of log(1 + degree), is added to the linear model's log-odds.
    degree_strength : float
        Inverse of its regularisation.
    """

    strength: float = 2.0
    most_words: int = 12_000
    most_characters: int = 16_000
    character_share: float = 0.5
    degree_share: float = 2.0
    degree_strength: float = 0.1
    seed: int = 0


@dataclass(frozen=True)
class WordModel:
    """Weights of the regressions.

    Attributes
    ----------
    vocabulary : Vocabulary
    own : array of float32, terms x families
        Weights of the turn's own terms.
    around : array of float32, neighbours x words x families
        Weights of the words of each neighbour in ``NEIGHBOURS``, its share of length included.
    intercept : array of float64, families
    session : SessionPart
    features : FeaturePart
        Both empty in the first stage.
    """

    vocabulary: Vocabulary
    own: NDArray[np.float32]
    around: NDArray[np.float32]
    intercept: NDArray[np.float64]
    session: SessionPart
    features: FeaturePart

    def score(self, table: TurnTable, counts: csr_matrix) -> WordScores:
        """Log-odds of every row and family; ``counts`` holds the vocabulary's terms."""
        return self.score_words(table, *self.vocabulary.weigh(counts))

    def score_words(self, table: TurnTable, words: csr_matrix, characters: csr_matrix) -> WordScores:
        """Log-odds from the TF-IDF of `Vocabulary.weigh`."""
        cut, families = self.vocabulary.words, len(FAMILIES)
        # A model of format 1 has weights for the first of the neighbours alone.
        near = NEIGHBOURS[: len(self.around)]
        weights = np.concatenate([self.own[:cut], *self.around], axis=1)
        found = words @ weights
        own = found[:, :families] + characters @ self.own[cut:]
        around = sum_around(table, found, near, families)
        features, features_around = self.features.log_odds(table)
        session = self.session.log_odds(table, words, self.features.session_sides(table.features))
        around += features_around
        total = own.astype(np.float64) + around + features + session + self.intercept
        for column, family in enumerate(FAMILIES):
            outside = np.ones(len(table), dtype=bool)
            outside[table.rows_of(family)] = False
            total[outside, column] = np.nan
        return WordScores(total, words, np.stack([own, around, session], axis=2).astype(np.float32))


@dataclass(frozen=True)
class WordScores:
    """Log-odds, turns x families (NaN where a family is not coded), and what stands behind them.

    Attributes
    ----------
    words : sparse matrix, turns x words
        TF-IDF.
    parts : array of float32, turns x families x 3
        What the turn's own words, the turns around and the session's words add.
    """

    log_odds: NDArray[np.float64]
    words: csr_matrix
    parts: NDArray[np.float32]


def shifted(matrix: csr_matrix, rows: NDArray[np.int64]) -> csr_matrix:
    """Rows of the matrix at these places; -1 gives an empty row."""
    padded = vstack([matrix, csr_matrix((1, matrix.shape[1]), dtype=matrix.dtype)]).tocsr()
    return padded[rows]


def doubled(
    share: NDArray[np.float64], weight: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Soft labels as hard ones: each row once as marked, once as unmarked, weighted by the coders' shares.

    Returns
    -------
    rows, labels, weights : arrays
        Rows of weight 0 are left out.
    """
    no, yes = np.flatnonzero(share < 1), np.flatnonzero(share > 0)
    rows = np.concatenate([no, yes])
    labels = np.concatenate([np.zeros(len(no), dtype=np.int64), np.ones(len(yes), dtype=np.int64)])
    weights = np.concatenate([1 - share[no], share[yes]]) * weight[rows]
    return rows, labels, weights


def fit_words(
    table: TurnTable,
    share: NDArray[np.float64],
    weight: NDArray[np.float64],
    config: WordConfig,
    *,
    dialogue: bool = False,
    degrees: NDArray[np.float64] | None = None,
) -> WordModel:
    """Fit vocabulary and regressions on all turns of a table that counts every term.

    Parameters
    ----------
    share : array, turns x families
        Share of the coders.
    weight : array, turns
    dialogue : bool
        Hear the words of the session and the features of the turns, too.
    degrees : array, turns x families, optional
        As `degree_columns` gives them. A second regression learns them, and its weights are added: linear as it is, it
        costs nothing when turns are scored.
    """
    if degrees is None:
        degrees = np.full(share.shape, np.nan)
    terms_counted = table.terms if table.terms is not None else np.array([], dtype=np.str_)
    _, case_of_row = np.unique(table.cases, return_inverse=True)
    vocabulary, columns = choose_vocabulary(
        table.counts, terms_counted, case_of_row,
        most_words=config.most_words, most_characters=config.most_characters,
    )  # fmt: skip
    words, characters = vocabulary.weigh(table.counts[:, columns].tocsr())
    blocks = [words, characters * config.character_share]
    blocks += [shifted(words, table.at_offset(offset)) * scale for offset, scale in NEIGHBOURS]
    heard = Heard.of(table, words) if dialogue else Heard.nothing()
    blocks += heard.blocks(table, words)
    matrix = hstack(blocks).tocsr()
    # Once: scikit-learn would sort the columns of every fit's rows anew.
    matrix.sort_indices()
    cut = vocabulary.words
    terms = len(vocabulary.terms)
    own = np.zeros((terms, len(FAMILIES)), dtype=np.float32)
    around = np.zeros((len(NEIGHBOURS), cut, len(FAMILIES)), dtype=np.float32)
    first = terms + len(NEIGHBOURS) * cut
    beyond = np.zeros((matrix.shape[1] - first, len(FAMILIES)))
    intercept = np.zeros(len(FAMILIES))
    for column, family in enumerate(FAMILIES):
        of_family = table.rows_of(family)
        rows, labels, weights = doubled(share[of_family, column], weight[of_family])
        if len(np.unique(labels)) < 2 or not matrix.shape[1]:
            # Too few cases for any term, or one label only: the base rate is all there is, one turn on either side.
            marked = float((weights * labels).sum()) + 1
            intercept[column] = np.log(marked / (float(weights.sum()) + 2 - marked))
            continue
        # The dual form: far more columns than turns, and the same weights in a sixth of the time.
        regression = LogisticRegression(
            C=config.strength, solver="liblinear", dual=True, tol=1e-2, random_state=config.seed, max_iter=1000
        ).fit(matrix[of_family[rows]], labels, sample_weight=weights)
        coefficients, intercept[column] = regression.coef_[0], regression.intercept_[0]
        graded = of_family[~np.isnan(degrees[of_family, column])]
        if len(graded) >= LEAST_GRADED:
            slope = _fit_degrees(matrix[graded], degrees[graded, column], weight[graded], config)
            coefficients = coefficients + config.degree_share * slope.coef_
            intercept[column] += config.degree_share * slope.intercept_[0]
        own[:, column] = coefficients[:terms]
        own[cut:, column] *= config.character_share
        for number, (_, scale) in enumerate(NEIGHBOURS):
            start = terms + number * cut
            around[number, :, column] = coefficients[start : start + cut] * scale
        beyond[:, column] = coefficients[first:]
    return WordModel(vocabulary, own, around, intercept, *heard.parts(beyond))


def _fit_degrees(
    matrix: csr_matrix, degrees: NDArray[np.float64], weight: NDArray[np.float64], config: WordConfig
) -> LinearSVR:
    """Ridge regression in the dual form."""
    return LinearSVR(
        C=config.degree_strength, loss="squared_epsilon_insensitive", epsilon=0.0, dual=True, tol=3e-2, max_iter=200,
        random_state=config.seed,
    ).fit(matrix, degrees, sample_weight=weight)  # fmt: skip


def columns_of(table: TurnTable, vocabulary: Vocabulary) -> csr_matrix:
    """Counts of the vocabulary's terms in a table that counts every term (sorted)."""
    if table.terms is None:
        return table.counts
    return table.counts[:, np.searchsorted(table.terms, vocabulary.terms)].tocsr()
