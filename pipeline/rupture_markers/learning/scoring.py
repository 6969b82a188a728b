"""Score sessions with a loaded model, many at once and in bounded memory, and list what it suggests."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

import numpy as np

from rupture_markers.errors import ModelError
from rupture_markers.learning.evidence import reasons
from rupture_markers.learning.language import sounds_like
from rupture_markers.learning.registry import LoadedModel
from rupture_markers.learning.scores import ScoringDetail, TurnScore, TurnScores, read_scores, write_scores
from rupture_markers.learning.turn_table import build_table
from rupture_markers.markers.marker import FAMILIES, Family, Suggestion
from rupture_markers.transcripts.transcript import Transcript, Turn

BATCH = 32
"""Sessions scored at once."""


def score_transcript(loaded: LoadedModel, transcript: Transcript, *, force: bool = False) -> TurnScores:
    """Score one session.

    Raises
    ------
    ModelError
        If the session is in a language that the model was not trained on, unless ``force``.
    """
    return next(score_transcripts(loaded, [transcript], force=force))


def score_transcripts(
    loaded: LoadedModel,
    transcripts: Iterable[Transcript],
    *,
    batch: int = BATCH,
    force: bool = False,
    detail: bool = True,
) -> Iterator[TurnScores]:
    """Score sessions as they come, ``batch`` at a time; memory does not grow with their number.

    Parameters
    ----------
    force : bool
        Score a session in another language than the model's all the same.
    detail : bool
        Keep what `suggestions` needs for its evidence.

    Raises
    ------
    ModelError
        If a session is in a language that the model was not trained on, unless ``force``.
    """
    counter = loaded.model.counter
    source = iter(transcripts)
    while part := list(islice(source, batch)):
        for transcript in part:
            if not force:
                require_language(loaded, transcript)
        table = build_table(part, loaded.featurise, counter=counter)
        found = loaded.model.score_table(table)
        ranked = loaded.model.rank_codes(table, found.word_scores.words)
        start = 0
        for number, transcript in enumerate(part):
            end = start + len(transcript.turns)
            rows = tuple(
                _turn_score(loaded, transcript.session_id, turn, given=p, codes=codes)
                for turn, p, codes in zip(
                    transcript.turns, found.probabilities[start:end].tolist(), ranked[start:end], strict=True
                )
            )
            kept = None
            if detail:
                kept = ScoringDetail(
                    found.inputs[start:end].copy(),
                    found.word_scores.words[np.arange(start, end)],
                    found.word_scores.parts[start:end].copy(),
                    table.cue_hits[start:end],
                )
            yield TurnScores(transcript.session_id, rows, kept, float(found.novelty[number]))
            start = end


def require_language(loaded: LoadedModel, transcript: Transcript) -> None:
    """Refuse a session in another language, or whose words are none of the language that it says.

    Raises
    ------
    ModelError
    """
    known = loaded.manifest.language
    spoken = transcript.language.lower().replace("_", "-").split("-")[0]
    if spoken != known:
        raise ModelError(
            f"session '{transcript.session_id}' is in language '{transcript.language}', and model '{loaded.id}' knows "
            f"'{known}' alone: its scores would mean nothing.",
            "Train a model on coded sessions in that language, or force it (--force-language) knowing that.",
        )
    if not sounds_like(known, transcript):
        raise ModelError(
            f"session '{transcript.session_id}' is said to be in '{transcript.language}', but few of its words are common "
            f"words of '{known}', the one language that model '{loaded.id}' knows: its scores would mean nothing.",
            "Leave the session out, or force it (--force-language) where the words mislead.",
        )


def is_novel(loaded: LoadedModel, scores: TurnScores) -> bool:
    """Whether the session lies farther from what the model has seen than held-out cases do."""
    limit = loaded.manifest.novelty
    return limit is not None and scores.novelty is not None and scores.novelty > limit.value


def _turn_score(
    loaded: LoadedModel,
    session_id: str,
    turn: Turn,
    *,
    given: Sequence[float],
    codes: Mapping[Family, tuple[str, ...]],
) -> TurnScore:
    known = [None if math.isnan(p) else p for p in given]
    withdrawal, confrontation, repair = known
    kept: dict[Family, tuple[str, ...]] = {
        family: tuple(code for code in order if code in loaded.codes.get(family, ())) for family, order in codes.items()
    }
    best = max((n for n, p in enumerate(known) if p is not None), key=lambda n: known[n] or 0.0, default=None)
    top = "" if best is None else next(iter(kept.get(FAMILIES[best], ())), "")
    return TurnScore(session_id, turn.index, turn.speaker, withdrawal, confrontation, repair, top, kept)


def suggestions(
    scores: TurnScores,
    thresholds: Mapping[Family, float] | None,
    loaded: LoadedModel,
    *,
    transcript: Transcript | None = None,
) -> tuple[Suggestion, ...]:
    """Turns at or above the threshold of a family, each with its evidence, in the order of the turns.

    Parameters
    ----------
    thresholds : Mapping of Family to float, or None
        Probabilities; a family that is not in it gives none. None takes those of the manifest.
    transcript : Transcript, optional
        The session, for scores that came from a file (they carry no detail).

    Raises
    ------
    ModelError
        If the scores carry no detail and no transcript is given.
    """
    limits = loaded.manifest.thresholds.value if thresholds is None else thresholds
    flagged = [
        (place, family)
        for place, row in enumerate(scores.rows)
        for family in FAMILIES
        if family in limits and (p := row.probability(family)) is not None and p >= limits[family]
    ]
    if not flagged:
        return ()
    detail, rows = scores.detail, scores.rows
    if detail is None:
        if transcript is None:
            raise ModelError(
                f"the scores of session '{scores.session_id}' carry no evidence.", "Score the session again."
            )
        again = score_transcript(loaded, transcript, force=True)
        detail, rows = again.detail, again.rows
        place_of = {row.turn: place for place, row in enumerate(rows)}
        flagged = [(place_of[scores.rows[place].turn], family) for place, family in flagged]
    if detail is None:
        raise ModelError(f"session '{scores.session_id}' could not be scored again.", "Score it anew.")
    out = []
    for place, family in flagged:
        row = rows[place]
        codes = row.codes.get(family, ())
        if codes:
            out.append(
                Suggestion(
                    scores.session_id, row.turn, family, codes[0], codes, float(row.probability(family) or 0.0),
                    reasons(loaded.model, detail, place, family), loaded.id,
                )
            )  # fmt: skip
    return tuple(out)


__all__ = [
    "BATCH", "is_novel", "read_scores", "require_language", "score_transcript", "score_transcripts", "suggestions", "write_scores",
]  # fmt: skip
