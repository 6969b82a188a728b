"""Events of transcription inside a turn's text: pauses, laughter, the other's back-channels."""

from __future__ import annotations

import re

from rupture_markers.transcripts.times import parse_time
from rupture_markers.transcripts.transcript import Event, EventKind

_TAG = re.compile(r"\([^()\n]{1,60}\)|\[[^\[\]\n]{1,60}\]|\*[^*\n]{1,30}\*|<[^<>\n]{1,30}>|&=[a-z:]{2,30}")
_ACK_WORD = (
    r"(?:m+-?h+m+|mh+m*|mm+|hm+|uh-?huh|um-?hmm?|ah|oh|yeah|yes|yep|yup|right|ok|okay|sure|i see|alright|no)"
)
_ACK = re.compile(rf"^\W*{_ACK_WORD}(?:[\s,.!…-]+{_ACK_WORD}){{0,2}}\W*$", re.IGNORECASE)
_OTHER = re.compile(r"^[A-Za-z]{1,12} ?\d{0,4}\s*:\s*(.{1,40})$")
_PAUSE = re.compile(
    r"^(?:(?:very |short |brief |long |slight |small )*(?:pauses?|silence|silent)\b|pausing|p\s*:|\.{1,}$|…$"
    r"|\d+(?:\.\d+)?(?: ?s(?:ec(?:onds?)?)?\.?)?(?: (?:long )?(?:pause|silence))?\.?$)",
    re.IGNORECASE,
)
_SECONDS = re.compile(r"(\d{1,4}(?:\.\d{1,3})?)(?![\d:])")
_CLOCK = re.compile(r"\d{1,2}:\d{2}(?::\d{2})?(?:\.\d+)?")
_KINDS: tuple[tuple[EventKind, re.Pattern[str]], ...] = (
    ("laughter", re.compile(r"laugh|chuckl|giggl|snicker|^lol$|^haha", re.IGNORECASE)),
    ("sigh", re.compile(r"\bsigh|exhal|deep breath", re.IGNORECASE)),
    ("crosstalk", re.compile(r"cross-?talk|overlap|talking over|speaking over|simultaneous", re.IGNORECASE)),
    ("inaudible", re.compile(r"inaudible|unintelligible|indiscernible|indistinct|unclear", re.IGNORECASE)),
    (
        "sound",
        re.compile(
            r"^(?:\w+ )?(?:cough|cry|cries|weep|tear|sob|sniff|gasp|groan|moan|snort|clears? (?:her |his |their )?throat"
            r"|clicks? (?:her |his |their )?tongue|nods?|shrugs?|smiles?|music|noise|background|phone|door|yawn|whisper)",
            re.IGNORECASE,
        ),
    ),
)
_LONGEST_PAUSE_S = 600.0


def is_acknowledgement(text: str) -> bool:
    """Whether a text is one to three words such as 'Mm-hmm', 'yeah, right' and nothing else."""
    return len(text) <= 40 and _ACK.match(text) is not None


def _pause_seconds(inner: str) -> float | None:
    """Length of a pause where its tag tells it; a clock of ten minutes or more is a time stamp, not a length."""
    clock = _CLOCK.search(inner)
    if clock:
        seconds = parse_time(clock.group())
    else:
        number = _SECONDS.search(inner)
        seconds = float(number.group(1)) if number else None
    return seconds if seconds is not None and 0 < seconds < _LONGEST_PAUSE_S else None


def _event(tag: str, start: int, end: int) -> Event | None:
    inner = tag.strip("()[]*<>& =").strip()
    for kind, pattern in _KINDS:
        if pattern.search(inner):
            return Event(kind, start, end)
    if _PAUSE.match(inner):
        return Event("pause", start, end, _pause_seconds(inner))
    other = _OTHER.match(inner)
    if tag[0] in "([" and ((other and is_acknowledgement(other.group(1))) or is_acknowledgement(inner)):
        return Event("back_channel", start, end)
    return None


def find_events(text: str) -> tuple[Event, ...]:
    """Events of a turn's text in order, by their tags.

    A tag in round, square or pointed brackets, asterisks, or CHAT's ``&=`` form is an event where its words name one;
    any other (``[NAME]``, an aside in brackets) stays text. Bracketed acknowledgements ('(T: Mhm)', '(mhm)') are the
    other speaker's back-channels.

    Returns
    -------
    tuple of Event
        With half-open code-point offsets; ``seconds`` only where the tag tells them.
    """
    found = (_event(m.group(), m.start(), m.end()) for m in _TAG.finditer(text))
    return tuple(event for event in found if event is not None)


def is_silence(text: str) -> bool:
    """Whether a line holds pauses and nothing else."""
    events = find_events(text)
    if not events or any(event.kind != "pause" for event in events):
        return False
    rest = list(text)
    for event in events:
        rest[event.start : event.end] = " " * (event.end - event.start)
    return not "".join(rest).strip(" .\t")
