"""Why a turn was flagged: what the score loses when one thing about the turn is made typical."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rupture_markers.learning.estimator import RuptureModel
from rupture_markers.learning.scores import ScoringDetail
from rupture_markers.learning.sequence import AROUND, LEVEL, sequence_names
from rupture_markers.markers.feature_labels import feature_label
from rupture_markers.markers.marker import FAMILIES, Evidence, Family

MOST_REASONS = 5
LEAST_WEIGHT = 0.02
"""Log-odds; a reason that carries less says nothing."""
_GROUPS = {AROUND: "what the turns around it say", LEVEL: "strain in the session as a whole"}
_THIRD = tuple(_GROUPS.values())
"""Reasons that the third stage adds to: of the turns around, of the session."""


@dataclass(frozen=True)
class _Change:
    """One thing made typical: which columns get which values."""

    reason: str
    columns: NDArray[np.int64]
    values: NDArray[np.float32]


def reasons(
    model: RuptureModel, detail: ScoringDetail, row: int, family: Family, *, most: int = MOST_REASONS
) -> tuple[Evidence, ...]:
    """Strongest reasons for the probability of a family at a row of a session.

    Each reason is one thing about the turn: a word of the model's vocabulary, the cues heard, one named feature,
    the turns around it, the session's level. Its weight is the calibrated log-odds that the turn loses when that
    thing is taken away (a word) or set to the median of the training turns, all else kept (occlusion; Zeiler and
    Fergus, ECCV 2014). So a reason is never listed that does not hold the score up.

    Returns
    -------
    tuple of Evidence
        Strongest first, at most ``most``; weights above ``LEAST_WEIGHT``.
    """
    part = model.families[family]
    given = detail.inputs[row]
    changes = _changes(model, detail, row, family)
    changed = np.repeat(given[None, :], len(changes) + 1, axis=0)
    for number, change in enumerate(changes, start=1):
        changed[number, change.columns] = change.values
    log_odds = part.log_odds(changed)
    lost = log_odds[0] - log_odds[1:]
    near, level = detail.around[row, FAMILIES.index(family)]
    for number, change in enumerate(changes):
        if change.reason in _THIRD:
            lost[number] += (near, level)[_THIRD.index(change.reason)]
    order = np.argsort(-lost, kind="stable")
    return tuple(Evidence(changes[n].reason, round(float(lost[n]), 3)) for n in order[:most] if lost[n] >= LEAST_WEIGHT)


def _changes(model: RuptureModel, detail: ScoringDetail, row: int, family: Family) -> list[_Change]:
    given, typical = detail.inputs[row], model.families[family].typical
    names = sequence_names()
    own = FAMILIES.index(family)
    out = [
        _Change(
            f'word: "{term}"' if " " not in term else f'words: "{term}"',
            np.array([own]),
            np.array([given[own] - added], dtype=np.float32),
        )
        for term, added in model.term_weights(detail.words, row, family)
    ]
    for group, reason in _GROUPS.items():
        columns = np.array([n for n, name in enumerate(names) if name.startswith(group)])
        out.append(_Change(reason, columns, typical[columns]))
    out.append(_Change("wording of the turn as a whole", np.array([own]), typical[[own]]))
    cues: list[int] = []
    for place, name in enumerate(model.feature_names, start=len(names)):
        value, usual = float(given[place]), float(typical[place])
        if value == usual or (np.isnan(value) and np.isnan(usual)):
            continue
        if name.startswith("cue/"):
            cues.append(place)
        else:
            out.append(_Change(_worded(name, value, usual), np.array([place]), typical[[place]]))
    heard = _heard(detail.cue_hits[row])
    if cues and heard:
        columns = np.array(cues)
        out.append(_Change(f"cue: {', '.join(heard)}", columns, typical[columns]))
    return out


def _heard(hits: Sequence[object]) -> list[str]:
    return list(dict.fromkeys(str(getattr(hit, "cue_id", "")) for hit in hits))[:3]


def _worded(name: str, value: float, usual: float) -> str:
    # Counts and lengths are on a logarithmic scale: a coder is told the direction, not the number.
    label = feature_label(name)
    if np.isnan(value):
        return f"{label}: cannot be told here"
    if np.isnan(usual) or (usual == 0 < value):
        return label
    return f"{label}: {'more' if value > usual else 'less'} than typical"
