"""Turns that a coder saw, found again in the transcript as it stands now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from rupture_markers.coding.predictions import shown_text
from rupture_markers.transcripts.transcript import Transcript


@dataclass(frozen=True, slots=True)
class TurnsNow:
    """Where the turns of a task stand in the present transcript.

    Attributes
    ----------
    indices : tuple of int or None
        Turn index of each place of the dialogue shown; None where the turn is gone.
    texts : tuple of str or None
        Words of that turn now, where they are no longer those that the coder saw; None where they are.
    """

    indices: tuple[int | None, ...]
    texts: tuple[str | None, ...]

    @property
    def first(self) -> int | None:
        """Lowest turn index that is left."""
        return min((index for index in self.indices if index is not None), default=None)

    @property
    def last(self) -> int | None:
        """Highest turn index that is left."""
        return max((index for index in self.indices if index is not None), default=None)

    @property
    def gone(self) -> int:
        """How many turns the transcript no longer has."""
        return self.indices.count(None)


def turns_now(dialogue: Sequence[str], turns: Sequence[int], transcript: Transcript | None) -> TurnsNow:
    """Find each turn again: at its index where the words are the same there, else by aligning the two texts.

    Parameters
    ----------
    dialogue : sequence of str
        Texts as the coder saw them.
    turns : sequence of int
        Turn index of each, when the task was drawn.
    transcript : Transcript or None
        As it stands now; None where the study has none any more, and then nothing can have moved.

    Notes
    -----
    Runs of equal turns are anchors (Ratcliff and Obershelp's matching, ``difflib``); between two anchors as many
    turns as before are the same turns with other words.
    """
    same: tuple[None, ...] = (None,) * len(turns)
    if transcript is None:
        return TurnsNow(tuple(turns), same)
    by_index = {turn.index: shown_text(turn) for turn in transcript.turns}
    if all(by_index.get(index) == text for index, text in zip(turns, dialogue, strict=True)):
        return TurnsNow(tuple(turns), same)
    now = [shown_text(turn) for turn in transcript.turns]
    indices: list[int | None] = [None] * len(turns)
    texts: list[str | None] = [None] * len(turns)
    matcher = SequenceMatcher(None, list(dialogue), now, autojunk=False)
    for kind, begin, end, there, there_end in matcher.get_opcodes():
        if kind == "equal" or (kind == "replace" and end - begin == there_end - there):
            for step in range(end - begin):
                indices[begin + step] = transcript.turns[there + step].index
                texts[begin + step] = None if kind == "equal" else now[there + step]
    return TurnsNow(tuple(indices), tuple(texts))
