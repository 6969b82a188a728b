"""Speaker-prefixed text: ``T: …``, ``C12: …``, ``THERAPIST: …``, with or without ``[00:12:03]``.

The rule for every line, in this order:

1. A line that holds a pause and nothing else is a silence between turns.
2. A line that opens with a label and a colon (one to three words, each beginning with a capital or a digit, 30
   characters at most, or a label of the study's map; a time may stand before or after it) begins an utterance.
3. A line that stands at least three times in the file, digits aside, is a running header and is dropped.
4. A line with no label that follows its utterance without an empty line between is its wrapped continuation.
5. Any other line (before the first label, or after an empty line) is commentary and is dropped.

What is dropped is reported as a warning with its line number.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rupture_markers.transcripts.events import is_silence
from rupture_markers.transcripts.options import RawTranscript, ReadOptions, Utterance
from rupture_markers.transcripts.times import parse_time

_TIME = r"[\[(]?(?P<{0}>\d{{1,2}}:\d{{2}}(?::\d{{2}})?(?:[.,]\d{{1,3}})?)[\])]?"
_LABELLED = re.compile(
    r"^\s*(?:" + _TIME.format("before") + r"\s+)?(?P<label>[^\W_][^:\[\](){}<>\n]{0,29}?)\s*"
    r"(?:"
    + _TIME.format("within")
    + r"\s*)?:(?!//)(?:\s+"
    + _TIME.format("after")
    + r"(?=\s))?\s*(?P<text>.*)$"
)
_LABEL_WORD = re.compile(r"^(?:[^\W\d_a-z][\w.'’-]*|\d{1,5})$")
_DIGITS = re.compile(r"\d+")
_HEADER_TIMES = 3


@dataclass
class _Open:
    """An utterance that wrapped lines may still be added to."""

    label: str | None
    start_s: float | None
    line: int
    parts: list[str]


def looks_like_label(label: str, options: ReadOptions) -> bool:
    """Rule 2 of this module."""
    if label in options.speakers or label.casefold() in {name.casefold() for name in options.speakers}:
        return True
    words = label.split()
    return 1 <= len(words) <= 3 and all(_LABEL_WORD.match(word) for word in words)


def split_label(line: str, options: ReadOptions) -> tuple[str, float | None, str] | None:
    """Label, start in seconds (or None) and text of a labelled line; None for any other."""
    found = _LABELLED.match(line)
    if found is None or not looks_like_label(found["label"].strip(), options):
        return None
    time = found["before"] or found["within"] or found["after"]
    return found["label"].strip(), parse_time(time) if time else None, found["text"].strip()


def read_lines(lines: Sequence[str], options: ReadOptions) -> RawTranscript:
    """Utterances of the lines of a text or the paragraphs of a document."""
    seen = Counter(_DIGITS.sub("#", line.strip()) for line in lines if line.strip())
    held: list[_Open] = []
    warnings: list[tuple[str, int | None]] = []
    after_blank = True
    for number, raw_line in enumerate(lines, start=1):
        line = raw_line.strip()
        if not line:
            after_blank = True
            continue
        labelled = split_label(line, options)
        if is_silence(line) and labelled is None:
            held.append(_Open(None, None, number, [line]))
        elif labelled is not None:
            label, start, text = labelled
            held.append(_Open(label, start, number, [text] if text else []))
        elif seen[_DIGITS.sub("#", line)] >= _HEADER_TIMES:
            warnings.append(("a running header was dropped", number))
            continue  # a header amid an utterance does not end it
        elif held and held[-1].label is not None and not after_blank:
            held[-1].parts.append(line)
        else:
            warnings.append(("a line without a speaker was dropped as commentary", number))
            continue
        after_blank = False
    utterances = tuple(Utterance(o.label, " ".join(o.parts), o.start_s, None, o.line) for o in held)
    return RawTranscript(utterances, warnings=tuple(warnings))
