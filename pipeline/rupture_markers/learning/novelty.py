"""How far a session lies from the sessions that a model has learnt from: its words and its way of going on.

Each session is described by a few shares and lengths; its novelty is the squared Mahalanobis distance of that
description from the training sessions', divided by the number of measures, with a shrunk covariance
(Ledoit & Wolf 2004, Journal of Multivariate Analysis 88). 1 is usual; the model's manifest keeps the value that one
in twenty sessions of held-out cases passes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.covariance import LedoitWolf

from rupture_markers.learning.terms import WORD
from rupture_markers.learning.turn_table import TurnTable
from rupture_markers.learning.word_model import WordModel, columns_of
from rupture_markers.markers.style import CLIENT, THERAPIST

QUANTILE = 0.95
"""Share of the sessions of held-out cases that lie below the warning."""
_LEAST_SESSIONS = 12
_PULL, _TYPICAL = 4.0, 0.2
"""So many turns of such a value are added to a party's mean: a short session tells little."""
_HOW = (("turn", "words"), ("turn", "three-words-or-fewer"), ("turn", "ends-asking"), ("turn", "cut-off"))
_MEASURES = (
    (0, (*(("says", name) for name in CLIENT), *_HOW)),
    (1, (*(("says", name) for name in THERAPIST), *_HOW)),
)
"""Role of the turn table, and the features whose mean over the party's turns is taken."""


@dataclass(frozen=True)
class Novelty:
    """Where the training sessions lie.

    Attributes
    ----------
    centre, scale : array, measures
    precision : array, measures x measures
        Inverse covariance of the scaled measures.
    """

    centre: NDArray[np.float64]
    scale: NDArray[np.float64]
    precision: NDArray[np.float64]

    def distances(self, described: NDArray[np.float64]) -> NDArray[np.float64]:
        """Novelty of each described session."""
        if not len(self.centre):
            return np.zeros(len(described))
        off = np.nan_to_num((described - self.centre) / self.scale)
        return np.asarray(np.einsum("ij,jk,ik->i", off, self.precision, off) / len(self.centre), dtype=np.float64)


def describe_sessions(table: TurnTable, model: WordModel) -> NDArray[np.float64]:
    """Share of unknown words, words a turn, and how either party speaks; sessions x measures.

    A table without some of the features (an ablation) is described by those that it has.
    """
    known = _known_words(table, model)
    place = {name: n for n, name in enumerate(table.feature_names)}
    named = [(role, [f"{group}/{name}" for group, name in names]) for role, names in _MEASURES]
    parties = [(role, [place[name] for name in names if name in place]) for role, names in named]
    out = np.full((len(table.transcripts), 2 + sum(len(columns) for _, columns in parties)), np.nan)
    bounds = np.searchsorted(table.session, np.arange(len(table.transcripts) + 1))
    for number, transcript in enumerate(table.transcripts):
        rows = np.arange(bounds[number], bounds[number + 1])
        said = int(table.words[rows].sum())
        out[number, 0] = np.log((said - known[rows].sum() + 1) / (said + 20))
        out[number, 1] = np.log1p(said / max(len(transcript.turns), 1))
        at = 2
        for role, columns in parties:
            values = np.nan_to_num(table.features[np.ix_(rows[table.role[rows] == role], columns)])
            out[number, at : at + len(columns)] = (values.sum(axis=0) + _PULL * _TYPICAL) / (len(values) + _PULL)
            at += len(columns)
    return out


def _known_words(table: TurnTable, model: WordModel) -> NDArray[np.float64]:
    """How many words of each turn stand in the model's vocabulary."""
    terms = model.vocabulary.terms
    # A pair or a mark is no word: 'w ?' is left out by its third character.
    is_word = np.char.startswith(terms, WORD) & np.char.isalnum(terms.astype("U3").view("U1").reshape(-1, 3)[:, 2])
    return np.asarray(columns_of(table, model.vocabulary) @ is_word.astype(np.float64))


def fit_novelty(described: NDArray[np.float64]) -> Novelty:
    """Where these sessions lie; too few of them give a novelty of 0 everywhere."""
    if len(described) < _LEAST_SESSIONS:
        return Novelty(np.zeros(0), np.ones(0), np.zeros((0, 0)))
    centre = np.nanmedian(described, axis=0)
    centre = np.nan_to_num(centre)
    scale = np.nanstd(described, axis=0)
    scale = np.where(np.isnan(scale) | (scale < 1e-3), 1e-3, scale)
    found = LedoitWolf(assume_centered=True).fit(np.nan_to_num((described - centre) / scale))
    return Novelty(centre, scale, np.asarray(found.precision_, dtype=np.float64))
