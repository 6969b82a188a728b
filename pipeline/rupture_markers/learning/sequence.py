"""What the second stage sees: first-stage scores of the turns around, the session's level, and the turn's features."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rupture_markers.learning.turn_table import TurnTable
from rupture_markers.markers.marker import FAMILIES

REACH = 4
"""How many turns before and after are looked at."""

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
    parts.append(_running(table, log_odds))
    parts.append(_running(table, log_odds[::-1], backwards=True)[::-1])
    mean, highest = np.full_like(log_odds, np.nan), np.full_like(log_odds, np.nan)
    for number in range(len(table.transcripts)):
        rows = np.flatnonzero(table.session == number)
        of_session = log_odds[rows]
        seen = ~np.isnan(of_session)
        count = seen.sum(axis=0)
        total = np.where(seen, of_session, 0.0).sum(axis=0)
        top = np.where(seen, of_session, -np.inf).max(axis=0, initial=-np.inf)
        mean[rows] = np.where(count > 0, total / np.maximum(count, 1), np.nan)
        highest[rows] = np.where(count > 0, top, np.nan)
    parts += [mean, highest]
    return np.concatenate(parts, axis=1).astype(np.float32)


def _running(table: TurnTable, log_odds: NDArray[np.float64], *, backwards: bool = False) -> NDArray[np.float64]:
    """Mean of what came before, each turn back weighing 0.7 of the one after it; the turn itself left out."""
    session = table.session[::-1] if backwards else table.session
    out = np.full_like(log_odds, np.nan)
    total, mass = np.zeros(log_odds.shape[1]), np.zeros(log_odds.shape[1])
    last = -1
    filled, seen = np.nan_to_num(log_odds), ~np.isnan(log_odds)
    for row in range(len(session)):
        if session[row] != last:
            total, mass = np.zeros_like(total), np.zeros_like(mass)
            last = int(session[row])
        out[row] = np.where(mass > 1e-3, total / np.maximum(mass, 1e-3), np.nan)
        total, mass = 0.7 * total + filled[row], 0.7 * mass + seen[row]
    return out
