"""What a researcher does about findings: clear a false alarm, or replace it by a placeholder in a copy.

The copy lies in the study (``deidentified/``) and is read in place of the original as long as that has the same
content. What was replaced stands in a map outside the study, from which the original can be had back. Every decision
is logged with the hash of what it was made on, and holds for that alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import platformdirs
from pydantic import TypeAdapter

from rupture_markers.errors import ConfigError, StudyError
from rupture_markers.learning.record_log import append_records, read_records
from rupture_markers.transcripts.identifiers.finding import Finding, Kind
from rupture_markers.transcripts.replacement import Replacement, moved, restored, with_placeholders
from rupture_markers.transcripts.transcript import Transcript
from rupture_markers.workflow import reading
from rupture_markers.workflow.gate import (
    DECISIONS,
    STUDY_FILE,
    FindingDecision,
    content_sha256,
    open_findings,
    scanned_text,
    scanner_of,
    study_sha256,
)
from rupture_markers.workflow.study import Study

PLACEHOLDERS: dict[Kind, str] = {
    "name": "[NAME]", "listed": "[NAME]", "place": "[PLACE]", "address": "[ADDRESS]", "postcode": "[POSTCODE]", "date": "[DATE]",
    "age": "[AGE]", "phone": "[PHONE]", "email": "[EMAIL]", "url": "[URL]", "ip": "[IP]", "national_id": "[ID NUMBER]",
    "health_plan": "[INSURANCE NUMBER]", "record": "[RECORD NUMBER]", "account": "[ACCOUNT NUMBER]",
    "licence": "[LICENCE NUMBER]", "vehicle": "[VEHICLE NUMBER]", "device": "[DEVICE NUMBER]",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class MapRecord:
    """One replacement, as the map outside the study keeps it.

    Attributes
    ----------
    before, after : str
        Content hashes of the session before and after the round that it was made in.
    """

    session_id: str
    before: str
    after: str
    turn: int
    start: int
    end: int
    original: str
    placeholder: str


_MAP: TypeAdapter[MapRecord] = TypeAdapter(MapRecord)


def map_file(study: Study) -> Path:
    """Where the map lies.

    Raises
    ------
    ConfigError
        If the folder that the study names lies in the study folder: the map would travel with it.
    """
    named = study.config.deidentification.map_folder
    folder = platformdirs.user_data_path("rupture-markers") / "maps" if named is None else Path(named).expanduser()
    folder = (study.folder / folder).resolve()
    if folder.is_relative_to(study.folder.resolve()):
        raise ConfigError(
            "the folder of the map lies in the study folder.",
            "Name one outside under 'deidentification: map_folder:'.",
            path=study.path,
        )
    return folder / f"{study.config.study}-{hashlib.sha256(str(study.folder).encode()).hexdigest()[:12]}.jsonl"


def all_open(study: Study) -> list[Finding]:
    """Open findings of all sessions that could be read."""
    reading.read_batch(study, reading.source_files(study))
    found = open_findings(study, reading.session_names(study))
    return [finding for findings in found.values() for finding in findings]


def chosen(study: Study, references: Sequence[str], found: Sequence[Finding], *, alike: bool = False) -> list[Finding]:
    """Open findings by their references ``SESSION:TURN:START-END``.

    Parameters
    ----------
    alike : bool
        With every other open finding of the same kind and words.

    Raises
    ------
    StudyError
        If a reference names no open finding.
    """
    known = {finding.reference: finding for finding in found}
    out = []
    for reference in references:
        if reference not in known:
            raise StudyError(
                "a reference names no open finding.",
                "Give SESSION:TURN:START-END as 'rupture check' lists it; a decision may cover it already.",
                path=study.folder,
            )
        out.append(known[reference])
    if alike:
        wanted = {_words(study, finding) for finding in out}
        out += [finding for finding in found if finding not in out and _words(study, finding) in wanted]
    return out


def _words(study: Study, finding: Finding) -> tuple[str, str]:
    return finding.kind, scanned_text(study, finding)[finding.start : finding.end].casefold()


def _content(study: Study, session_id: str) -> str:
    return study_sha256(study) if session_id == STUDY_FILE else content_sha256(reading.session(study, session_id))


def _decision(finding: Finding, content: str, reason: str, placeholder: str = "") -> FindingDecision:
    return FindingDecision(
        finding.session_id, content, finding.where, finding.start, finding.end, finding.kind,
        "replaced" if placeholder else "cleared", reason, placeholder, datetime.now(UTC),
    )  # fmt: skip


def clear(study: Study, found: Iterable[Finding], reason: str) -> int:
    """Log findings as false alarms; they stop nothing any more, as long as the session stays as it is.

    Returns
    -------
    int
        How many.

    Raises
    ------
    ConfigError
        If there is no reason, or it seems to name somebody itself.
    """
    if not reason.strip():
        raise ConfigError("a finding is cleared with a reason.", "Add --reason 'why it identifies nobody'.")
    if scanner_of(study).text(reason):
        raise ConfigError("the reason may identify a person itself.", "Say why without naming anybody.")
    return append_records(
        study.deidentification, [_decision(f, _content(study, f.session_id), reason.strip()) for f in found], DECISIONS
    )


def replace_findings(study: Study, found: Iterable[Finding], placeholder: str | None = None) -> int:
    """Replace findings in copies of their sessions; the map and the log are on disk before the copy is.

    Parameters
    ----------
    placeholder : str, optional
        In place of that of each kind, such as ``[NAME]``.

    Returns
    -------
    int
        How many.

    Raises
    ------
    StudyError
        If a finding stands in no turn: a name of a file, a column or a label is changed by hand.
    ConfigError
        If the map's folder lies in the study, or the placeholder is none that the gate knows.
    """
    by_session: dict[str, list[Finding]] = {}
    for finding in found:
        if not finding.where.isdecimal():
            raise StudyError(
                f"a finding in '{finding.where}' cannot be replaced in a copy.",
                "Rename the file, or change sessions.csv or study.yaml; or clear it.",
                path=study.folder,
            )
        by_session.setdefault(finding.session_id, []).append(finding)
    if placeholder is not None and scanner_of(study).text(placeholder):
        raise ConfigError("the placeholder may identify a person itself.", "Use one such as [NAME] or [CITY].")
    path = map_file(study)
    for session_id, findings in by_session.items():
        before = reading.session(study, session_id)
        _replace_in(study, path, before, [_replacement(before, finding, placeholder) for finding in findings], findings)
    reading.read_batch(study, reading.source_files(study))
    return sum(map(len, by_session.values()))


def _replacement(transcript: Transcript, finding: Finding, placeholder: str | None) -> Replacement:
    turn = int(finding.where)
    original = transcript.turn(turn).text[finding.start : finding.end]
    return Replacement(turn, finding.start, finding.end, original, placeholder or PLACEHOLDERS[finding.kind])


def _replace_in(
    study: Study, path: Path, before: Transcript, items: list[Replacement], findings: Sequence[Finding]
) -> None:
    after = with_placeholders(before, items)
    scanned = content_sha256(before)
    records = [
        MapRecord(
            before.session_id,
            before.content_sha256,
            after.content_sha256,
            i.turn,
            i.start,
            i.end,
            i.original,
            i.placeholder,
        )
        for i in items
    ]
    append_records(path, records, _MAP)
    decisions = [
        _decision(finding, scanned, "", item.placeholder) for finding, item in zip(findings, items, strict=True)
    ]
    kept = [
        _after(decision, items, content_sha256(after))
        for decision in read_records(study.deidentification, DECISIONS)
        if decision.action == "cleared"
        and (decision.session_id, decision.content_sha256) == (before.session_id, scanned)
    ]
    append_records(study.deidentification, [*decisions, *kept], DECISIONS)
    reading.write_copy(study, reading.original_sha256(study, before), after)


def _after(decision: FindingDecision, items: Sequence[Replacement], content: str) -> FindingDecision:
    """The same decision on the copy, whose words moved."""
    own = sorted(item for item in items if str(item.turn) == decision.where)
    return replace(decision, content_sha256=content, start=moved(decision.start, own), end=moved(decision.end, own))


def original_of(study: Study, session_id: str) -> Transcript:
    """The session without placeholders, by the map, round after round.

    Raises
    ------
    StudyError
        If the copy does not fit the map.
    """
    rounds: dict[str, list[MapRecord]] = {}
    for record in read_records(map_file(study), _MAP):
        if record.session_id == session_id:
            rounds.setdefault(record.after, []).append(record)
    transcript = reading.session(study, session_id)
    while transcript.content_sha256 in rounds:
        records = rounds.pop(transcript.content_sha256)
        # A run that was killed behind the map and began again left its round in it twice.
        items = {Replacement(r.turn, r.start, r.end, r.original, r.placeholder) for r in records}
        transcript = restored(transcript, items)
    return transcript


def undo(study: Study, session_id: str) -> bool:
    """Take the copy away, so that the study reads the original again; the map and the log stay.

    Returns
    -------
    bool
        Whether there was one.
    """
    path = reading.copy_file(study, session_id)
    if not path.exists():
        return False
    path.unlink()
    reading.read_batch(study, reading.source_files(study))
    return True
