"""What the second stage sees: first-stage scores of the turns around, the session's level, and the turn's features."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from rupture_markers.learning.turn_table import TurnTable
from rupture_markers.markers.marker import FAMILIES

REACH = 4
"""How many turns before and after are looked at."""
_KEPT = 0.7
"""What each turn further back keeps of its weight in the running mean."""
_LEAST_MASS = 1e-3

OWN, AROUND, LEVEL = "words of this turn", "words of the turns around", "level of the session"


def sequence_names() -> tuple[str, ...]:
    """Names of the columns of :func:`sequence_features`, each with the group it belongs to in front."""
    names = [f"{OWN}: {family}" for family in FAMILIES]
    for offset in [*range(-REACH, 0), *range(1, REACH + 1)]:
        names += [f"{AROUND}: {family} at {offset:+d}" for family in FAMILIES]
    for what in ("before", "after"):
        names += [f"{AROUND}: {family} {what}" for family in FAMILIES]
    for what in ("mean", "highest"):
        names += [f"{LEVEL}: {family} {what}" for family in FAMILIES]
    return tuple(names)


def sequence_features(table: TurnTable, log_odds: NDArray[np.float64]) -> NDArray[np.float32]:
    """First-stage log-odds of the turn, its neighbours, the running mean on either side, and of the session.

    Parameters
    ----------
    log_odds : array, turns x families
        NaN where the family is not coded in that speaker's turns.

    Returns
    -------
    array of float32, turns x ``len(sequence_names())``
        NaN = no such turn.
    """
    parts = [log_odds]
    for offset in [*range(-REACH, 0), *range(1, REACH + 1)]:
        there = table.at_offset(offset)
        parts.append(np.where((there >= 0)[:, None], log_odds[there], np.nan))
    before, after = np.full_like(log_odds, np.nan), np.full_like(log_odds, np.nan)
    mean, highest = np.full_like(log_odds, np.nan), np.full_like(log_odds, np.nan)
    for number in range(len(table.transcripts)):
        rows = np.flatnonzero(table.session == number)
        of_session = log_odds[rows]
        before[rows], after[rows] = _running(of_session), _running(of_session[::-1])[::-1]
        seen = ~np.isnan(of_session)
        count = seen.sum(axis=0)
        total = np.where(seen, of_session, 0.0).sum(axis=0)
        top = np.where(seen, of_session, -np.inf).max(axis=0, initial=-np.inf)
        mean[rows] = np.where(count > 0, total / np.maximum(count, 1), np.nan)
        highest[rows] = np.where(count > 0, top, np.nan)
    parts += [before, after, mean, highest]
    return np.concatenate(parts, axis=1).astype(np.float32)


def _running(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean of what came before in a session, each turn back weighing 0.7 of the one after it; the turn itself left out."""
    filled, seen = np.nan_to_num(log_odds), (~np.isnan(log_odds)).astype(np.float64)
    total, mass = (np.zeros_like(log_odds) for _ in range(2))
    total[1:] = lfilter([1.0], [1.0, -_KEPT], filled, axis=0)[:-1]
    mass[1:] = lfilter([1.0], [1.0, -_KEPT], seen, axis=0)[:-1]
    return np.where(mass > _LEAST_MASS, total / np.maximum(mass, _LEAST_MASS), np.nan)
