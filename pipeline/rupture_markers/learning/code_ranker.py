"""Which codes of a family a marked turn is likeliest to get: one multinomial regression a family, on its words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from rupture_markers.learning.turn_table import TurnTable
from rupture_markers.markers.marker import Family


@dataclass(frozen=True)
class CodeRanker:
    """Weights of one family.

    Attributes
    ----------
    codes : tuple of str
        Codes seen in training.
    weights : array of float32, inputs x codes
        Inputs are the TF-IDF of the turn's words, then the cue counts, squashed.
    intercept : array of float64, codes
    """

    codes: tuple[str, ...]
    weights: NDArray[np.float32]
    intercept: NDArray[np.float64]

    def rank(self, inputs: csr_matrix) -> list[tuple[str, ...]]:
        """Codes of each row, likeliest first."""
        scores = inputs @ self.weights + self.intercept
        ranked = np.array(self.codes, dtype=np.object_)[np.argsort(-scores, axis=1, kind="stable")]
        return list(map(tuple, ranked.tolist()))


def fit_ranker(
    family: Family,
    table: TurnTable,
    inputs: csr_matrix,
    codes: Mapping[tuple[str, int], Mapping[str, float]],
    known: tuple[str, ...],
    *,
    strength: float = 3.0,
    seed: int = 0,
) -> CodeRanker:
    """Fit on the marked turns of a family, each code weighted as the coders gave it.

    Parameters
    ----------
    codes : Mapping of (session_id, turn) to Mapping of code to weight
    known : tuple of str
        Codes of the family in the codebook.
    """
    rows, labels, weights = [], [], []
    for row in table.rows_of(family):
        for code, weight in codes.get(table.keys[row], {}).items():
            if code in known:
                rows.append(row)
                labels.append(code)
                weights.append(weight)
    seen = tuple(sorted(set(labels), key=known.index))
    if len(seen) < 2:
        order = (*seen, *(code for code in known if code not in seen))
        falling = -np.arange(len(order), dtype=np.float64)
        return CodeRanker(order, np.zeros((inputs.shape[1], len(order)), dtype=np.float32), falling)
    regression = LogisticRegression(C=strength, tol=1e-4, max_iter=500, random_state=seed)
    regression.fit(inputs[np.array(rows)], np.array(labels), sample_weight=np.array(weights))
    coefficients, intercept = regression.coef_, regression.intercept_
    if len(regression.classes_) == 2:
        coefficients, intercept = (
            np.vstack([-coefficients[0], coefficients[0]]) / 2,
            np.array([-intercept[0], intercept[0]]) / 2,
        )
    return CodeRanker(
        tuple(str(code) for code in regression.classes_),
        coefficients.T.astype(np.float32),
        intercept.astype(np.float64),
    )
