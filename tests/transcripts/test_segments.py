"""Segments cover a session once, know their context, and never invent a time."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rupture_markers.transcripts.segments import TimeBinsRefusedError, segments_of
from rupture_markers.transcripts.transcript import Speaker, Transcript, Turn


def session(
    starts: list[float | None], gaps: list[int] | None = None, speakers: list[Speaker] | None = None
) -> Transcript:
    index = -1
    turns = []
    for position, start in enumerate(starts):
        index += gaps[position] if gaps else 1
        speaker: Speaker = speakers[position] if speakers else ("client" if position % 2 else "therapist")
        turns.append(Turn(index, speaker, f"words number {position}", start_s=start))
    return Transcript("s01", "case-1", tuple(turns))


@given(
    gaps=st.lists(st.integers(1, 4), max_size=90),
    size=st.integers(1, 25),
    context=st.integers(0, 8),
)
def test_turn_bins_hold_every_turn_once_and_in_order(gaps: list[int], size: int, context: int) -> None:
    transcript = session([None] * len(gaps), gaps)
    segments = segments_of(transcript, "turns", turns=size, context_turns=context)
    covered = [turn.index for segment in segments for turn in segment.turns_of(transcript)]
    assert covered == [turn.index for turn in transcript.turns]
    assert [segment.ordinal for segment in segments] == list(range(len(segments)))
    assert len({segment.segment_id for segment in segments}) == len(segments)
    for segment in segments[:-1]:
        assert len(segment.turns_of(transcript)) == size
    if len(segments) > 1:
        last = len(segments[-1].turns_of(transcript))
        assert 3 * last >= size
        assert 3 * last < 4 * size
    done = 0
    for segment in segments:
        assert len(segment.context_of(transcript)) == min(context, done)
        assert all(turn.index < segment.first_turn for turn in segment.context_of(transcript))
        done += len(segment.turns_of(transcript))


@pytest.mark.parametrize(
    ("turns", "lengths"), [(20, [20]), (26, [26]), (27, [20, 7]), (46, [20, 26]), (47, [20, 20, 7]), (6, [6])]
)
def test_a_last_turn_bin_of_less_than_a_third_joins_the_one_before(turns: int, lengths: list[int]) -> None:
    transcript = session([None] * turns)
    assert [len(s.turns_of(transcript)) for s in segments_of(transcript, "turns", turns=20)] == lengths


def test_a_turn_belongs_to_the_time_bin_in_which_it_starts() -> None:
    transcript = session([0.0, 299.9, 300.0, 300.0, 610.0, 1500.0])
    segments = segments_of(transcript, "minutes", minutes=5)
    assert [(s.first_turn, s.last_turn) for s in segments] == [(0, 1), (2, 3), (4, 4), (5, 5)]
    assert [s.ordinal for s in segments] == [0, 1, 2, 3]
    assert {s.kind for s in segments} == {"time bin"}
    assert [s.start_s for s in segments] == [0.0, 300.0, 610.0, 1500.0]


@given(st.lists(st.floats(0, 5000, allow_nan=False), min_size=1, max_size=60), st.floats(0.5, 20))
def test_time_bins_hold_every_turn_once_and_no_bin_holds_two_widths(starts: list[float], minutes: float) -> None:
    transcript = session([float(start) for start in sorted(starts)])
    segments = segments_of(transcript, "minutes", minutes=minutes)
    covered = [turn.index for segment in segments for turn in segment.turns_of(transcript)]
    assert covered == [turn.index for turn in transcript.turns]
    bins = [
        {int((turn.start_s or 0.0) // (minutes * 60)) for turn in segment.turns_of(transcript)} for segment in segments
    ]
    assert all(len(numbers) == 1 for numbers in bins)
    assert len({min(numbers) for numbers in bins}) == len(segments)


@pytest.mark.parametrize("starts", [[0.0, None, 10.0], [0.0, 20.0, 10.0], [None, None]])
def test_time_bins_are_refused_where_times_do_not_allow_them(starts: list[float | None]) -> None:
    transcript = session(starts)
    with pytest.raises(TimeBinsRefusedError) as refusal:
        segments_of(transcript, "minutes")
    assert "turns" in refusal.value.todo
    assert "words number" not in str(refusal.value)
    assert segments_of(transcript, "turns")[0].kind == "turn bin"


def test_a_silence_without_a_time_stays_with_the_turn_before() -> None:
    transcript = session([0.0, None, 400.0], speakers=["therapist", "nobody", "client"])
    segments = segments_of(transcript, "minutes", minutes=5)
    assert [(s.first_turn, s.last_turn) for s in segments] == [(0, 1), (2, 2)]


def test_unknown_times_of_a_segment_are_none() -> None:
    (segment,) = segments_of(session([None] * 4), "turns")
    assert segment.start_s is None
    assert segment.end_s is None


def test_a_transcript_without_turns_has_no_segment() -> None:
    assert segments_of(session([]), "turns") == ()
    assert segments_of(session([]), "minutes") == ()


def test_the_content_hash_follows_the_turns_shown_and_no_others() -> None:
    transcript = session([None] * 40)
    first, second = segments_of(transcript, "turns", turns=20, context_turns=3)
    hashes = first.content_sha256(transcript), second.content_sha256(transcript)

    def changed(index: int) -> tuple[bool, bool]:
        turns = tuple(replace(t, text="other") if t.index == index else t for t in transcript.turns)
        new = replace(transcript, turns=turns)
        return first.content_sha256(new) != hashes[0], second.content_sha256(new) != hashes[1]

    assert changed(0) == (True, False)
    assert changed(18) == (True, True)  # context of the second
    assert changed(25) == (False, True)


@pytest.mark.parametrize("wrong", [{"minutes": 0.0}, {"turns": 0}, {"context_turns": -1}])
def test_sizes_that_make_no_sense_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="minutes"):
        segments_of(session([None]), "turns", **wrong)
