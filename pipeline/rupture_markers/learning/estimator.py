"""Fitting the classifier: words first, then gradient boosting over their scores in the dialogue, then calibration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rupture_markers.learning.boosting import boost, raw_log_odds
from rupture_markers.learning.calibration import fit_calibration, probability
from rupture_markers.learning.code_ranker import fit_ranker
from rupture_markers.learning.dataset import CodedSet
from rupture_markers.learning.fit_config import FitConfig
from rupture_markers.learning.folds import fold_of_cases
from rupture_markers.learning.novelty import describe_sessions, fit_novelty
from rupture_markers.learning.rupture_model import FamilyModel, RuptureModel, ranker_inputs, second_stage_inputs
from rupture_markers.learning.turn_table import TurnTable, degree_columns, share_columns
from rupture_markers.learning.word_model import columns_of, fit_words
from rupture_markers.markers.marker import FAMILIES, Family


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
    share, degrees = share_columns(table, coded.shares), degree_columns(table, coded.degrees)
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
            linear = fit_words(
                kept, share[inside], weight[inside], config.words, dialogue=True, degrees=degrees[inside]
            )
            heard[~inside] = linear.score(held, columns_of(held, linear.vocabulary)).log_odds
        progress(1)
    inputs = second_stage_inputs(table, log_odds, heard)
    words = fit_words(table, share, weight, config.words)
    linear = fit_words(table, share, weight, config.words, dialogue=True, degrees=degrees)
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
            raw[held] = raw_log_odds(boost(x[~held], y[~held], w[~held], config), x[held], column)
        slope, offset = fit_calibration(raw, y, w)
        families[family] = FamilyModel(
            column,
            boost(x, y, w, config),
            slope,
            offset,
            fit_ranker(family, table, ranking, coded.codes, codes_of_family.get(family, ()), seed=config.seed),
            _typical(x),
        )
        out[rows, column] = probability(slope * raw + offset)
    progress(1)
    novelty = fit_novelty(describe_sessions(table, words))
    return RuptureModel(words, linear, families, table.feature_names, novelty), OutOfFold(out, strange)


def _typical(inputs: NDArray[np.float32]) -> NDArray[np.float32]:
    """Median of each column; NaN where it is mostly missing."""
    out = np.full(inputs.shape[1], np.nan, dtype=np.float32)
    for column in range(inputs.shape[1]):
        known = inputs[:, column][~np.isnan(inputs[:, column])]
        if len(known) * 2 >= len(inputs) > 0:
            out[column] = np.median(known)
    return out
