"""A spaCy pipeline that the study names adds to what the gate's rules find."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import spacy

from rupture_markers.errors import ConfigError
from rupture_markers.markers.named_entities import entity_recogniser
from rupture_markers.transcripts.deidentify import Scanner


def test_people_and_places_of_a_pipeline_are_hits_and_other_entities_are_not(tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    ruler: Any = nlp.add_pipe("entity_ruler")
    ruler.add_patterns(
        [
            {"label": "PERSON", "pattern": "mira"},
            {"label": "GPE", "pattern": "oldtown"},
            {"label": "ORG", "pattern": "unesco"},
        ]
    )
    nlp.to_disk(tmp_path / "pipeline")
    scanner = Scanner(recogniser=entity_recogniser(str(tmp_path / "pipeline")))
    text = "so mira went to oldtown for unesco"
    assert [(h.kind, text[h.start : h.end]) for h in scanner.text(text)] == [("name", "mira"), ("place", "oldtown")]


@pytest.mark.parametrize("name", ["no_such_pipeline", "blank"])
def test_a_pipeline_that_is_not_there_is_named(name: str) -> None:
    with pytest.raises(ConfigError, match=name):
        entity_recogniser(name)


def test_a_pipeline_without_entities_is_refused(tmp_path: Path) -> None:
    spacy.blank("en").to_disk(tmp_path / "plain")
    with pytest.raises(ConfigError, match="named entities"):
        entity_recogniser(str(tmp_path / "plain"))
