"""Tables with a row a turn: CSV and TSV, and the tables of a .docx."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from rupture_markers.errors import IngestError
from rupture_markers.transcripts.events import is_silence
from rupture_markers.transcripts.options import RawTranscript, ReadOptions, Utterance
from rupture_markers.transcripts.times import parse_time

_USUAL = {
    "speaker": ("speaker", "interlocutor", "who", "role", "participant"),
    "text": ("text", "utterance_text", "utterance", "words", "transcript", "content", "message"),
    "start": ("start", "start_s", "time", "timestamp", "start_time", "onset"),
    "end": ("end", "end_s", "end_time", "offset"),
}
_LONGEST_CELL = 5_000_000


def column_numbers(header: Sequence[str], options: ReadOptions) -> dict[str, int]:
    """Number of each column that we need, by the study's mapping or by its usual name, where it is there."""
    names = [name.strip().casefold() for name in header]
    out = {}
    for key, usual in _USUAL.items():
        wanted = [options.columns[key].casefold()] if key in options.columns else list(usual)
        at = next((names.index(name) for name in wanted if name in names), None)
        if at is not None:
            out[key] = at
    return out


def rows_to_raw(rows: Iterable[tuple[int, Sequence[str]]], columns: dict[str, int], path: Path) -> RawTranscript:
    """Utterances of numbered rows; a row that is too short is an error with its line."""
    utterances = []
    warnings: list[tuple[str, int | None]] = []
    for line, row in rows:
        if not any(cell.strip() for cell in row):
            continue
        if len(row) <= max(columns["speaker"], columns["text"]):
            raise IngestError(
                f"the row has {len(row)} columns, fewer than the header.",
                "Mend the row.",
                path=path,
                line=line,
            )
        times: dict[str, float | None] = {}
        for key in ("start", "end"):
            cell = row[columns[key]].strip() if key in columns and len(row) > columns[key] else ""
            times[key] = parse_time(cell) if cell else None
            if cell and times[key] is None:
                warnings.append((f"the {key} time is malformed and was left out", line))
        label, text = row[columns["speaker"]].strip().rstrip(":").strip(), row[columns["text"]].strip()
        if not label and not is_silence(text):
            warnings.append(("a row without a speaker was dropped as commentary", line))
            continue
        utterances.append(Utterance(label or None, text, times["start"], times["end"], line))
    return RawTranscript(tuple(utterances), warnings=tuple(warnings))


def read_delimited(text: str, options: ReadOptions, path: Path) -> RawTranscript:
    """Rows of a .csv or .tsv file; comma, semicolon or tab, as its header shows.

    Raises
    ------
    IngestError
        If speaker or text column is not there, or a row is broken.
    """
    first = text.split("\n", 1)[0]
    delimiter = "\t" if path.suffix.lower() == ".tsv" else max(",;\t", key=first.count)
    csv.field_size_limit(_LONGEST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = next(reader)
        columns = column_numbers(header, options)
        for needed in ("speaker", "text", *options.columns):
            if needed not in columns:
                raise IngestError(
                    f"there is no {needed} column.",
                    f"Name it under 'reading: columns: {needed}:' in study.yaml.",
                    path=path,
                    line=1,
                    terminal_only=f"Columns of the file: {', '.join(header[:20])}",
                )
        rows = []
        at = reader.line_num + 1
        for row in reader:
            rows.append((at, row))
            at = reader.line_num + 1
    except csv.Error:
        raise IngestError(
            "the table is broken here (a quote that is not closed, or a NUL).",
            "Mend the line, or export the table again.",
            path=path,
            line=reader.line_num,
        ) from None
    except StopIteration:
        raise IngestError("the table is empty.", "Export it again.", path=path, line=1) from None
    return rows_to_raw(rows, columns, path)
