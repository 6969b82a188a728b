"""WebVTT and SRT: captions with times; the speaker is a voice (``<v Name>``) or a prefix (``Name:``)."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from pathlib import Path

import srt
import webvtt
from webvtt.errors import MalformedCaptionError, MalformedFileError

from rupture_markers.errors import IngestError
from rupture_markers.transcripts.options import RawTranscript, ReadOptions, Utterance
from rupture_markers.transcripts.prefixed_text import split_label
from rupture_markers.transcripts.times import parse_time

_VOICE = re.compile(r"<v(?:\.[\w.-]+)?[ \t]+([^>\n]{1,60})>")
_MARKUP = re.compile(r"</?(?:v|c|i|b|u|ruby|rt|lang)(?:[ .][^<>\n]{0,80})?>|<\d{1,3}:[\d:.]{3,15}>")
_ARROW = "-->"
_LONGEST_TIME_LINE = 120


def _pieces(text: str, previous: str | None, options: ReadOptions) -> list[tuple[str | None, str]]:
    """Labels and words of a caption, which may hold two voices; with no label it goes on with the one before."""
    voices = list(_VOICE.finditer(text))
    out: list[tuple[str | None, str]] = []
    head = _MARKUP.sub("", text[: voices[0].start()] if voices else text)
    for line in head.splitlines():
        labelled = split_label(line.strip(), options)
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
    captions: Sequence[tuple[str, float, float]], text: str, options: ReadOptions, path: Path
) -> RawTranscript:
    if not captions:
        raise IngestError("there is no caption in it.", "Export the transcript again.", path=path, line=1)
    numbers, lost = _caption_lines(captions, text)
    warnings: list[tuple[str, int | None]] = [
        ("a caption could not be read (its time line is malformed, or it has no words)", line) for line in lost
    ]
    label: str | None = None
    utterances: list[Utterance] = []
    nameless: list[int | None] = []
    guessed: list[int | None] = []
    for (words_of_all, start, end), line in zip(captions, numbers, strict=True):
        for who, words in _pieces(words_of_all, None, options):
            if who is None and label is None:
                nameless.append(line)
                continue
            if who is None:
                guessed.append(line)
            label = who or label
            utterances.append(Utterance(label, words, start, end, line))
    if nameless and utterances:
        warnings.append((f"{len(nameless)} captions before the first speaker's name were dropped", nameless[0]))
    if guessed:
        warnings.append((f"{len(guessed)} captions without a name were taken as the speaker's before", guessed[0]))
    return RawTranscript(tuple(utterances), join=True, warnings=tuple(warnings))


def _caption_lines(captions: Sequence[tuple[str, float, float]], text: str) -> tuple[list[int | None], list[int]]:
    """Line of each caption's time line, and the lines of those that no caption was made of."""
    arrows = [
        (number, parse_time(line.partition(_ARROW)[0][-40:]))
        for number, line in enumerate(text.split("\n"), start=1)
        if _ARROW in line
    ]
    numbers: list[int | None] = []
    lost: list[int] = []
    at = 0
    for _, start, _ in captions:
        ahead = next(
            (i for i in range(at, len(arrows)) if _same(arrows[i][1], start)), None
        )  # captions keep the order of the file
        if ahead is None:
            numbers.append(None)
            continue
        lost.extend(number for number, _ in arrows[at:ahead])
        numbers.append(arrows[ahead][0])
        at = ahead + 1
    return numbers, [*lost, *(number for number, _ in arrows[at:])]


def _same(stamp: float | None, start: float) -> bool:
    return stamp is not None and abs(stamp - start) < 0.002


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
    found = [(html.unescape(c.raw_text), _precise(c.start), _precise(c.end)) for c in captions]
    return _captions_to_raw(found, text, options, path)


def _precise(stamp: str) -> float:
    hours, minutes, seconds = stamp.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def read_srt(text: str, options: ReadOptions, path: Path) -> RawTranscript:
    """Captions of a .srt file.

    Its blocks are cut here, line by line, since the grammar of the srt package takes time without bound on hostile
    files; the package reads the times.

    Raises
    ------
    IngestError
        With the line at which it stops being SRT.
    """
    captions: list[tuple[str, float, float]] = []
    words: list[str] = []
    times: tuple[float, float] | None = None
    lines = text.split("\n")
    for number, line in enumerate(lines, start=1):
        stripped = line.strip()
        follows = lines[number] if number < len(lines) else ""
        if _ARROW in line:
            times = _srt_times(stripped, path, number)
        elif stripped.isdecimal() and _ARROW in follows:
            _keep(captions, words, times)
            words, times = [], None
        elif times is not None:
            words.append(stripped)
        elif stripped:
            raise _no_srt(path, number)
    _keep(captions, words, times)
    return _captions_to_raw(captions, text, options, path)


def _keep(captions: list[tuple[str, float, float]], words: list[str], times: tuple[float, float] | None) -> None:
    content = "\n".join(words).strip()
    if times is not None and content:
        captions.append((content, *times))


def _srt_times(line: str, path: Path, number: int) -> tuple[float, float]:
    first, _, last = line[:_LONGEST_TIME_LINE].partition(_ARROW)
    try:
        start, end = (srt.srt_timestamp_to_timedelta(t.split()[0]).total_seconds() for t in (first, last))
    except (srt.TimestampParseError, ValueError, IndexError, OverflowError):
        raise _no_srt(path, number) from None
    return start, end


def _no_srt(path: Path, line: int) -> IngestError:
    return IngestError(
        "this is not SRT from here on.",
        "A caption is a number, a time line 'hh:mm:ss,mmm --> hh:mm:ss,mmm', then its words. "
        "Mend the caption, or export the file again.",
        path=path,
        line=line,
    )
