"""ELAN (.eaf): one tier a speaker, annotations with times in milliseconds.

Read from the tree that defusedxml made: pympi would parse the file once more with a parser that expands entities,
and stops at files that do not name their schema.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError  # the parser itself is defusedxml's

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from rupture_markers.errors import IngestError
from rupture_markers.transcripts.options import RawTranscript, ReadOptions, Utterance
from rupture_markers.transcripts.speakers import speaker_of
from rupture_markers.transcripts.transcript import Speaker

_LONGEST_TIME = 12
_LINE = re.compile(r"line (\d+)")
_ANNOTATION = re.compile(rb'ANNOTATION_ID="([^"]{1,80})"')


@dataclass(frozen=True, slots=True)
class _Tier:
    person: str
    parent: bool
    items: tuple[tuple[str, float | None, float | None, str], ...]


def _tier(element: Element, slots: Mapping[str, float | None], lines: Mapping[str, int], path: Path) -> _Tier:
    """Time-aligned annotations of a tier, as id, start and end in seconds, and words."""
    items = []
    for annotation in element.iter("ALIGNABLE_ANNOTATION"):
        key = annotation.get("ANNOTATION_ID", "")
        first, last = annotation.get("TIME_SLOT_REF1", ""), annotation.get("TIME_SLOT_REF2", "")
        if first not in slots or last not in slots:
            raise IngestError(
                "an annotation names a time slot that is not there.",
                "Open it in ELAN and save it again.",
                path=path,
                line=lines.get(key, 1),
            )
        items.append((key, slots[first], slots[last], annotation.findtext("ANNOTATION_VALUE") or ""))
    name = element.get("TIER_ID", "")
    return _Tier(element.get("PARTICIPANT") or name, element.get("PARENT_REF") is not None, tuple(items))


def _slots(root: Element, path: Path) -> dict[str, float | None]:
    """Seconds of each time slot; None where ELAN left it to be interpolated."""
    slots: dict[str, float | None] = {}
    for slot in root.iter("TIME_SLOT"):
        value = slot.get("TIME_VALUE")
        if value is not None and not (value.isdecimal() and len(value) < _LONGEST_TIME):
            raise IngestError(
                "a time slot's value is no number of milliseconds.",
                "Open it in ELAN and save it again.",
                path=path,
                line=1,
            )
        slots[slot.get("TIME_SLOT_ID", "")] = None if value is None else int(value) / 1000
    return slots


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
    except (ParseError, ValueError, LookupError) as fault:  # the last: an encoding that nobody knows
        number = _LINE.search(str(fault))
        raise IngestError(
            "the XML is broken here.",
            "Open it in ELAN and save it again.",
            path=path,
            line=int(number[1]) if number else 1,
        ) from None
    if root.tag != "ANNOTATION_DOCUMENT":
        raise IngestError("this XML is not an ELAN file.", "Check what was exported.", path=path, line=1)
    lines = _annotation_lines(data)
    slots = _slots(root, path)
    found = ((tier.get("TIER_ID", ""), _tier(tier, slots, lines, path)) for tier in root.iter("TIER"))
    tiers = {name: tier for name, tier in found if tier.items}
    speakers = {**options.speakers, **options.tiers}
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
