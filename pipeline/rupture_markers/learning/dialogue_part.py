"""What the linear model hears beside the words nearby: the words of the whole session, and the features of turns.

Both are further columns of the same regressions (`word_model`). They say what single words cannot: how these two speak all session
(a lecture, a chat, giving in at every turn), and what a turn does in the dialogue. They are heard twice: alike in all turns, and once more
by the turns on each side of a gate (`GATES`), so that a short answer, or a chat, may be heard in its own way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags

from rupture_markers.learning.terms import LEAST_CASES, cases_of_terms, unit_rows
from rupture_markers.learning.turn_table import TurnTable

ROLES = (0, 1)
"""Client, therapist: either party's words count by themselves."""
SESSION_SHARE = 0.6
"""Length that the words of a session keep beside those of the turn."""
COMMON_CASES = 15
"""A word counts for a session only if this many training cases use it: a session is not to be known by its topic."""
FEATURE_SHARE = 0.7
"""Length of all features of a turn together, where each lies one standard deviation off."""
FEATURE_OFFSETS: tuple[tuple[int, float], ...] = ((0, 1.0), (-2, 0.5), (-1, 0.5), (1, 0.5), (2, 0.5))
"""Turns whose features are heard, and how much of their length they keep."""
EXCHANGE_SHARE = 1.5
"""How much longer the features of the group ``exchange`` are: few of them, each a product made by hand."""
_FARTHEST = 3.0
"""Standard deviations at which a feature is cut."""


@dataclass(frozen=True)
class Gate:
    """Splits turns in two by one of their features.

    Attributes
    ----------
    feature : str
    limit : float
        At or above it is one side, below it or unknown the other.
    of_session : bool
        The same for all turns of a session: its words are heard by side, too.
    """

    feature: str
    limit: float
    of_session: bool


GATES = (Gate("medium/written", 0.5, of_session=True), Gate("turn/words", float(np.log2(5.5)), of_session=False))
"""Chat or speech; five words or more, or fewer.

Source: Daume (2007), Frustratingly easy domain adaptation, ACL: each column once for all domains and once for each.
"""


def gates_of(names: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.bool_]]:
    """Columns, limits and reach of those of `GATES` whose feature is there."""
    place = {name: n for n, name in enumerate(names)}
    there = [gate for gate in GATES if gate.feature in place]
    return (
        np.array([place[gate.feature] for gate in there], dtype=np.int64),
        np.array([gate.limit for gate in there], dtype=np.float64),
        np.array([gate.of_session for gate in there], dtype=np.bool_),
    )


def sides(
    features: NDArray[np.float32], columns: NDArray[np.int64], limits: NDArray[np.float64]
) -> NDArray[np.float32]:
    """On which side of each gate turns stand, all turns being on the first of the sides.

    Returns
    -------
    array of float32, turns x (1 + 2 * gates)
        1 or 0; after the first, each gate's upper side and its lower one.
    """
    above = np.nan_to_num(features[:, columns]) >= limits
    out = np.ones((len(features), 1 + 2 * len(columns)), dtype=np.float32)
    out[:, 1::2], out[:, 2::2] = above, ~above
    return out


@dataclass(frozen=True)
class SessionPart:
    """Words of the whole session.

    Attributes
    ----------
    columns : array of int
        Which words of the vocabulary.
    weights : array of float32, sides x roles x columns x families
        Of the first side, on which all turns are, and of both sides of each gate that splits whole sessions.
    """

    columns: NDArray[np.int64]
    weights: NDArray[np.float32]

    def log_odds(self, table: TurnTable, words: csr_matrix, side: NDArray[np.float32]) -> NDArray[np.float64]:
        """What they add to every turn of a session; turns x families.

        Parameters
        ----------
        side : array, turns x sides
        """
        total = np.zeros((len(table), self.weights.shape[3]))
        if len(self.columns):
            for role in ROLES:
                said = session_words(table, words, self.columns, role)
                for number, weights in enumerate(self.weights):
                    total += (said @ weights[role])[table.session] * side[:, number, None]
        return total


@dataclass(frozen=True)
class FeaturePart:
    """Features of the turn and of the turns around.

    Attributes
    ----------
    centre, spread : array of float32, features
        As `scale_of` gives them.
    weights : array of float32, sides x offsets x features x families
        Their shares of length included.
    gates, limits, of_session : array, gates
        As `gates_of` gives them.
    """

    centre: NDArray[np.float32]
    spread: NDArray[np.float32]
    weights: NDArray[np.float32]
    gates: NDArray[np.int64]
    limits: NDArray[np.float64]
    of_session: NDArray[np.bool_]

    def sides(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """On which sides these turns stand; turns x sides."""
        return sides(features, self.gates, self.limits)

    def session_sides(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """The same, of the gates that split whole sessions."""
        return sides(features, self.gates[self.of_session], self.limits[self.of_session])

    def log_odds(self, table: TurnTable) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What those of the turn add, and those of the turns around; each turns x families."""
        families = self.weights.shape[3]
        own, around = (np.zeros((len(table), families)) for _ in range(2))
        if not len(self.centre):
            return own, around
        # In double precision: the order in which BLAS adds depends on the number of rows, and a score must not.
        values = scaled(table.features, self.centre, self.spread).astype(np.float64)
        for weights, side in zip(self.weights, self.sides(table.features).T, strict=True):
            found = values @ np.concatenate(list(weights), axis=1, dtype=np.float64)
            own += found[:, :families] * side[:, None]
            around += sum_around(table, found, FEATURE_OFFSETS[1:], families) * side[:, None]
        return own, around

    def own_weights(self, features: NDArray[np.float32], family: int) -> NDArray[np.float64]:
        """What a standard deviation of each feature adds to the turn's own log-odds; turns x features."""
        return np.asarray(self.sides(features).astype(np.float64) @ self.weights[:, 0, :, family])

    def own_effects(self, features: NDArray[np.float32], family: int, like: NDArray[np.float32]) -> NDArray[np.float64]:
        """What each feature of a turn adds to the turn's own log-odds, heard as a turn like ``like`` is heard."""
        if not len(self.centre):
            return np.zeros(len(features))
        values = scaled(features, self.centre, self.spread).astype(np.float64)
        return np.asarray(values * self.own_weights(like[None, :], family)[0])


def sum_around(
    table: TurnTable, found: NDArray[np.floating], offsets: Sequence[tuple[int, float]], families: int
) -> NDArray[np.float64]:
    """Add up what the turns around give.

    Parameters
    ----------
    found : array, turns x ((1 + offsets) * families)
        What each turn gives to itself, and to the turn that it stands at each of the offsets from.
    """
    around = np.zeros((len(table), families))
    for number, (offset, _) in enumerate(offsets, start=1):
        there = table.at_offset(offset)
        part = found[:, number * families : (number + 1) * families]
        around += np.where((there >= 0)[:, None], part[there], 0.0)
    return around


def session_words(table: TurnTable, words: csr_matrix, columns: NDArray[np.int64], role: int) -> csr_matrix:
    """Words of one party over each session, log(1 + sum of TF-IDF), of unit length; sessions x columns."""
    rows = np.flatnonzero(table.role == role)
    shape = (len(table.transcripts), len(table))
    said = csr_matrix((np.ones(len(rows), dtype=np.float32), (table.session[rows], rows)), shape=shape)
    total = (said @ words).tocsr()[:, columns]
    total.data = np.log1p(total.data)
    return unit_rows(total)


def common_words(words: csr_matrix, cases: NDArray[np.str_]) -> NDArray[np.int64]:
    """Words that enough training cases use: fifteen, or a quarter of the cases where there are few."""
    _, case_of_row = np.unique(cases, return_inverse=True)
    number = int(case_of_row.max()) + 1
    return np.flatnonzero(cases_of_terms(words, case_of_row) >= max(LEAST_CASES, min(COMMON_CASES, number // 4)))


def scaled(
    features: NDArray[np.float32], centre: NDArray[np.float32], spread: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Features in standard deviations, cut at three; 0 where a value is missing."""
    off = np.clip((features - centre) / spread, -_FARTHEST, _FARTHEST)
    return np.nan_to_num(off, copy=False).astype(np.float32, copy=False)


def scale_of(features: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Centre and standard deviation of each feature, a missing value read as 0.

    The centre of a feature that is mostly 0 is 0, so that its column stays sparse; the mean otherwise.
    """
    known = np.nan_to_num(features)
    sparse = (known == 0).mean(axis=0) > 0.5
    centre = np.where(sparse, 0.0, known.mean(axis=0))
    return centre.astype(np.float32), (known.std(axis=0) + 1e-6).astype(np.float32)


@dataclass(frozen=True)
class Heard:
    """Which columns there are beyond the words nearby, before their weights are known.

    Attributes
    ----------
    columns : array of int
        Words that count for a session.
    centre, spread : array of float32, features
    names : tuple of str
        Of the features.
    """

    columns: NDArray[np.int64]
    centre: NDArray[np.float32]
    spread: NDArray[np.float32]
    names: tuple[str, ...]

    @classmethod
    def of(cls, table: TurnTable, words: csr_matrix) -> Heard:
        """Of training turns."""
        return cls(common_words(words, table.cases), *scale_of(table.features), table.feature_names)

    @classmethod
    def nothing(cls) -> Heard:
        """Neither words of the session nor features."""
        none = np.zeros(0, dtype=np.float32)
        return cls(np.zeros(0, dtype=np.int64), none, none, ())

    @property
    def _lengths(self) -> NDArray[np.float32]:
        exchange = np.array([name.startswith("exchange/") for name in self.names], dtype=np.bool_)
        each = FEATURE_SHARE / np.sqrt(max(len(self.centre), 1))
        return np.where(exchange, each * EXCHANGE_SHARE, each).astype(np.float32)

    def blocks(self, table: TurnTable, words: csr_matrix) -> list[csr_matrix]:
        """Columns for the regressions."""
        if not len(self.centre) and not len(self.columns):
            return []
        session = [session_words(table, words, self.columns, role)[table.session] * SESSION_SHARE for role in ROLES]
        columns, limits, of_session = gates_of(self.names)
        blocks = _by_side(session, sides(table.features, columns[of_session], limits[of_session]))
        if not len(self.centre):
            return blocks
        features = scaled(table.features, self.centre, self.spread) * self._lengths
        heard = []
        for offset, share in FEATURE_OFFSETS:
            there = table.at_offset(offset)
            heard.append(csr_matrix(np.where((there >= 0)[:, None], features[there], 0.0) * share))
        return blocks + _by_side(heard, sides(table.features, columns, limits))

    def parts(self, coefficients: NDArray[np.float64]) -> tuple[SessionPart, FeaturePart]:
        """Weights of the columns of `blocks`, each with its share of length.

        Parameters
        ----------
        coefficients : array, columns of `blocks` x families
        """
        families, features = coefficients.shape[1], len(self.centre)
        columns, limits, of_session = gates_of(self.names)
        of_all, of_turns = 1 + 2 * int(of_session.sum()), 1 + 2 * len(columns)
        cut = of_all * len(ROLES) * len(self.columns)
        session = coefficients[:cut].reshape(of_all, len(ROLES), len(self.columns), families) * SESSION_SHARE
        weights = coefficients[cut:].reshape(of_turns, len(FEATURE_OFFSETS), features, families)
        weights = weights * self._lengths[:, None] * np.array([share for _, share in FEATURE_OFFSETS])[:, None, None]
        return (
            SessionPart(self.columns, session.astype(np.float32)),
            FeaturePart(self.centre, self.spread, weights.astype(np.float32), columns, limits, of_session),
        )


def _by_side(blocks: list[csr_matrix], side: NDArray[np.float32]) -> list[csr_matrix]:
    """Columns once for all turns and once for those of each side."""
    return [*blocks, *(diags(of) @ block for of in side.T[1:] for block in blocks)]
