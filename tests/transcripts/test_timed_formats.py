"""Captions, WhisperX JSON, CHAT and ELAN: fragments, gaps, names and broken files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rupture_markers.errors import IngestError
from rupture_markers.transcripts.options import ReadOptions
from rupture_markers.transcripts.read import read_transcript
from rupture_markers.transcripts.times import latencies, time_bins_allowed
from rupture_markers.transcripts.transcript import Speaker, Transcript

TC: dict[str, Speaker] = {"T": "therapist", "C": "client"}

VTT = """WEBVTT

1
00:00:00.000 --> 00:00:02.000
<v T>Hello &amp; welcome,</v>

00:00:02.500 --> 00:00:04.000
<v T>sit down.</v>

00:00:05.000 --> 00:00:06.250
C: Thanks.

00:00:12.000 --> 00:00:13.000
C: It was a long way.
"""
SRT = """1
00:00:00,000 --> 00:00:02,000
T: Hello & welcome,

2
00:00:02,500 --> 00:00:04,000
T: sit down.

3
00:00:05,000 --> 00:00:06,250
C: Thanks.

4
00:00:12,000 --> 00:00:13,000
C: It was a long way.
"""
WHISPERX = json.dumps(
    {
        "segments": [
            {"start": 0.0, "end": 2.0, "text": " Hello & welcome,", "speaker": "T", "words": []},
            {"start": 2.5, "end": 4.0, "text": " sit down."},
            {"start": 5.0, "end": 6.25, "text": " Thanks.", "speaker": "C"},
            {"start": 12.0, "end": 13.0, "text": " It was a long way.", "speaker": "C"},
        ]
    }
)
CHAT = """@UTF8
@Begin
@Languages:\teng
@Participants:\tC Client, T Therapist
@ID:\teng|x|C|||||Client|||
@ID:\teng|x|T|||||Therapist|||
*T:\tHello & welcome, \x150_2000\x15
*T:\tsit down . \x152500_4000\x15
*C:\tThanks . \x155000_6250\x15
%com:\ta note
*C:\tIt was a long way . \x1512000_13000\x15
@End
"""


def annotation(key: str, first: int, last: int, words: str) -> str:
    slots = f'TIME_SLOT_REF1="ts{first}" TIME_SLOT_REF2="ts{last}"'
    value = f"<ANNOTATION_VALUE>{words}</ANNOTATION_VALUE>"
    aligned = f'<ALIGNABLE_ANNOTATION ANNOTATION_ID="{key}" {slots}>{value}</ALIGNABLE_ANNOTATION>'
    return f"<ANNOTATION>{aligned}</ANNOTATION>"


EAF = f"""<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT AUTHOR="" DATE="2026-01-01T00:00:00+00:00" FORMAT="3.0" VERSION="3.0">
<HEADER MEDIA_FILE="" TIME_UNITS="milliseconds"></HEADER>
<TIME_ORDER>
<TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="0"/><TIME_SLOT TIME_SLOT_ID="ts2" TIME_VALUE="2000"/>
<TIME_SLOT TIME_SLOT_ID="ts3" TIME_VALUE="2500"/><TIME_SLOT TIME_SLOT_ID="ts4" TIME_VALUE="4000"/>
<TIME_SLOT TIME_SLOT_ID="ts5" TIME_VALUE="5000"/><TIME_SLOT TIME_SLOT_ID="ts6" TIME_VALUE="6250"/>
<TIME_SLOT TIME_SLOT_ID="ts7" TIME_VALUE="12000"/><TIME_SLOT TIME_SLOT_ID="ts8" TIME_VALUE="13000"/>
</TIME_ORDER>
<TIER LINGUISTIC_TYPE_REF="u" TIER_ID="C">
{annotation("a3", 5, 6, "Thanks.")}
{annotation("a4", 7, 8, "It was a long way.")}
</TIER>
<TIER LINGUISTIC_TYPE_REF="u" TIER_ID="Voice two" PARTICIPANT="T">
{annotation("a1", 1, 2, "Hello &amp; welcome,")}
{annotation("a2", 3, 4, "sit down.")}
</TIER>
<TIER LINGUISTIC_TYPE_REF="u" TIER_ID="words" PARENT_REF="Voice two" PARTICIPANT="T">
{annotation("a5", 1, 2, "Hello")}
</TIER>
<LINGUISTIC_TYPE LINGUISTIC_TYPE_ID="u" TIME_ALIGNABLE="true"/>
</ANNOTATION_DOCUMENT>
"""
FILES = {"s.vtt": VTT, "s.srt": SRT, "s.json": WHISPERX, "s.cha": CHAT, "s.eaf": EAF}


def read(folder: Path, name: str, text: str, options: ReadOptions | None = None) -> Transcript:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return read_transcript(path, options or ReadOptions(speakers=TC))


@pytest.mark.parametrize("name", FILES)
def test_fragments_of_a_speaker_are_a_turn_with_the_first_start_and_the_last_end(tmp_path: Path, name: str) -> None:
    found = read(tmp_path, name, FILES[name])
    assert [(t.speaker, t.text, t.start_s, t.end_s) for t in found.turns] == [
        ("therapist", "Hello & welcome, sit down.", 0.0, 4.0),
        ("client", "Thanks.", 5.0, 6.25),
        ("client", "It was a long way.", 12.0, 13.0),
    ]


@pytest.mark.parametrize("name", FILES)
def test_the_gap_is_the_studys_to_set(tmp_path: Path, name: str) -> None:
    wide = read(tmp_path, name, FILES[name], ReadOptions(speakers=TC, join_gap_s=6))
    narrow = read(tmp_path, name, FILES[name], ReadOptions(speakers=TC, join_gap_s=0.1))
    assert (len(wide.turns), len(narrow.turns)) == (2, 4)


@pytest.mark.parametrize("name", FILES)
def test_an_untranscribed_gap_is_a_silence_only_where_asked(tmp_path: Path, name: str) -> None:
    found = read(tmp_path, name, FILES[name], ReadOptions(speakers=TC, silence_s=3))
    assert [t.speaker for t in found.turns] == ["therapist", "client", "nobody", "client"]
    silence = found.turns[2]
    assert (silence.start_s, silence.end_s, silence.events[0].seconds, silence.words) == (6.25, 12.0, 5.8, [])


def test_latency_needs_an_end_and_a_start(tmp_path: Path) -> None:
    found = read(tmp_path, "s.vtt", VTT)
    assert latencies(found) == {1: 1.0}
    starts_only = read(tmp_path, "s.txt", "[00:01] T: Hello.\n[00:04] C: Hi.\n")
    assert latencies(starts_only) == {}
    overlap = VTT.replace("00:00:05.000", "00:00:03.500")
    assert latencies(read(tmp_path, "o.vtt", overlap)) == {1: -0.5}


def test_time_bins_need_starts_that_rise(tmp_path: Path) -> None:
    assert time_bins_allowed(read(tmp_path, "s.vtt", VTT)) is None
    missing = time_bins_allowed(read(tmp_path, "m.txt", "[00:01] T: Hello.\nC: Hi.\n"))
    back = time_bins_allowed(read(tmp_path, "b.txt", "[00:09] T: Hello.\n[00:01] C: Hi.\n"))
    assert missing == "1 of 2 turns have no start time"
    assert back == "start times run backwards 1 times"


def test_a_caption_that_cannot_be_read_is_reported_with_its_line(tmp_path: Path) -> None:
    broken = VTT.replace("00:00:02.500 -->", "00:00:bad -->")
    found = read(tmp_path, "s.vtt", broken)
    assert [w.line for w in found.warnings if "could not be read" in w.what] == [7]


def test_captions_without_a_name_are_told_of(tmp_path: Path) -> None:
    nameless = "WEBVTT\n\n00:00.000 --> 00:01.000\nhm\n\n" + VTT.removeprefix("WEBVTT\n\n").replace(
        "<v T>sit down.</v>", "sit down."
    )
    found = read(tmp_path, "s.vtt", nameless)
    assert found.turns[0].text == "Hello & welcome, sit down."
    assert {w.what: w.line for w in found.warnings if "name" in w.what} == {
        "1 captions before the first speaker's name were dropped": 3,
        "1 captions without a name were taken as the speaker's before": 10,
    }


def test_a_tier_is_mapped_by_name_and_others_are_left_out_with_a_warning(tmp_path: Path) -> None:
    tiers: dict[str, Speaker] = {"Voice two": "therapist"}
    found = read(tmp_path, "s.eaf", EAF, ReadOptions(speakers={"C": "client"}, tiers=tiers))
    assert [t.speaker for t in found.turns] == ["therapist", "client", "client"]
    assert [w.line for w in found.warnings if "left out" in w.what] == [19]


def test_chat_roles_that_are_full_words_need_no_map(tmp_path: Path) -> None:
    found = read(tmp_path, "s.cha", CHAT, ReadOptions())
    assert [t.speaker for t in found.turns] == ["therapist", "client", "client"]


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("x.vtt", "hello\n", 1),
        ("x.vtt", "WEBVTT\n\n", 1),
        ("x.srt", "hello there\n", 1),
        ("x.srt", SRT.replace("00:00:05,000", "five"), 10),
        ("x.srt", SRT.replace("T: ", "").replace("C: ", ""), 1),
        ("x.json", '{"segments": [\n{"text": "a",}]}', 2),
        ("x.json", '{"text": "a"}', 1),
        ("x.json", '{"segments": [{"text": "a", "start": NaN}]}', 1),
        ("x.json", '{"segments": [{"text": "a", "start": ' + "1" * 9000 + "}]}", 1),
        ("x.json", "[" * 100_000, 1),
        ("x.cha", "T: hello\n", 1),
        ("x.cha", "@Begin\n@End\n", 3),
        ("x.cha", "@Begin\n*T:\t" + "(" * 100_000 + "\n@End\n", 2),
        ("x.eaf", "<ANNOTATION_DOCUMENT", 1),
        ("x.eaf", "<html/>", 1),
        ("x.eaf", "<ANNOTATION_DOCUMENT/>", 1),
        ("x.eaf", EAF.replace('TIME_VALUE="2500"', 'TIME_VALUE="2.5 s"'), 1),
        ("x.eaf", '<!DOCTYPE a [<!ENTITY e "x">]><ANNOTATION_DOCUMENT>&e;</ANNOTATION_DOCUMENT>', 1),
        ("x.eaf", EAF.replace('TIME_SLOT_ID="ts1"', 'TIME_SLOT_ID="ts9"'), 15),
    ],
)
def test_a_broken_file_is_refused_with_its_line(tmp_path: Path, name: str, text: str, line: int) -> None:
    with pytest.raises(IngestError) as caught:
        read(tmp_path, name, text)
    assert caught.value.line == line
    assert "hello" not in str(caught.value)


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("h.txt", "T: " + "(" * 500_000),
        ("h.txt", "T" + " " * 500_000),
        ("h.txt", "T: " + "mm " * 200_000),
        ("h.srt", "1" * 500_000),
        ("h.srt", "1\n" * 100_000),
        ("h.vtt", "WEBVTT\n\n00:00.000 --> 00:01.000\n" + "<v " * 200_000),
        ("h.vtt", "WEBVTT\n\n" + "00:00.000 --> 00:01.000\n" * 10_000),
        ("h.csv", "speaker,text\nT," + '"' * 500_000),
        ("h.cha", "@Begin\n*T:\t" + " " * 4000 + "x\n" * 10_000 + "@End\n"),
        ("h.jsonl", "[" * 500_000),
    ],
)
def test_hostile_files_are_refused_in_bounded_time(tmp_path: Path, name: str, text: str) -> None:
    with pytest.raises(IngestError):
        read(tmp_path, name, text)
