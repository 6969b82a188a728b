"""Files made to harm: each is refused with an IngestError, or read without harm, in bounded time and memory."""

from __future__ import annotations

import io
import json
import resource
import socket
import subprocess
import sys
import zipfile
from pathlib import Path

import docx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rupture_markers.errors import IngestError
from rupture_markers.transcripts.control_characters import displayed
from rupture_markers.transcripts.options import ReadOptions
from rupture_markers.transcripts.read import read_transcript, read_transcripts
from rupture_markers.transcripts.spreadsheet_safety import original_cell, safe_cell

OPTIONS = ReadOptions(speakers={"T": "therapist", "C": "client"})
EAF = "<ANNOTATION_DOCUMENT>&e;</ANNOTATION_DOCUMENT>"
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        pytest.fail("a file made us connect somewhere")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def document(**parts: bytes) -> bytes:
    """A Word document of one table, with some of its parts changed or added."""
    made, out = io.BytesIO(), io.BytesIO()
    word = docx.Document()
    word.add_paragraph("T: How was the week?\nC: Long.")
    word.save(made)
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for item in old.infolist():
            if item.filename not in parts:
                new.writestr(item, old.read(item))
        for name, data in parts.items():
            new.writestr(name, data)
    return out.getvalue()


def refused(path: Path, options: ReadOptions = OPTIONS) -> IngestError:
    with pytest.raises(IngestError) as caught:
        list(read_transcripts(path, options))
    return caught.value


@pytest.mark.parametrize(
    "head",
    [
        '<!DOCTYPE a [<!ENTITY e "x">]>',
        '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE a [<!ENTITY % p SYSTEM "http://192.0.2.1/x.dtd"> %p;]>',
        f'<!DOCTYPE a [<!ENTITY l0 "lol">{LAUGHS}<!ENTITY e "&l9;">]>',
        f'<!--{" " * 9000}--><!DOCTYPE a [<!ENTITY e "x">]>',
    ],
    ids=["entity", "file", "address", "a milliard laughs", "behind a comment"],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_xml_entities_are_refused_in_elan_and_word(tmp_path: Path, head: str, encoding: str) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?>{head}'
    path = tmp_path / "x.eaf"
    path.write_bytes((text + EAF).encode(encoding))
    assert "entities" in str(refused(path))
    word = tmp_path / "x.docx"
    word.write_bytes(document(**{"word/document.xml": (text + "<a>&e;</a>").encode(encoding)}))
    assert "entities" in str(refused(word))


@pytest.mark.parametrize(
    "parts",
    [
        {"word/media/a.bin": b"\0" * 250_000_000},
        {"word/comments.xml": b" " * 30_000_000},
        {"../../outside.xml": b"<a/>"},
        {"/outside.txt": b"x"},
        {f"word/part{n}.bin": b"" for n in range(3000)},
    ],
    ids=["bomb", "a part that is a bomb", "leaves its folder", "absolute", "many parts"],
)
def test_an_archive_that_is_no_document_is_refused(tmp_path: Path, parts: dict[str, bytes]) -> None:
    path = tmp_path / "x.docx"
    path.write_bytes(document(**parts))
    refused(path)
    assert [p.name for p in tmp_path.iterdir()] == ["x.docx"]


def test_a_picture_that_cannot_be_unpacked_is_no_document(tmp_path: Path) -> None:
    path = tmp_path / "x.docx"
    picture = "docProps/thumbnail.jpeg"
    whole = bytearray(document(**{picture: bytes(range(256)) * 40}))
    at = whole.find(picture.encode()) + len(picture)
    whole[at : at + 8] = b"\xff" * 8  # a block of a kind that deflate does not know
    path.write_bytes(whole)
    assert "not a Word document" in str(refused(path))


def test_a_cell_that_spans_a_milliard_columns_is_refused(tmp_path: Path) -> None:
    word = docx.Document()
    table = word.add_table(1, 2)
    table.rows[0].cells[0].merge(table.rows[0].cells[1])
    made = io.BytesIO()
    word.save(made)
    with zipfile.ZipFile(made) as archive:
        xml = archive.read("word/document.xml").replace(b'w:gridSpan w:val="2"', b'w:gridSpan w:val="1000000000"')
    assert b"1000000000" in xml
    path = tmp_path / "x.docx"
    path.write_bytes(document(**{"word/document.xml": xml}))
    assert "columns" in str(refused(path))


def test_an_external_template_is_not_fetched(tmp_path: Path) -> None:
    rels = (
        b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" '
        b'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/attachedTemplate" '
        b'Target="http://192.0.2.1/t.dotm" TargetMode="External"/></Relationships>'
    )
    path = tmp_path / "x.docx"
    path.write_bytes(document(**{"word/_rels/settings.xml.rels": rels}))
    assert len(read_transcript(path, OPTIONS).turns) == 2


def test_xml_of_a_hundred_thousand_levels_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.eaf"
    path.write_text("<a>" * 100_000 + "</a>" * 100_000, encoding="utf-8")
    refused(path)


@pytest.mark.parametrize("name", ["x.txt", "x.vtt", "x.srt", "x.csv", "x.json", "x.cha", "x.eaf", "x.docx", "x.jsonl"])
def test_a_file_of_a_gigabyte_is_refused_unread(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with path.open("wb") as out:
        out.truncate(1_073_741_824)  # sparse: no disk is filled
    refused(path)


def test_a_line_beyond_the_limit_is_refused_before_it_is_held(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"session_id": "' + "a" * 300_000 + '"}\n', encoding="utf-8")
    assert "characters" in str(refused(path, ReadOptions(largest_file=1_000_000)))
    path = tmp_path / "x.txt"
    path.write_text("T: " + "a" * 300_000, encoding="utf-8")
    assert "largest_file_mb" in str(refused(path, ReadOptions(speakers=OPTIONS.speakers, largest_file=100_000)))


_BOUNDED = """
import sys, time
from pathlib import Path
from rupture_markers.errors import IngestError
from rupture_markers.transcripts.options import ReadOptions
from rupture_markers.transcripts.read import read_transcripts
began = time.monotonic()
try:
    list(read_transcripts(Path(sys.argv[1]), ReadOptions(speakers={"T": "therapist", "C": "client"})))
    print("read")
except IngestError as fault:
    print("refused", len(str(fault)), len(fault.terminal_only))
print(round(time.monotonic() - began, 1))
"""


def bounded(path: Path, seconds: int, megabytes: int) -> str:
    """Read a file in a process of its own that may take so much time and memory."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (megabytes * 1_000_000,) * 2)

    done = subprocess.run(
        [sys.executable, "-c", _BOUNDED, str(path)], capture_output=True, text=True, check=True, timeout=seconds,
        preexec_fn=limit,
    )  # fmt: skip
    return done.stdout


@pytest.mark.parametrize("form", ["colon", "tab", "voice"])
def test_a_crowd_of_speakers_is_refused_in_bounded_time_and_memory(tmp_path: Path, form: str) -> None:
    path = _crowd(tmp_path, 30_000, form)
    told = bounded(path, 120, 1_500)
    assert told.startswith("refused")
    assert int(told.split()[2]) < 5_000


@pytest.mark.campaign
@pytest.mark.parametrize("form", ["colon", "tab", "voice"])
def test_a_million_speakers_are_refused_in_bounded_time_and_memory(tmp_path: Path, form: str) -> None:
    assert bounded(_crowd(tmp_path, 1_000_000, form), 60, 1_500).startswith("refused")


@pytest.mark.campaign
@pytest.mark.parametrize("name", ["x.txt", "x.jsonl", "x.csv", "x.vtt"])
def test_a_real_line_of_a_gigabyte_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with path.open("wb") as out:
        for _ in range(1_000):
            out.write(b"T: a" * 250_000)
    assert bounded(path, 30, 1_500).startswith("refused")


def test_a_line_of_almost_the_largest_file_is_read_in_bounded_time(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_text("T: Hello.\nC: " + "and so on " * 500_000, encoding="utf-8")
    assert bounded(path, 60, 2_000).startswith("read")


def _crowd(tmp_path: Path, number: int, form: str) -> Path:
    path = tmp_path / ("x.vtt" if form == "voice" else "x.txt")
    with path.open("w", encoding="utf-8") as out:
        if form == "voice":
            out.write("WEBVTT\n\n")
        for n in range(number):
            label = "".join(chr(65 + n // 26**k % 26) for k in range(5))
            if form == "colon":
                out.write(f"{label}: a\n")
            elif form == "tab":
                out.write(f"{label}\ta\n")
            else:
                clock = f"{n // 3600:02}:{n // 60 % 60:02}:{n % 60:02}.000"
                out.write(f"{clock} --> {clock}\n<v {label}>a</v>\n\n")
    return path


def test_control_and_bidirectional_characters_are_kept_and_reported(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_text("T: Hello \x1b[31mred\x07.\nC: abc \u202ecba\u202c.\n", encoding="utf-8")
    transcript = read_transcript(path, OPTIONS)
    assert transcript.turns[1].text == "abc \u202ecba\u202c."
    odd = [w for w in transcript.warnings if "control" in w.what]
    assert [(w.turn, w.line) for w in odd] == [(0, 1), (1, 2)]
    assert "red" not in odd[0].what
    lines = tmp_path / "x.jsonl"
    turns = [{"turn": 0, "speaker": "client", "text": "a\u2066b"}, {"turn": 1, "speaker": "therapist", "text": "c"}]
    lines.write_text(json.dumps({"session_id": "s", "turns": turns}), encoding="utf-8")
    assert [w.turn for w in next(read_transcripts(lines)).warnings] == [0]


def test_what_is_shown_on_a_terminal_steers_nothing() -> None:
    assert displayed("a\x1b[31m\u202eb\r\n\u2066c\ue000") == "a\\u001b[31m\\u202eb\\u000d\\u000a\\u2066c\\ue000"
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    assert displayed(f"café {family}") == f"café {family}"


@given(st.text(st.sampled_from("'=+-@\t\r\n a1\uff1d\u00a0"), max_size=12))
def test_a_cell_is_no_formula_and_comes_back(text: str) -> None:
    cell = safe_cell(text)
    assert original_cell(cell) == text
    assert not cell.lstrip(" \u00a0").startswith(("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d"))


def test_common_cells_stay_as_they_are() -> None:
    for text in ("s01", "invented-000", "", "'tis", "a=b", "1-2"):
        assert safe_cell(text) == text
