"""How the two speak in this session: strain is rare where the therapist reflects and common where one lectures."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rupture_markers.markers.dialogue import Moves, Neighbours
from rupture_markers.markers.measures import SessionMeasures
from rupture_markers.markers.word_counts import TurnCounts

Column = npt.NDArray[np.float32]

CLIENT = (
    "negation", "disagreement", "agreement", "hedge", "not-knowing", "but", "about-the-other", "demand", "question-back",
    "feeling-bad", "reasoning", "thanks", "sent-here", "therapy-talk",
)  # fmt: skip
THERAPIST = (
    "advice", "press", "reflection", "open-question", "yes-no-question", "invitation", "information", "affirmation",
    "validation", "apology", "own-part", "about-us", "rationale", "permission", "but", "negation", "second-person",
    "clarify", "change-of-task", "redirect", "absolute",
)  # fmt: skip
"""Word lists whose share of turns is taken, by speaker."""

_PULL = 4.0
"""So many turns of the typical session are added: a short session tells little."""
_TYPICAL = 0.2


def style_columns(counts: TurnCounts, near: Neighbours, did: Moves, measured: SessionMeasures) -> dict[str, Column]:
    """Share of each party's turns that hold a word of a list, the same for every row; the row itself is counted in."""
    size = len(measured.words)
    columns: dict[str, Column] = {}
    for party, among, names in (("client", near.client, CLIENT), ("therapist", near.therapist, THERAPIST)):
        rows = np.flatnonzero(among & measured.counted)
        present = counts.anywhere[rows] > 0
        for name in names:
            columns[f"style/{party}-{name}"] = _share(present[:, counts.column(name)], size)
        length = float(measured.length[rows].mean()) if len(rows) else np.nan
        columns[f"style/{party}-length"] = np.full(size, length, dtype=np.float32)
        columns[f"style/{party}-asks"] = _share(did.ends_asking[rows], size)
        columns[f"style/{party}-short"] = _share(measured.short[rows], size)
        columns[f"style/{party}-broken-off"] = _share(measured.broken_off[rows], size)
    return columns


def _share(flags: npt.NDArray[np.bool_], size: int) -> Column:
    value = (float(flags.sum()) + _PULL * _TYPICAL) / (len(flags) + _PULL)
    return np.full(size, value, dtype=np.float32)
