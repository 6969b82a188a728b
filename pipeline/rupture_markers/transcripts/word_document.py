"""Word documents: prefixed paragraphs, or a table with speaker, time and text columns."""

from __future__ import annotations

import io
import lzma
import re
import zipfile
import zlib
from pathlib import Path
from xml.etree.ElementTree import ParseError  # the parser itself is defusedxml's

import docx
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring
from docx.document import Document
from docx.exceptions import PythonDocxError
from docx.opc.exceptions import PackageNotFoundError
from docx.oxml.exceptions import XmlchemyError
from docx.table import Table, _Cell

from rupture_markers.errors import IngestError
from rupture_markers.transcripts.options import RawTranscript, ReadOptions
from rupture_markers.transcripts.prefixed_text import looks_like_label, read_lines
from rupture_markers.transcripts.tables import column_numbers, rows_to_raw

_SPANS = frozenset({"gridSpan", "gridBefore", "gridAfter"})
_MOST_PARTS = 2_000
_LARGEST_XML = 20_000_000
"""Bytes of one XML part; that of a transcript of ten hours is below two million."""
_WIDEST_SPAN = 100
"""Columns; Word itself has 63. A cell that claims to span a milliard of them would be repeated as often."""

_MOST_COLUMNS = 63
"""Word's own limit."""

_UNREADABLE = (zipfile.BadZipFile, lzma.LZMAError, EOFError, ValueError, RuntimeError, OSError, zlib.error)
"""What unpacking a broken archive raises."""


def _no_document(path: Path) -> IngestError:
    return IngestError(
        "this is not a Word document (.docx).",
        "Open it in a word processor and save it as .docx; old .doc files too.",
        path=path,
        line=1,
    )


def _hostile(what: str, path: Path) -> IngestError:
    return IngestError(what, "Save the text in a fresh document.", path=path, line=1)


def _require_sound(data: bytes, path: Path, largest: int) -> None:
    """Stop at an archive that unpacks to more than a transcript, leaves its folder, or declares what no document needs.

    Nothing is unpacked to disk. Each XML part is read here by defusedxml first, whatever its encoding.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            items = archive.infolist()
            parts = [item for item in items if item.filename.endswith((".xml", ".rels"))]
            if len(items) > _MOST_PARTS or sum(item.file_size for item in items) > largest * 4:
                raise _hostile("the document unpacks to more than any transcript.", path)
            if any(item.file_size > _LARGEST_XML for item in parts):
                raise _hostile("a part of the document is larger than any transcript.", path)
            if any(name.startswith(("/", "\\")) or ".." in re.split(r"[/\\]", name) for name in archive.namelist()):
                raise _hostile("the archive names a file outside itself.", path)
            for item in parts:
                _require_plain_xml(archive.read(item), path)
    except _UNREADABLE:
        raise _no_document(path) from None


def _require_plain_xml(part: bytes, path: Path) -> None:
    try:
        root = fromstring(part, forbid_dtd=True)
    except DefusedXmlException:
        raise _hostile("the document declares XML entities, which no document needs.", path) from None
    except (ParseError, LookupError):  # the last: an encoding that nobody knows
        raise _no_document(path) from None
    for element in root.iter():
        spans = element.attrib.values() if str(element.tag).rpartition("}")[2] in _SPANS else ()
        if any(not value.isdecimal() or int(value) > _WIDEST_SPAN for value in spans):
            raise _hostile("a table's cell claims to span more columns than a page has.", path)


def read_word_document(data: bytes, options: ReadOptions, path: Path) -> RawTranscript:
    """Turns of a .docx: of its tables with a speaker and a text column, else of its paragraphs.

    ``line`` is the row, counted over all tables, or the line of the paragraphs, from 1.

    Raises
    ------
    IngestError
        If it is no Word document.
    """
    _require_sound(data, path, options.largest_file)
    try:
        document = docx.Document(io.BytesIO(data))
    except (*_UNREADABLE, PackageNotFoundError, KeyError, TypeError, SyntaxError, AttributeError):
        raise _no_document(path) from None
    try:
        tabled = _tables(document, options)
        lines = [line for p in document.paragraphs for line in (p.text.split("\n") if p.text else [""])]
    except (KeyError, ValueError, TypeError, AttributeError, PythonDocxError, XmlchemyError):
        raise IngestError(
            "a table or paragraph of the document is broken.",
            "Open it in a word processor and save it again.",
            path=path,
            line=1,
        ) from None
    if tabled is not None:
        rows, columns = tabled
        return rows_to_raw(rows, columns, path)
    return read_lines(lines, options)


def _rows(table: Table) -> list[list[str]]:
    """Words of each row's cells, a merged cell's once for each column and row that it covers.

    Not ``row.cells``, which climbs the table anew for every merged cell and takes any width for true.
    """
    rows: list[list[str]] = []
    for row in table.rows:
        above = rows[-1] if rows else []
        texts: list[str] = []
        for cell in row._tr.tc_lst:
            if not 1 <= cell.grid_span <= _MOST_COLUMNS:
                raise ValueError("a cell covers more columns than a table has")
            goes_on = cell.vMerge == "continue" and len(texts) < len(above)
            texts += [above[len(texts)] if goes_on else _Cell(cell, table).text] * cell.grid_span
        rows.append(texts)
    return rows


def _tables(document: Document, options: ReadOptions) -> tuple[list[tuple[int, list[str]]], dict[str, int]] | None:
    """Rows, numbered over all tables, of those that hold turns: by a header, else by labels in the first column."""
    out: list[tuple[int, list[str]]] = []
    columns: dict[str, int] = {}
    number = 0
    for table in document.tables:
        rows = _rows(table)
        numbered = list(enumerate(rows, start=number + 1))
        number += len(rows)
        named = column_numbers(rows[0], options) if rows else {}
        if {"speaker", "text"} <= set(named):
            columns = columns or named
            out.extend(numbered[1:])
        elif rows and (
            (columns and len(rows[0]) > max(columns.values())) or _labels_first(rows, options)
        ):  # a table goes on over the page, or has no header
            columns = columns or {"speaker": 0, "text": len(rows[0]) - 1}
            out.extend(numbered)
    return (out, columns) if out else None


def _labels_first(rows: list[list[str]], options: ReadOptions) -> bool:
    firsts = [row[0].strip().rstrip(":").strip() for row in rows if len(row) >= 2]
    named = [cell for cell in firsts if cell]
    return len(named) >= 2 and all(len(cell) <= 30 and looks_like_label(cell, options) for cell in named)
