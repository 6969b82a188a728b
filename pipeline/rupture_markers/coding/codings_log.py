"""The study's log of codings: what each coder answered, edit after edit; nothing in it is ever rewritten."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pydantic import TypeAdapter

from rupture_markers.learning.record_log import append_records, read_records
from rupture_markers.markers.coded_segment import CodedSegment

_RECORD = TypeAdapter(CodedSegment)


def read_coded_segments(path: Path) -> tuple[CodedSegment, ...]:
    """Every record, oldest first; empty where there is none yet."""
    return read_records(path, _RECORD)


def append_coded_segments(path: Path, records: Iterable[CodedSegment]) -> int:
    """Add records at the end."""
    return append_records(path, records, _RECORD)


def current_answers(records: Iterable[CodedSegment]) -> tuple[CodedSegment, ...]:
    """Last record of each answer, less those that the coder withdrew."""
    last = {record.annotation: record for record in records}
    return tuple(record for record in last.values() if not record.deleted)
