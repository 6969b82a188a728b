"""First stage: logistic regressions on the TF-IDF of a turn's words and characters and of its neighbours' words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack, vstack
from sklearn.linear_model import LogisticRegression

from rupture_markers.learning.terms import Vocabulary, choose_vocabulary
from rupture_markers.learning.turn_table import TurnTable
from rupture_markers.markers.marker import FAMILIES

NEIGHBOURS: tuple[tuple[int, float], ...] = (
    (-1, 0.6), (1, 0.4), (-2, 0.4), (2, 0.3), (-3, 0.2), (3, 0.2), (-4, 0.2), (4, 0.2),
)  # fmt: skip
"""Turns whose words count beside the turn's own: offset and how much of their length they keep."""


@dataclass(frozen=True)
class WordConfig:
    """What the first stage is fitted with.

    Attributes
    ----------
    strength : float
        Inverse of the regularisation, liblinear's C.
    most_words, most_characters : int
        Largest vocabulary.
    character_share : float
        Length that a turn's characters keep beside its words: spelling should tell less than words do.
    """

    strength: float = 2.0
    most_words: int = 12_000
    most_characters: int = 16_000
    character_share: float = 0.5
    seed: int = 0


@dataclass(frozen=True)
class WordModel:
    """Weights of the first stage.

    Attributes
    ----------
    vocabulary : Vocabulary
    own : array of float32, terms x families
        Weights of the turn's own terms.
    around : array of float32, neighbours x words x families
        Weights of the words of each neighbour in ``NEIGHBOURS``, its share of length included.
    intercept : array of float64, families
    """

    vocabulary: Vocabulary
    own: NDArray[np.float32]
    around: NDArray[np.float32]
    intercept: NDArray[np.float64]

    def score(self, table: TurnTable, counts: csr_matrix) -> WordScores:
        """Log-odds of every row and family; ``counts`` holds the vocabulary's terms."""
        words, characters = self.vocabulary.weigh(counts)
        cut = self.vocabulary.words
        own = words @ self.own[:cut] + characters @ self.own[cut:]
        around = np.zeros_like(own)
        # A model of format 1 has weights for the first of the neighbours alone.
        for (offset, _), weights in zip(NEIGHBOURS, self.around, strict=False):
            there = table.at_offset(offset)
            part = words @ weights
            around += np.where((there >= 0)[:, None], part[there], 0.0)
        total = own.astype(np.float64) + around + self.intercept
        for column, family in enumerate(FAMILIES):
            outside = np.ones(len(table), dtype=bool)
            outside[table.rows_of(family)] = False
            total[outside, column] = np.nan
        return WordScores(total, words)


@dataclass(frozen=True)
class WordScores:
    """Log-odds, turns x families (NaN where a family is not coded), and the turns' TF-IDF of words."""

    log_odds: NDArray[np.float64]
    words: csr_matrix


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
    table: TurnTable, share: NDArray[np.float64], weight: NDArray[np.float64], config: WordConfig
) -> WordModel:
    """Fit vocabulary and regressions on all turns of a table that counts every term.

    Parameters
    ----------
    share : array, turns x families
        Share of the coders.
    weight : array, turns
    """
    terms_counted = table.terms if table.terms is not None else np.array([], dtype=np.str_)
    _, case_of_row = np.unique(table.cases, return_inverse=True)
    vocabulary, columns = choose_vocabulary(
        table.counts, terms_counted, case_of_row,
        most_words=config.most_words, most_characters=config.most_characters,
    )  # fmt: skip
    words, characters = vocabulary.weigh(table.counts[:, columns].tocsr())
    blocks = [words, characters * config.character_share]
    blocks += [shifted(words, table.at_offset(offset)) * scale for offset, scale in NEIGHBOURS]
    matrix = hstack(blocks).tocsr()
    cut = vocabulary.words
    terms = len(vocabulary.terms)
    own = np.zeros((terms, len(FAMILIES)), dtype=np.float32)
    around = np.zeros((len(NEIGHBOURS), cut, len(FAMILIES)), dtype=np.float32)
    intercept = np.zeros(len(FAMILIES))
    for column, family in enumerate(FAMILIES):
        of_family = table.rows_of(family)
        rows, labels, weights = doubled(share[of_family, column], weight[of_family])
        if len(np.unique(labels)) < 2 or not matrix.shape[1]:
            # Too few cases for any term, or one label only: the base rate is all there is, one turn on either side.
            marked = float((weights * labels).sum()) + 1
            intercept[column] = np.log(marked / (float(weights.sum()) + 2 - marked))
            continue
        regression = LogisticRegression(
            C=config.strength, solver="liblinear", tol=1e-3, random_state=config.seed, max_iter=300
        ).fit(matrix[of_family[rows]], labels, sample_weight=weights)
        coefficients = regression.coef_[0]
        own[:, column] = coefficients[:terms]
        own[cut:, column] *= config.character_share
        for number, (_, scale) in enumerate(NEIGHBOURS):
            start = terms + number * cut
            around[number, :, column] = coefficients[start : start + cut] * scale
        intercept[column] = regression.intercept_[0]
    return WordModel(vocabulary, own, around, intercept)


def columns_of(table: TurnTable, vocabulary: Vocabulary) -> csr_matrix:
    """Counts of the vocabulary's terms in a table that counts every term (sorted)."""
    if table.terms is None:
        return table.counts
    return table.counts[:, np.searchsorted(table.terms, vocabulary.terms)].tocsr()
