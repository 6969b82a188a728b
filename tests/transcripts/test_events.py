"""Events of transcription in a turn, and back-channels on lines of their own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rupture_markers.transcripts.back_channels import mark_back_channels
from rupture_markers.transcripts.events import find_events
from rupture_markers.transcripts.transcript import Speaker, Turn


@pytest.mark.parametrize(
    ("tag", "kind", "seconds"),
    [
        ("(pause)", "pause", None),
        ("(Long Pause)", "pause", None),
        ("(Pause 8 seconds.)", "pause", 8.0),
        ("(3 seconds pause.)", "pause", 3.0),
        ("[silence 00:00:12]", "pause", 12.0),
        ("(..)", "pause", None),
        ("(p:00:00:10)", "pause", 10.0),
        ("(2.5)", "pause", 2.5),
        ("(pause of two minutes)", "pause", 120.0),
        ("(very long pause)", "pause", None),
        ("[laughs]", "laughter", None),
        ("*laughs*", "laughter", None),
        ("&=laughs", "laughter", None),
        ("[chuckles]", "laughter", None),
        ("[sighs]", "sigh", None),
        ("[crosstalk]", "crosstalk", None),
        ("[unintelligible 00:02:32]", "inaudible", None),
        ("(inaudible)", "inaudible", None),
        ("[clears throat]", "sound", None),
        ("(T: Mhm)", "back_channel", None),
        ("(Therapist: yeah, right)", "back_channel", None),
        ("(mm-hmm)", "back_channel", None),
        ("(C: But I never said that)", "crosstalk", None),
        ("[NAME]", None, None),
        ("(my sister)", None, None),
        ("(2019)", None, None),
        ("*really*", None, None),
    ],
)
def test_a_notation_becomes_its_event(tag: str, kind: str | None, seconds: float | None) -> None:
    events = find_events(f"I went {tag} home.")
    assert [(e.kind, e.start, e.end, e.seconds) for e in events] == (
        [] if kind is None else [(kind, 7, 7 + len(tag), seconds)]
    )


def test_events_are_not_the_speakers_words() -> None:
    text = "Well (T: Mhm) I (pause 3 seconds) left [NAME]."
    turn = Turn(0, "client", text, events=find_events(text))
    assert turn.words == ["Well", "I", "left", "NAME"]
    assert turn.text == text
    assert len(turn.spoken) == len(text)


def test_xxx_is_inaudible_in_chat_only() -> None:
    assert find_events("love you xxx") == ()
    assert [(e.kind, e.start, e.end) for e in find_events("I xxx .", chat=True)] == [("inaudible", 2, 5)]


@given(st.text(alphabet="()[]*<>&=:. aApPuseT19m-h", max_size=200))
def test_offsets_lie_in_the_text_in_order_and_apart(text: str) -> None:
    end = 0
    for event in find_events(text):
        assert end <= event.start < event.end <= len(text)
        assert event.seconds is None or event.seconds > 0
        end = event.end


def dialogue(*lines: tuple[Speaker, str]) -> tuple[Turn, ...]:
    rest: tuple[tuple[Speaker, str], ...] = (
        ("therapist", "Let us look at last week."),
        ("client", "It was a hard week for me."),
        ("therapist", "Tell me a little about it."),
    )
    return tuple(Turn(i, who, text) for i, (who, text) in enumerate((*lines, *rest)))


@pytest.mark.parametrize(
    ("first", "middle", "second", "marked"),
    [
        ("I was going to--", "Mm-hmm.", "--leave him.", True),
        ("And then I went to the", "Yeah.", "shop on the corner.", True),
        ("So that was it, and", "Right, okay.", "I left.", True),
        ("I left him.", "Mm-hmm.", "Then I came back.", False),
        ("Did you leave him?", "Yeah.", "and then what happened?", False),
        ("So did you leave", "Yeah.", "When was that?", False),
        ("I was going to--", "No.", "--leave him.", False),
        ("I was going to--", "Yeah, but he left me first.", "--leave him.", False),
    ],
)
def test_only_a_hum_over_an_unfinished_sentence_is_a_back_channel(
    first: str, middle: str, second: str, marked: bool
) -> None:
    turns = mark_back_channels(dialogue(("client", first), ("therapist", middle), ("client", second)))
    assert [t.index for t in turns if t.back_channel] == ([1] if marked else [])


def test_without_full_stops_only_a_hum_is_marked() -> None:
    lines: tuple[tuple[Speaker, str], ...] = (
        ("therapist", "so you went to see your mother"),
        ("client", "yeah"),
        ("therapist", "and then you came back home"),
        ("client", "mm-hmm"),
        ("therapist", "and that was all for that day"),
    )
    turns = mark_back_channels(tuple(Turn(i, who, text) for i, (who, text) in enumerate(lines)))
    assert [t.index for t in turns if t.back_channel] == [3]


def test_a_typed_session_has_none() -> None:
    turns = dialogue(("client", "I was going to--"), ("therapist", "Mm-hmm."), ("client", "--leave him."))
    assert not any(t.back_channel for t in mark_back_channels(turns, "text chat"))


def test_where_no_turn_is_long_enough_to_tell_a_short_yes_is_an_answer() -> None:
    turns = (Turn(0, "therapist", "Hello again"), Turn(1, "client", "Yes"), Turn(2, "therapist", "Back"))
    assert not any(turn.back_channel for turn in mark_back_channels(turns))
