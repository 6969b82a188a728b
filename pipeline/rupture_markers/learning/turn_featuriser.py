"""Features of every turn of a session, in the order that a model wants them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from rupture_markers.errors import ModelError
from rupture_markers.learning.turn_table import Featurise
from rupture_markers.markers.codebook import Codebook, load_codebook
from rupture_markers.markers.cue_component import build_pipeline
from rupture_markers.markers.cues import CueList, load_cues
from rupture_markers.markers.features import TurnFeatures, turn_features
from rupture_markers.markers.word_lists import word_counter
from rupture_markers.transcripts.transcript import Transcript


def turn_featuriser(
    codebook: Codebook | None = None,
    cues: CueList | None = None,
    spacy_model: str = "blank",
    *,
    names: tuple[str, ...] | None = None,
    path: Path | None = None,
) -> Featurise:
    """Build what computes the features of a session's turns.

    Parameters
    ----------
    names : tuple of str, optional
        Features that a model needs, in its order; all of them without.

    Raises
    ------
    ModelError
        At the first session, if a feature that the model needs is not there any more.
    """
    codebook = codebook or load_codebook(None)
    cues = cues or load_cues(None, codebook)
    pipeline = build_pipeline(spacy_model, cues)
    # Made here, once, and not at the first session: processes that score are forked after loading.
    word_counter()

    def featurise(transcript: Transcript) -> TurnFeatures:
        found = turn_features(transcript, pipeline)
        if names is None or tuple(found.names) == names:
            return found
        place = {name: n for n, name in enumerate(found.names)}
        lost = [name for name in names if name not in place]
        if lost:
            raise ModelError(
                f"the model needs the feature '{lost[0]}', which this version of rupture-markers does not make.",
                "Use the version that it was trained with, or train it again.",
                path=path,
            )
        values = np.asarray(found.values)[:, [place[name] for name in names]]
        return replace(found, names=names, values=values)

    return featurise
