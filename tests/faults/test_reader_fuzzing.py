"""Nothing but a Transcript or an IngestError comes of any file, in bounded time and memory.

The campaign (`make campaign`) tries RUPTURE_FUZZ_INPUTS inputs of each format, 100,000 where it is not set, on the
sample study's files and those of the folder RUPTURE_FUZZ_SEEDS; its figures go to RUPTURE_CAMPAIGN_OUT.
"""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import pytest
from tests.faults.campaign_figures import keep_figures
from tests.faults.hostile_documents import word_file
from tests.faults.mutations import SAMPLE
from tests.faults.reader_fuzzing import FORMATS, Result, fuzz_apart

from rupture_markers.errors import ConfigError, IngestError, UnmappedSpeakerError
from rupture_markers.transcripts.options import ReadOptions
from rupture_markers.transcripts.read import read_transcript
from rupture_markers.transcripts.sessions import read_sessions
from rupture_markers.workflow.config import load_config

SPEAKERS = ReadOptions(speakers={"T": "therapist", "C": "client", "THE": "therapist", "CLI": "client"})


def require_nothing_found(result: Result, out: Path) -> None:
    assert result.finds == 0, f"{result.kinds}; the inputs are in {out}"
    assert result.slowest_s <= 2.0
    assert result.peak_mb <= 500.0
    assert result.transcripts > 0


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_of_any_content_is_read_or_refused(name: str, tmp_path: Path) -> None:
    result = fuzz_apart(name, 200, [SAMPLE / "transcripts"], tmp_path)
    require_nothing_found(result, tmp_path)
    assert result.inputs == 200


@pytest.mark.campaign
@pytest.mark.timeout(0)
@pytest.mark.parametrize("name", FORMATS)
def test_campaign_a_file_of_any_content_is_read_or_refused(name: str, tmp_path: Path) -> None:
    inputs = int(os.environ.get("RUPTURE_FUZZ_INPUTS", "100000"))
    more = os.environ.get("RUPTURE_FUZZ_SEEDS")
    folders = [SAMPLE / "transcripts", *([Path(more)] if more else [])]
    result = fuzz_apart(name, inputs, folders, tmp_path, start=1_000_000)
    keep_figures("readers", name, result)
    require_nothing_found(result, tmp_path)


def _packed(body: str) -> bytes:
    return word_file(body)


_ROW = "<w:tr><w:tc><w:p><w:r><w:t>{}</w:t></w:r></w:p></w:tc><w:tc>{}<w:p><w:r><w:t>{}</w:t></w:r></w:p></w:tc></w:tr>"
_HEAD = _ROW.format("speaker", "", "text")


def _table(*rows: str) -> bytes:
    return word_file(f"<w:tbl><w:tblPr/><w:tblGrid/>{_HEAD}{''.join(rows)}</w:tbl>")


def _span(width: str) -> bytes:
    wide = f'<w:tcPr><w:gridSpan w:val="{width}"/></w:tcPr>'
    return _table(_ROW.format("T", wide, "Hello."), _ROW.format("C", "", "Hi."))


@pytest.mark.parametrize("width", ["99999999", "0", "-1", "x"])
def test_a_word_table_with_a_cell_of_impossible_width_is_refused(tmp_path: Path, width: str) -> None:
    path = tmp_path / "a.docx"
    path.write_bytes(_span(width))
    with pytest.raises(IngestError, match=r"broken|more columns than a page"):
        read_transcript(path, SPEAKERS)


def test_a_cell_merged_downwards_is_read_once_for_each_row(tmp_path: Path) -> None:
    path = tmp_path / "a.docx"
    merged = "<w:tr><w:tc><w:tcPr><w:vMerge/></w:tcPr><w:p/></w:tc><w:tc><w:p><w:r><w:t>And you?</w:t></w:r></w:p></w:tc></w:tr>"
    first = _ROW.format("T", "", "Hello.").replace("<w:tc>", '<w:tc><w:tcPr><w:vMerge w:val="restart"/></w:tcPr>', 1)
    path.write_bytes(_table(first, merged * 3000, _ROW.format("C", "", "Hi.")))
    turns = read_transcript(path, SPEAKERS).turns
    assert [turns[0].speaker, turns[3000].speaker, turns[3001].speaker] == ["therapist", "therapist", "client"]


def test_a_merged_cell_with_no_cell_above_it_is_its_own(tmp_path: Path) -> None:
    path = tmp_path / "a.docx"
    odd = "<w:tr><w:tc/><w:tc/><w:tc><w:tcPr><w:vMerge/></w:tcPr><w:p/></w:tc></w:tr>"
    path.write_bytes(_table(_ROW.format("T", "", "Hello."), odd, _ROW.format("C", "", "Hi.")))
    assert len(read_transcript(path, SPEAKERS).turns) == 2


def test_a_word_document_whose_archive_is_damaged_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.docx"
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(word_file("<w:p/>"))) as plain,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        for name in plain.namelist():
            packed.writestr(name, plain.read(name) * 3)
    sound = out.getvalue()
    for at in range(40, len(sound), 7):
        path.write_bytes(sound[:at] + b"\xff\x00\xff" + sound[at + 3 :])
        with pytest.raises(IngestError):
            read_transcript(path, SPEAKERS)


def test_a_relation_without_a_target_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.docx"
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(word_file("<w:p/>"))) as plain, zipfile.ZipFile(out, "w") as packed:
        for name in plain.namelist():
            packed.writestr(name, plain.read(name).replace(b"Target=", b"Turget="))
    path.write_bytes(out.getvalue())
    with pytest.raises(IngestError):
        read_transcript(path, SPEAKERS)


def test_an_elan_file_in_an_unknown_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.eaf"
    path.write_bytes(b'<?xml version="1.0" encoding="UTF-9"?><ANNOTATION_DOCUMENT/>')
    with pytest.raises(IngestError, match="XML is broken"):
        read_transcript(path, SPEAKERS)


@pytest.mark.parametrize(
    "head", ["@Participants:\td,GON \n@Participants:\t.\n@ID:\t||GON|", "@ID:\t|", "@Participants:\t|"]
)
def test_headers_that_made_the_chat_library_panic_are_not_its_business(tmp_path: Path, head: str) -> None:
    path = tmp_path / "a.cha"
    path.write_text(f"@UTF8\n@Begin\n{head}\n*THE:\thello .\n*CLI:\thi .\n@End\n", encoding="utf-8")
    assert [t.speaker for t in read_transcript(path, SPEAKERS).turns] == ["therapist", "client"]


@pytest.mark.parametrize("label", ["\x85", "Q\x00", "\U0001f600", "y", "Mr: X", "Q" * 5000, "\ufffe"])
def test_the_advice_on_unmapped_labels_is_yaml_that_maps_them(tmp_path: Path, label: str) -> None:
    from rupture_markers.transcripts.options import Utterance
    from rupture_markers.transcripts.speakers import require_mapped

    with pytest.raises(UnmappedSpeakerError) as found:
        require_mapped([Utterance(label, "hello")], {}, tmp_path)
    import yaml

    advice = yaml.safe_load("speakers:\n" + found.value.terminal_only.partition("speakers:\n")[2])["speakers"]
    assert set(advice or ()) == ({label} if len(label) <= 100 else set())


@pytest.mark.parametrize(
    "text", ["study: " + "9" * 5000, "study: 2020-99-99", "study: " + "[" * 5000, "study: " + '{"a":' * 5000]
)
def test_a_config_that_yaml_cannot_hold_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError):
        load_config(path)


@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
def test_half_a_character_is_refused_with_its_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    said = [("T", "therapist", "Hello \\ud83d there."), ("C", "client", "Hi.")]
    segments = ", ".join(f'{{"speaker": "{label}", "text": "{text}"}}' for label, _, text in said)
    turns = ", ".join(f'{{"turn": {n}, "speaker": "{who}", "text": "{t}"}}' for n, (_, who, t) in enumerate(said))
    path.write_text(
        f'{{"segments": [{segments}]}}' if name == "a.json" else f'{{"session_id": "s", "turns": [{turns}]}}\n'
    )
    with pytest.raises(IngestError, match=r"a\.json") as refused:
        read_transcript(path, SPEAKERS)
    assert "there" not in str(refused.value)
    path.write_text(path.read_text().replace("\\ud83d", "\\ud83d\\ude00"))
    assert read_transcript(path, SPEAKERS).turns[0].text == "Hello \U0001f600 there."


def test_a_word_document_in_an_unknown_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.docx"
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(word_file("<w:p/>"))) as plain, zipfile.ZipFile(out, "w") as packed:
        for name in plain.namelist():
            packed.writestr(name, b'<?xml version="1.0" encoding="UTF-9"?>' + plain.read(name))
    path.write_bytes(out.getvalue())
    with pytest.raises(IngestError, match="not a Word document"):
        read_transcript(path, SPEAKERS)


@pytest.mark.parametrize("content", ['session_id,"case_id\ns1,c1\n', 'session_id,case_id\ns1,"c1\n'])
def test_a_table_of_sessions_that_is_broken_is_refused_in_its_header_too(tmp_path: Path, content: str) -> None:
    path = tmp_path / "sessions.csv"
    path.write_text(content)
    with pytest.raises(IngestError, match=r"sessions\.csv"):
        read_sessions(path)


def test_a_session_number_of_thousands_of_digits_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sessions.csv"
    path.write_text(f"session_id,case_id,session_number\ns1,c1,{'9' * 5000}\n")
    with pytest.raises(IngestError, match="no whole number"):
        read_sessions(path)


@pytest.mark.parametrize("encoding", ["idna", "punycode", "utf-7"])
def test_an_encoding_that_raises_an_error_of_its_own_is_refused(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"T: hello \xff\xfe\n C: hi +2AA-\n" * 50)
    with pytest.raises(IngestError):
        read_transcript(path, ReadOptions(speakers=SPEAKERS.speakers, encoding=encoding))
