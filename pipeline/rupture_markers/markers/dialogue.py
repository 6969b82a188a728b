"""Who spoke before whom: the turn that a turn answers, and what kind of turn that was."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rupture_markers.markers.cues import Situation
from rupture_markers.markers.word_counts import TurnCounts
from rupture_markers.transcripts.transcript import Turn

Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

NONE = -1
"""No such turn."""

_HUM = re.compile(r"\W*(?:m+-?h+m+|m{2,}|uh-?huh|h+m+|mhm|huh|um-?hm+)(?:\W+(?:m+-?h+m+|m{2,}|h+m+|uh-?huh))*\W*", re.I)


def is_hum(text: str) -> bool:
    """Whether a turn is 'Mm-hmm', 'Uh-huh' and nothing else: it takes no floor, whoever's line it is."""
    return len(text) <= 24 and _HUM.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Neighbours:
    """For each turn, the rows (not the indices) of the turns that stand in a relation to it; -1 for none.

    A turn takes the floor when its speaker is client or therapist and it is neither a back-channel nor a hum.
    Silences, turns of other people and turns that take no floor are passed over; they have neighbours themselves.

    Attributes
    ----------
    before, after : array of int
        The nearest turn of the other party that takes the floor. For a silence, or another person's turn, the
        nearest turn of client or therapist.
    own_before, own_after : array of int
        The nearest turn of the same speaker that takes the floor.
    floor, client, therapist : array of bool
    """

    before: Rows
    after: Rows
    own_before: Rows
    own_after: Rows
    floor: Flags
    client: Flags
    therapist: Flags


def neighbours(turns: Sequence[Turn]) -> Neighbours:
    """Find the neighbours of every turn of a session."""
    speakers = [turn.speaker for turn in turns]
    floor = np.array(
        [t.speaker in ("client", "therapist") and not (t.back_channel or is_hum(t.spoken)) for t in turns],
        dtype=bool,
    )
    before, own_before = _looking_back(speakers, floor)
    after, own_after = (len(turns) - 1 - rows[::-1] for rows in _looking_back(speakers[::-1], floor[::-1]))
    after[after == len(turns)] = NONE
    own_after[own_after == len(turns)] = NONE
    return Neighbours(
        before, after, own_before, own_after, floor,
        np.array([s == "client" for s in speakers], dtype=bool),
        np.array([s == "therapist" for s in speakers], dtype=bool),
    )  # fmt: skip


def _looking_back(speakers: Sequence[str], floor: Flags) -> tuple[Rows, Rows]:
    last = {"client": NONE, "therapist": NONE}
    other = {"client": "therapist", "therapist": "client"}
    before, own = [], []
    for row, speaker in enumerate(speakers):
        if speaker in other:
            before.append(last[other[speaker]])
            own.append(last[speaker])
        else:
            before.append(max(last.values()))
            own.append(NONE)
        if floor[row]:
            last[speaker] = row
    return np.array(before, dtype=np.int64), np.array(own, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Moves:
    """What each turn asks for or does, as far as words and question marks tell.

    Attributes
    ----------
    open_question, closed_question, invitation : array of bool
        Of the turn's last sentence where that asks, else of the turn. An invitation asks without a question
        ('Tell me more.', 'I wonder how that was.').
    ends_asking : array of bool
        The last sentence is a question or an invitation.
    reflection, advice, press, apology : array of bool
        A reflection asks nothing.
    """

    open_question: Flags
    closed_question: Flags
    invitation: Flags
    ends_asking: Flags
    reflection: Flags
    advice: Flags
    press: Flags
    apology: Flags

    def situation(self, name: Situation) -> Flags:
        """Turns of a kind; `strain` is none of a single turn's kinds."""
        asks = self.open_question | self.closed_question
        kinds: dict[Situation, Flags] = {
            "question": asks | self.invitation,
            "open question": self.open_question | self.invitation,
            "closed question": self.closed_question,
            "invitation": self.invitation,
            "reflection": self.reflection,
            "advice": self.advice,
            "press": self.press,
            "apology": self.apology,
            "any turn": np.ones(len(asks), dtype=bool),
        }
        return kinds[name]


def moves(turns: Sequence[Turn], counts: TurnCounts) -> Moves:
    """Tell the kinds of turns. Question marks decide where there are any; word order where there are none."""
    marked = np.array(["?" in turn.text for turn in turns], dtype=bool)
    ends_marked = np.array([turn.text.rstrip(" \"')]”’-").endswith("?") for turn in turns], dtype=bool)

    def said(name: str) -> Flags:
        return np.asarray(counts.anywhere[:, counts.column(name)] > 0)

    def last(name: str) -> npt.NDArray[np.float32]:
        return counts.last_sentence[:, counts.column(name)]

    opens = (last("open-question") > 0) & (ends_marked | ~marked)
    inverted = last("yes-no-question") > last("wh-before-auxiliary")
    invitation = said("invitation")
    wide = opens | (marked & ~ends_marked & said("open-question"))
    closed = (ends_marked & ~opens) | (~marked & inverted & ~opens) | (marked & ~ends_marked & ~wide)
    return Moves(
        open_question=wide,
        closed_question=closed & ~wide,
        invitation=invitation,
        ends_asking=ends_marked | opens | (last("invitation") > 0),
        reflection=said("reflection"),
        advice=said("advice"),
        press=said("press"),
        apology=said("apology"),
    )
