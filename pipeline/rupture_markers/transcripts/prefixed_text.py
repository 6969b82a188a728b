"""Speaker-prefixed text: ``T: …``, ``C12: …``, ``THERAPIST: …``, with or without ``[00:12:03]``.

The rule for every line, in this order:

1. An empty line ends nothing by itself, but see 7 and 8.
2. A line that holds a pause and nothing else is a silence between turns. A line that holds a time and nothing else
   is the start of the labelled line that follows it, where that one has none.
3. A line that opens with a label begins an utterance. A label is one to three words, each beginning with a capital
   or a digit, at least one letter among them and 30 characters at most, or a label of the study's map, followed by
   a colon (not one between two digits); a time may stand before it, between it and its colon, or, in brackets,
   behind the colon. Without a colon it counts where a tab follows (``P1<tab>…``); where it has a number and is
   mapped by the study (``P1 …``), or no line of the file has a colon label; and where it stands alone after an
   empty line, with a time (``Speaker 1  0:12``) or mapped.
4. Words of a page's head are no labels unless mapped (``Page 3``, ``Date: …``, ``Session: …``, ``Note: …``).
5. ``Page 3``, ``Page 3 of 9``, ``- 3 -`` and a line that stands at least three times in the file, digits aside,
   begins with a capital or a digit and does not end like a sentence are running headers and are dropped.
6. A line in square brackets or ``<…>`` as a whole that is no event is commentary and is dropped.
7. A line with no label that follows its utterance without an empty line between is its wrapped continuation.
8. Any other line (before the first label, or after an empty line) is commentary and is dropped.

What is dropped is reported as a warning with its line number.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rupture_markers.transcripts.events import find_events, is_silence
from rupture_markers.transcripts.options import RawTranscript, ReadOptions, Utterance
from rupture_markers.transcripts.speakers import speaker_of
from rupture_markers.transcripts.times import parse_time

_CLOCK = r"\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d{1,3})?"
_NAME = r"(?P<label>[^\W_][^:\[\](){}<>\t]{0,29}?)"
_COLON = re.compile(
    rf"[\[(]?(?:(?P<before>{_CLOCK})[\])]?\s{{1,9}}(?:-\s)?)?{_NAME}\s{{0,9}}"
    rf"(?:[\[(]?(?P<within>{_CLOCK})[\])]?\s{{0,9}})?:(?!//)(?!(?<=\d:)\d)(?:\s{{0,9}}[\[(](?P<after>{_CLOCK})[\])](?=\s|$))?"
)
_TAB = re.compile(rf"(?:[\[(]?(?P<before>{_CLOCK})[\])]?\s{{1,9}})?{_NAME}\t(?P<within>)(?P<after>)")
_NUMBERED = re.compile(
    rf"(?:[\[(]?(?P<before>{_CLOCK})[\])]?\s{{1,9}})?(?P<label>[A-Z][A-Za-z]{{0,11}}\d{{1,4}})[.)]?(?=\s)"
    r"(?P<within>)(?P<after>)"
)
_ALONE = re.compile(rf"{_NAME}(?:\s{{1,9}}[\[(]?(?P<within>{_CLOCK})[\])]?)?(?P<before>)(?P<after>)$")
_TIME_ALONE = re.compile(rf"[\[(]?({_CLOCK})[\])]?(?:\s{{0,3}}-{{1,2}}>?\s{{0,3}}[\[(]?{_CLOCK}[\])]?)?$")
_LABEL_WORD = re.compile(r"^(?:[^\W\d_a-z][\w.'’-]*|\d{1,5})$")
_PAGE = re.compile(r"^(?:page\s{1,3}\d{1,4}(?:\s{1,3}(?:of|/)\s{1,3}\d{1,4})?|-\s?\d{1,4}\s?-)$", re.IGNORECASE)
_HEAD_WORDS = frozenset(
    {
        "page", "session", "date", "title", "file", "recording", "transcript", "transcription", "transcriber",
        "transcribed by", "duration", "location", "participants", "participant id", "start", "end", "start time",
        "end time", "note", "notes", "comment", "comments", "commentary", "observation", "key", "legend", "version",
        "length", "audio", "project", "study", "case", "language",
    }
)  # fmt: skip
_DIGITS = re.compile(r"\d+")
_HEADER_TIMES = 3
_LONGEST_HEAD = 100


@dataclass
class _Open:
    """An utterance that wrapped lines may still be added to."""

    label: str | None
    start_s: float | None
    line: int
    parts: list[str]


def looks_like_label(label: str, options: ReadOptions) -> bool:
    """Rules 3 and 4 of this module."""
    if label in options.speakers or label.casefold() in {name.casefold() for name in options.speakers}:
        return True
    bare = _DIGITS.sub("", label).strip(" .-").casefold()
    words = label.split()
    return (
        bool(bare)
        and bare not in _HEAD_WORDS
        and 1 <= len(words) <= 3
        and all(_LABEL_WORD.match(word) for word in words)
    )


def split_label(
    line: str, options: ReadOptions, form: re.Pattern[str] = _COLON
) -> tuple[str, float | None, str] | None:
    """Label, start in seconds (or None) and text of a labelled line; None for any other."""
    found = form.match(line[:_LONGEST_HEAD])
    if found is None or not looks_like_label(found["label"].strip(), options):
        return None
    time = found["before"] or found["within"] or found["after"]
    return found["label"].strip(), parse_time(time) if time else None, line[found.end() :].strip()


class _Labels:
    """Which of the forms of a label this file uses."""

    def __init__(self, lines: Sequence[str], options: ReadOptions) -> None:
        self._options = options
        self._colons = any(split_label(line.strip(), options) for line in lines)

    def split(self, line: str, *, after_blank: bool) -> tuple[str, float | None, str] | None:
        options = self._options
        found = split_label(line, options) or split_label(line, options, _TAB)
        if found is not None:
            return found
        numbered = split_label(line, options, _NUMBERED)
        if numbered and (not self._colons or speaker_of(numbered[0], options.speakers) is not None):
            return numbered
        alone = split_label(line, options, _ALONE) if after_blank and len(line) < _LONGEST_HEAD else None
        if alone and (alone[1] is not None or speaker_of(alone[0], options.speakers) is not None):
            return alone
        return None


def read_text(text: str, options: ReadOptions, _path: Path) -> RawTranscript:
    """Utterances of a .txt file."""
    return read_lines(text.split("\n"), options)


def read_lines(lines: Sequence[str], options: ReadOptions) -> RawTranscript:
    """Utterances of the lines of a text or the paragraphs of a document."""
    seen = Counter(_DIGITS.sub("#", line.strip()) for line in lines if line.strip())
    labels = _Labels(lines, options)
    held: list[_Open] = []
    warnings: list[tuple[str, int | None]] = []
    after_blank = True
    waiting: tuple[float | None, int] | None = None
    for number, raw_line in enumerate(lines, start=1):
        line = raw_line.strip()
        if not line:
            after_blank = True
            continue
        clock = _TIME_ALONE.match(line)
        if clock:
            if waiting is not None:
                warnings.append(("a time that belongs to no labelled line was left out", waiting[1]))
            waiting = (parse_time(clock[1]), number)
            continue
        labelled = labels.split(line, after_blank=after_blank)
        if labelled is None and waiting is not None:
            warnings.append(("a time that belongs to no labelled line was left out", waiting[1]))
            waiting = None
        if labelled is not None:
            label, start, words = labelled
            if waiting is not None and start is None:
                start = waiting[0]
            waiting = None
            held.append(_Open(label, start, number, [words] if words else []))
        elif is_silence(line):
            held.append(_Open(None, None, number, [line]))
        elif _is_header(line, seen):
            warnings.append(("a running header was dropped", number))
            continue  # a header amid an utterance does not end it
        elif held and held[-1].label is not None and not after_blank and not _is_aside(line):
            held[-1].parts.append(line)
        else:
            warnings.append(("a line without a speaker was dropped as commentary", number))
            continue
        after_blank = False
    utterances = tuple(Utterance(o.label, " ".join(o.parts), o.start_s, None, o.line) for o in held)
    return RawTranscript(utterances, warnings=tuple(warnings))


def _is_header(line: str, seen: Counter[str]) -> bool:
    if _PAGE.match(line[:_LONGEST_HEAD]):
        return True
    often = seen[_DIGITS.sub("#", line)] >= _HEADER_TIMES
    return often and (line[0].isupper() or line[0].isdigit()) and line[-1] not in ".,;:?!-–—…"


def _is_aside(line: str) -> bool:
    return (line[0], line[-1]) in {("[", "]"), ("<", ">")} and not find_events(line)
