"""Every file of the sample study reads as the session it was written from."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rupture_markers.transcripts.interchange import read_interchange
from rupture_markers.transcripts.transcript import Transcript
from rupture_markers.workflow import reading
from rupture_markers.workflow.study import open_study

ROOT = Path(__file__).resolve().parents[2]
STUDY = open_study(ROOT / "configs" / "sample-study")
EXPECTED = {t.session_id: t for t in read_interchange(ROOT / "tests" / "fixtures" / "sample-transcripts.jsonl")}
FILES = {path.stem: path for path in reading.source_files(STUDY)}


def read(name: str) -> Transcript:
    from rupture_markers.transcripts.read import read_transcript

    return read_transcript(FILES[name], STUDY.read_options, identity=reading.identities(STUDY)[name])


def words(text: str, *, chat: bool) -> str:
    """CHAT sets a space before the mark that ends an utterance."""
    return re.sub(r"\s+(?=[.?!,])", "", text) if chat else text


def test_every_format_is_in_the_study() -> None:
    suffixes = {path.suffix for path in FILES.values()}
    assert suffixes == {".txt", ".docx", ".vtt", ".srt", ".csv", ".tsv", ".json", ".cha", ".eaf", ".jsonl"}
    assert len(FILES) == 16


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_file_reads_as_its_session(name: str) -> None:
    found, expected = read(name), EXPECTED[name]
    chat = FILES[name].suffix == ".cha"
    assert [(t.index, t.speaker, words(t.text, chat=chat)) for t in found.turns] == [
        (t.index, t.speaker, words(t.text, chat=chat)) for t in expected.turns
    ]
    assert found.case_id == expected.case_id


@pytest.mark.parametrize("name", sorted(FILES))
def test_times_are_known_or_none_and_never_zero_for_unknown(name: str) -> None:
    found = read(name)
    timed = FILES[name].suffix in {".vtt", ".srt", ".csv", ".tsv", ".json", ".cha", ".eaf"}
    assert all((t.start_s is not None and t.end_s is not None) == timed for t in found.turns if not timed or t.text)
    assert all(t.end_s is None or t.start_s is None or t.end_s > t.start_s for t in found.turns)
