"""Dawid and Skene's model of coders: each has an error rate of their own, and the truth is a probability."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_SMALLEST = 1e-10


def dawid_skene(table: Array, *, iterations: int = 1000, tolerance: float = 1e-12) -> Array:
    """Probability that each unit carries the marker, by expectation and maximisation.

    Parameters
    ----------
    table : array, units x coders
        1 marked, 0 not marked, NaN where the coder did not code the unit; every unit coded at least once.
    iterations : int
        At most so many.
    tolerance : float
        Stop when the mean log-likelihood of a unit grows by less.

    Returns
    -------
    array, units
        In [0, 1].

    Notes
    -----
    M step: pi_j(k, l), the chance that coder j says l where k is true, = sum_i T_ik [x_ij = l] / sum_i,l; p_k = mean T_ik.
    E step: T_ik proportional to p_k prod_j pi_j(k, x_ij). The start is the share of the coders.

    References
    ----------
    Dawid, A. P., & Skene, A. M. (1979). Maximum likelihood estimation of observer error-rates using the EM algorithm.
    J. R. Stat. Soc. C 28(1), 20-28.

    Examples
    --------
    The third coder marks at random, so the first two settle it.

    >>> table = np.array([[1, 1, 0], [1, 1, 1], [0, 0, 1], [0, 0, 0], [1, 1, 0], [0, 0, 1]], dtype=float)
    >>> dawid_skene(table).round(2).tolist()
    [1.0, 1.0, 0.0, 0.0, 1.0, 0.0]
    """
    said = np.stack([table == 0, table == 1], axis=-1).astype(float)
    truth = said.sum(axis=1) / said.sum(axis=(1, 2))[:, None]
    before = -np.inf
    for _ in range(iterations):
        prior = truth.mean(axis=0)
        errors = np.maximum(np.einsum("ik,ijl->jkl", truth, said), _SMALLEST)
        errors /= errors.sum(axis=-1, keepdims=True)
        scores = np.log(np.maximum(prior, _SMALLEST)) + np.einsum("ijl,jkl->ik", said, np.log(errors))
        top = scores.max(axis=1, keepdims=True)
        likelihood = np.exp(scores - top)
        truth = likelihood / likelihood.sum(axis=1, keepdims=True)
        now = float((top[:, 0] + np.log(likelihood.sum(axis=1))).mean())
        if now - before < tolerance:
            break
        before = now
    return np.asarray(truth[:, 1])
