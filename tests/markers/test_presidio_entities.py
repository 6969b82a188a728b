"""Presidio, where it is installed and the study asks for it, adds to what the gate's rules find."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest

from rupture_markers.errors import ConfigError
from rupture_markers.markers.presidio_entities import presidio_recogniser
from rupture_markers.transcripts.deidentify import Scanner


@dataclass
class Found:
    entity_type: str
    start: int
    end: int


class Registry:
    def load_predefined_recognizers(self, languages: list[str], nlp_engine: Any) -> None:
        assert languages == ["en"]
        assert set(nlp_engine.nlp) == {"en"}


class Engine:
    def __init__(self, models: list[dict[str, str]]) -> None:
        self.models = models


class Analyser:
    asked: list[list[str]] = []  # noqa: RUF012 - of the one analyser of a test

    def __init__(self, registry: Registry, nlp_engine: Engine, supported_languages: list[str]) -> None:
        assert nlp_engine.models[0]["model_name"] == "blank"

    def get_supported_entities(self, language: str) -> list[str]:
        return ["PERSON", "PHONE_NUMBER", "URL", "EMAIL_ADDRESS", "DATE_TIME"]

    def analyze(self, text: str, language: str, entities: list[str], score_threshold: float) -> list[Found]:
        self.asked.append(entities)
        return [Found("PERSON", text.index(w), text.index(w) + len(w)) for w in ("bjarne",) if w in text]


@pytest.fixture
def presidio(monkeypatch: pytest.MonkeyPatch) -> type[Analyser]:
    parts: dict[str, dict[str, Any]] = {
        "presidio_analyzer": {"AnalyzerEngine": Analyser},
        "presidio_analyzer.nlp_engine": {"SpacyNlpEngine": Engine},
        "presidio_analyzer.recognizer_registry": {"RecognizerRegistry": Registry},
    }
    for name, members in parts.items():
        module = ModuleType(name)
        for member, value in members.items():
            setattr(module, member, value)
        monkeypatch.setitem(sys.modules, name, module)
        if "." in name:
            setattr(sys.modules["presidio_analyzer"], name.rpartition(".")[2], module)
    Analyser.asked.clear()
    presidio_recogniser.cache_clear()
    return Analyser


def test_what_presidio_finds_is_a_finding_and_it_is_asked_for_nothing_that_needs_the_internet(
    presidio: type[Analyser],
) -> None:
    scanner = Scanner(recogniser=presidio_recogniser("blank"))
    text = "i keep thinking about bjarne"
    assert Scanner().text(text) == ()
    assert [(h.kind, text[h.start : h.end]) for h in scanner.text(text)] == [("name", "bjarne")]
    assert presidio.asked == [["PERSON", "PHONE_NUMBER"]]


def test_a_study_that_asks_for_presidio_says_so_where_it_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "presidio_analyzer", None)
    presidio_recogniser.cache_clear()
    with pytest.raises(ConfigError, match=r"rupture-markers\[presidio\]"):
        presidio_recogniser("blank")


def test_a_pipeline_that_presidio_would_fetch_is_refused(presidio: type[Analyser]) -> None:
    with pytest.raises(ConfigError, match="en_core_web_none"):
        presidio_recogniser("en_core_web_none")
