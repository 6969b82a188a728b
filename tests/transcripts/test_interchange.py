"""The interchange form, sessions.csv and the dispatch over endings."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from rupture_markers.errors import IngestError
from rupture_markers.transcripts.events import find_events
from rupture_markers.transcripts.interchange import read_interchange, write_transcripts
from rupture_markers.transcripts.options import ReadOptions
from rupture_markers.transcripts.read import SUFFIXES, read_transcript, read_transcripts, transcript_files
from rupture_markers.transcripts.sessions import read_sessions
from rupture_markers.transcripts.transcript import Event, EventKind, ReadWarning, Speaker, Transcript, Turn

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
seconds = st.none() | st.floats(0, 1e6, allow_nan=False)
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


@st.composite
def a_turn(draw: st.DrawFn, index: int, speaker: Any = None) -> Turn:
    text = draw(words) + "x"
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=4, unique=True)))
    kinds = st.sampled_from(get_args(EventKind))
    events = tuple(Event(draw(kinds), a, b, draw(seconds)) for a, b in zip(cuts[::2], cuts[1::2], strict=False))
    who = speaker or draw(st.sampled_from(get_args(Speaker)))
    return Turn(index, who, text, draw(seconds), draw(seconds), events, draw(st.booleans()))


@st.composite
def transcripts(draw: st.DrawFn) -> Transcript:
    more = draw(st.integers(0, 4))
    turns = [draw(a_turn(0, "client")), draw(a_turn(1, "therapist"))]
    turns += [draw(a_turn(2 + 3 * i)) for i in range(more)]
    return Transcript(
        session_id=draw(names),
        case_id=draw(names),
        turns=tuple(turns),
        source_name=draw(names),
        source_sha256=draw(names),
        medium=draw(words),
        language=draw(words),
        session_number=draw(st.none() | st.integers(0, 99)),
        therapist_id=draw(st.none() | words),
        groups=draw(st.dictionaries(names, words, max_size=2)),
        case_known=draw(st.booleans()),
        warnings=tuple(
            ReadWarning(draw(words), draw(st.none() | st.integers(1, 9))) for _ in range(draw(st.integers(0, 2)))
        ),
    )


@given(st.lists(transcripts(), min_size=1, max_size=3, unique_by=lambda t: t.session_id))
@settings(max_examples=60, deadline=None)
def test_what_is_written_reads_back_the_same(sessions: list[Transcript]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s.jsonl"
        write_transcripts(path, sessions)
        again = list(read_interchange(path))
    assert again == sessions
    assert [t.content_sha256 for t in again] == [t.content_sha256 for t in sessions]


def line(**changes: Any) -> str:
    session: dict[str, Any] = {
        "session_id": "a",
        "case_id": "k",
        "medium": "spoken",
        "turns": [
            {"turn": 0, "speaker": "therapist", "text": "Hello [laughs].", "start_s": 5.0},
            {"turn": 1, "speaker": "client", "text": "Hi.", "start_s": 5.0},
            {"turn": 3, "speaker": "client", "text": "So.", "start_s": 2.0},
            {"turn": 4, "speaker": "client", "text": "Yes.", "start_s": None},
        ],
    }
    return json.dumps({**session, **changes})


def read_line(folder: Path, text: str) -> Transcript:
    path = folder / "s.jsonl"
    path.write_text(text + "\n", encoding="utf-8")
    return read_transcript(path)


def test_turns_are_kept_as_they_are_and_events_are_found(tmp_path: Path) -> None:
    found = read_line(tmp_path, line())
    assert [(t.index, t.start_s) for t in found.turns] == [(0, 5.0), (1, 5.0), (3, 2.0), (4, None)]
    assert [e.kind for e in found.turns[0].events] == ["laughter"]
    assert [w.turn for w in found.warnings] == [1, 3, 4]


@pytest.mark.parametrize(
    "text",
    [
        "no json",
        "[]",
        line(turns=[]),
        line(turns=[{"turn": 0, "speaker": "client", "text": "only me"}]),
        line(turns=[{"turn": 0, "speaker": "C", "text": "x"}]),
        line(colour="red"),
        line(session_id=""),
        line(turns=[{"turn": 1, "speaker": "client", "text": "x"}, {"turn": 1, "speaker": "therapist", "text": "y"}]),
        line().replace("2.0", "NaN"),
        line().replace("2.0", "1" * 6000),
        line(
            turns=[{"turn": 0, "speaker": "client", "text": "x", "events": [{"kind": "pause", "start": 0, "end": 9}]}]
        ),
        line() + "\n" + line(),
    ],
)
def test_a_line_that_is_no_session_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(IngestError) as caught:
        read_line(tmp_path, text)
    assert caught.value.line == text.count("\n") + 1


def test_a_file_of_several_sessions_is_read_one_by_one(tmp_path: Path) -> None:
    path = tmp_path / "all.jsonl"
    path.write_text(line() + "\n" + line(session_id="b") + "\n")
    assert [t.session_id for t in read_transcripts(path)] == ["a", "b"]
    assert read_transcript(path, session_id="b").session_id == "b"
    with pytest.raises(IngestError, match="2 such sessions"):
        read_transcript(path)


def test_sessions_csv_gives_identity(tmp_path: Path) -> None:
    table = tmp_path / "sessions.csv"
    table.write_text("session_id,case_id,session_number,therapist_id,arm\ns01,dyad-7,3,th-2,CBT\n")
    path = tmp_path / "s01.txt"
    path.write_text("Therapist: Hello.\nClient: Hi.\n")
    found = read_transcript(path, identity=read_sessions(table)[path.stem])
    assert (found.session_id, found.case_id, found.session_number, found.therapist_id) == ("s01", "dyad-7", 3, "th-2")
    assert dict(found.groups) == {"arm": "CBT"}
    assert found.case_known
    alone = read_transcript(path)
    assert (alone.case_id, alone.case_known) == ("s01", False)
    assert any("retraining will need cases" in w.what for w in alone.warnings)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("session_id,number\ns01,1\n", 1),
        ("session_id,case_id\ns01,a\ns01,b\n", 3),
        ("session_id,case_id\ns01,\n", 2),
        ("session_id,case_id,session_number\ns01,a,two\n", 2),
    ],
)
def test_a_broken_sessions_csv_is_refused_with_its_line(tmp_path: Path, text: str, at: int) -> None:
    path = tmp_path / "sessions.csv"
    path.write_text(text)
    with pytest.raises(IngestError) as caught:
        read_sessions(path)
    assert caught.value.line == at


def test_a_folder_lists_its_transcripts_and_nothing_else(tmp_path: Path) -> None:
    for name in ("b.txt", "a.VTT", ".hidden.txt", "~$open.docx", "notes.pdf"):
        (tmp_path / name).write_text("x")
    assert [p.name for p in transcript_files(tmp_path)] == ["a.VTT", "b.txt"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(IngestError, match="holds no transcript"):
        transcript_files(tmp_path / "empty")


@pytest.mark.parametrize("name", ["s.pdf", "s", "s.doc"])
def test_an_unknown_ending_is_refused_with_the_known_ones(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("Therapist: a\nClient: b\n")
    with pytest.raises(IngestError, match=SUFFIXES[0]):
        read_transcript(path, ReadOptions())


@pytest.mark.parametrize("suffix", SUFFIXES)
@given(data=st.binary(min_size=1, max_size=300))
@settings(max_examples=40, deadline=None)
def test_arbitrary_bytes_are_read_or_refused_and_never_crash(suffix: str, data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"s{suffix}"
        path.write_bytes(data)
        try:
            turns = read_transcript(path).turns
        except IngestError as error:
            assert error.path == path
        else:
            assert {"client", "therapist"} <= {turn.speaker for turn in turns}


DOC = Path(__file__).resolve().parents[2] / "docs" / "transcripts.md"


def test_the_examples_of_the_page_on_transcripts_are_true(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = DOC.read_text(encoding="utf-8")
    blocks = dict(re.findall(r"```(\w+)\n(.*?)```", page, re.DOTALL))
    found = read_line(tmp_path, blocks["json"].strip())
    assert [t.speaker for t in found.turns] == ["therapist", "client"]
    (tmp_path / "s01.txt").write_text("T: Hello.\nC: Hi.\n")
    monkeypatch.chdir(tmp_path)
    made: dict[str, Any] = {}
    exec(blocks["python"], made)
    assert [t.speaker for t in made["transcript"].turns] == ["therapist", "client"]
    table = tmp_path / "sessions.csv"
    table.write_text(blocks["csv"])
    assert read_sessions(table)["s02"].case_id == "dyad-7"
    assert set(yaml.safe_load(blocks["yaml"])["speakers"].values()) <= set(get_args(Speaker))
    for suffix in SUFFIXES:
        assert f"`{suffix}`" in page
    for kind in get_args(EventKind):
        assert f"\n| {kind} | " in page


def test_the_tags_of_the_page_become_the_events_it_says() -> None:
    page = DOC.read_text(encoding="utf-8")
    for kind, tags in re.findall(r"^\| (\w+) \| (`[(\[].*) \|$", page, re.MULTILINE):
        if kind not in get_args(EventKind):
            continue
        for tag in re.findall(r"`([^`]+)`", tags):
            if tag != "xxx":
                assert [e.kind for e in find_events(tag)] == [kind], tag
