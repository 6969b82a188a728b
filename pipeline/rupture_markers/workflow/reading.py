"""The first stage: transcripts of the lab in any form become interchange files of the study, one a session."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from rupture_markers.errors import IngestError
from rupture_markers.transcripts.interchange import from_line, read_interchange, to_line, write_transcripts
from rupture_markers.transcripts.read import read_transcript, read_transcripts, transcript_files, with_identity
from rupture_markers.transcripts.sessions import SessionIdentity, read_sessions
from rupture_markers.transcripts.transcript import ReadWarning, Transcript
from rupture_markers.workflow.config import config_sha256
from rupture_markers.workflow.forgotten import case_sha256, forgotten_cases
from rupture_markers.workflow.study import Study, make_folder, read_json, write_json

_FORM = "1"
"""Part of every key: what the readers make of a file; raised when they change."""
_ROOM = 20
"""Our own file of a session is larger than what it was read from, and read whatever its size."""


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """What became of one file.

    Attributes
    ----------
    file : str
        Relative to the study folder.
    sessions : tuple of str
    turns, warnings : int
    error : str
        Empty where it was read. Never a word of the transcript.
    detail : str
        For the terminal of the person who typed the command, and nowhere else.
    unchanged : bool
        Whether it was passed over because nothing changed since it was read.
    """

    file: str
    sessions: tuple[str, ...] = ()
    turns: int = 0
    warnings: int = 0
    error: str = ""
    detail: str = ""
    unchanged: bool = False


def source_files(study: Study) -> list[Path]:
    """Transcripts of the study, in order of name.

    Raises
    ------
    IngestError
        If there is none.
    """
    return [study.transcripts] if study.transcripts.is_file() else transcript_files(study.transcripts)


def identities(study: Study) -> dict[str, SessionIdentity]:
    """Rows of sessions.csv; none where the study has no such file."""
    return read_sessions(study.sessions) if study.sessions is not None else {}


def _key(study: Study, path: Path, known: dict[str, SessionIdentity]) -> str:
    rows = sorted(repr(asdict(row)) for row in known.values())
    mapping = config_sha256(
        study.config.reading,
        repr(sorted(study.config.speakers.items())),
        study.config.medium,
        study.config.language,
    )
    erased = sorted(forgotten_cases(study))
    parts = (
        _FORM,
        *erased,
        path.name,
        hashlib.sha256(path.read_bytes()).hexdigest(),
        mapping,
        *rows,
        *_copies(study, path),
    )
    return config_sha256(*parts)


def copy_file(study: Study, session_id: str) -> Path:
    """Where the copy of a session with placeholders lies, if there is one."""
    return study.replaced / study.session_file("deidentified", session_id, ".json").name


def _copies(study: Study, path: Path) -> list[str]:
    """Hashes of the copies with placeholders that the sessions of a file may have."""
    many = path.suffix.lower() == ".jsonl"
    files = sorted(study.replaced.glob("*.json")) if many else [copy_file(study, path.stem)]
    return [hashlib.sha256(file.read_bytes()).hexdigest() for file in files if file.exists()]


def write_copy(study: Study, original_sha256: str, copy: Transcript) -> None:
    """Keep a session with placeholders, to be read in place of the original of that content."""
    write_json(copy_file(study, copy.session_id), {"original": original_sha256, "copy": to_line(copy)})


def original_sha256(study: Study, transcript: Transcript) -> str:
    """Content hash of the session in its file, of which this one may be the copy with placeholders."""
    path = copy_file(study, transcript.session_id)
    kept = read_json(path)
    if kept is not None and from_line(kept["copy"], path).content_sha256 == transcript.content_sha256:
        return str(kept["original"])
    return transcript.content_sha256


def _with_copy(study: Study, original: Transcript) -> Transcript:
    """The session's copy with placeholders, if it was made of just this content; else the session itself."""
    path = copy_file(study, original.session_id)
    kept = read_json(path)
    if kept is None or kept["original"] != original.content_sha256:
        return original
    return replace(original, turns=from_line(kept["copy"], path).turns)


def record_file(study: Study, path: Path) -> Path:
    """Where it is kept what became of a file."""
    return study.session_file("read", relative(study, path), ".json")


def relative(study: Study, path: Path) -> str:
    """Name of a file within the study folder."""
    try:
        return str(path.relative_to(study.folder))
    except ValueError:
        return path.name


def is_read(study: Study, path: Path, known: dict[str, SessionIdentity]) -> FileOutcome | None:
    """Outcome of an earlier run if the file, the config and its row are as they were; else None."""
    record = read_json(record_file(study, path))
    if record is None or record.get("key") != _key(study, path, known):
        return None
    sessions = tuple(record["sessions"])
    if not all(study.session_file("transcripts", name, ".jsonl").exists() for name in sessions):
        return None
    return FileOutcome(relative(study, path), sessions, record["turns"], record["warnings"], unchanged=True)


def read_file(study: Study, path: Path, known: dict[str, SessionIdentity]) -> FileOutcome:
    """Read one file into the study; an error is an outcome, not the end of the batch."""
    name = relative(study, path)
    try:
        before = is_read(study, path, known)
        if before is not None:
            return before
        erased = forgotten_cases(study)
        transcripts = [
            _with_copy(study, transcript)
            for transcript in _sessions(study, path, known)
            if case_sha256(study, transcript.case_id) not in erased
        ]
        make_folder(study.work / "transcripts")
        for transcript in transcripts:
            write_transcripts(study.session_file("transcripts", transcript.session_id, ".jsonl"), [transcript])
    except IngestError as fault:
        return FileOutcome(name, error=str(fault).replace(str(study.folder) + "/", ""), detail=fault.terminal_only)
    except OSError as fault:
        return FileOutcome(
            name, error=f"{name}: cannot be read or kept ({fault.strerror}). Check disk and permissions."
        )
    outcome = FileOutcome(
        name,
        tuple(t.session_id for t in transcripts),
        sum(len(t.turns) for t in transcripts),
        sum(len(t.warnings) for t in transcripts),
    )
    write_json(
        record_file(study, path),
        {
            "key": _key(study, path, known),
            "sessions": list(outcome.sessions),
            "turns": outcome.turns,
            "warnings": outcome.warnings,
        },
    )
    return outcome


def _sessions(study: Study, path: Path, known: dict[str, SessionIdentity]) -> list[Transcript]:
    if path.suffix.lower() == ".jsonl":
        return [with_identity(t, known.get(t.session_id)) for t in read_transcripts(path, study.read_options)]
    return [read_transcript(path, study.read_options, identity=known.get(path.stem))]


def read_batch(study: Study, files: Sequence[Path]) -> list[FileOutcome]:
    """Read a batch of files."""
    known = identities(study)
    return [read_file(study, path, known) for path in files]


def require_own_sessions(outcomes: Iterable[FileOutcome]) -> list[FileOutcome]:
    """Outcomes, with an error for every file whose session another file already has."""
    owner: dict[str, str] = {}
    out = []
    for outcome in outcomes:
        twice = next((name for name in outcome.sessions if name in owner), None)
        if twice is not None:
            error = (
                f"{outcome.file}: its session_id is also that of {owner[twice]}. "
                "Rename one of the files; the name without its ending is the session_id."
            )
            out.append(FileOutcome(outcome.file, error=error))
            continue
        owner.update(dict.fromkeys(outcome.sessions, outcome.file))
        out.append(outcome)
    return out


def session(study: Study, session_id: str) -> Transcript:
    """Session of the study as it was read."""
    path = study.session_file("transcripts", session_id, ".jsonl")
    return next(read_interchange(path, study.read_options.largest_file * _ROOM))


def warnings_of(study: Study, outcome: FileOutcome) -> list[str]:
    """What was odd in a file and kept, a line a kind and session: how often, and where first."""
    out = []
    for name in outcome.sessions if outcome.warnings else ():
        kinds: dict[str, list[ReadWarning]] = {}
        for warning in session(study, name).warnings:
            kinds.setdefault(re.sub(r"\d+(\.\d+)?", "n", warning.what), []).append(warning)
        for same in kinds.values():
            first = same[0]
            where = "" if first.line is None else f", line {first.line}"
            where += "" if first.turn is None else f", turn {first.turn}"
            more = "" if len(same) == 1 else f" (and {len(same) - 1} more like it)"
            out.append(f"{outcome.file}{where}: {first.what}{more}")
    return out


def session_names(study: Study) -> list[str]:
    """Sessions of the files at hand, as far as they were read."""
    known = identities(study)
    outcomes = require_own_sessions(o for path in source_files(study) if (o := is_read(study, path, known)) is not None)
    return sorted(name for outcome in outcomes if not outcome.error for name in outcome.sessions)
