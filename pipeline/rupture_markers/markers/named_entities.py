"""Named entities of a spaCy pipeline as hits of the de-identification gate; optional, and in addition to its rules."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import spacy

from rupture_markers.errors import ConfigError
from rupture_markers.transcripts.deidentify import Recogniser
from rupture_markers.transcripts.identifiers.finding import Hit, Kind
from rupture_markers.transcripts.identifiers.placeholders import BLANK

_KINDS: dict[str, Kind] = {"PERSON": "name", "PER": "name", "GPE": "place", "LOC": "place", "FAC": "place"}
"""Labels of OntoNotes and WikiNER; organisations, dates and nationalities are left to the rules."""
_PARTS = ("ner", "entity_ruler", "span_ruler")


@lru_cache(maxsize=1)
def entity_recogniser(pipeline: str) -> Recogniser:
    """Recogniser of people and places of an installed pipeline.

    Parameters
    ----------
    pipeline : str
        As ``spacy_model`` in study.yaml names it: a package, or a folder.

    Raises
    ------
    ConfigError
        If it is not installed, or knows no named entities.
    """
    try:
        nlp = spacy.load(pipeline)
    except OSError:
        raise ConfigError(
            f"the spaCy pipeline '{pipeline}' is not installed.",
            "Install it, name another under 'spacy_model:', or set 'deidentification: ner: false'.",
        ) from None
    if not any(nlp.has_pipe(name) for name in _PARTS):
        raise ConfigError(
            f"the spaCy pipeline '{pipeline}' finds no named entities.",
            "Name one that does under 'spacy_model:', or set 'deidentification: ner: false'.",
        )

    def hits(text: str) -> Iterable[Hit]:
        entities = nlp(text).ents
        return [
            Hit(e.start_char, e.end_char, _KINDS[e.label_])
            for e in entities
            if e.label_ in _KINDS and BLANK not in e.text
        ]

    return hits
