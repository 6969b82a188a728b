"""What a model is compared with: the base rate, the length of the turn, the cues alone, TF-IDF on the turn alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from rupture_markers.learning.dataset import CodedSet
from rupture_markers.learning.turn_table import TurnTable, share_columns
from rupture_markers.learning.word_model import doubled
from rupture_markers.markers.marker import FAMILIES

BASE_RATE, LENGTH, CUES, TFIDF = "base rate", "length", "cues alone", "TF-IDF"
BASELINES = (BASE_RATE, LENGTH, CUES, TFIDF)


def baseline_scores(
    table: TurnTable, coded: CodedSet, train: NDArray[np.bool_], test: NDArray[np.bool_]
) -> dict[str, NDArray[np.float64]]:
    """Probabilities of every baseline, fitted on the training rows.

    Returns
    -------
    dict of str to array, test turns x families
        NaN where a family is not coded.
    """
    texts = np.array([turn.spoken for t in table.transcripts for turn in t.turns], dtype=object)
    words = np.array([len(turn.words) for t in table.transcripts for turn in t.turns], dtype=np.float64)
    cue_columns = [n for n, name in enumerate(table.feature_names) if name.startswith("cue/")]
    dense = {
        BASE_RATE: np.zeros((len(table), 1)),
        LENGTH: np.log1p(words)[:, None],
        CUES: np.nan_to_num(table.features[:, cue_columns].astype(np.float64)),
    }
    out = {name: _fitted(csr_matrix(inputs), table, coded, train, test, 1.0) for name, inputs in dense.items()}
    vectoriser = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    out[TFIDF] = np.full((int(test.sum()), len(FAMILIES)), np.nan)
    for role in np.unique(table.role):
        # Fitted on the turns of one speaker, as the text-book way has it.
        families = [n for n, family in enumerate(FAMILIES) if role in table.role[table.rows_of(family)][:1]]
        of_role = table.role == role
        if not families or not (train & of_role).any():
            continue
        vectoriser.fit(texts[train & of_role])
        found = _fitted(vectoriser.transform(texts).tocsr(), table, coded, train, test, 5.0)
        out[TFIDF][:, families] = found[:, families]
    return out


def _fitted(
    inputs: csr_matrix,
    table: TurnTable,
    coded: CodedSet,
    train: NDArray[np.bool_],
    test: NDArray[np.bool_],
    strength: float,
) -> NDArray[np.float64]:
    share = share_columns(table, coded.shares)
    place = np.cumsum(test) - 1
    out = np.full((int(test.sum()), len(FAMILIES)), np.nan)
    for column, family in enumerate(FAMILIES):
        rows = table.rows_of(family)
        fit, held = rows[train[rows]], rows[test[rows]]
        copies, labels, weights = doubled(share[fit, column], np.ones(len(fit)))
        if not len(held):
            continue
        if len(np.unique(labels)) < 2 or not inputs.shape[1]:
            out[place[held], column] = float(labels.mean()) if len(labels) else 0.0
            continue
        regression = LogisticRegression(C=strength, max_iter=500)
        regression.fit(inputs[fit[copies]], labels, sample_weight=weights)
        out[place[held], column] = regression.predict_proba(inputs[held])[:, 1]
    return out
