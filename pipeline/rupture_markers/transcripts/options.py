"""How files are read, and what a reader of one format hands on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rupture_markers.errors import IngestError
from rupture_markers.transcripts.transcript import Speaker

LARGEST_FILE = 50_000_000
"""Bytes; a session's transcript is far below a megabyte, and what is larger is no transcript."""


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What a study says of its files.

    Attributes
    ----------
    speakers : Mapping of label to Speaker
    join_gap_s : float
        Caption fragments of one speaker closer than this (seconds) are one turn.
    columns : Mapping of str to str
        Column of a table for ``speaker``, ``text``, ``start``, ``end``.
    tiers : Mapping of ELAN tier to Speaker
    silence_s : float or None
        A gap between a known end and a known start of at least this many seconds becomes a silence of its own.
    """

    speakers: Mapping[str, Speaker] = field(default_factory=dict)
    join_gap_s: float = 1.5
    columns: Mapping[str, str] = field(default_factory=dict)
    tiers: Mapping[str, Speaker] = field(default_factory=dict)
    medium: str = "spoken"
    language: str = "en"
    encoding: str | None = None
    silence_s: float | None = None


@dataclass(frozen=True, slots=True)
class Utterance:
    """A line of a transcript before anybody knows who its label is.

    Attributes
    ----------
    label : str or None
        As written; None for a silence between turns.
    start_s, end_s : float or None
        Seconds; None where unknown.
    line : int or None
        Line (or table row, or paragraph) of the file, from 1.
    """

    label: str | None
    text: str
    start_s: float | None = None
    end_s: float | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class RawTranscript:
    """Utterances of a file in order, and what was odd or left out."""

    utterances: tuple[Utterance, ...]
    join: bool = False
    warnings: tuple[tuple[str, int | None], ...] = ()


def read_bytes(path: Path) -> bytes:
    """Whole file.

    Raises
    ------
    IngestError
        If it is missing, unreadable, empty, or larger than any transcript.
    """
    try:
        size = path.stat().st_size
        if size > LARGEST_FILE:
            raise IngestError(
                f"the file has {size:,} bytes, more than any transcript.",
                "Split it, or take it out of the folder.",
                path=path,
            )
        data = path.read_bytes()
    except FileNotFoundError:
        raise IngestError("there is no such file.", "Check the name.", path=path) from None
    except OSError as fault:
        raise IngestError(
            f"the file cannot be read ({fault.strerror}).", "Check its permissions.", path=path
        ) from None
    if not data.strip(b"\x00 \t\r\n\xef\xbb\xbf\xff\xfe"):
        raise IngestError(
            "the file is empty.", "Export it again, or take it out of the folder.", path=path, line=1
        )
    return data


def sha256(data: bytes) -> str:
    """Hex digest."""
    return hashlib.sha256(data).hexdigest()


def decode(data: bytes, path: Path, encoding: str | None = None) -> str:
    """Text of a file: UTF-8 with or without BOM, UTF-16 with BOM, else cp1252; line ends as ``\\n``.

    Raises
    ------
    IngestError
        With the line of the first byte that no encoding explains.
    """
    if encoding is not None:
        tried = [encoding]
    elif data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        tried = ["utf-16"]
    else:
        tried = ["utf-8-sig", "cp1252"]
    where = 0
    for name in tried:
        try:
            text = data.decode(name)
        except UnicodeDecodeError as fault:
            where = fault.start
        except LookupError:
            raise IngestError(
                "the encoding in the config is unknown.", "Name one that Python knows.", path=path
            ) from None
        else:
            # C1 controls come of a wrong guess and hide in terminals; NUL is no text at all.
            if "\x00" not in text and not any("\x80" <= ch <= "\x9f" for ch in text):
                return text.replace("\r\n", "\n").replace("\r", "\n")
            where = max(where, 0)
    raise IngestError(
        f"the text is not in {' or '.join(tried)}.",
        "Save it as UTF-8, or name its encoding under 'reading: encoding:' in study.yaml.",
        path=path,
        line=data[:where].count(b"\n") + 1,
    )
