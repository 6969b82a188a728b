"""Features of a turn in its dialogue: what was said, what it answers, what is usual here, what came around it.

Every feature is a plain measure with a name people can read (`feature_labels`); which way it points is learnt.
What cannot be known is NaN, never 0. Nothing depends on session or case id, nor on any other session.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from spacy.language import Language

from rupture_markers.markers import feature_labels as labels
from rupture_markers.markers.baseline import against_usual, pace_and_latency, session_columns, usual_columns
from rupture_markers.markers.cue_component import cues_of, turn_docs
from rupture_markers.markers.cue_context import hits_in_context
from rupture_markers.markers.cue_runs import cue_columns
from rupture_markers.markers.cues import CueHit
from rupture_markers.markers.dialogue import Moves, Neighbours, moves, neighbours
from rupture_markers.markers.exchange import exchange_columns
from rupture_markers.markers.measures import SessionMeasures, at, log_words
from rupture_markers.markers.style import style_columns
from rupture_markers.markers.thread import nods, thread_columns
from rupture_markers.markers.word_counts import TurnCounts
from rupture_markers.markers.word_lists import word_counter
from rupture_markers.transcripts.transcript import Speaker, Transcript, Turn, is_written

Column = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class TurnFeatures:
    """Features of every turn of one session.

    Attributes
    ----------
    session_id : str
    turns : tuple of int
        ``Turn.index`` of each row.
    speakers : tuple of Speaker
    names : tuple of str
        Columns; `feature_labels.feature_label` gives the readable name.
    values : array of float32, (n_turns, n_features)
        NaN where a measure cannot be taken.
    cue_hits : tuple of tuple of CueHit
        Per row.
    texts : tuple of str
        The speaker's words per row, events blanked out.
    """

    session_id: str
    turns: tuple[int, ...]
    speakers: tuple[Speaker, ...]
    names: tuple[str, ...]
    values: npt.NDArray[np.float32]
    cue_hits: tuple[tuple[CueHit, ...], ...]
    texts: tuple[str, ...]

    def column(self, name: str) -> Column:
        """Values of one feature.

        Raises
        ------
        KeyError
            If there is none of that name.
        """
        try:
            values: Column = self.values[:, self.names.index(name)]
        except ValueError:
            raise KeyError(name) from None
        return values


def feature_names(pipeline: Language, *, timing: bool = False) -> tuple[str, ...]:
    """Columns that `turn_features` gives with this pipeline: the fixed ones, then one for each code with cues."""
    codes = dict.fromkeys(labels.code_feature(cue.code) for cue in cues_of(pipeline).cues)
    return (*labels.FEATURE_LABELS, *codes, *(labels.TIME_LABELS if timing else ()))


def turn_features(transcript: Transcript, pipeline: Language, *, timing: bool = False) -> TurnFeatures:
    """Measure every turn of a session.

    Parameters
    ----------
    transcript : Transcript
    pipeline : Language
        Made by `cue_component.build_pipeline`.
    timing : bool
        Add latency and pace, in seconds and words a second, where the transcript has end times. No shipped model
        uses them: the sets that it learns from have none.
    """
    turns = transcript.turns
    texts = tuple(turn.spoken for turn in turns)
    docs = list(turn_docs(pipeline, texts))
    counts = word_counter().count(docs)
    near = neighbours(turns)
    did = moves(turns, counts)
    measured = SessionMeasures.of(turns, counts, near)
    cues = cues_of(pipeline)
    hits = hits_in_context(turns, docs, cues, counts, near=near, did=did)
    columns: dict[str, Column] = {}
    columns |= _turn_columns(turns, counts, did, measured)
    logged = np.log1p(counts.anywhere)
    columns |= _said_columns(counts, logged)
    columns |= _event_columns(turns)
    columns |= _before_columns(logged, counts, near, did, measured)
    columns |= _between_columns(counts, near, did, measured)
    columns |= _after_columns(logged, counts, near, did, measured)
    columns |= usual_columns(near, did, measured)
    columns |= {f"usual/{name}": against_usual(_share(counts, name, measured), near, measured) for name in labels.USUAL}
    columns |= session_columns(near, measured)
    columns |= thread_columns(turns, counts, near, did, measured)
    columns |= style_columns(counts, near, did, measured)
    columns |= cue_columns(hits, cues, near)
    columns["medium/written"] = np.full(len(turns), is_written(transcript.medium), dtype=np.float32)
    columns |= exchange_columns(turns, counts, near, did, measured, columns["turn/only-agreement"] > 0)
    if timing:
        columns |= pace_and_latency(turns, near, measured)
    names = feature_names(pipeline, timing=timing)
    return TurnFeatures(
        session_id=transcript.session_id,
        turns=tuple(turn.index for turn in turns),
        speakers=tuple(turn.speaker for turn in turns),
        names=names,
        values=_stacked(columns, names, len(turns)),
        cue_hits=hits,
        texts=texts,
    )


def _stacked(columns: Mapping[str, Column], names: tuple[str, ...], size: int) -> npt.NDArray[np.float32]:
    values = np.empty((size, len(names)), dtype=np.float32)
    for number, name in enumerate(names):
        values[:, number] = columns[name]
    return values


def _share(counts: TurnCounts, name: str, measured: SessionMeasures) -> Column:
    """Share of a turn's words in a list; NaN for a turn without words."""
    words = np.where(measured.words > 0, np.maximum(counts.tokens, 1), np.nan)
    return np.asarray(counts.anywhere[:, counts.column(name)] / words, dtype=np.float32)


def _flag(values: npt.NDArray[np.bool_]) -> Column:
    return values.astype(np.float32)


def _move_columns(did: Moves) -> dict[str, Column]:
    asks = did.open_question | did.closed_question | did.invitation
    return {
        "open-question-asked": _flag(did.open_question | did.invitation),
        "closed-question-asked": _flag(did.closed_question),
        "ends-asking": _flag(did.ends_asking),
        "reflects": _flag(did.reflection & ~asks),
    }


def _turn_columns(
    turns: tuple[Turn, ...], counts: TurnCounts, did: Moves, measured: SessionMeasures
) -> dict[str, Column]:
    texts = [turn.text for turn in turns]
    agrees = nods(counts)
    other = counts.anywhere[:, counts.column("negation")] + counts.anywhere[:, counts.column("first-person")]
    content = np.array([len(words) for words in counts.content], dtype=np.float32)
    columns = {
        "turn/words": measured.length,
        "turn/sentences": np.log1p(counts.sentences),
        "turn/words-a-sentence": np.where(
            counts.sentences > 0, measured.words / np.maximum(counts.sentences, 1), np.nan
        ),
        "turn/fillers": np.log1p(counts.fillers),
        "turn/word-said-twice": np.log1p(counts.repeats),
        "turn/question-marks": np.log1p(_each(texts, "?")),
        "turn/exclamation-marks": np.log1p(_each(texts, "!")),
        "turn/dots": np.log1p(_each(texts, "...") + _each(texts, "…")),
        "turn/cut-off": _flag(measured.broken_off),
        "turn/begins-cut": _flag(np.array([text.lstrip().startswith(("-", "–", "—")) for text in texts], dtype=bool)),
        "turn/no-words": _flag(measured.words == 0),
        "turn/three-words-or-fewer": _flag(measured.short),
        "turn/hum": _flag(measured.hum),
        "turn/only-agreement": _flag(
            (agrees > 0) & (other == 0) & (counts.tokens <= 6) & (content <= 1) & (measured.words > 0)
        ),
        "turn/content-words": np.log1p(content),
    }
    columns |= {f"turn/{name}": values for name, values in _move_columns(did).items()}
    columns |= {f"turn/share-{name}": _share(counts, name, measured) for name in labels.SHARES}
    return columns


def _each(texts: list[str], mark: str) -> Column:
    return np.array([text.count(mark) for text in texts], dtype=np.float32)


def _said_columns(counts: TurnCounts, logged: Column) -> dict[str, Column]:
    columns = {f"says/{name}": logged[:, counts.column(name)] for name in labels.SAID}
    columns |= {f"begins/{name}": _flag(counts.opening[:, counts.column(name)] > 0) for name in labels.BEGINS}
    return columns


def _event_columns(turns: tuple[Turn, ...]) -> dict[str, Column]:
    size = len(turns)
    kinds = {kind: np.zeros(size, dtype=np.float32) for kind in (*labels.EVENTS, "back_channel")}
    seconds = np.full(size, np.nan, dtype=np.float32)
    silence = np.zeros(size, dtype=np.float32)
    silent_for = np.full(size, np.nan, dtype=np.float32)
    for row, turn in enumerate(turns):
        for event in turn.events:
            kinds[event.kind][row] += 1
        known = [event.seconds for event in turn.events if event.kind == "pause" and event.seconds is not None]
        if known:
            seconds[row] = sum(known)
        if turn.speaker == "nobody" and row + 1 < size:
            silence[row + 1] = 1
            silent_for[row + 1] = seconds[row]
    return {
        **{f"events/{kind}": kinds[kind] for kind in labels.EVENTS},
        "events/back-channels": kinds["back_channel"],
        "events/pause-seconds": np.log1p(seconds),
        "events/silence-before": silence,
        "events/silence-seconds-before": np.log1p(silent_for),
    }


def _before_columns(
    logged: Column, counts: TurnCounts, near: Neighbours, did: Moves, measured: SessionMeasures
) -> dict[str, Column]:
    said = at(logged, near.before)
    columns = {f"before/{name}": said[:, counts.column(name)] for name in labels.BEFORE}
    columns |= {f"before/{name}": at(values, near.before) for name, values in _move_columns(did).items()}
    rows = np.arange(len(logged), dtype=np.float32)
    columns |= {
        "before/words": at(measured.length, near.before),
        "before/broken-off": at(_flag(measured.broken_off), near.before),
        "before/turns-between": np.minimum(rows - at(rows, near.before) - 1, 10),
    }
    return columns


def _between_columns(counts: TurnCounts, near: Neighbours, did: Moves, measured: SessionMeasures) -> dict[str, Column]:
    before = near.before
    there = before >= 0
    opened = there & (did.open_question | did.invitation)[before]
    closed = there & did.closed_question[before] & ~opened
    stated = there & ~opened & ~closed
    advised, reflected = there & did.advice[before], there & did.reflection[before]
    shared, taken_up, new = measured.overlap(before)
    again, _, _ = measured.overlap(near.own_before)
    pressed = measured.overlap_share(near.own_before)
    negates = counts.anywhere[:, counts.column("negation")] > 0
    agrees = counts.opening[:, counts.column("agreement")] > 0
    known = np.where(there, 1.0, np.nan).astype(np.float32)
    return {
        "between/length-against-question": measured.length - at(measured.length, before),
        "between/shared-words": np.log1p(shared),
        "between/taken-up": taken_up,
        "between/new-words": new,
        "between/echo": _flag((new <= 0.34) & (shared > 0) & (measured.words <= 8)) * known,
        "between/own-words-again": np.log1p(again),
        "between/same-point-pressed": at(pressed, before),
        "between/short-after-open": _flag(opened & measured.short) * known,
        "between/short-after-closed": _flag(closed & measured.short) * known,
        "between/short-after-statement": _flag(stated & measured.short) * known,
        "between/words-after-open": np.where(opened, measured.length, np.nan),
        "between/agreement-after-advice": _flag(advised & agrees) * known,
        "between/negation-after-advice": _flag(advised & negates) * known,
        "between/negation-after-reflection": _flag(reflected & negates) * known,
        "between/question-answered-by-question": _flag((opened | closed) & did.ends_asking) * known,
    }


def _after_columns(
    logged: Column, counts: TurnCounts, near: Neighbours, did: Moves, measured: SessionMeasures
) -> dict[str, Column]:
    said = at(logged, near.after)
    columns = {f"after/{name}": said[:, counts.column(name)] for name in labels.AFTER}
    shared, _, _ = measured.overlap(near.after)
    columns |= {
        "after/words": at(log_words(measured.words), near.after),
        "after/ends-asking": at(_flag(did.ends_asking), near.after),
        "after/shared-words": np.log1p(shared),
        "after/same-question-again": at(measured.overlap_share(near.own_before), near.after),
    }
    return columns
