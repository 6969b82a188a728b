"""``sessions.csv``: whose session a file is."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from pathlib import Path

from rupture_markers.errors import IngestError
from rupture_markers.transcripts.options import decode, read_bytes
from rupture_markers.transcripts.spreadsheet_safety import original_cell

_LONGEST_NUMBER = 9


@dataclass(frozen=True, slots=True)
class SessionIdentity:
    """Identity of a session: its case, number, therapist and group columns."""

    session_id: str
    case_id: str
    session_number: int | None = None
    therapist_id: str | None = None
    groups: dict[str, str] = field(default_factory=dict)


def read_sessions(path: Path) -> dict[str, SessionIdentity]:
    """Rows of sessions.csv by session_id, which is the transcript's file name without its ending.

    Raises
    ------
    IngestError
        If a column is missing, or a row has no or another row's session_id.
    """
    text, _ = decode(read_bytes(path), path)
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [original_cell(name.strip()) for name in reader.fieldnames or []]
    except csv.Error:
        raise _broken(path, 1) from None
    for needed in ("session_id", "case_id"):
        if needed not in header:
            raise IngestError(f"there is no column '{needed}'.", "Add it to the header.", path=path, line=1)
    reader.fieldnames = header
    out: dict[str, SessionIdentity] = {}
    try:
        for row in reader:
            values = {key: original_cell((value or "").strip()) for key, value in row.items() if key}
            line = reader.line_num
            session, case = values.pop("session_id", ""), values.pop("case_id", "")
            if not session or not case:
                raise IngestError("session_id or case_id is empty.", "Fill it in.", path=path, line=line)
            if session in out:
                raise IngestError("this session_id stands twice.", "Keep one row a session.", path=path, line=line)
            number = values.pop("session_number", "")
            if number and not (number.isdecimal() and len(number) <= _LONGEST_NUMBER):
                raise IngestError("session_number is no whole number.", "Mend it.", path=path, line=line)
            therapist = values.pop("therapist_id", "") or None
            out[session] = SessionIdentity(session, case, int(number) if number else None, therapist, values)
    except csv.Error:
        raise _broken(path, reader.line_num) from None
    return out


def _broken(path: Path, line: int) -> IngestError:
    return IngestError("the table is broken here.", "Mend the line.", path=path, line=line)
