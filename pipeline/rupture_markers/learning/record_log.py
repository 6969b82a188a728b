"""Append-only JSONL logs of decisions: what was drawn once is never rewritten."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from rupture_markers.errors import StudyError

Record = TypeVar("Record")


def append_records(path: Path, records: Iterable[Record], kind: TypeAdapter[Record]) -> int:
    """Add records at the end of the log, on disk when this returns.

    A last line that a killed run left unfinished is cut off first: it was never read as a decision.

    Returns
    -------
    int
        How many were added.
    """
    lines = [kind.dump_json(record) + b"\n" for record in records]
    if not lines:
        return 0
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab+") as log:
        log.seek(0)
        content = log.read()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            log.truncate(whole)
        log.seek(0, os.SEEK_END)
        log.write(b"".join(lines))
        log.flush()
        os.fsync(log.fileno())
    return len(lines)


def read_records(path: Path, kind: TypeAdapter[Record]) -> tuple[Record, ...]:
    """Read a log, oldest first; a missing log is empty, an unfinished last line is passed over.

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
