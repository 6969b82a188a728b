"""Predictions: a session's suggestions as the turn regions that Label Studio shows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from rupture_markers.coding.labeling_config import CODES, DIALOGUE, label_of
from rupture_markers.coding.offsets import utf16_length
from rupture_markers.errors import ModelError
from rupture_markers.markers.codebook import Codebook
from rupture_markers.markers.marker import Suggestion
from rupture_markers.transcripts.transcript import Turn

_SILENCE = "(silence)"
_SPEAKERS = {"client": "Client", "therapist": "Therapist", "other": "Other", "nobody": _SILENCE}
SHOWN_SPEAKERS = frozenset(_SPEAKERS.values())


def shown_speaker(turn: Turn) -> str:
    """Role of the speaker as coders see it; a label of the transcript may be a name and is never shown."""
    return _SPEAKERS[turn.speaker]


def shown_text(turn: Turn) -> str:
    """Text of a turn as coders see it: as transcribed, but a turn without text needs something to mark."""
    return turn.text or _SILENCE


def predictions_of(
    task_id: str,
    turns: Sequence[Turn],
    suggestions: Iterable[Suggestion],
    codebook: Codebook,
    model_version: str,
) -> tuple[dict[str, Any], ...]:
    """Prediction of one task, or nothing where no suggestion falls into the turns shown.

    Parameters
    ----------
    task_id : str
    turns : sequence of Turn
        The dialogue shown, without its context.
    suggestions : iterable of Suggestion
        Of the session; those outside ``turns`` are left out.
    codebook : Codebook
        Gives the label that the page has for the code (`label_of`).
    model_version : str
        Shown with every region and renewed with the model.

    Notes
    -----
    ``start`` and ``end`` are places in the dialogue shown, as strings; offsets are UTF-16 units; the label
    key must be ``paragraphlabels`` (read off Label Studio 1.23.2).
    """
    place = {turn.index: number for number, turn in enumerate(turns)}
    inside = sorted(
        (s for s in suggestions if s.turn in place), key=lambda s: (place[s.turn], -s.probability, s.family)
    )
    if not inside:
        return ()
    regions = [
        _region(task_id, place[suggestion.turn], shown_text(turns[place[suggestion.turn]]), suggestion, codebook)
        for suggestion in inside
    ]
    best = max(region["score"] for region in regions)
    return ({"model_version": model_version, "score": best, "result": regions},)


def _region(task_id: str, number: int, text: str, suggestion: Suggestion, codebook: Codebook) -> dict[str, Any]:
    packed = f"{task_id}/{number}/{suggestion.code}"
    return {
        "id": hashlib.sha256(packed.encode()).hexdigest()[:10],
        "from_name": CODES,
        "to_name": DIALOGUE,
        "type": "paragraphlabels",
        "origin": "prediction",
        "score": round(float(suggestion.probability), 4),
        "value": {
            "start": str(number),
            "end": str(number),
            "startOffset": 0,
            "endOffset": utf16_length(text),
            "text": text,
            "paragraphlabels": [_label(suggestion, codebook)],
        },
    }


def _label(suggestion: Suggestion, codebook: Codebook) -> str:
    try:
        return label_of(codebook.code(suggestion.code))
    except KeyError:
        raise ModelError(
            f"the model suggests {suggestion.code}, which is no code of the codebook.",
            "Score again with a model of this codebook ('rupture models list').",
            turn=suggestion.turn,
        ) from None
