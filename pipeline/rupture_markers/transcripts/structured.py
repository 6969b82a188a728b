"""JSON of WhisperX and its like: segments with times, text and, after diarisation, a speaker."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from rupture_markers.errors import IngestError
from rupture_markers.transcripts.options import RawTranscript, ReadOptions, Utterance


class _Segment(BaseModel):
    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)  # other tools' files carry more than we need

    text: str
    start: float | None = None
    end: float | None = None
    speaker: str | None = None


class _Document(BaseModel):
    model_config = ConfigDict(extra="ignore")

    segments: list[_Segment]


def read_whisperx(text: str, _options: ReadOptions, path: Path) -> RawTranscript:
    """Segments of a diarised recording; one without a speaker goes on with the speaker before.

    Raises
    ------
    IngestError
        If it is no such JSON, or names no speaker at all.
    """
    try:
        document = _Document.model_validate(json.loads(text))
    except (ValidationError, RecursionError) as fault:
        key = (
            ".".join(str(p) for p in fault.errors(include_input=False)[0]["loc"])
            if isinstance(fault, ValidationError)
            else "segments"
        )
        raise IngestError(
            f"this JSON is not a list of segments with text ('{key}').",
            "Expected: {'segments': [{'start', 'end', 'text', 'speaker'}, …]}.",
            path=path,
            line=1,
        ) from None
    except ValueError as fault:  # JSONDecodeError, and a number too long to be one
        raise IngestError(
            "this is not JSON from here on.",
            "Export the file again.",
            path=path,
            line=getattr(fault, "lineno", 1),
        ) from None
    speaker: str | None = None
    utterances = []
    dropped = guessed = 0
    for segment in document.segments:
        if segment.speaker is None and speaker is None:
            dropped += 1
            continue
        guessed += segment.speaker is None
        speaker = segment.speaker or speaker
        utterances.append(Utterance(speaker, segment.text.strip(), segment.start, segment.end))
    if not utterances:
        raise IngestError(
            "no segment names a speaker.", "Run the diarisation step and export again.", path=path, line=1
        )
    warnings: list[tuple[str, int | None]] = []
    if dropped:
        warnings.append((f"{dropped} segments before the first speaker were dropped", None))
    if guessed:
        warnings.append((f"{guessed} segments without a speaker were taken as the speaker's before", None))
    return RawTranscript(tuple(utterances), join=True, warnings=tuple(warnings))
