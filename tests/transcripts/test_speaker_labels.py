"""Who a label is, and what is said of one that nobody mapped."""

from __future__ import annotations

import string
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from rupture_markers.errors import UnmappedSpeakerError
from rupture_markers.transcripts.options import ReadOptions
from rupture_markers.transcripts.read import read_transcript
from rupture_markers.transcripts.speakers import speaker_of


@pytest.mark.parametrize("label", ["client", "Patient", "CLIENT", "Client 2", "patient3"])
def test_full_words_of_the_client_map_themselves(label: str) -> None:
    assert speaker_of(label, {}) == "client"


@pytest.mark.parametrize(
    "label", ["Therapist", "counsellor", "COUNSELOR", "Interviewer", "Clinician", "Psychologist 1"]
)
def test_full_words_of_the_therapist_map_themselves(label: str) -> None:
    assert speaker_of(label, {}) == "therapist"


@given(st.sampled_from(string.ascii_letters), st.integers(0, 9999))
def test_a_bare_letter_never_maps_itself(letter: str, number: int) -> None:
    assert speaker_of(letter, {}) is None
    assert speaker_of(f"{letter}{number}", {}) is None


def test_the_whole_label_wins_over_the_label_without_its_number() -> None:
    assert speaker_of("C12", {"C": "client"}) == "client"
    assert speaker_of("C12", {"C": "client", "C12": "other"}) == "other"
    assert speaker_of("P2", {"P1": "client"}) is None


def test_the_study_overrules_a_full_word() -> None:
    assert speaker_of("Patient", {"Patient": "other"}) == "other"


def test_an_unmapped_label_stands_on_the_terminal_only(tmp_path: Path) -> None:
    path = tmp_path / "s.txt"
    path.write_text("Ann Zed: Hello.\nYES: Hi.\nAnn Zed: So.\nT: Mm.\n")
    with pytest.raises(UnmappedSpeakerError) as caught:
        read_transcript(path, ReadOptions(speakers={"T": "therapist"}))
    error = caught.value
    assert "Ann" not in str(error)
    assert "2 of 3" in str(error)
    assert error.line == 1
    assert "2 times, lines 1, 3" in error.terminal_only
    lines = error.terminal_only[error.terminal_only.index("speakers:") :]
    assert set(yaml.safe_load(lines)["speakers"]) == {"Ann Zed", "YES"}


def test_a_label_cannot_drive_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "s.vtt"
    path.write_text("WEBVTT\n\n00:00.000 --> 00:01.000\n<v A\x1b[31mB>hi\n")
    with pytest.raises(UnmappedSpeakerError) as caught:
        read_transcript(path)
    assert "\x1b" not in caught.value.terminal_only
