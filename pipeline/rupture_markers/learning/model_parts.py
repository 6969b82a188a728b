"""A model taken apart for its file, and put together again."""

from __future__ import annotations

from typing import Any

import numpy as np

from rupture_markers.learning.code_ranker import CodeRanker
from rupture_markers.learning.dialogue_part import FeaturePart, Heard, SessionPart, gates_of
from rupture_markers.learning.novelty import Novelty, fit_novelty
from rupture_markers.learning.rupture_model import FamilyModel, RuptureModel
from rupture_markers.learning.stacked import StackedModel, own_from_parts, own_parts
from rupture_markers.learning.terms import Vocabulary
from rupture_markers.learning.word_model import WordModel
from rupture_markers.markers.marker import FAMILIES, Family

FORMAT = 5
"""Of the model file; 1 had no novelty and fewer neighbours, 1 and 2 no linear model beside the boosting, 1 to 4 no gates in
it, and are read as such."""
STACKED_FORMAT = 3
"""A baseline with a lab's own part; the others are models by themselves."""


def parts_of(model: RuptureModel | StackedModel) -> dict[str, Any]:
    """Plain dicts, arrays and scikit-learn estimators: nothing of ours is named in the file."""
    if isinstance(model, StackedModel):
        return {"format": STACKED_FORMAT, "base": parts_of(model.base), "own": own_parts(model.own)}
    words = model.words
    return {
        "format": FORMAT,
        "feature_names": np.array(model.feature_names, dtype=np.str_),
        "words": {
            "terms": words.vocabulary.terms,
            "idf": words.vocabulary.idf,
            "words": words.vocabulary.words,
            "own": words.own,
            "around": words.around,
            "intercept": words.intercept,
        },
        "linear": None if model.linear is None else _linear_parts(model.linear),
        "families": {
            family: {
                "boosting": part.boosting,
                "calibration": np.array([part.slope, part.offset]),
                "typical": part.typical,
                "codes": np.array(part.ranker.codes, dtype=np.str_),
                "code_weights": part.ranker.weights,
                "code_intercept": part.ranker.intercept,
            }
            for family, part in model.families.items()
        },
        "novelty": {
            "centre": model.novelty.centre,
            "scale": model.novelty.scale,
            "precision": model.novelty.precision,
        },
    }


def model_of_parts(parts: dict[str, Any]) -> RuptureModel | StackedModel:
    """Put a model together from what `parts_of` gave.

    Raises
    ------
    KeyError, TypeError, ValueError, AttributeError, IndexError
        If the parts are not those of a model.
    """
    if parts["format"] == STACKED_FORMAT:
        return StackedModel(model_of_parts(parts["base"]), own_from_parts(parts["own"]))
    return _base_from_parts(parts)


def _linear_parts(linear: WordModel) -> dict[str, Any]:
    """Its vocabulary is the first stage's."""
    return {
        "own": linear.own,
        "around": linear.around,
        "intercept": linear.intercept,
        "session_columns": linear.session.columns,
        "session_weights": linear.session.weights,
        "feature_centre": linear.features.centre,
        "feature_spread": linear.features.spread,
        "feature_weights": linear.features.weights,
        "gates": linear.features.gates,
        "gate_limits": linear.features.limits,
        "gates_of_session": linear.features.of_session,
    }


def _linear_from_parts(parts: dict[str, Any] | None, vocabulary: Vocabulary) -> WordModel | None:
    if parts is None:
        return None
    session, features = parts["session_weights"], parts["feature_weights"]
    gates = (
        tuple(parts[name] for name in ("gates", "gate_limits", "gates_of_session"))
        if "gates" in parts
        else gates_of(())
    )
    if "gates" not in parts:
        session, features = session[None], features[None]
    return WordModel(
        vocabulary, parts["own"], parts["around"], parts["intercept"],
        SessionPart(parts["session_columns"], session),
        FeaturePart(parts["feature_centre"], parts["feature_spread"], features, *gates),
    )  # fmt: skip


def _base_from_parts(parts: dict[str, Any]) -> RuptureModel:
    words = parts["words"]
    families: dict[Family, FamilyModel] = {}
    for family in FAMILIES:
        if family in parts["families"]:
            part = parts["families"][family]
            codes = tuple(str(code) for code in part["codes"])
            ranker = CodeRanker(codes, part["code_weights"], part["code_intercept"])
            slope, offset = (float(value) for value in part["calibration"])
            families[family] = FamilyModel(
                FAMILIES.index(family), part["boosting"], slope, offset, ranker, part["typical"]
            )
    vocabulary = Vocabulary(words["terms"], words["idf"], int(words["words"]))
    nothing = Heard.nothing().parts(np.zeros((0, len(FAMILIES))))
    return RuptureModel(
        WordModel(vocabulary, words["own"], words["around"], words["intercept"], *nothing),
        _linear_from_parts(parts.get("linear"), vocabulary),
        families,
        tuple(str(name) for name in parts["feature_names"]),
        Novelty(**parts["novelty"]) if "novelty" in parts else fit_novelty(np.zeros((0, 0))),
    )  # fmt: skip
