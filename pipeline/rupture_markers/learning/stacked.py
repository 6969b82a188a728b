"""A baseline with a lab's own part on top, in the form of a model: it scores, ranks codes and gives evidence alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack

from rupture_markers.learning.calibration import probability
from rupture_markers.learning.own_model import CHOICES, OwnModel, OwnPart
from rupture_markers.learning.rupture_model import FamilyModel, RuptureModel, TableScores
from rupture_markers.learning.terms import PAIR, WORD, TermCounter, Vocabulary
from rupture_markers.learning.turn_table import TurnTable
from rupture_markers.markers.marker import FAMILIES, Family


@dataclass(frozen=True)
class StackedFamily:
    """One family: the baseline's log-odds times the slope, plus what the lab's own words add.

    Its inputs are the baseline's, then one column a family with what the own words add.

    Attributes
    ----------
    typical : array of float32
        Of the baseline's inputs; 0 for the own columns.
    """

    base: FamilyModel | StackedFamily
    own: OwnPart
    column: int

    @property
    def typical(self) -> NDArray[np.float32]:
        """Typical value of each input."""
        return np.concatenate([self.base.typical, np.zeros(len(FAMILIES), dtype=np.float32)])

    def log_odds(self, inputs: NDArray[np.float32]) -> NDArray[np.float64]:
        """Log-odds of each row."""
        ours = inputs[:, self.column - len(FAMILIES)].astype(np.float64)
        if self.own.choice == "own":
            return ours
        return self.own.slope * self.base.log_odds(inputs[:, : -len(FAMILIES)]) + ours


@dataclass(frozen=True)
class StackedModel:
    """Baseline and own part.

    Attributes
    ----------
    base : RuptureModel or StackedModel
    own : OwnModel
    """

    base: RuptureModel | StackedModel
    own: OwnModel

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Features of a turn that it needs."""
        return self.base.feature_names

    @cached_property
    def families(self) -> Mapping[Family, StackedFamily]:
        """Second stage of each family."""
        return {
            family: StackedFamily(part, self.own.parts[family], FAMILIES.index(family))
            for family, part in self.base.families.items()
            if family in self.own.parts
        }

    @cached_property
    def _terms(self) -> tuple[tuple[str, ...], NDArray[np.int64]]:
        """All terms, the baseline's first, and where the own ones stand."""
        base = self.base.counter.terms
        place = {term: n for n, term in enumerate(base)}
        for term in self.own.vocabulary.terms:
            place.setdefault(str(term), len(place))
        return tuple(place), np.array([place[str(term)] for term in self.own.vocabulary.terms], dtype=np.int64)

    @cached_property
    def counter(self) -> TermCounter:
        """Counts the terms of both."""
        return TermCounter(self._terms[0])

    def _base_table(self, table: TurnTable) -> TurnTable:
        return replace(table, counts=table.counts[:, : len(self.base.counter.terms)].tocsr())

    def score_table(self, table: TurnTable) -> TableScores:
        """Probabilities of all turns of a table that counts the terms of `counter`."""
        found = self.base.score_table(self._base_table(table))
        words = self.own.words(table.counts[:, self._terms[1]].tocsr())
        added = np.zeros((len(table), len(FAMILIES)), dtype=np.float32)
        for column, family in enumerate(FAMILIES):
            if family in self.own.parts:
                added[:, column] = self.own.parts[family].added(words)
        inputs = np.concatenate([found.inputs, added], axis=1, dtype=np.float32)
        out = np.full((len(table), len(FAMILIES)), np.nan)
        for column, family in enumerate(FAMILIES):
            rows = table.rows_of(family)
            if family in self.families and len(rows):
                out[rows, column] = probability(self.families[family].log_odds(inputs[rows]))
        both = hstack([found.word_scores.words, words]).tocsr()
        return TableScores(out, inputs, replace(found.word_scores, words=both), found.novelty)

    def _base_words(self, words: csr_matrix) -> csr_matrix:
        return words[:, : words.shape[1] - len(self.own.vocabulary.terms)].tocsr()

    def rank_codes(self, table: TurnTable, words: csr_matrix) -> list[dict[Family, tuple[str, ...]]]:
        """Codes of each row by family, likeliest first, as the baseline has them."""
        return self.base.rank_codes(self._base_table(table), self._base_words(words))

    def term_weights(
        self, words: csr_matrix, row: int, family: Family, most: int = 4
    ) -> tuple[tuple[str, float, float], ...]:
        """Terms of the baseline that raise its log-odds most."""
        return self.base.term_weights(self._base_words(words[[row]]), 0, family, most)

    def feature_effects(
        self, features: NDArray[np.float32], family: Family, like: NDArray[np.float32]
    ) -> NDArray[np.float64]:
        """What each feature adds to the log-odds of the baseline's linear model."""
        return self.base.feature_effects(features, family, like)

    def own_term_weights(
        self, words: csr_matrix, row: int, family: Family, most: int = 4
    ) -> tuple[tuple[str, float], ...]:
        """Terms of the lab's own that raise the log-odds most, with how much each adds."""
        first = words.shape[1] - len(self.own.vocabulary.terms)
        found = words[[row]][:, first:].tocsr()
        added = found.data * self.own.parts[family].weights[found.indices]
        best = [n for n in np.argsort(-added, kind="stable")[:most] if added[n] > 0]
        terms = self.own.vocabulary.terms
        return tuple(
            (str(terms[found.indices[n]]).removeprefix(WORD).removeprefix(PAIR), float(added[n])) for n in best
        )


def own_parts(own: OwnModel) -> dict[str, Any]:
    """Plain dicts and arrays of an own part."""
    return {
        "terms": own.vocabulary.terms,
        "idf": own.vocabulary.idf,
        "words": own.vocabulary.words,
        "families": {
            family: {
                "choice": CHOICES.index(part.choice),
                "weights": part.weights,
                "line": np.array([part.slope, part.intercept]),
            }
            for family, part in own.parts.items()
        },
    }


def own_from_parts(parts: dict[str, Any]) -> OwnModel:
    """Own part of what `own_parts` gave."""
    families: dict[Family, OwnPart] = {}
    for family in FAMILIES:
        if family in parts["families"]:
            part = parts["families"][family]
            slope, intercept = (float(value) for value in part["line"])
            families[family] = OwnPart(CHOICES[int(part["choice"])], part["weights"], slope, intercept)
    return OwnModel(Vocabulary(parts["terms"], parts["idf"], int(parts["words"])), families)
