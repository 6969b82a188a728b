"""Append-only JSONL logs of decisions: what was drawn once is never rewritten."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from rupture_markers.errors import StudyError
from rupture_markers.transcripts.whole_file import whole_file

Record = TypeVar("Record")


def append_records(path: Path, records: Iterable[Record], kind: TypeAdapter[Record]) -> int:
    """Add records at the end of the log, on disk when this returns: all of them or, if killed, none.

    All or none, because half of a batch would be taken for the whole of what was drawn. An unfinished last line, which
    no reader took for a decision, is left behind.

    Returns
    -------
    int
        How many were added.
    """
    lines = [kind.dump_json(record) + b"\n" for record in records]
    if not lines:
        return 0
    before = path.read_bytes() if path.exists() else b""
    with whole_file(path) as log:
        log.write(before[: before.rfind(b"\n") + 1])
        log.writelines(lines)
    return len(lines)


def read_records(
    path: Path, kind: TypeAdapter[Record], wanted: Callable[[bytes], bool] = lambda _: True
) -> tuple[Record, ...]:
    """Read a log, oldest first; a missing log is empty, an unfinished last line is passed over.

    Parameters
    ----------
    path : Path
    kind : TypeAdapter
    wanted : callable
        Whether a line is to be read at all; reading is what takes the time.

    Raises
    ------
    StudyError
        Naming the line that is not a record of this kind.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return ()
    records = []
    for number, line in enumerate(content.split(b"\n")[:-1], start=1):
        if not wanted(line):
            continue
        try:
            records.append(kind.validate_json(line))
        except ValidationError:
            raise StudyError(
                "this line of the study's log is damaged.",
                "Put the file back from a backup; what was drawn at random must not be drawn again.",
                path=path,
                line=number,
            ) from None
    return tuple(records)
