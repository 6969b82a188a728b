"""Which codebook coders had before them, and when: the study's log of the codebooks that were in use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ConfigDict, TypeAdapter

from rupture_markers.learning.record_log import append_records, read_records
from rupture_markers.markers.codebook import Codebook


@dataclass(frozen=True, slots=True)
class CodebookInUse:
    """A codebook and since when coders had it.

    Attributes
    ----------
    codebook : Codebook
        Whole, so that what changed can be said later.
    sha256 : str
    since : str
        ISO 8601, UTC; empty for the first, which holds from the beginning.
    """

    codebook: Codebook
    sha256: str
    since: str

    __pydantic_config__ = ConfigDict(extra="forbid")


_RECORD = TypeAdapter(CodebookInUse)


def read_codebooks(path: Path) -> tuple[CodebookInUse, ...]:
    """Codebooks of the study, oldest first; empty where none was kept yet."""
    return read_records(path, _RECORD)


def keep_codebook(path: Path, codebook: Codebook) -> tuple[CodebookInUse, ...]:
    """Put down that this codebook is in use from now on, where it was not the last already; the whole log."""
    known = read_codebooks(path)
    if known and known[-1].sha256 == codebook.sha256:
        return known
    since = now() if known else ""
    new = CodebookInUse(codebook, codebook.sha256, since)
    append_records(path, [new], _RECORD)
    return (*known, new)


def codebook_at(history: Sequence[CodebookInUse], when: str) -> CodebookInUse:
    """Codebook that was in use at a time; ISO 8601 in UTC sorts as it runs."""
    return next((entry for entry in reversed(history) if entry.since <= when), history[0])


def now() -> str:
    """Return the time as the logs write it, and as Label Studio does."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
