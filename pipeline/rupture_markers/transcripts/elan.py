"""ELAN (.eaf): one tier a speaker, annotations with times in milliseconds."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree.ElementTree import ParseError  # the parser itself is defusedxml's

import pympi
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from rupture_markers.errors import IngestError
from rupture_markers.transcripts.options import RawTranscript, ReadOptions, Utterance
from rupture_markers.transcripts.speakers import speaker_of

_LINE = re.compile(r"line (\d+)")


def read_elan(data: bytes, options: ReadOptions, path: Path) -> RawTranscript:
    """Annotations of the tiers that are mapped to a speaker, in the order of their times.

    A tier is a speaker by the study's ``reading: tiers:``, by its participant, or by its name. Where any tier is,
    the others (notes, glosses) are left out with a warning; where none is, all are shown as unmapped labels.

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
            "the XML is broken here.", "Open it in ELAN and save it again.", path=path, line=int(number[1]) if number else 1
        ) from None  # fmt: skip
    if root.tag != "ANNOTATION_DOCUMENT":
        raise IngestError("this XML is not an ELAN file.", "Check what was exported.", path=path, line=1)
    try:
        eaf = pympi.Elan.Eaf(str(path), suppress_version_warning=True)
        tiers = {
            name: (values[2].get("PARTICIPANT") or name, eaf.get_annotation_data_for_tier(name))
            for name, values in eaf.tiers.items()
            if values[0]  # time-aligned ones; a tier that refers to another carries glosses, not speech
        }
    except (KeyError, ValueError, TypeError, AttributeError, IndexError):
        raise IngestError(
            "ELAN's own structure is broken in this file (a time slot, tier or reference is missing).",
            "Open it in ELAN and save it again.",
            path=path,
        ) from None
    speakers = {**options.speakers, **options.tiers}
    labels = {
        name: next((label for label in (name, person) if speaker_of(label, speakers)), None)
        for name, (person, _) in tiers.items()
    }
    mapped = any(labels.values())
    warnings: list[tuple[str, int | None]] = []
    utterances = []
    for name, (_, annotations) in tiers.items():
        label = labels[name]
        if mapped and label is None and annotations:
            warnings.append(
                (f"a tier of {len(annotations)} annotations that is no speaker's was left out", None)
            )
            continue
        for start, end, value, *_ in annotations:
            utterances.append(Utterance(label or name, (value or "").strip(), start / 1000, end / 1000))
    if not utterances:
        raise IngestError("there is no annotation in it.", "Check what was exported.", path=path, line=1)
    utterances.sort(key=lambda u: (u.start_s or 0.0, u.end_s or 0.0))
    return RawTranscript(tuple(utterances), join=True, warnings=tuple(warnings))
