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

_NO_LETTERS = bytes(n for n in range(128) if not chr(n).isalpha())
_WESTERN_LETTERS = [ch for ch in bytes(range(128, 256)).decode("cp1252", "ignore") if ch.isalpha()]

MOST_LINES = 200_000
"""Lines of a text file, and utterances of any; ten hours of captions have 50,000 lines. With LARGEST_FILE it bounds time
and memory."""


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
        A gap between a known end and a known start of at least this many seconds becomes a silence
        of its own; None: never.
    largest_file : int
        Bytes; a larger file is refused unread.
    """

    speakers: Mapping[str, Speaker] = field(default_factory=dict)
    join_gap_s: float = 1.5
    columns: Mapping[str, str] = field(default_factory=dict)
    tiers: Mapping[str, Speaker] = field(default_factory=dict)
    medium: str = "spoken"
    language: str = "en"
    encoding: str | None = None
    silence_s: float | None = None
    largest_file: int = LARGEST_FILE


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
    """Utterances of a file in order, and what was odd or left out.

    Attributes
    ----------
    join : bool
        Whether neighbouring utterances of one speaker are fragments of a turn.
    chat : bool
        Whether the words use CHAT's own notation (``xxx`` for what cannot be heard).
    """

    utterances: tuple[Utterance, ...]
    join: bool = False
    chat: bool = False
    warnings: tuple[tuple[str, int | None], ...] = ()


def read_bytes(path: Path, largest: int = LARGEST_FILE) -> bytes:
    """Whole file, at most ``largest`` bytes.

    Raises
    ------
    IngestError
        If it is missing, unreadable, empty, or larger than any transcript.
    """
    try:
        size = path.stat().st_size
        if size > largest:
            raise IngestError(
                f"the file has {size:,} bytes, more than any transcript.",
                "Split it, take it out of the folder, or raise 'reading: largest_file_mb:' in study.yaml.",
                path=path,
            )
        data = path.read_bytes()
    except FileNotFoundError:
        raise IngestError("there is no such file.", "Check the name.", path=path) from None
    except OSError as fault:
        raise IngestError(f"the file cannot be read ({fault.strerror}).", "Check its permissions.", path=path) from None
    if not data.strip(b"\x00 \t\r\n\xef\xbb\xbf\xff\xfe"):
        raise IngestError("the file is empty.", "Export it again, or take it out of the folder.", path=path, line=1)
    return data


def require_lines(number: int, path: Path) -> None:
    """Stop at more lines, or utterances, than any transcript has.

    Raises
    ------
    IngestError
    """
    if number > MOST_LINES:
        raise IngestError(
            f"the file has {number:,} lines or utterances, more than any transcript.",
            "Split it, or take it out of the folder.",
            path=path,
        )


def sha256(data: bytes) -> str:
    """Hex digest."""
    return hashlib.sha256(data).hexdigest()


def decode(data: bytes, path: Path, encoding: str | None = None) -> tuple[str, str]:
    """Text of a file with its line ends as LF, and the name of its encoding.

    UTF-8 with or without BOM, UTF-16 (with BOM, or seen by its zero bytes), else cp1252. The last is a guess that
    almost any bytes allow, so it is refused where more than a quarter of the letters would lie outside ASCII:
    such text is Greek, Cyrillic or Chinese in another encoding.

    Raises
    ------
    IngestError
        With the line of the first byte that no encoding explains.
    """
    tried = [encoding] if encoding is not None else _likely(data)
    where = 0
    for name in tried:
        try:
            text = data.decode(name)
        except UnicodeError as fault:
            where = getattr(fault, "start", 0)
            continue
        except LookupError:
            raise IngestError(
                "the encoding in the config is unknown.", "Name one that Python knows.", path=path
            ) from None
        if "\x00" in text:
            where = max(where, data.find(b"\x00"))
        elif encoding is not None or name != "cp1252" or _western(text):
            return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n"), name
    raise IngestError(
        f"the text is not in {' or '.join(tried)}.".replace("utf-8-sig", "UTF-8"),
        "Save it as UTF-8, or name its encoding under 'reading: encoding:' in study.yaml.",
        path=path,
        line=data[:where].count(b"\n") + 1,
    )


def _likely(data: bytes) -> list[str]:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return ["utf-16"]
    head = data[:2000]
    if head[1::2].count(0) * 3 > len(head) and not head[::2].count(0):
        return ["utf-16-le"]
    if head[::2].count(0) * 3 > len(head) and not head[1::2].count(0):
        return ["utf-16-be"]
    return ["utf-8-sig", "cp1252"]


def _western(text: str) -> bool:
    plain = text.encode("ascii", "ignore")
    foreign = len(text) - len(plain)
    letters = len(plain.translate(None, delete=_NO_LETTERS)) + sum(map(text.count, _WESTERN_LETTERS))
    return foreign * 4 <= letters + foreign
