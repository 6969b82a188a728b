"""Tables as CSV, with text cells that no spreadsheet takes for a formula, and the way back.

A cell that begins with ``=``, ``+``, ``-``, ``@``, their full-width forms, a tab or a line end runs as a formula in common
spreadsheets (CWE-1236); an apostrophe before it makes it text. A cell that begins with apostrophes before such a sign
gets one more, so that taking one away always gives back what was there.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from rupture_markers.transcripts.whole_file import whole_text_file

Cell = str | int | float | bool | None
_FORMULA = re.compile("'*[ \u00a0]*[=+\\-@\uff1d\uff0b\uff0d\uff20\t\r\n]")
_MADE_SAFE = re.compile("''*[ \u00a0]*[=+\\-@\uff1d\uff0b\uff0d\uff20\t\r\n]")


def safe_cell(text: str) -> str:
    """Text as a cell that a spreadsheet shows and does not run; for text alone, since a number may begin with ``-``."""
    return f"'{text}" if _FORMULA.match(text) else text


def original_cell(cell: str) -> str:
    """Return what ``safe_cell`` was given."""
    return cell[1:] if _MADE_SAFE.match(cell) else cell


def write_table(path: Path, names: Sequence[str], rows: Iterable[Iterable[Cell]]) -> int:
    """Write a table as CSV, whole or not at all: UTF-8, a header, missing is empty, text and header by `safe_cell`.

    Returns
    -------
    int
        Rows written.
    """
    count = 0
    with whole_text_file(path) as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([safe_cell(name) for name in names])
        for row in rows:
            writer.writerow([safe_cell(cell) if isinstance(cell, str) else cell for cell in row])
            count += 1
    return count
