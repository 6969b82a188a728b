"""CSV, TSV and Word documents."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

import docx
import pytest

from rupture_markers.errors import IngestError
from rupture_markers.transcripts.options import ReadOptions
from rupture_markers.transcripts.read import read_transcript
from rupture_markers.transcripts.transcript import Speaker, Transcript

TC: dict[str, Speaker] = {"T": "therapist", "C": "client"}


def read(path: Path, **columns: str) -> Transcript:
    return read_transcript(path, ReadOptions(speakers=TC, columns=columns))


def said(transcript: Transcript) -> list[tuple[str, str, float | None]]:
    return [(turn.speaker, turn.text, turn.start_s) for turn in transcript.turns]


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("s.csv", 'speaker,text,start\nT,"Hello, you",0:01\nC,Hi.,0:03\n'),
        ("s.csv", "speaker;text;start\nT;Hello, you;1\nC;Hi.;3.0\n"),
        ("s.tsv", "Speaker\tText\tStart\nT\tHello, you\t00:00:01\nC\tHi.\t00:00:03\n"),
    ],
)
def test_commas_semicolons_and_tabs_read_the_same(tmp_path: Path, name: str, text: str) -> None:
    expected = [("therapist", "Hello, you", 1.0), ("client", "Hi.", 3.0)]
    assert said(read(write(tmp_path / name, text))) == expected


def test_columns_are_mapped(tmp_path: Path) -> None:
    path = write(tmp_path / "s.csv", "Wer,Was,Wann\nT,Hallo,5\nC,Ja,6\n")
    found = read(path, speaker="Wer", text="Was", start="Wann")
    assert said(found) == [("therapist", "Hallo", 5.0), ("client", "Ja", 6.0)]


def test_a_malformed_time_is_none_with_a_warning_at_its_line(tmp_path: Path) -> None:
    found = read(write(tmp_path / "s.csv", 'speaker,text,start\nT,"a\nb",1\nC,c,soon\n'))
    assert [t.start_s for t in found.turns] == [1.0, None]
    assert [w.line for w in found.warnings if "malformed" in w.what] == [4]


@pytest.mark.parametrize(
    ("text", "columns", "line"),
    [
        ("who said,words\nT,a\n", {}, 1),
        ("speaker,text\nT,a\nC,b\n", {"start": "onset"}, 1),
        ("speaker,text\nT,a\nC\n", {}, 3),
        ('speaker,text\nT,"a\nC,b\n', {}, 3),
        ("speaker,text\nT,a\nT,b\n", {}, 2),
    ],
)
def test_a_broken_table_is_refused_with_its_line(tmp_path: Path, text: str, columns: dict[str, str], line: int) -> None:
    with pytest.raises(IngestError) as caught:
        read(write(tmp_path / "s.csv", text), **columns)
    assert caught.value.line == line


def document(path: Path, paragraphs: Sequence[str] = (), *tables: Sequence[Sequence[str]]) -> Path:
    made = docx.Document()
    for paragraph in paragraphs:
        made.add_paragraph(paragraph)
    for rows in tables:
        table = made.add_table(rows=len(rows), cols=len(rows[0]))
        for row, cells in zip(table.rows, rows, strict=True):
            for cell, text in zip(row.cells, cells, strict=True):
                cell.text = text
        made.add_paragraph("")
    made.save(str(path))
    return path


def test_prefixed_paragraphs_are_read_as_text_is(tmp_path: Path) -> None:
    path = document(tmp_path / "s.docx", ["Title", "", "T: Hello.", "C12: [00:00:07] Hi", "there."])
    assert said(read(path)) == [("therapist", "Hello.", None), ("client", "Hi there.", 7.0)]


def test_a_table_that_goes_on_over_pages_is_read_whole(tmp_path: Path) -> None:
    head = ["Speaker", "Time", "Text"]
    path = document(
        tmp_path / "s.docx",
        ["Session 1"],
        [head, ["T:", "00:01", "Hello."], ["C:", "00:03", "Hi."]],
        [head, ["T:", "00:05", "So."]],
        [["C:", "00:07", "Well."]],
    )
    assert said(read(path)) == [
        ("therapist", "Hello.", 1.0),
        ("client", "Hi.", 3.0),
        ("therapist", "So.", 5.0),
        ("client", "Well.", 7.0),
    ]


def test_a_table_without_a_header_is_known_by_its_labels(tmp_path: Path) -> None:
    path = document(tmp_path / "s.docx", [], [["T:", "Hello."], ["C:", "Hi."], ["T:", "So."]])
    assert [t.text for t in read(path).turns] == ["Hello.", "Hi.", "So."]


def packed(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b"no zip at all",
        b"PK\x03\x04cut off",
        packed(**{"[Content_Types].xml": b"<Types/>"}),
        packed(**{"word/document.xml": b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'}),
        packed(**{"word/document.xml": b"0" * 210_000_000}),
    ],
    ids=["no zip", "cut off", "no document", "entities", "bomb"],
)
def test_what_is_no_word_document_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "s.docx"
    path.write_bytes(data)
    with pytest.raises(IngestError) as caught:
        read(path)
    assert caught.value.path == path
