"""Events of transcription inside a turn's text: pauses, laughter, the other's back-channels."""

from __future__ import annotations

import re

from rupture_markers.transcripts.times import parse_time
from rupture_markers.transcripts.transcript import Event, EventKind

_TAG = re.compile(r"\([^()\n]{1,60}\)|\[[^\[\]\n]{1,60}\]|\*[^*\n]{1,30}\*|<[^<>\n]{1,30}>|&=[a-z:]{2,30}")
_ACK_WORD = r"(?:m+-?h+m+|mh+m*|mm+|hm+|uh-?huh|um-?hmm?|ah|oh|yeah|yes|yep|yup|right|ok|okay|sure|i see|alright)"
_HUM = re.compile(r"^\W*(?:m+-?h+m+|mh+m*|mm+|hm+|uh-?huh|um-?hmm?)\W*$", re.IGNORECASE)
_ACK = re.compile(rf"^\W*{_ACK_WORD}(?:[\s,.!…-]+{_ACK_WORD}){{0,2}}\W*$", re.IGNORECASE)
_OTHER = re.compile(r"^(?:[A-Z]{1,3}|[A-Z][A-Za-z]{2,12}|client|therapist|patient) ?\d{0,4} ?: ?(\S.{0,50})$")
_PAUSE = re.compile(
    r"^(?:(?:very |short |brief |long |slight |small )*(?:pauses?|silence|silent)\b|pausing|p\s*:|\.{1,}$|…$"
    r"|(?:about |approx\.? |ca\.? )?(?:\d+(?:\.\d+)?|an?|one|two|three|four|five|six|ten)[ -]?"
    r"(?:s|secs?|seconds?|mins?|minutes?)\.?(?: (?:long |of )?(?:pauses?|silence|pass(?:es)?))?\.?$"
    r"|\d+\.\d+$|\d+ (?:long )?(?:pause|silence)|no (?:message|reply|answer|response) for\b)",
    re.IGNORECASE,
)
_LENGTH = re.compile(
    r"\b(\d{1,4}(?:\.\d{1,3})?|an?|one|two|three|four|five|six|ten)(?:[ -]?(s|secs?|seconds?|mins?|minutes?)\b)?",
    re.IGNORECASE,
)
_NUMBERS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "ten": 10}
_UNHEARD = re.compile(r"(?<![\w.])(?:xxx|yyy)(?![\w.])")
_CLOCK = re.compile(r"\d{1,2}:\d{2}(?::\d{2})?(?:\.\d+)?")
_KINDS: tuple[tuple[EventKind, re.Pattern[str]], ...] = (
    ("laughter", re.compile(r"laugh|chuckl|giggl|snicker|^lol$|^haha", re.IGNORECASE)),
    ("sigh", re.compile(r"\bsigh|exhal|deep breath", re.IGNORECASE)),
    ("crosstalk", re.compile(r"cross-?talk|overlap|talking over|speaking over|simultaneous", re.IGNORECASE)),
    ("inaudible", re.compile(r"inaudible|unintelligible|indiscernible|indistinct|unclear", re.IGNORECASE)),
    (
        "sound",
        re.compile(
            r"^(?:\w+ )?(?:cough|cry|cries|weep|tears?\b|tearful|sob|sniff|gasp|groan|moan|snort|scoff|blow|breath"
            r"|clears? (?:\w+ )?throat|clicks? (?:\w+ )?tongue|nods?\b|shrug|smil|music|noise|background"
            r"|phone|door|yawn|whisper|typing|voice|gestur|wipes?\b|taps?\b|chair|softly|quietly|louder|loudly"
            r"|foreign language|speaks|speaking|clap|ululat|has left the chat)",
            re.IGNORECASE,
        ),
    ),
)
_LONGEST_PAUSE_S = 600.0


def is_acknowledgement(text: str) -> bool:
    """Whether a text is one to three words such as 'Mm-hmm', 'yeah, right' and nothing else."""
    return len(text) <= 40 and _ACK.match(text) is not None


def is_hum(text: str) -> bool:
    """Whether a text is a hum ('mm-hmm', 'uh-huh'), which says neither yes nor no."""
    return len(text) <= 40 and _HUM.match(text) is not None


def _pause_seconds(inner: str) -> float | None:
    """Length of a pause where its tag tells it; ten minutes or more is a time stamp, not a length."""
    clock = _CLOCK.search(inner)
    seconds = parse_time(clock.group()) if clock else _told_length(inner)
    return seconds if seconds is not None and 0 < seconds < _LONGEST_PAUSE_S else None


def _told_length(inner: str) -> float | None:
    for length in _LENGTH.finditer(inner):
        number, unit = length.group(1).casefold(), (length.group(2) or "").casefold()
        if number in _NUMBERS and not unit:
            continue  # 'a pause' tells no length
        seconds = float(_NUMBERS.get(number, number))
        return seconds * 60 if unit.startswith("m") else seconds
    return None


def _event(tag: str, start: int, end: int) -> Event | None:
    inner = tag.strip("()[]*<>& =").strip()
    for kind, pattern in _KINDS:
        if pattern.search(inner):
            return Event(kind, start, end)
    if _PAUSE.match(inner):
        return Event("pause", start, end, _pause_seconds(inner))
    other = _OTHER.match(inner) if tag[0] in "([" else None
    if other is not None:
        return Event("back_channel" if is_acknowledgement(other.group(1)) else "crosstalk", start, end)
    if tag[0] in "([" and is_acknowledgement(inner):
        return Event("back_channel", start, end)
    return None


def find_events(text: str, *, chat: bool = False) -> tuple[Event, ...]:
    """Events of a turn's text in order, by their tags.

    A tag in round, square or pointed brackets, asterisks, or CHAT's ``&=`` form is an event where its words
    name one; any other (``[NAME]``, an aside in brackets) stays text. Bracketed acknowledgements ('(T: Mhm)',
    '(mhm)') are the other speaker's back-channels; longer words under another label ('(T: And then?)') are crosstalk.

    Parameters
    ----------
    text : str
    chat : bool
        Whether CHAT's ``xxx`` and ``yyy`` stand for what could not be heard.

    Returns
    -------
    tuple of Event
        With half-open code-point offsets; ``seconds`` only where the tag tells them.
    """
    tags = (_event(m.group(), m.start(), m.end()) for m in _TAG.finditer(text))
    found = [event for event in tags if event is not None]
    if chat:
        unheard = (Event("inaudible", m.start(), m.end()) for m in _UNHEARD.finditer(text))
        found = sorted(
            [*found, *(e for e in unheard if not any(f.start < e.end and e.start < f.end for f in found))],
            key=lambda event: event.start,
        )
    return tuple(found)


def is_silence(text: str) -> bool:
    """Whether a line holds pauses and nothing else."""
    events = find_events(text)
    if not events or any(event.kind != "pause" for event in events):
        return False
    rest = list(text)
    for event in events:
        rest[event.start : event.end] = " " * (event.end - event.start)
    return not "".join(rest).strip(" .\t")
