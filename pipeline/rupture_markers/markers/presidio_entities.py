"""Microsoft's Presidio as hits of the de-identification gate: an extra (`pip install rupture-markers[presidio]`)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from types import ModuleType
from typing import Any

import spacy

from rupture_markers.errors import ConfigError
from rupture_markers.transcripts.deidentify import Recogniser
from rupture_markers.transcripts.identifiers.finding import Hit, Kind
from rupture_markers.transcripts.identifiers.placeholders import BLANK

KINDS: dict[str, Kind] = {
    "PERSON": "name", "LOCATION": "place", "PHONE_NUMBER": "phone", "IP_ADDRESS": "ip", "CREDIT_CARD": "account",
    "IBAN_CODE": "account", "US_BANK_NUMBER": "account", "US_DRIVER_LICENSE": "licence", "US_PASSPORT": "licence",
    "MEDICAL_LICENSE": "licence", "US_SSN": "national_id", "US_ITIN": "national_id", "UK_NINO": "national_id",
    "UK_NHS": "record", "CRYPTO": "account",
}  # fmt: skip
"""Presidio's entities that are asked for. E-mail and web addresses are left to our own rules, since Presidio's fetch a list
of domains from the internet; its dates hold weekdays and years, which are no finding."""
_LEAST_SCORE = 0.4


@lru_cache(maxsize=1)
def presidio_recogniser(pipeline: str) -> Recogniser:
    """Recogniser of what Presidio finds with an installed spaCy pipeline.

    Parameters
    ----------
    pipeline : str
        As ``spacy_model`` in study.yaml names it; with ``blank`` Presidio's patterns look alone, for no names.

    Raises
    ------
    ConfigError
        If Presidio or the pipeline is not installed.
    """
    analyser, nlp_engine, registry = _presidio()
    try:
        nlp = spacy.blank("en") if pipeline == "blank" else spacy.load(pipeline)
    except OSError:
        raise ConfigError(
            f"the spaCy pipeline '{pipeline}' is not installed.",
            "Install it, name another under 'spacy_model:', or set 'deidentification: ner: false'.",
        ) from None
    # Given loaded, since Presidio would fetch a pipeline that it does not find.
    engine = nlp_engine.SpacyNlpEngine(models=[{"lang_code": "en", "model_name": pipeline}])
    engine.nlp = {"en": nlp}
    recognisers = registry.RecognizerRegistry()
    recognisers.load_predefined_recognizers(languages=["en"], nlp_engine=engine)
    found: Any = analyser.AnalyzerEngine(registry=recognisers, nlp_engine=engine, supported_languages=["en"])
    wanted = sorted(set(KINDS) & set(found.get_supported_entities("en")))

    def hits(text: str) -> Iterable[Hit]:
        results = found.analyze(text=text, language="en", entities=wanted, score_threshold=_LEAST_SCORE)
        return [
            Hit(r.start, r.end, KINDS[r.entity_type])
            for r in results
            if r.entity_type in KINDS and BLANK not in text[r.start : r.end]
        ]

    return hits


def _presidio() -> tuple[ModuleType, ModuleType, ModuleType]:
    try:
        import presidio_analyzer  # noqa: PLC0415 - an extra
        from presidio_analyzer import nlp_engine, recognizer_registry  # noqa: PLC0415
    except ImportError:
        raise ConfigError(
            "the study asks for Presidio, which is not installed.",
            "Run 'pip install rupture-markers[presidio]', or set 'deidentification: ner: false'.",
        ) from None
    return presidio_analyzer, nlp_engine, recognizer_registry
