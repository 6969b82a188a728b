"""ELAN (.eaf): one tier a speaker, annotations with times in milliseconds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError  # the parser itself is defusedxml's

import pympi
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from rupture_markers.errors import IngestError
from rupture_markers.transcripts.options import RawTranscript, ReadOptions, Utterance
from rupture_markers.transcripts.speakers import speaker_of
from rupture_markers.transcripts.transcript import Speaker

_LINE = re.compile(r"line (\d+)")
_ANNOTATION = re.compile(rb'ANNOTATION_ID="([^"]{1,80})"')


@dataclass(frozen=True, slots=True)
class _Tier:
    person: str
    parent: bool
    items: tuple[tuple[str, float | None, float | None, str], ...]


def _tier(eaf: Any, name: str, values: Any) -> _Tier:
    """Time-aligned annotations of a tier, as id, start and end in seconds, and words."""

    def seconds(slot: str) -> float | None:
        milliseconds = eaf.timeslots[slot]
        return None if milliseconds is None else milliseconds / 1000

    items = tuple(
        (key, seconds(first), seconds(last), value or "") for key, (first, last, value, _) in values[0].items()
    )
    return _Tier(values[2].get("PARTICIPANT") or name, "PARENT_REF" in values[2], items)


def _annotation_lines(data: bytes) -> dict[str, int]:
    return {
        found[1].decode("utf-8", "replace"): number
        for number, line in enumerate(data.split(b"\n"), start=1)
        for found in _ANNOTATION.finditer(line)
    }


def _label(name: str, tier: _Tier, options: ReadOptions, speakers: Mapping[str, Speaker]) -> str | None:
    names = (name,) if tier.parent and name in options.tiers else () if tier.parent else (name, tier.person)
    return next((label for label in names if speaker_of(label, speakers) is not None), None)


def read_elan(data: bytes, options: ReadOptions, path: Path) -> RawTranscript:
    """Annotations of the tiers that are mapped to a speaker, in the order of their times.

    A tier is a speaker's by the study's ``reading: tiers:``, by its name, or by its participant; one that has a parent
    tier (words, glosses: the same speech once more) only if ``tiers`` names it. Where any tier is a speaker's, the
    others are left out with a warning; where none is, all without a parent are shown as unmapped labels.

    Raises
    ------
    IngestError
        If it is no ELAN file, or carries XML entities.
    """
    try:
        root = fromstring(data, forbid_dtd=False)
    except DefusedXmlException:
        raise IngestError(
            "the file declares XML entities or external references, which no ELAN file needs.",
            "Open it in ELAN and save it again.",
            path=path,
            line=1,
        ) from None
    except (ParseError, ValueError) as fault:
        number = _LINE.search(str(fault))
        raise IngestError(
            "the XML is broken here.",
            "Open it in ELAN and save it again.",
            path=path,
            line=int(number[1]) if number else 1,
        ) from None
    if root.tag != "ANNOTATION_DOCUMENT":
        raise IngestError("this XML is not an ELAN file.", "Check what was exported.", path=path, line=1)
    try:
        eaf = pympi.Elan.Eaf(str(path), suppress_version_warning=True)
        tiers = {name: _tier(eaf, name, values) for name, values in eaf.tiers.items() if values[0]}
    except (KeyError, ValueError, TypeError, AttributeError, IndexError):
        raise IngestError(
            "ELAN's own structure is broken in this file (a time slot, tier or reference is missing).",
            "Open it in ELAN and save it again.",
            path=path,
            line=1,
        ) from None
    speakers = {**options.speakers, **options.tiers}
    lines = _annotation_lines(data)
    labels = {name: _label(name, tier, options, speakers) for name, tier in tiers.items()}
    mapped = any(labels.values())
    warnings: list[tuple[str, int | None]] = []
    utterances = []
    for name, tier in tiers.items():
        label = labels[name]
        if (mapped and label is None) or (tier.parent and not mapped):
            first = lines.get(tier.items[0][0])
            warnings.append((f"a tier of {len(tier.items)} annotations that is no speaker's was left out", first))
            continue
        for key, start, end, value in tier.items:
            utterances.append(Utterance(label or name, value.strip(), start, end, lines.get(key)))
    if not utterances:
        raise IngestError("there is no annotation in it.", "Check what was exported.", path=path, line=1)
    utterances.sort(key=lambda u: (u.start_s or 0.0, u.end_s or 0.0))
    return RawTranscript(tuple(utterances), join=True, warnings=tuple(warnings))
