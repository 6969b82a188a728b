"""The record of who codes what: a segment to code, its assignment, and the log that maps a task id back."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import ConfigDict, TypeAdapter

from rupture_markers.learning.record_log import append_records, read_records
from rupture_markers.learning.selection import Mode
from rupture_markers.markers.marker import Arm
from rupture_markers.transcripts.segments import Segment
from rupture_markers.transcripts.transcript import Transcript

Role = Literal["primary", "second", "known"]
"""``known``: a segment whose codes are known already, given for practice or to watch for drift (coding/certification.py)."""


@dataclass(frozen=True, slots=True)
class SegmentToCode:
    """A selected segment as it stands in its transcript now.

    Attributes
    ----------
    segment_id, session_id, case_id : str
    ordinal : int
        Place within the session.
    turns, context : tuple of int
        Turn indices to be coded, and those shown before them.
    content_sha256 : str
        Of what the coder is shown.
    flagged : bool
        Whether the machine has suggestions for it.
    held_out : bool
        Of a held-out case: every coding of it is blind, and two coders get it.
    """

    segment_id: str
    session_id: str
    case_id: str
    ordinal: int
    turns: tuple[int, ...]
    context: tuple[int, ...]
    content_sha256: str
    flagged: bool = False
    held_out: bool = False


def segment_to_code(
    transcript: Transcript, segment: Segment, *, flagged: bool, held_out: bool = False
) -> SegmentToCode:
    """Take a segment from its transcript."""
    return SegmentToCode(
        segment_id=segment.segment_id,
        session_id=segment.session_id,
        case_id=segment.case_id,
        ordinal=segment.ordinal,
        turns=tuple(turn.index for turn in segment.turns_of(transcript)),
        context=tuple(turn.index for turn in segment.context_of(transcript)),
        content_sha256=segment.content_sha256(transcript),
        flagged=flagged,
        held_out=held_out,
    )


@dataclass(frozen=True, slots=True)
class Assignment:
    """One coding task of one coder: the line of assignments.jsonl that maps an opaque task id back.

    Attributes
    ----------
    task_id : str
        32 hexadecimal digits; tells nothing of session, case, score or stratum.
    segment_id, session_id, case_id, coder : str
    arm : Arm
    shown : bool
        Whether suggestions are shown where there are any; False for every blind task and for withheld ones.
    role : Role
    session_end : bool
        Whether the session ratings are asked for: the last task of a session in whole_session mode.
    unit : str
        What was drawn: the segment, or in whole_session mode the session.
    mode : Mode
    order : float
        Random place of the unit in the coder's queue, in [0, 1).
    position : int
        Place within the unit.
    flagged : bool
        Whether the machine had suggestions when the task was drawn.
    content_sha256 : str
    turns, context : tuple of int
        Turn index of each item of the dialogue shown, and of the context.
    held_out : bool
        Of a held-out case.
    """

    task_id: str
    segment_id: str
    session_id: str
    case_id: str
    coder: str
    arm: Arm
    shown: bool
    role: Role
    session_end: bool
    unit: str
    mode: Mode
    order: float
    position: int
    flagged: bool
    content_sha256: str
    turns: tuple[int, ...]
    context: tuple[int, ...]
    held_out: bool = False

    __pydantic_config__ = ConfigDict(extra="forbid")

    @property
    def place(self) -> tuple[str, str]:
        """What stays the same when the content changes: segment id and coder."""
        return (self.segment_id, self.coder)

    @property
    def queue_key(self) -> tuple[float, str, int]:
        """Sort a coder's tasks by this; no score has a part in it."""
        return (self.order, self.unit, self.position)


_RECORD = TypeAdapter(Assignment)


def current_assignments(records: Iterable[Assignment]) -> dict[tuple[str, str], Assignment]:
    """Last record of each (segment id, coder); earlier ones belong to a transcript since changed."""
    return {record.place: record for record in records}


def opaque_task_id(study: str, coder: str, arm: Arm, segment_id: str, content_sha256: str) -> str:
    """Name of a task: another for every coder, arm and content, and no part of it can be read from it."""
    packed = "\x1f".join((study, coder, arm, segment_id, content_sha256))
    return hashlib.sha256(packed.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def read_assignments(path: Path) -> tuple[Assignment, ...]:
    """Read assignments.jsonl, oldest first; empty where there is none yet."""
    return read_records(path, _RECORD)


def append_assignments(path: Path, records: Iterable[Assignment]) -> int:
    """Add records to assignments.jsonl; nothing there is ever changed."""
    return append_records(path, records, _RECORD)
