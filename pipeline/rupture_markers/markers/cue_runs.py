"""Cues around a turn: markers come in runs, a strategy follows a strain."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from rupture_markers.markers.cues import CueHit, CueList
from rupture_markers.markers.dialogue import Neighbours
from rupture_markers.markers.feature_labels import code_feature
from rupture_markers.markers.marker import CODED_SPEAKER, FAMILIES

Column = npt.NDArray[np.float32]

NEAR, FAR = 2, 8
"""Turns, of whatever speaker, that count as the last ones and as the run."""

_LONG_AGO = 50


def cue_columns(hits: Sequence[Sequence[CueHit]], cues: CueList, near: Neighbours) -> dict[str, Column]:
    """Cues of each family and code in a turn; of each family before, after and in the rest of the session."""
    size = len(hits)
    codes = {code: np.zeros(size, dtype=np.float32) for code in dict.fromkeys(cue.code for cue in cues.cues)}
    families = {family: np.zeros(size, dtype=np.float32) for family in FAMILIES}
    for row, found in enumerate(hits):
        for hit in found:
            codes[hit.code][row] += 1
            families[cues.by_id[hit.cue_id].family][row] += 1
    columns: dict[str, Column] = {code_feature(code): values for code, values in codes.items()}
    coded = {"client": near.client, "therapist": near.therapist}
    for family, values in families.items():
        sums = np.concatenate([[0], np.cumsum(values)]).astype(np.float32)
        rows = np.arange(size)
        turns = coded[CODED_SPEAKER[family]]
        others = turns.sum() - turns
        columns |= {
            f"cue/{family}": values,
            f"run/{family}-last-turn": sums[rows] - sums[np.maximum(rows - NEAR, 0)],
            f"run/{family}-before": sums[rows] - sums[np.maximum(rows - FAR, 0)],
            f"run/{family}-after": sums[np.minimum(rows + 1 + FAR, size)] - sums[np.minimum(rows + 1, size)],
            f"session/{family}": np.where(others > 0, (values.sum() - values) / np.maximum(others, 1), np.nan),
        }
    columns["run/no-cue-since"] = _since(families["withdrawal"] + families["confrontation"] > 0)
    return columns


def _since(hit: npt.NDArray[np.bool_]) -> Column:
    """Turns since the last hit before each row, `_LONG_AGO` at most; NaN before the first."""
    rows = np.arange(len(hit))
    last = np.maximum.accumulate(np.where(hit, rows, -1)) if len(hit) else rows
    before = np.concatenate([[-1], last[:-1]]) if len(hit) else rows
    return np.where(before >= 0, np.minimum(rows - before, _LONG_AGO), np.nan).astype(np.float32)
