"""The de-identification gate: no session with an open finding leaves the study folder.

Every step that sends something out asks ``passed`` for the sessions that may go; what is left over is quarantined, and
the step says so and ends with the status for partly done work. A study that declares ``public_data: true`` has no gate.
"""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter

from rupture_markers.errors import ConfigError, StudyError
from rupture_markers.learning.record_log import read_records
from rupture_markers.markers.named_entities import entity_recogniser
from rupture_markers.markers.presidio_entities import presidio_recogniser
from rupture_markers.transcripts.control_characters import displayed
from rupture_markers.transcripts.deidentify import RULES, Scanner, metadata
from rupture_markers.transcripts.identifiers.deny_list import DenyList, deny_list
from rupture_markers.transcripts.identifiers.finding import Finding, merged
from rupture_markers.transcripts.transcript import Transcript
from rupture_markers.workflow.config import config_sha256
from rupture_markers.workflow.reading import session
from rupture_markers.workflow.study import Study, read_json, write_json

STUDY_FILE = "study.yaml"
"""Stands in a finding's place of the session where the finding is in the study's own config."""


@dataclass(frozen=True, slots=True)
class FindingDecision:
    """What a person decided on one finding, as the log keeps it; no word of the text is in it.

    Attributes
    ----------
    content_sha256 : str
        Hash of all of the session that was scanned; another content needs another decision.
    action : str
        ``cleared``: a false alarm, with its reason. ``replaced``: by a placeholder, in a copy.
    reason : str
    placeholder : str
        Empty where it was cleared.
    """

    session_id: str
    content_sha256: str
    where: str
    start: int
    end: int
    kind: str
    action: Literal["cleared", "replaced"]
    reason: str
    placeholder: str
    decided_at: datetime


DECISIONS: TypeAdapter[FindingDecision] = TypeAdapter(FindingDecision)


@dataclass(frozen=True, slots=True)
class Passage:
    """What the gate lets through.

    Attributes
    ----------
    allowed : tuple of str
        Sessions without an open finding, in the order asked for.
    quarantined : Mapping of session to tuple of Finding
        The others, with their open findings; those of the study's config stand under every session.
    """

    allowed: tuple[str, ...]
    quarantined: Mapping[str, tuple[Finding, ...]]

    def notice(self, action: str = "sent") -> str:
        """One line for a run's report, '' where nothing is quarantined; it names no session and no text."""
        if not self.quarantined:
            return ""
        findings = len({finding for found in self.quarantined.values() for finding in found})
        return (
            f"{len(self.quarantined)} sessions with {findings} possible identifiers were not {action}. "
            "'rupture check' lists them; 'rupture deidentify' clears or replaces them."
        )


def content_sha256(transcript: Transcript) -> str:
    """Hash of all of a session that the gate scans: turns and metadata."""
    packed = json.dumps([transcript.content_sha256, metadata(transcript)], ensure_ascii=False)
    return hashlib.sha256(packed.encode("utf-8", "surrogatepass")).hexdigest()


@lru_cache(maxsize=4)
def _deny(path: Path, _changed: tuple[int, int]) -> DenyList:
    return deny_list(path.read_text(encoding="utf-8-sig").splitlines())


def deny_of(study: Study) -> DenyList:
    """Names that the study's own file lists; none where it names no file.

    Raises
    ------
    ConfigError
        If the file is missing, no UTF-8 text, or others than its owner can read it.
    """
    if study.config.deidentification.names is None:
        return DenyList()
    path = study.folder / study.config.deidentification.names
    try:
        found = path.stat()
        if stat.S_IMODE(found.st_mode) & 0o077:
            raise ConfigError(
                "others than you can read the list of names.", f"Run 'chmod 600 {path.name}' beside it.", path=path
            )
        return _deny(path, (found.st_mtime_ns, found.st_size))
    except FileNotFoundError:
        raise ConfigError(
            "the list of names is not there.", "Put it there, or change 'deidentification: names:'.", path=path
        ) from None
    except (OSError, UnicodeDecodeError):
        raise ConfigError("the list of names cannot be read.", "Save it as UTF-8 text.", path=path) from None


def scanner_of(study: Study) -> Scanner:
    """What the study's texts are scanned with.

    Raises
    ------
    ConfigError
        If its list of names or its spaCy pipeline cannot be used.
    """
    asked = study.config.deidentification
    if asked.ner == "presidio":
        return Scanner(deny_of(study), presidio_recogniser(study.config.spacy_model))
    return Scanner(deny_of(study), entity_recogniser(study.config.spacy_model) if asked.ner else None)


def _key(study: Study, scanner: Scanner, content: str) -> str:
    return config_sha256(
        str(RULES), content, scanner.deny.sha256, study.config.deidentification, study.config.spacy_model
    )


def findings(study: Study, names: Iterable[str], scanner: Scanner | None = None) -> dict[str, tuple[Finding, ...]]:
    """All findings of sessions, decided or not; a session that did not change is not scanned again."""
    scanner = scanner or scanner_of(study)
    out = {}
    for name in names:
        transcript = session(study, name)
        path = study.session_file("gate", name, ".json")
        key = _key(study, scanner, content_sha256(transcript))
        kept = read_json(path)
        if kept is None or kept.get("key") != key:
            kept = {"key": key, "findings": [astuple(finding) for finding in scanner.session(transcript)]}
            write_json(path, kept)
        out[name] = tuple(Finding(*row) for row in kept["findings"])
    return out


def _said_of_study(study: Study) -> list[tuple[str, str]]:
    """What the study says of people beside its sessions, as field and value: its name, labels and names of folders.

    A label in a file is one of these, numbered or in another case, or a word such as 'Client': a file with any other is
    not read (transcripts/speakers.py).
    """
    config = study.config
    said = [("study", config.study)]
    said += [(f"speakers.{n}", label) for n, label in enumerate(config.speakers)]
    said += [(f"tiers.{n}", label) for n, label in enumerate(config.reading.tiers)]
    return said + [(f"folders.{n}", folder) for n, folder in enumerate(_folders(study))]


def _folders(study: Study) -> list[str]:
    """Folders below the one of the transcripts, in which labs sort files by client."""
    if not study.transcripts.is_dir():
        return []
    return sorted({str(p.relative_to(study.transcripts)) for p in study.transcripts.rglob("*") if p.is_dir()})


def study_findings(study: Study, scanner: Scanner | None = None) -> tuple[Finding, ...]:
    """Findings in what the study says of people beside its sessions, and its own list's names among the coders."""
    scanner = scanner or scanner_of(study)
    found = [(where, hit) for where, value in _said_of_study(study) for hit in scanner.label(value)]
    for number, coder in enumerate(study.config.coding.coders):  # pseudonyms, which may look like names
        hits = merged((*scanner.deny.hits(coder), *scanner.deny.hits(coder.title())))
        found += [(f"coding.coders.{number}", hit) for hit in hits]
    return tuple(Finding(STUDY_FILE, where, hit.start, hit.end, hit.kind) for where, hit in found)


def study_sha256(study: Study) -> str:
    """Hash of what of the study's config is scanned."""
    said = json.dumps([_said_of_study(study), study.config.coding.coders])
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()


def open_findings(study: Study, names: Sequence[str], scanner: Scanner | None = None) -> dict[str, tuple[Finding, ...]]:
    """Findings that no decision covers, by session; the study's own under ``STUDY_FILE``. Sessions without are left out.

    A finding of another kind than was cleared needs a decision of its own: a name that was put on the study's list since.
    """
    scanner = scanner or scanner_of(study)
    cleared = {
        (d.session_id, d.content_sha256, d.where, d.start, d.end, d.kind)
        for d in read_records(study.deidentification, DECISIONS)
        if d.action == "cleared"
    }
    out: dict[str, tuple[Finding, ...]] = {}
    everything = findings(study, names, scanner) | {STUDY_FILE: study_findings(study, scanner)}
    for name, found in everything.items():
        if not found:
            continue
        content = study_sha256(study) if name == STUDY_FILE else content_sha256(session(study, name))
        left = tuple(f for f in found if (name, content, f.where, f.start, f.end, f.kind) not in cleared)
        if left:
            out[name] = left
    return out


def passed(study: Study, names: Sequence[str]) -> Passage:
    """Sessions that may leave the study folder, and those that may not.

    Parameters
    ----------
    study : Study
    names : Sequence of str
        Sessions of the study, read before.

    Raises
    ------
    ConfigError
        If the study's list of names cannot be used: nothing leaves without it.
    """
    if study.config.public_data:
        return Passage(tuple(names), {})
    found = open_findings(study, names)
    everywhere = found.pop(STUDY_FILE, ())
    quarantined = {name: (*found.get(name, ()), *everywhere) for name in names if everywhere or name in found}
    return Passage(tuple(name for name in names if name not in quarantined), quarantined)


def require_passed(study: Study, names: Sequence[str], what: str) -> None:
    """For what is made of all sessions at once, such as a model: stop unless every one of them may leave.

    Raises
    ------
    StudyError
        With the number of sessions that may not.
    """
    passage = passed(study, names)
    if passage.quarantined:
        raise StudyError(
            f"{what} was made of {len(passage.quarantined)} sessions with possible identifiers, so it stays here.",
            "'rupture check' lists them; 'rupture deidentify' clears or replaces them.",
            path=study.folder,
        )


def require_study_passed(study: Study, what: str) -> None:
    """For what names the study and its coders alone: stop where the study's own config has an open finding.

    Raises
    ------
    StudyError
    """
    if not study.config.public_data and open_findings(study, []):
        raise StudyError(
            f"study.yaml holds possible identifiers, so {what} stays here.",
            "'rupture check' lists them; 'rupture deidentify' clears them.",
            path=study.path,
        )


def scanned_text(study: Study, finding: Finding) -> str:
    """Text of the turn, or value of the field, that a finding stands in."""
    if finding.session_id == STUDY_FILE:
        coders = {f"coding.coders.{n}": coder for n, coder in enumerate(study.config.coding.coders)}
        return (dict(_said_of_study(study)) | coders)[finding.where]
    transcript = session(study, finding.session_id)
    if finding.where.isdecimal():
        return transcript.turn(int(finding.where)).text
    return dict(metadata(transcript))[finding.where]


def shown_text(study: Study, finding: Finding) -> str:
    """The words of a finding, for the terminal of the researcher alone; control characters are made visible."""
    return displayed(scanned_text(study, finding)[finding.start : finding.end])


def context_of(study: Study, finding: Finding, around: int = 60) -> tuple[str, str, str]:
    """What stands before a finding, its words, and what stands after: for the researcher's terminal alone."""
    text = scanned_text(study, finding)
    parts = text[max(0, finding.start - around) : finding.start], text[finding.start : finding.end]
    return displayed(parts[0]), displayed(parts[1]), displayed(text[finding.end : finding.end + around])
