"""Our own JSONL, one session a line: what every command reads and writes, without loss."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Literal, TextIO

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rupture_markers.errors import IngestError
from rupture_markers.transcripts.assemble import control_characters, odd_times, require_two, with_events
from rupture_markers.transcripts.back_channels import mark_back_channels
from rupture_markers.transcripts.options import LARGEST_FILE, read_bytes, sha256
from rupture_markers.transcripts.transcript import Event, EventKind, ReadWarning, Speaker, Transcript, Turn
from rupture_markers.transcripts.whole_file import whole_text_file

_SESSIONS = 20
_PART = 5
_Offset = Annotated[int, Field(ge=0)]
_Seconds = Annotated[float, Field(allow_inf_nan=False)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Event(_Strict):
    kind: EventKind
    start: _Offset
    end: _Offset
    seconds: _Seconds | None = None


class _Turn(_Strict):
    turn: _Offset
    speaker: Speaker
    text: str
    start_s: _Seconds | None = None
    end_s: _Seconds | None = None
    events: list[_Event] | None = None
    back_channel: bool | None = None


class _Session(_Strict):
    session_id: Annotated[str, Field(min_length=1, max_length=200)]
    case_id: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    medium: str = "spoken"
    language: str = "en"
    source_name: str = ""
    source_sha256: str = ""
    session_number: int | None = None
    therapist_id: str | None = None
    groups: dict[str, str] = Field(default_factory=dict)
    case_known: bool = True
    warnings: list[tuple[str, int | None, int | None]] | None = None
    turns: list[_Turn]
    format: Literal[1] = 1


_KEYS = frozenset({*_Session.model_fields, *_Turn.model_fields, *_Event.model_fields})


def _turns(session: _Session, path: Path, line: int) -> tuple[Turn, ...]:
    turns = []
    last = -1
    for item in session.turns:
        if item.turn <= last:
            raise IngestError(
                "turn numbers must rise.",
                "Number the turns of a session from 0.",
                path=path,
                line=line,
                turn=item.turn,
            )
        last = item.turn
        events = tuple(Event(e.kind, e.start, e.end, e.seconds) for e in item.events or ())
        if any(not e.start <= e.end <= len(item.text) for e in events):
            raise IngestError(
                "an event's offsets lie outside its turn.",
                "Write the file again.",
                path=path,
                line=line,
                turn=item.turn,
            )
        turn = Turn(item.turn, item.speaker, item.text, item.start_s, item.end_s, events, bool(item.back_channel))
        turns.append(with_events(turn) if item.events is None else turn)
    marked = tuple(turns)
    if all(item.back_channel is None for item in session.turns):
        marked = mark_back_channels(marked, session.medium)
    return marked


def read_interchange(path: Path, largest: int = LARGEST_FILE) -> Iterator[Transcript]:
    """Sessions of a JSONL file, in order. Where a turn lists no events, those that its text shows are found.

    Parameters
    ----------
    path : Path
    largest : int
        Bytes of one session; a fifth of it in characters is the longest line that is read, twenty times it the
        largest file.

    Raises
    ------
    IngestError
        With the line that is no session.
    """
    size = path.stat().st_size if path.exists() else 0
    if size > largest * _SESSIONS:
        raise IngestError("the file is larger than any study.", "Split it by sessions.", path=path)
    digest = sha256(read_bytes(path)) if size <= LARGEST_FILE else ""
    seen: set[str] = set()
    with path.open(encoding="utf-8-sig", newline="\n") as lines:
        number = 0
        try:
            for number, line in enumerate(_bounded(lines, largest // _PART, path), start=1):
                if not line.strip():
                    continue
                transcript = _session(line, path, number, digest)
                if transcript.session_id in seen:
                    raise IngestError(
                        "this session_id stands twice in the file.",
                        "Give each session its own.",
                        path=path,
                        line=number,
                    )
                seen.add(transcript.session_id)
                yield transcript
        except UnicodeDecodeError:
            raise IngestError("this is not UTF-8.", "Save it as UTF-8.", path=path, line=number + 1) from None


def _bounded(lines: TextIO, longest: int, path: Path) -> Iterator[str]:
    """Lines of a file, none of which is held in memory beyond its limit."""
    number = 0
    while line := lines.readline(longest + 1):
        number += 1
        if len(line) > longest:
            raise IngestError(
                f"the line has more than {longest:,} characters, more than any session.",
                "Split the session, or raise 'reading: largest_file_mb:' in study.yaml.",
                path=path,
                line=number,
            )
        yield line


def _session(line: str, path: Path, number: int, digest: str) -> Transcript:
    try:
        found = json.loads(line)
        if "\\u" in line:
            json.dumps(found, ensure_ascii=False).encode()  # an escape may be half a character, which no file holds
        session = _Session.model_validate(found)
    except ValidationError as fault:
        first = fault.errors(include_input=False, include_url=False)[0]
        known = [str(part) for part in first["loc"] if isinstance(part, int) or part in _KEYS]
        key = ".".join(known) or "the line"  # an unknown key may be a transcript's words
        raise IngestError(
            f"'{key}' is not as it must be ({first['type'].replace('_', ' ')}).",
            "docs/transcripts.md gives the form.",
            path=path,
            line=number,
        ) from None
    except (ValueError, RecursionError):  # JSONDecodeError, and a number too long to be one
        raise IngestError("this line is not JSON.", "Write one session a line.", path=path, line=number) from None
    turns = _turns(session, path, number)
    if not any(turn.text.strip() for turn in turns):
        raise IngestError("nothing is said in this session.", "Take it out.", path=path, line=number)
    require_two({turn.speaker for turn in turns}, path, number)
    if session.warnings is None:
        lines = [number] * len(turns)
        warnings = (*odd_times(turns, lines), *control_characters(turns, lines))
    else:
        warnings = tuple(ReadWarning(*warning) for warning in session.warnings)
    return Transcript(
        session_id=session.session_id,
        case_id=session.case_id or session.session_id,
        turns=turns,
        source_name=session.source_name or path.name,
        source_sha256=session.source_sha256 or digest,
        medium=session.medium,
        language=session.language,
        session_number=session.session_number,
        therapist_id=session.therapist_id,
        groups=session.groups,
        case_known=session.case_known and session.case_id is not None,
        warnings=warnings,
    )


def from_line(line: str, path: Path) -> Transcript:
    """Session of one line that ``to_line`` made.

    Raises
    ------
    IngestError
        If it is none.
    """
    return _session(line, path, 1, "")


def to_line(transcript: Transcript) -> str:
    """One line of JSON that reads back as the same transcript."""
    session = _Session(
        session_id=transcript.session_id,
        case_id=transcript.case_id,
        medium=transcript.medium,
        language=transcript.language,
        source_name=transcript.source_name,
        source_sha256=transcript.source_sha256,
        session_number=transcript.session_number,
        therapist_id=transcript.therapist_id,
        groups=dict(transcript.groups),
        case_known=transcript.case_known,
        warnings=[(w.what, w.line, w.turn) for w in transcript.warnings],
        turns=[
            _Turn(
                turn=t.index, speaker=t.speaker, text=t.text, start_s=t.start_s, end_s=t.end_s,
                events=[_Event(kind=e.kind, start=e.start, end=e.end, seconds=e.seconds) for e in t.events],
                back_channel=t.back_channel,
            )
            for t in transcript.turns
        ],
    )  # fmt: skip
    return session.model_dump_json()


def write_transcripts(path: Path, transcripts: Iterable[Transcript]) -> None:
    """Write sessions as interchange JSONL, whole or not at all."""
    with whole_text_file(path) as out:
        for transcript in transcripts:
            out.write(to_line(transcript) + "\n")
