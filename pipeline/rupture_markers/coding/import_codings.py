"""Codings that were made elsewhere: a table of session, turn, coder and code, or a Label Studio export."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from rupture_markers.coding.answer import AnsweredTask
from rupture_markers.coding.assigned import Assignment
from rupture_markers.coding.coded_task import StudyFacts, coded_segments
from rupture_markers.errors import IngestError
from rupture_markers.markers.coded_segment import CodedSegment
from rupture_markers.markers.marker import Coding
from rupture_markers.transcripts.options import decode, read_bytes
from rupture_markers.transcripts.spreadsheet_safety import original_cell
from rupture_markers.transcripts.transcript import Transcript

NEEDED = ("session", "turn", "coder", "code")
OPTIONAL = ("significance", "certainty", "memo", "coded_at")
_TASKS = TypeAdapter(list[AnsweredTask])


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid")

    session: str = Field(min_length=1)
    turn: int | None = Field(default=None, ge=0)
    coder: str = Field(min_length=1)
    code: str = ""
    significance: int | None = Field(default=None, ge=1, le=5)
    certainty: float | None = Field(default=None, ge=0, le=1)
    memo: str = ""
    coded_at: str = ""


@dataclass
class _Sheet:
    """What one coder put down of one session."""

    codings: dict[tuple[int, int | None, float | None, str], list[str]] = field(default_factory=dict)
    coded_at: str = ""


def read_coding_table(path: Path, facts: StudyFacts) -> list[CodedSegment]:
    """Read a CSV with the columns session (or session_id), turn, coder and code.

    A coder who stands in the table with a session has coded the whole of it: turns without a line are 'no marker'. A
    line with neither turn nor code says that the coder found none. Lines of one turn and coder are one coding, the main
    code first.

    Raises
    ------
    IngestError
        With the line that names a session, turn or code that is not there, or is no coding.
    """
    text, _ = decode(read_bytes(path), path)
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    header = [original_cell(name.strip()).lower() for name in reader.fieldnames or []]
    if "segment_id" in header:
        raise IngestError(
            "this is a table that 'rupture export codings' wrote: it codes segments, and this reads coders of whole sessions.",
            "Take the codings of another study from Label Studio's own JSON export.", path=path, line=1,
        )  # fmt: skip
    header = ["session" if name == "session_id" else name for name in header]
    missing = [name for name in NEEDED if name not in header]
    if missing:
        raise IngestError(
            f"there is no column '{missing[0]}'.", f"The header needs: {', '.join(NEEDED)}.", path=path, line=1
        )
    reader.fieldnames = header
    sheets: dict[tuple[str, str], _Sheet] = {}
    try:
        for row in reader:
            _put_down(row, reader.line_num, path, facts, sheets)
    except csv.Error:
        raise IngestError("the table is broken here.", "Mend the line.", path=path, line=reader.line_num) from None
    return [
        _imported(facts.transcripts[session], coder, sheet, facts) for (session, coder), sheet in sorted(sheets.items())
    ]


def _put_down(
    row: Mapping[str, str | None], number: int, path: Path, facts: StudyFacts, sheets: dict[tuple[str, str], _Sheet]
) -> None:
    def refuse(what: str, todo: str, turn: int | None = None) -> IngestError:
        return IngestError(what, todo, path=path, line=number, turn=turn)

    given = {k: original_cell((v or "").strip()) for k, v in row.items() if k in (*NEEDED, *OPTIONAL)}
    try:
        line = _Line.model_validate({k: v for k, v in given.items() if v})
    except ValidationError as fault:
        first = fault.errors(include_input=False, include_url=False)[0]
        raise refuse(f"'{'.'.join(map(str, first['loc']))}': {first['msg']}.", "Mend the cell.") from None
    if line.session not in facts.transcripts:
        raise refuse("the study has no such session.", "Use the session ids that 'rupture check' lists.")
    sheet = sheets.setdefault((line.session, line.coder), _Sheet())
    sheet.coded_at = max(sheet.coded_at, line.coded_at)
    if line.turn is None and not line.code:
        return
    if line.turn is None or not line.code:
        raise refuse("a coding needs a turn and a code.", "Fill in both, or leave both empty for 'no marker'.")
    if line.turn not in {turn.index for turn in facts.transcripts[line.session].turns}:
        raise refuse("the session has no such turn.", "Turns are counted as in 'rupture score'.", line.turn)
    if line.code not in facts.codebook:
        raise refuse(f"the codebook has no code '{line.code}'.", "Use the study's codebook.", line.turn)
    key = (line.turn, line.significance, line.certainty, line.memo)
    codes = sheet.codings.setdefault(key, [])
    if line.code not in codes:
        codes.append(line.code)


def _imported(transcript: Transcript, coder: str, sheet: _Sheet, facts: StudyFacts) -> CodedSegment:
    turns = [turn.index for turn in transcript.turns]
    book = facts.codebook
    codings = tuple(
        Coding(
            session_id=transcript.session_id, turn=turn, coder=coder, codes=tuple(codes), significance=significance,
            certainty=certainty, memo=memo, codebook_version=book.version, coded_at=sheet.coded_at,
        )
        for (turn, significance, certainty, memo), codes in sorted(sheet.codings.items(), key=lambda item: item[0][0])
    )  # fmt: skip
    return CodedSegment(
        annotation=f"import:{transcript.session_id}:{turns[0]}:{coder}",
        task_id="",
        segment_id=f"{transcript.session_id}/whole",
        session_id=transcript.session_id,
        case_id=transcript.case_id,
        first_turn=turns[0],
        last_turn=turns[-1],
        coder=coder,
        arm="blind",
        outcome="markers" if codings else "no_marker",
        codings=codings,
        whole_session=True,
        codebook_version=book.version,
        codebook_sha256=book.sha256,
        coded_at=sheet.coded_at,
        content_sha256=transcript.content_sha256,
        origin="import",
    )


@dataclass(frozen=True, slots=True)
class ExportRead:
    """What a Label Studio export held: records, tasks that are none of ours, and annotations of others' tasks."""

    records: tuple[CodedSegment, ...]
    not_ours: int


def read_label_studio_export(path: Path, assignments: Mapping[str, Assignment], facts: StudyFacts) -> ExportRead:
    """Read Label Studio's JSON export of one or more of the study's projects.

    Raises
    ------
    IngestError
        If it is no such export.
    """
    text, _ = decode(read_bytes(path), path)
    try:
        tasks = _TASKS.validate_python(json.loads(text))
    except json.JSONDecodeError as fault:
        raise IngestError("this is not JSON.", "Export again as JSON.", path=path, line=fault.lineno) from None
    except ValidationError:
        raise IngestError(
            "this is no export of Label Studio.", "Export the project as 'JSON', not 'JSON-MIN'.", path=path, line=1
        ) from None
    by_task: dict[str, list[AnsweredTask]] = {}
    for task in tasks:
        by_task.setdefault(task.task_id, []).append(task)
    records = [
        record
        for task_id, same in by_task.items()
        if task_id in assignments
        for record in coded_segments(same, assignments[task_id], facts)
    ]
    not_ours = sum(len(same) for task_id, same in by_task.items() if task_id not in assignments)
    return ExportRead(tuple(records), not_ours)


def news(records: Iterable[CodedSegment], standing: Mapping[str, CodedSegment]) -> list[CodedSegment]:
    """Records that say something new: not those that stand in the log already, nor older ones than stand there."""
    out = []
    for record in records:
        before = standing.get(record.annotation)
        if before is None or (record != before and record.coded_at >= before.coded_at):
            out.append(record)
    return out
