"""Segments: the runs of turns that one coding task shows, with the turns before them as context."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Literal

from rupture_markers.errors import IngestError
from rupture_markers.transcripts.times import time_bins_allowed
from rupture_markers.transcripts.transcript import Transcript, Turn

SegmentKind = Literal["time bin", "turn bin"]


class TimeBinsRefusedError(IngestError):
    """Time bins are asked for where the start of a turn is unknown or times run backwards."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of turns that is coded as one task.

    Attributes
    ----------
    session_id, case_id : str
    kind : {"time bin", "turn bin"}
    ordinal : int
        Place within the session, from 0; a time bin in which no turn starts is no segment and takes no
        ordinal.
    first_turn, last_turn : int
        Turn indices (not positions), both inclusive.
    context_from : int
        Index of the first turn shown as context; equals ``first_turn`` where there is none.
    start_s, end_s : float or None
        Start of the first and end of the last turn in seconds, as the transcript has them; None where
        unknown.
    """

    session_id: str
    case_id: str
    kind: SegmentKind
    ordinal: int
    first_turn: int
    last_turn: int
    context_from: int
    start_s: float | None = None
    end_s: float | None = None

    @property
    def segment_id(self) -> str:
        """Identity within the study: ``session/first-last``; the same turns are the same segment."""
        return f"{self.session_id}/{self.first_turn}-{self.last_turn}"

    def turns_of(self, transcript: Transcript) -> tuple[Turn, ...]:
        """Return the turns to be coded, in order."""
        return tuple(t for t in transcript.turns if self.first_turn <= t.index <= self.last_turn)

    def context_of(self, transcript: Transcript) -> tuple[Turn, ...]:
        """Return the turns before, shown and not to be coded, in order."""
        return tuple(t for t in transcript.turns if self.context_from <= t.index < self.first_turn)

    def content_sha256(self, transcript: Transcript) -> str:
        """Hash of what a coder is shown: it changes when a turn of the segment or of its context does."""
        content = [
            [[t.index, t.speaker, t.text, t.start_s, t.end_s, t.back_channel] for t in turns]
            for turns in (self.context_of(transcript), self.turns_of(transcript))
        ]
        packed = json.dumps(content, ensure_ascii=False)
        return hashlib.sha256(packed.encode("utf-8", "surrogatepass")).hexdigest()


def segments_of(
    transcript: Transcript,
    by: Literal["minutes", "turns"] = "turns",
    *,
    minutes: float = 5.0,
    turns: int = 20,
    context_turns: int = 6,
) -> tuple[Segment, ...]:
    """Cut a session into segments that cover every turn once.

    Parameters
    ----------
    transcript : Transcript
    by : {"minutes", "turns"}
        Time bins counted from second 0 of the recording, a turn belonging to the bin in which it starts; or
        turn bins.
    minutes : float
        Width of a time bin.
    turns : int
        Turns in a turn bin; a last bin of less than a third of them joins the one before.
    context_turns : int
        How many turns before the segment are shown with it.

    Returns
    -------
    tuple of Segment
        In order; empty for a transcript without turns.

    Raises
    ------
    TimeBinsRefusedError
        Where time bins are asked for and a start is unknown or runs backwards. No time is ever invented.
    ValueError
        For a width, number of turns or context that makes no sense; the study config refuses these earlier.
    """
    if minutes <= 0 or turns < 1 or context_turns < 0:
        raise ValueError("minutes must be above 0, turns at least 1, context_turns at least 0")
    if not transcript.turns:
        return ()
    bins = _time_bins(transcript, minutes * 60.0) if by == "minutes" else _turn_bins(transcript, turns)
    kind: SegmentKind = "time bin" if by == "minutes" else "turn bin"
    every = transcript.turns
    return tuple(
        Segment(
            session_id=transcript.session_id,
            case_id=transcript.case_id,
            kind=kind,
            ordinal=ordinal,
            first_turn=every[begin].index,
            last_turn=every[end - 1].index,
            context_from=every[max(0, begin - context_turns)].index,
            start_s=every[begin].start_s,
            end_s=every[end - 1].end_s,
        )
        for ordinal, (begin, end) in enumerate(bins)
    )


def _turn_bins(transcript: Transcript, size: int) -> list[tuple[int, int]]:
    """Half-open positions of bins of ``size`` turns."""
    total = len(transcript.turns)
    starts = list(range(0, total, size))
    if len(starts) > 1 and (total - starts[-1]) * 3 < size:
        starts.pop()
    return list(zip(starts, [*starts[1:], total], strict=True))


def _time_bins(transcript: Transcript, width_s: float) -> list[tuple[int, int]]:
    """Half-open positions of the turns that start in each bin of ``width_s`` seconds; empty bins left out."""
    reason = time_bins_allowed(transcript)
    if reason is not None:
        raise TimeBinsRefusedError(
            f"session {transcript.session_id!r} cannot be cut into time bins: {reason}.",
            "Set 'segments: {by: turns}' in study.yaml, or mend the times.",
        )
    bins: list[tuple[int, int]] = []
    now_s = 0.0
    number = -1
    for position, turn in enumerate(transcript.turns):
        if turn.start_s is not None:  # a silence may have no time of its own: it stays with the turn before
            now_s = max(now_s, turn.start_s)
        if not bins or int(now_s // width_s) != number:
            number = int(now_s // width_s)
            bins.append((position, position))
        bins[-1] = (bins[-1][0], position + 1)
    return bins
