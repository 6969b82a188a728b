"""WebVTT and SRT: captions with times; the speaker is a voice (``<v Name>``) or a prefix (``Name:``)."""

from __future__ import annotations

import re
from pathlib import Path

import srt
import webvtt
from webvtt.errors import MalformedCaptionError, MalformedFileError

from rupture_markers.errors import IngestError
from rupture_markers.transcripts.options import RawTranscript, ReadOptions, Utterance
from rupture_markers.transcripts.prefixed_text import split_label

_VOICE = re.compile(r"<v(?:\.[\w.-]+)?[ \t]+([^>\n]{1,60})>")
_MARKUP = re.compile(r"</?(?:v|c|i|b|u|ruby|rt|lang)(?:[ .][^<>\n]{0,80})?>|<\d{1,3}:[\d:.]{3,15}>")
_ARROW = "-->"


def _pieces(text: str, previous: str | None, options: ReadOptions) -> list[tuple[str | None, str]]:
    """Label and words of a caption, which may hold two voices; a caption with no label goes on with the one before."""
    voices = list(_VOICE.finditer(text))
    out: list[tuple[str | None, str]] = []
    head = _MARKUP.sub("", text[: voices[0].start()] if voices else text)
    for line in head.splitlines():
        labelled = split_label(line, options)
        if labelled is not None:
            out.append((labelled[0], labelled[2]))
        elif out:
            out[-1] = (out[-1][0], f"{out[-1][1]} {line.strip()}".strip())
        elif line.strip():
            out.append((previous, line.strip()))
    for voice, following in zip(voices, [*voices[1:], None][: len(voices)], strict=True):
        words = text[voice.end() : following.start() if following else len(text)]
        out.append((voice.group(1).strip(), " ".join(_MARKUP.sub("", words).split())))
    return out


def _captions_to_raw(
    captions: list[tuple[str, float, float]], lines: list[int], options: ReadOptions, path: Path
) -> RawTranscript:
    if not captions:
        raise IngestError("there is no caption in it.", "Export the transcript again.", path=path, line=1)
    numbers: list[int | None] = list(lines) if len(lines) == len(captions) else [None] * len(captions)
    warnings: list[tuple[str, int | None]] = []
    if len(lines) > len(captions):
        dropped = len(lines) - len(captions)
        warnings.append((f"{dropped} captions could not be read (time line malformed, or no text)", lines[0]))
    label: str | None = None
    utterances = []
    nameless = 0
    for (text, start, end), line in zip(captions, numbers, strict=True):
        for who, words in _pieces(text, label, options):
            if who is None:
                nameless += 1
                continue
            label = who
            utterances.append(Utterance(who, words, start, end, line))
    if nameless and utterances:
        warnings.append((f"{nameless} captions before the first speaker's name were dropped", numbers[0]))
    return RawTranscript(tuple(utterances), join=True, warnings=tuple(warnings))


def read_webvtt(text: str, options: ReadOptions, path: Path) -> RawTranscript:
    """Captions of a .vtt file.

    Raises
    ------
    IngestError
        If it is no WebVTT, or holds no caption.
    """
    try:
        captions = webvtt.WebVTT.from_string(text).captions
    except (MalformedFileError, MalformedCaptionError):
        raise IngestError(
            "this is not WebVTT: the first line must be 'WEBVTT' and each caption needs a time line.",
            "Export it again.",
            path=path,
            line=1,
        ) from None
    found = [(c.raw_text, c.start_in_seconds, c.end_in_seconds) for c in captions]
    at = [n for n, line in enumerate(text.splitlines(), start=1) if _ARROW in line]
    precise = [(t, _precise(c.start), _precise(c.end)) for (t, _, _), c in zip(found, captions, strict=True)]
    return _captions_to_raw(precise, at, options, path)


def _precise(stamp: str) -> float:
    hours, minutes, seconds = stamp.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def read_srt(text: str, options: ReadOptions, path: Path) -> RawTranscript:
    """Captions of a .srt file.

    Raises
    ------
    IngestError
        With the line at which it stops being SRT.
    """
    try:
        captions = [c for c in srt.parse(text) if c.content.strip()]
    except (srt.SRTParseError, srt.TimestampParseError, ValueError, OverflowError) as fault:
        at = getattr(fault, "expected_start", 0)
        raise IngestError(
            "this is not SRT from here on: a number, a time line 'hh:mm:ss,mmm --> hh:mm:ss,mmm', then the words.",
            "Mend the caption, or export the file again.",
            path=path,
            line=text[: at if isinstance(at, int) else 0].count("\n") + 1,
        ) from None
    lines = [n for n, line in enumerate(text.splitlines(), start=1) if _ARROW in line]
    found = [(c.content, c.start.total_seconds(), c.end.total_seconds()) for c in captions]
    return _captions_to_raw(found, lines, options, path)
