"""A fitted classifier: words first, then boosting over their scores in the dialogue, then calibration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.ensemble import HistGradientBoostingClassifier

from rupture_markers.learning.boosting import LINEAR, raw_log_odds
from rupture_markers.learning.calibration import probability
from rupture_markers.learning.code_ranker import CodeRanker
from rupture_markers.learning.novelty import Novelty, describe_sessions
from rupture_markers.learning.sequence import sequence_features, sequence_names
from rupture_markers.learning.terms import PAIR, WORD, TermCounter
from rupture_markers.learning.turn_table import TurnTable
from rupture_markers.learning.word_model import WordModel, WordScores, columns_of
from rupture_markers.markers.marker import FAMILIES, Family


@dataclass(frozen=True)
class FamilyModel:
    """Second stage of one family: boosting and the linear model, added; a logistic curve (Platt 1999); the codes.

    Attributes
    ----------
    own : int
        Column of its inputs with the turn's own first-stage log-odds. As many columns from the family's last, which
        the boosting does not see, stands the linear model's log-odds.
    typical : array of float32
        Median of each input over the training turns; NaN where it is mostly missing.
    """

    own: int
    boosting: HistGradientBoostingClassifier | None
    slope: float
    offset: float
    ranker: CodeRanker
    typical: NDArray[np.float32]

    def log_odds(self, inputs: NDArray[np.float32]) -> NDArray[np.float64]:
        """Calibrated log-odds of each row."""
        return self.slope * raw_log_odds(self.boosting, inputs, self.own) + self.offset


@dataclass(frozen=True)
class TableScores:
    """Probabilities of a table, turns x families (NaN where not coded), and what they came from.

    Attributes
    ----------
    novelty : array of float64, sessions
    """

    probabilities: NDArray[np.float64]
    inputs: NDArray[np.float32]
    word_scores: WordScores
    novelty: NDArray[np.float64]


@dataclass(frozen=True)
class RuptureModel:
    """A fitted classifier; see docs/model.md.

    Attributes
    ----------
    words : WordModel
        First stage.
    linear : WordModel or None
        With the words of the session and the features; None in a model of format 1 or 2.
    families : Mapping of Family to FamilyModel
    feature_names : tuple of str
        Features of a turn that it needs, in order.
    """

    words: WordModel
    linear: WordModel | None
    families: Mapping[Family, FamilyModel]
    feature_names: tuple[str, ...]
    novelty: Novelty

    @property
    def input_names(self) -> tuple[str, ...]:
        """Columns of the second stage."""
        return (*sequence_names(), *self.feature_names, *(f"{LINEAR}: {family}" for family in FAMILIES))

    @cached_property
    def counter(self) -> TermCounter:
        """Counts the model's terms; made once, as it remembers the terms of words that it has met."""
        return TermCounter(self.words.vocabulary.terms.tolist())

    def score_table(self, table: TurnTable) -> TableScores:
        """Probabilities of all turns of a table."""
        weighed = self.words.vocabulary.weigh(columns_of(table, self.words.vocabulary))
        stage = self.words.score_words(table, *weighed)
        linear, parts = np.zeros_like(stage.log_odds), np.zeros_like(stage.parts)
        if self.linear is not None:
            heard = self.linear.score_words(table, *weighed)
            linear, parts = heard.log_odds, heard.parts
        inputs = second_stage_inputs(table, stage.log_odds, linear)
        out = np.full((len(table), len(FAMILIES)), np.nan)
        for column, family in enumerate(FAMILIES):
            rows = table.rows_of(family)
            if family in self.families and len(rows):
                out[rows, column] = probability(self.families[family].log_odds(inputs[rows]))
        novelty = self.novelty.distances(describe_sessions(table, self.words))
        return TableScores(out, inputs, replace(stage, parts=parts), novelty)

    def rank_codes(self, table: TurnTable, words: csr_matrix) -> list[dict[Family, tuple[str, ...]]]:
        """Codes of each row by family, likeliest first."""
        ranked: list[dict[Family, tuple[str, ...]]] = [{} for _ in range(len(table))]
        inputs = ranker_inputs(table, words)
        for family, model in self.families.items():
            rows = table.rows_of(family)
            for row, order in zip(rows, model.ranker.rank(inputs[rows]), strict=True):
                ranked[row][family] = order
        return ranked

    def term_weights(
        self, words: csr_matrix, row: int, family: Family, most: int = 4
    ) -> tuple[tuple[str, float, float], ...]:
        """Words and pairs of the turn that raise its log-odds most: what each adds to the first stage and the linear model."""
        column = FAMILIES.index(family)
        start, end = words.indptr[row], words.indptr[row + 1]
        places = words.indices[start:end]
        first = words.data[start:end] * self.words.own[places, column]
        linear = np.zeros_like(first)
        if self.linear is not None:
            linear = words.data[start:end] * self.linear.own[places, column]
        both = first + linear
        best = [n for n in np.argsort(-both, kind="stable")[:most] if both[n] > 0]
        terms = self.words.vocabulary.terms
        return tuple(
            (str(terms[places[n]]).removeprefix(WORD).removeprefix(PAIR), float(first[n]), float(linear[n]))
            for n in best
        )

    def feature_effects(
        self, features: NDArray[np.float32], family: Family, like: NDArray[np.float32]
    ) -> NDArray[np.float64]:
        """What each feature of a turn adds to the linear model's log-odds, heard as a turn like ``like`` is heard."""
        if self.linear is None:
            return np.zeros(len(features))
        return self.linear.features.own_effects(features, FAMILIES.index(family), like)


def second_stage_inputs(
    table: TurnTable, log_odds: NDArray[np.float64], linear: NDArray[np.float64]
) -> NDArray[np.float32]:
    """First-stage scores in the dialogue, the features of the turns, and the linear model's log-odds."""
    return np.concatenate([sequence_features(table, log_odds), table.features, linear], axis=1, dtype=np.float32)


def ranker_inputs(table: TurnTable, words: csr_matrix) -> csr_matrix:
    """Words beside cue counts, squashed to below 1."""
    columns = [n for n, name in enumerate(table.feature_names) if name.startswith("cue/")]
    cues = np.nan_to_num(table.features[:, columns])
    return hstack([words, csr_matrix(cues / (1 + np.abs(cues)))]).tocsr()
