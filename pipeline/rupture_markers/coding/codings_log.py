"""The study's log of codings: what each coder answered, edit after edit; nothing in it is ever rewritten."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from pathlib import Path

from pydantic import TypeAdapter

from rupture_markers.learning.record_log import append_records, read_records
from rupture_markers.markers.coded_segment import CodedSegment

_RECORD = TypeAdapter(CodedSegment)
_TASK = re.compile(rb'"task_id":"([0-9A-Za-z]*)"')


def read_coded_segments(path: Path) -> tuple[CodedSegment, ...]:
    """Every record, oldest first; empty where there is none yet."""
    return read_records(path, _RECORD)


def read_coded_segments_of(path: Path, tasks: Container[str]) -> tuple[CodedSegment, ...]:
    """Records of some tasks, oldest first; the others are passed over unread, since a log holds every coder's."""

    def wanted(line: bytes) -> bool:
        found = _TASK.search(line)
        return found is None or found[1].decode() in tasks

    return read_records(path, _RECORD, wanted)


def append_coded_segments(path: Path, records: Iterable[CodedSegment]) -> int:
    """Add records at the end."""
    return append_records(path, records, _RECORD)


def current_answers(records: Iterable[CodedSegment]) -> tuple[CodedSegment, ...]:
    """Last record of each answer, less those that the coder withdrew."""
    last = {record.annotation: record for record in records}
    return tuple(record for record in last.values() if not record.deleted)
