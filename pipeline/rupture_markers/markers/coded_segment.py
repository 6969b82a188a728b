"""What one coder answered to one task: the outcome of a segment, the markers in it, the ratings of a session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import ConfigDict

from rupture_markers.markers.marker import Arm, Coding

SegmentOutcome = Literal["markers", "no_marker", "not_codable", "skipped"]
CodingOrigin = Literal["label-studio", "import"]


@dataclass(frozen=True, slots=True)
class CodedSegment:
    """One record of the study's codings log; a later record of the same ``annotation`` replaces the earlier one.

    Attributes
    ----------
    annotation : str
        Identity of the coder's answer: the task's opaque id and the coder (``<task_id>:<coder>``), or for answers made
        elsewhere ``import:<session>:<first turn>:<coder>``. Never a server's number.
    task_id, segment_id, session_id, case_id : str
        ``task_id`` is empty for answers made elsewhere.
    first_turn, last_turn : int
        Turn indices that were to be coded, both included; a turn in between without a coding was coded 'no marker'
        where ``outcome`` is ``markers`` or ``no_marker``.
    coder : str
    arm : Arm
    shown : bool
        Whether suggestions were shown; False for every blind answer and for withheld ones.
    round : int
        Of the selection, from 1.
    whole_session : bool
        Whether all segments of the session were given to the coder.
    outcome : SegmentOutcome
        ``not_codable`` and ``skipped`` answers are no negatives.
    codings : tuple of Coding
        One a marker; several may name one turn. A marker over two turns is a coding on each of them.
    rejected : tuple of (int, str)
        Turn and code of each suggestion that the coder said to be wrong.
    ratings : tuple of (str, int)
        Session ratings 1 to 5 by their names in the codebook's session block; empty but at a session's end.
    seconds : float or None
        Time spent on the task.
    codebook_version, codebook_sha256 : str
        Under which it was coded.
    coded_at : str
        ISO 8601, UTC, of the last change.
    content_sha256 : str
        Of what the coder was shown.
    origin : CodingOrigin
    deleted : bool
        The coder withdrew the answer: what stood before no longer counts.
    notes : tuple of str
        What collecting had to say of it, never the transcript's words: 'span moved', 'code W9 is no longer in the codebook'.
    """

    annotation: str
    task_id: str
    segment_id: str
    session_id: str
    case_id: str
    first_turn: int
    last_turn: int
    coder: str
    arm: Arm
    outcome: SegmentOutcome
    codings: tuple[Coding, ...] = ()
    shown: bool = False
    round: int = 1
    whole_session: bool = False
    rejected: tuple[tuple[int, str], ...] = ()
    ratings: tuple[tuple[str, int], ...] = ()
    seconds: float | None = None
    codebook_version: str = ""
    codebook_sha256: str = ""
    coded_at: str = ""
    content_sha256: str = ""
    origin: CodingOrigin = "label-studio"
    deleted: bool = False
    notes: tuple[str, ...] = ()

    __pydantic_config__ = ConfigDict(extra="forbid")
