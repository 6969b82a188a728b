"""Cues in their dialogue: whose turn it is, what the turn before asked, what was heard beside the words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from spacy.language import Language
from spacy.tokens import Doc

from rupture_markers.markers.cue_component import cue_hits, cues_of, turn_docs
from rupture_markers.markers.cues import Cue, CueHit, CueList, Situation
from rupture_markers.markers.dialogue import Moves, Neighbours, moves, neighbours
from rupture_markers.markers.word_counts import TurnCounts
from rupture_markers.markers.word_lists import word_counter
from rupture_markers.transcripts.transcript import Transcript, Turn

STRAIN_REACH = 2
"""A strategy answers a strain heard in one of so many turns of the client before it."""


def cues_in_session(transcript: Transcript, pipeline: Language) -> tuple[tuple[CueHit, ...], ...]:
    """Find the cues of a session, one tuple a turn, every condition kept.

    Parameters
    ----------
    transcript : Transcript
    pipeline : Language
        Made by `cue_component.build_pipeline`.
    """
    docs = list(turn_docs(pipeline, (turn.spoken for turn in transcript.turns)))
    counts = word_counter().count(docs)
    near = neighbours(transcript.turns)
    cues = cues_of(pipeline)
    did = moves(transcript.turns, counts)
    return hits_in_context(transcript.turns, docs, cues, counts, near=near, did=did)


def hits_in_context(
    turns: Sequence[Turn],
    docs: Sequence[Doc],
    cues: CueList,
    counts: TurnCounts,
    *,
    near: Neighbours,
    did: Moves,
) -> tuple[tuple[CueHit, ...], ...]:
    """Keep the hits whose conditions on the dialogue hold, and add the cues that are events alone."""
    laughs = counts.anywhere[:, counts.column("laughs-in-writing")] > 0
    events = [
        frozenset([*(event.kind for event in turn.events), *(("laughter",) if laugh else ())])
        for turn, laugh in zip(turns, laughs.tolist(), strict=True)
    ]
    wordless = [cue for cue in cues.cues if not (cue.phrases or cue.patterns)]
    candidates: list[list[CueHit]] = []
    for turn, doc, kinds in zip(turns, docs, events, strict=True):
        hits = list(cue_hits(doc, cues))
        if kinds and wordless:
            hits += _from_events(turn, wordless)
        candidates.append([hit for hit in hits if _said(cues.by_id[hit.cue_id], turn, kinds)])
    strain = _strain(candidates, cues, near)
    situations: dict[Situation, npt.NDArray[np.bool_]] = {"strain": strain}
    kept = []
    for row, hits in enumerate(candidates):
        if hits:
            hits = [hit for hit in hits if _answers(cues.by_id[hit.cue_id], row, near, did, situations)]  # noqa: PLW2901
        kept.append(tuple(hits))
    return tuple(kept)


def _from_events(turn: Turn, cues: Sequence[Cue]) -> list[CueHit]:
    words = len(turn.words)
    return [
        CueHit(cue.id, cue.code, event.start, event.end)
        for cue in cues
        if cue.most_words is None or words <= cue.most_words
        for event in turn.events[:1]
        if event.kind in cue.with_event
    ]


def _said(cue: Cue, turn: Turn, kinds: frozenset[str]) -> bool:
    return turn.speaker in cue.speakers and (not cue.with_event or not kinds.isdisjoint(cue.with_event))


def _answers(
    cue: Cue, row: int, near: Neighbours, did: Moves, situations: dict[Situation, npt.NDArray[np.bool_]]
) -> bool:
    if not cue.after:
        return True
    before = int(near.before[row])
    for name in cue.after:
        if name not in situations:
            situations[name] = did.situation(name)
        if name == "strain":
            if situations[name][row]:
                return True
        elif before >= 0 and situations[name][before]:
            return True
    return False


def _strain(candidates: Sequence[Sequence[CueHit]], cues: CueList, near: Neighbours) -> npt.NDArray[np.bool_]:
    ruptured = [any(cues.by_id[hit.cue_id].family != "repair" for hit in hits) for hits in candidates]
    strained = np.zeros(len(candidates), dtype=bool)
    for row in range(len(candidates)):
        turn = int(near.before[row]) if near.therapist[row] else int(near.own_before[row])
        for _ in range(STRAIN_REACH):
            if turn < 0:
                break
            if ruptured[turn]:
                strained[row] = True
                break
            turn = int(near.own_before[turn])
    return strained
