"""Speaker-prefixed text: labels, times, wrapped lines, page heads, commentary."""

from __future__ import annotations

from pathlib import Path

import pytest

from rupture_markers.errors import IngestError
from rupture_markers.transcripts.options import ReadOptions
from rupture_markers.transcripts.read import read_transcript
from rupture_markers.transcripts.transcript import Speaker, Transcript

TC: dict[str, Speaker] = {"T": "therapist", "C": "client"}


def read(folder: Path, text: str, speakers: dict[str, Speaker] | None = None) -> Transcript:
    path = folder / "s01.txt"
    path.write_text(text, encoding="utf-8")
    return read_transcript(path, ReadOptions(speakers=TC if speakers is None else speakers))


def said(transcript: Transcript) -> list[tuple[str, str]]:
    return [(turn.speaker, turn.text) for turn in transcript.turns]


def warned(transcript: Transcript, part: str) -> list[int | None]:
    return [w.line for w in transcript.warnings if part in w.what]


@pytest.mark.parametrize(
    ("therapist", "client", "speakers"),
    [
        ("T:", "C:", TC),
        ("T4:", "C12:", TC),
        ("T 4:", "C 12:", TC),
        ("S 2:", "S 1:", {"S 2": "therapist", "S 1": "client"}),
        ("THERAPIST:", "CLIENT:", {}),
        ("Counsellor:", "Patient:", {}),
        ("P1:", "P2:", {"P1": "therapist", "P2": "client"}),
        ("P1", "P2", {"P1": "therapist", "P2": "client"}),
        ("T\t", "C\t", TC),
        ("[00:00:01] T:", "[00:00:02] C:", TC),
        ("Dr. Ann Lee:", "Bo:", {"Dr. Ann Lee": "therapist", "Bo": "client"}),
    ],
)
def test_any_prefix_is_a_label(tmp_path: Path, therapist: str, client: str, speakers: dict[str, Speaker]) -> None:
    found = read(tmp_path, f"{therapist} How are you?\n{client} Fine, thanks.\n", speakers)
    assert said(found) == [("therapist", "How are you?"), ("client", "Fine, thanks.")]


def test_a_label_on_a_line_of_its_own_begins_an_utterance(tmp_path: Path) -> None:
    found = read(tmp_path, "THERAPIST\nHow are you?\n\nClient  0:07\nFine.\nReally.\n", {})
    assert said(found) == [("therapist", "How are you?"), ("client", "Fine. Really.")]
    assert [t.start_s for t in found.turns] == [None, 7.0]


@pytest.mark.parametrize("line", ["[00:12:03] C: Hi.", "C [00:12:03]: Hi.", "C: [00:12:03] Hi.", "[00:12:03]\nC: Hi."])
def test_a_time_is_read_before_in_and_behind_the_label(tmp_path: Path, line: str) -> None:
    found = read(tmp_path, f"T: Hello.\n{line}\n")
    assert (found.turns[1].text, found.turns[1].start_s, found.turns[1].end_s) == ("Hi.", 723.0, None)
    assert found.turns[0].start_s is None


def test_a_clock_in_the_words_is_no_time_and_no_label(tmp_path: Path) -> None:
    found = read(tmp_path, "T: 10:30 is late.\nC: I woke at\n10:30 or so, see http://x.org\n")
    assert said(found) == [("therapist", "10:30 is late."), ("client", "I woke at 10:30 or so, see http://x.org")]
    assert all(turn.start_s is None for turn in found.turns)


def test_wrapped_lines_go_on_over_a_page_head(tmp_path: Path) -> None:
    text = "T: So you went\nPage 1 of 2\nhome early.\nC: Yes.\n"
    found = read(tmp_path, text)
    assert said(found) == [("therapist", "So you went home early."), ("client", "Yes.")]
    assert warned(found, "running header") == [2]


def test_a_repeated_head_is_dropped_and_a_repeated_sentence_is_not(tmp_path: Path) -> None:
    block = "T: Go on.\nC: Well\nI don't know.\n\nRiver Study 2{0}\n\n"
    found = read(tmp_path, "".join(block.format(n) for n in range(3)))
    assert [text for who, text in said(found) if who == "client"] == ["Well I don't know."] * 3
    assert warned(found, "running header") == [5, 11, 17]


def test_commentary_and_metadata_are_dropped_with_their_lines(tmp_path: Path) -> None:
    text = "Date: 3 May\nT: Hello.\n[The lamp is moved by the observer here]\nC: Hi.\n\nHere the tape was turned.\n"
    found = read(tmp_path, text)
    assert said(found) == [("therapist", "Hello."), ("client", "Hi.")]
    assert warned(found, "commentary") == [1, 3, 6]


def test_a_silence_between_turns_is_nobodys(tmp_path: Path) -> None:
    found = read(tmp_path, "T: Hello.\n(Pause 8 seconds.)\nC: Hi. (pause)\n")
    assert [t.speaker for t in found.turns] == ["therapist", "nobody", "client"]
    assert found.turns[1].events[0].seconds == 8.0
    assert found.turns[1].words == []


def test_numbers_that_go_back_and_forth_are_warned_of(tmp_path: Path) -> None:
    rising = read(tmp_path, "T1: a\nC2: b\nT3: c\nC4: d\n")
    people = read(tmp_path, "C1: a\nC2: b\nC1: c\nC2: d\nC1: e\nT: f\n")
    assert warned(rising, "back and forth") == []
    assert warned(people, "back and forth") == [5]


def test_times_that_repeat_run_back_or_lack_are_kept_and_warned_of(tmp_path: Path) -> None:
    found = read(tmp_path, "[00:05] T: a\n[00:05] C: b\n[00:03] T: c\nC: d\n")
    assert [t.start_s for t in found.turns] == [5.0, 5.0, 3.0, None]
    assert warned(found, "the turn before") == [2]
    assert warned(found, "runs back") == [3]
    assert warned(found, "no start time") == [4]


@pytest.mark.parametrize(
    "data",
    [
        "T: Café\nC: Ça va".encode(),
        "T: Café\nC: Ça va".encode("utf-8-sig"),
        "T: Café\nC: Ça va".encode("utf-16"),
        "T: Café\nC: Ça va".encode("utf-16-le"),
        "T: Café\nC: Ça va".encode("utf-16-be"),
        "T: Café\r\nC: Ça va".encode("cp1252"),
    ],
)
def test_every_stated_encoding_reads_the_same(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "s.txt"
    path.write_bytes(data)
    assert said(read_transcript(path, ReadOptions(speakers=TC))) == [("therapist", "Café"), ("client", "Ça va")]


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"", 1),
        (b"\xef\xbb\xbf \n\n", 1),
        (b"T: hi\nC: \x81\x8d", 2),
        (b"T: hi\nC: a\x00b", 2),
        ("T: Привет\nC: хорошо".encode("cp1251"), 1),
        (b"hello there\nand so on\n", 1),
        (b"\nT: hi\nT: ho\n", 2),
    ],
)
def test_what_is_no_session_is_refused_with_its_line(tmp_path: Path, data: bytes, line: int) -> None:
    path = tmp_path / "s.txt"
    path.write_bytes(data)
    with pytest.raises(IngestError) as caught:
        read_transcript(path, ReadOptions(speakers=TC))
    assert (caught.value.path, caught.value.line) == (path, line)


def test_a_file_above_the_stated_size_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "s.txt"
    path.write_text("T: hello\nC: hi\n")
    with pytest.raises(IngestError, match="15 bytes"):
        read_transcript(path, ReadOptions(speakers=TC, largest_file=14))
