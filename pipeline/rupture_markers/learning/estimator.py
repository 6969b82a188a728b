"""The classifier: words first, then gradient boosting over their scores in the dialogue, then calibration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from threadpoolctl import ThreadpoolController

from rupture_markers.learning.code_ranker import CodeRanker, fit_ranker
from rupture_markers.learning.dataset import CodedSet
from rupture_markers.learning.folds import fold_of_cases
from rupture_markers.learning.novelty import Novelty, describe_sessions, fit_novelty
from rupture_markers.learning.sequence import sequence_features, sequence_names
from rupture_markers.learning.terms import PAIR, WORD, TermCounter
from rupture_markers.learning.turn_table import TurnTable, share_columns
from rupture_markers.learning.word_model import WordConfig, WordModel, WordScores, columns_of, doubled, fit_words
from rupture_markers.markers.marker import FAMILIES, Family

WORD_SHARE = 0.3
"""How much of the turn's own first-stage log-odds is added to the boosting's, which is coarse on its own."""
LINEAR_SHARE = 1.0
"""How much of the linear model's log-odds (words, session, features) is added to the boosting's."""
LINEAR = "words, session and features, heard by the linear model"

_LEAST_SLOPE = 0.05
_FARTHEST = 12.0
"""Log-odds are cut here: nothing that we can know is surer than 1 in 160,000."""


@dataclass(frozen=True)
class FitConfig:
    """What a model is fitted with.

    Attributes
    ----------
    inner_folds : int
        Folds, grouped by case, of the first stage's and the calibration's out-of-fold scores.
    set_weights : Mapping of str to float
        Weight of the turns of a set; 1 where it is not named.
    trees, leaves, rate, bins, least_in_leaf, shrinkage, features_a_split
        Of ``HistGradientBoostingClassifier``.
    """

    seed: int = 20
    inner_folds: int = 5
    words: WordConfig = field(default_factory=WordConfig)
    set_weights: Mapping[str, float] = field(default_factory=dict)
    trees: int = 150
    leaves: int = 10
    rate: float = 0.05
    bins: int = 63
    least_in_leaf: int = 40
    shrinkage: float = 5.0
    features_a_split: float = 0.1


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


@lru_cache(maxsize=1)
def _openmp() -> ThreadpoolController:
    """Looked for once: to find the libraries of a process takes longer than to score a session."""
    return ThreadpoolController()


def raw_log_odds(
    boosting: HistGradientBoostingClassifier | None, inputs: NDArray[np.float32], own: int
) -> NDArray[np.float64]:
    """Uncalibrated log-odds; 0 for a family that no training turn was marked with."""
    if boosting is None or not len(inputs):
        return np.zeros(len(inputs))
    # One thread: on a busy machine OpenMP's threads wait for each other far longer than they work.
    with _openmp().limit(limits=1, user_api="openmp"):
        boosted = np.asarray(boosting.decision_function(inputs[:, : -len(FAMILIES)]), dtype=np.float64)
    words, linear = inputs[:, own], inputs[:, linear_column(inputs.shape[1], own)]
    total = boosted + WORD_SHARE * np.nan_to_num(words) + LINEAR_SHARE * np.nan_to_num(linear)
    return np.asarray(np.clip(total, -_FARTHEST, _FARTHEST), dtype=np.float64)


def linear_column(width: int, family: int) -> int:
    """Column of the second stage's inputs with the linear model's log-odds of a family."""
    return width - len(FAMILIES) + family


def probability(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """The logistic function."""
    return 1.0 / (1.0 + np.exp(-np.clip(log_odds, -_FARTHEST, _FARTHEST)))


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


@dataclass(frozen=True)
class OutOfFold:
    """What the inner folds gave while fitting.

    Attributes
    ----------
    probabilities : array, turns x families
        Calibrated.
    novelty : array, sessions
    """

    probabilities: NDArray[np.float64]
    novelty: NDArray[np.float64]


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


def fit_model(
    table: TurnTable,
    coded: CodedSet,
    codes_of_family: Mapping[Family, tuple[str, ...]],
    config: FitConfig | None = None,
    *,
    progress: Callable[[int], None] = lambda _: None,
) -> tuple[RuptureModel, OutOfFold]:
    """Fit on every turn of a table; all that is learnt, vocabulary included, is learnt from it alone.

    Parameters
    ----------
    table : TurnTable
        That counts every term, of the transcripts in ``coded``.
    progress : callable
        Called with 1 after each of ``inner_folds + 2`` steps.

    Returns
    -------
    RuptureModel
    OutOfFold
        For thresholds.
    """
    config = config or FitConfig()
    share = share_columns(table, coded.shares)
    sets = np.array([coded.sets[t.session_id] for t in table.transcripts])
    weight = np.array([config.set_weights.get(str(name), 1.0) for name in sets])[table.session]
    fold = fold_of_cases(table.cases, config.inner_folds, config.seed, strata=sets[table.session])
    log_odds, heard = np.full(share.shape, np.nan), np.full(share.shape, np.nan)
    strange = np.zeros(len(table.transcripts))
    for number in range(config.inner_folds):
        inside = fold != number
        if not inside.all():
            kept, held = table.take(inside), table.take(~inside)
            part = fit_words(kept, share[inside], weight[inside], config.words)
            novelty = fit_novelty(describe_sessions(kept, part))
            strange[np.unique(table.session[~inside])] = novelty.distances(describe_sessions(held, part))
            log_odds[~inside] = part.score(held, columns_of(held, part.vocabulary)).log_odds
            linear = fit_words(kept, share[inside], weight[inside], config.words, dialogue=True)
            heard[~inside] = linear.score(held, columns_of(held, linear.vocabulary)).log_odds
        progress(1)
    inputs = second_stage_inputs(table, log_odds, heard)
    words = fit_words(table, share, weight, config.words)
    linear = fit_words(table, share, weight, config.words, dialogue=True)
    progress(1)
    stage = words.score(table, columns_of(table, words.vocabulary))
    ranking = ranker_inputs(table, stage.words)
    families: dict[Family, FamilyModel] = {}
    out = np.full(share.shape, np.nan)
    for column, family in enumerate(FAMILIES):
        rows = table.rows_of(family)
        y, w, x = share[rows, column], weight[rows], inputs[rows]
        raw = np.zeros(len(rows))
        for number in range(config.inner_folds):
            held = fold[rows] == number
            raw[held] = raw_log_odds(_boost(x[~held], y[~held], w[~held], config), x[held], column)
        slope, offset = fit_calibration(raw, y, w)
        families[family] = FamilyModel(
            column,
            _boost(x, y, w, config),
            slope,
            offset,
            fit_ranker(family, table, ranking, coded.codes, codes_of_family.get(family, ()), seed=config.seed),
            _typical(x),
        )
        out[rows, column] = probability(slope * raw + offset)
    progress(1)
    novelty = fit_novelty(describe_sessions(table, words))
    return RuptureModel(words, linear, families, table.feature_names, novelty), OutOfFold(out, strange)


def _boost(
    inputs: NDArray[np.float32], share: NDArray[np.float64], weight: NDArray[np.float64], config: FitConfig
) -> HistGradientBoostingClassifier | None:
    rows, labels, weights = doubled(share, weight)
    if len(np.unique(labels)) < 2:
        return None
    known = few_values(inputs[:, : -len(FAMILIES)], config.bins)[rows]
    # Never split on, and scikit-learn cannot bin a column without a value.
    known[:, np.isnan(known).all(axis=0)] = 0.0
    boosting = HistGradientBoostingClassifier(
        max_iter=config.trees, max_leaf_nodes=config.leaves, learning_rate=config.rate,
        min_samples_leaf=config.least_in_leaf, l2_regularization=config.shrinkage,
        max_features=config.features_a_split, max_bins=config.bins, early_stopping=False, random_state=config.seed,
    )  # fmt: skip
    with _openmp().limit(limits=1, user_api="openmp"):
        return boosting.fit(known, labels, sample_weight=weights)


def few_values(inputs: NDArray[np.float32], most: int) -> NDArray[np.float32]:
    """Each column with at most this many values: every value becomes the nearest of as many quantiles.

    Boosting splits halfway between two values, so its trees treat the true values as they treat these; scikit-learn
    takes three quarters of the time of a fit to find weighted quantiles by itself.
    """
    out = inputs.copy()
    for column in range(inputs.shape[1]):
        known = ~np.isnan(inputs[:, column])
        values = np.sort(inputs[known, column])
        if len(np.unique(values)) <= most:
            continue
        kept = np.unique(values[np.linspace(0, len(values) - 1, most).round().astype(np.int64)])
        halfway = (kept[1:] + kept[:-1]) / 2
        out[known, column] = kept[np.searchsorted(halfway, inputs[known, column])]
    return out


def fit_calibration(
    raw: NDArray[np.float64], share: NDArray[np.float64], weight: NDArray[np.float64]
) -> tuple[float, float]:
    """Platt's two numbers on out-of-fold log-odds and soft labels; (0, base rate) where there is one label only.

    Source: Platt, J. (1999). Probabilistic outputs for support vector machines. Advances in Large Margin Classifiers.
    """
    rows, labels, weights = doubled(share, weight)
    if len(np.unique(labels)) < 2:
        # No turn, or every turn, was marked: the base rate is all that is known, one turn added on either side.
        total = len(share) + 2
        rate = (share.sum() + 1) / total
        return 0.0, float(np.log(rate / (1 - rate)))
    curve = LogisticRegression(C=1e3, max_iter=1000).fit(raw[rows, None], labels, sample_weight=weights)
    slope = float(curve.coef_[0, 0])
    if slope < _LEAST_SLOPE:
        # Too few marked turns to tell: a curve that falls would turn the order of the turns around.
        rate = float((weights * labels).sum() / weights.sum())
        middle = float((weights * raw[rows]).sum() / weights.sum())
        return _LEAST_SLOPE, float(np.log(rate / (1 - rate))) - _LEAST_SLOPE * middle
    return slope, float(curve.intercept_[0])


def _typical(inputs: NDArray[np.float32]) -> NDArray[np.float32]:
    """Median of each column; NaN where it is mostly missing."""
    out = np.full(inputs.shape[1], np.nan, dtype=np.float32)
    for column in range(inputs.shape[1]):
        known = inputs[:, column][~np.isnan(inputs[:, column])]
        if len(known) * 2 >= len(inputs) > 0:
            out[column] = np.median(known)
    return out
