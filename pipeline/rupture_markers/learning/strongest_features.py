"""Which features carry a family: what marked turns lose, beyond unmarked ones, when a feature is made typical."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rupture_markers.learning.boosting import linear_column
from rupture_markers.learning.dialogue_part import scaled
from rupture_markers.learning.rupture_model import RuptureModel
from rupture_markers.learning.sequence import sequence_names
from rupture_markers.markers.feature_labels import feature_label
from rupture_markers.markers.marker import FAMILIES, Family


def separations(
    model: RuptureModel, family: Family, inputs: NDArray[np.float32], marked: NDArray[np.bool_]
) -> dict[str, float]:
    """Mean log-odds lost by marked turns less that lost by unmarked ones, by readable name.

    The same occlusion as behind the reasons that a coder sees (docs/model.md). Columns of the first stage go by group
    (words of the turn, of the turns around, level of the session), cues as one.

    Parameters
    ----------
    inputs : array, turns x inputs of the second stage
        Of turns that the model was not fitted on.
    marked : array of bool, turns
    """
    part = model.families[family]
    if not marked.any() or marked.all():
        return {}
    groups: dict[str, list[int]] = {}
    for column, name in enumerate(model.input_names):
        groups.setdefault(_reason(name), []).append(column)
    full = part.log_odds(inputs)
    first, linear = len(sequence_names()), linear_column(inputs.shape[1], FAMILIES.index(family))
    out = {}
    for reason, columns in groups.items():
        changed = inputs.copy()
        changed[:, columns] = part.typical[columns]
        heard = [column - first for column in columns if first <= column < first + len(model.feature_names)]
        changed[:, linear] -= _linear_effect(model, family, inputs, heard)
        lost = full - part.log_odds(changed)
        out[reason] = float(lost[marked].mean() - lost[~marked].mean())
    return out


def _linear_effect(
    model: RuptureModel, family: Family, inputs: NDArray[np.float32], heard: list[int]
) -> NDArray[np.float64] | float:
    """What the linear model's log-odds lose when these features are made typical."""
    if model.linear is None or not heard:
        return 0.0
    first = len(sequence_names())
    last = first + len(model.feature_names)
    features = model.linear.features
    given, usual = (
        scaled(values, features.centre, features.spread)
        for values in (inputs[:, first:last], model.families[family].typical[first:last])
    )
    weights = features.own_weights(inputs[:, first:last], FAMILIES.index(family))[:, heard]
    return np.asarray(((given[:, heard] - usual[heard]) * weights).sum(axis=1), dtype=np.float64)


def _reason(name: str) -> str:
    if ": " in name and "/" not in name:
        return name.split(": ", maxsplit=1)[0]
    return "cues" if name.startswith("cue/") else feature_label(name)
