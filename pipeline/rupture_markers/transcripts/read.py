"""``read_transcript``: any format in, the same Transcript out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from rupture_markers.errors import IngestError
from rupture_markers.transcripts.assemble import assemble
from rupture_markers.transcripts.captions import read_srt, read_webvtt
from rupture_markers.transcripts.chat import read_chat
from rupture_markers.transcripts.elan import read_elan
from rupture_markers.transcripts.interchange import read_interchange
from rupture_markers.transcripts.options import RawTranscript, ReadOptions, decode, read_bytes, require_lines, sha256
from rupture_markers.transcripts.prefixed_text import read_text
from rupture_markers.transcripts.sessions import SessionIdentity
from rupture_markers.transcripts.structured import read_whisperx
from rupture_markers.transcripts.tables import read_delimited
from rupture_markers.transcripts.transcript import ReadWarning, Transcript
from rupture_markers.transcripts.word_document import read_word_document

__all__ = ["SUFFIXES", "ReadOptions", "read_transcript", "read_transcripts", "transcript_files", "with_identity"]

SUFFIXES = (".txt", ".docx", ".vtt", ".srt", ".csv", ".tsv", ".json", ".cha", ".eaf", ".jsonl")
"""Endings of the files that are read."""


def transcript_files(folder: Path) -> list[Path]:
    """Files of a folder (and below) that are transcripts by their ending, in order of name.

    Raises
    ------
    IngestError
        If the folder is missing or holds none.
    """
    if not folder.is_dir():
        raise IngestError("there is no such folder.", "Check 'transcripts:' in study.yaml.", path=folder)
    files = sorted(
        p
        for p in folder.rglob("*")
        if p.suffix.lower() in SUFFIXES and p.is_file() and not p.name.startswith((".", "~$"))
    )
    if not files:
        raise IngestError("the folder holds no transcript.", f"Known endings: {', '.join(SUFFIXES)}.", path=folder)
    return files


_OF_TEXT: Mapping[str, Callable[[str, ReadOptions, Path], RawTranscript]] = {
    ".txt": read_text,
    ".vtt": read_webvtt,
    ".srt": read_srt,
    ".csv": read_delimited,
    ".tsv": read_delimited,
    ".json": read_whisperx,
    ".cha": read_chat,
}
"""Reader of each ending whose file is text; ``.docx`` and ``.eaf`` are read from bytes."""


def _raw(data: bytes, path: Path, options: ReadOptions) -> RawTranscript:
    suffix = path.suffix.lower()
    if suffix == ".docx":
        return read_word_document(data, options, path)
    if suffix == ".eaf":
        return read_elan(data, options, path)
    reader = _OF_TEXT.get(suffix)
    if reader is None:
        raise IngestError(
            f"files that end in '{suffix}' are not read.", f"Known endings: {', '.join(SUFFIXES)}.", path=path
        )
    text, encoding = decode(data, path, options.encoding)
    require_lines(text.count("\n"), path)
    raw = reader(text, options, path)
    if encoding == "cp1252" and options.encoding is None:
        guess = ("the file is not UTF-8; it was read as cp1252, so look at its accents and quotes", 1)
        raw = replace(raw, warnings=(guess, *raw.warnings))
    return raw


def read_transcript(
    path: Path,
    options: ReadOptions | None = None,
    *,
    session_id: str | None = None,
    identity: SessionIdentity | None = None,
) -> Transcript:
    """Read one session.

    Parameters
    ----------
    path : Path
    options : ReadOptions, optional
    session_id : str, optional
        Default: the file's name without its ending; in a JSONL of several sessions, the one to read.
    identity : SessionIdentity, optional
        Its row of sessions.csv.

    Raises
    ------
    IngestError
        If the file cannot be read as what its ending says, or is no session of two people.
    """
    options = options or ReadOptions()
    if path.suffix.lower() == ".jsonl":
        sessions = [t for t in read_interchange(path, options.largest_file) if session_id in (None, t.session_id)]
        if len(sessions) != 1:
            raise IngestError(
                f"the file holds {len(sessions)} such sessions.",
                "Use read_transcripts for all of them.",
                path=path,
            )
        return with_identity(sessions[0], identity)
    data = read_bytes(path, options.largest_file)
    turns, warnings = assemble(_raw(data, path, options), options, path)
    name = session_id or path.stem
    transcript = Transcript(
        session_id=name,
        case_id=name,
        turns=turns,
        source_name=path.name,
        source_sha256=sha256(data),
        medium=options.medium,
        language=options.language,
        case_known=False,
        warnings=warnings,
    )
    return with_identity(transcript, identity)


def read_transcripts(path: Path, options: ReadOptions | None = None) -> Iterator[Transcript]:
    """Read all sessions of a file: of a JSONL as many as it holds, of any other one."""
    options = options or ReadOptions()
    if path.suffix.lower() == ".jsonl":
        yield from read_interchange(path, options.largest_file)
    else:
        yield read_transcript(path, options)


def with_identity(transcript: Transcript, identity: SessionIdentity | None) -> Transcript:
    """Give a transcript what its row of sessions.csv says; without a row it stands for its own case."""
    if identity is None:
        if transcript.case_known:
            return transcript
        own = ReadWarning("no row in sessions.csv: taken as a case of its own; retraining will need cases")
        return replace(transcript, warnings=(*transcript.warnings, own))
    return replace(
        transcript,
        case_id=identity.case_id,
        session_number=identity.session_number,
        therapist_id=identity.therapist_id,
        groups={**transcript.groups, **identity.groups},
        medium=identity.groups.get("medium") or transcript.medium,
        case_known=True,
    )
