"""What was said: transcript, turn, event. Frozen, and the same whatever format they came from."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

Speaker = Literal["client", "therapist", "other", "nobody"]
"""Who holds a turn; ``nobody`` is a silence between turns, a unit of its own."""

EventKind = Literal["pause", "laughter", "sigh", "crosstalk", "inaudible", "back_channel", "sound"]
"""What happens in a turn beside the speaker's words; ``sound`` is any other tag of transcription."""

_WORD = re.compile(r"\w+(?:['’]\w+)*(?:-\w+)*")


@dataclass(frozen=True, slots=True)
class Event:
    """A pause, a laugh, the other's back-channel: part of the text, not of the speaker's words.

    Attributes
    ----------
    kind : EventKind
    start, end : int
        Half-open code-point offsets in the turn's text.
    seconds : float or None
        How long it lasted, where the transcript says so; None where it does not, never 0.
    """

    kind: EventKind
    start: int
    end: int
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """What one speaker says before the other does.

    Attributes
    ----------
    index : int
        Identity of the turn within its session, together with ``session_id``; it counts from 0.
    speaker : Speaker
    text : str
        As transcribed, tags of transcription included.
    start_s, end_s : float or None
        Seconds from the start of the recording; None where unknown, never 0.
    events : tuple of Event
        In the order of their offsets.
    back_channel : bool
        A line of its own ('Mm-hmm') while the other goes on; takes no floor.
    """

    index: int
    speaker: Speaker
    text: str
    start_s: float | None = None
    end_s: float | None = None
    events: tuple[Event, ...] = ()
    back_channel: bool = False

    @property
    def spoken(self) -> str:
        """The speaker's own words: the text with every event blanked out, offsets kept."""
        if not self.events:
            return self.text
        characters = list(self.text)
        for event in self.events:
            characters[event.start : event.end] = " " * (event.end - event.start)
        return "".join(characters)

    @property
    def words(self) -> list[str]:
        """Words of the speaker, events left out."""
        return _WORD.findall(self.spoken)


@dataclass(frozen=True, slots=True)
class ReadWarning:
    """Something odd that was kept as it was.

    Attributes
    ----------
    what : str
        What is odd, without a word of the transcript.
    line : int or None
        Line of the source file, counted from 1, where the format has lines.
    turn : int or None
        The turn that it became part of.
    """

    what: str
    line: int | None = None
    turn: int | None = None


_WRITTEN = re.compile(
    r"\b(?:chat|texts?|texting|typed|written|e-?mails?|sms|messag\w+|whatsapp|letters?|forum)\b", re.IGNORECASE
)
_SPOKEN = re.compile(r"\b(?:spoken|speech|voice|video|audio|phone|telephone|in person|face to face)\b", re.IGNORECASE)


def is_written(medium: str) -> bool:
    """Whether a medium, in the study's own words, is writing: 'text chat', 'e-mail', 'messages', not 'video chat'."""
    return _WRITTEN.search(medium) is not None and _SPOKEN.search(medium) is None


@dataclass(frozen=True, slots=True)
class Transcript:
    """One session.

    Attributes
    ----------
    session_id : str
    case_id : str
        The client or dyad: the unit of every split.
    turns : tuple of Turn
        In order; ``turns[i].index`` rises but need not start at 0 nor be without gaps.
    source_name : str
        Name of the file it came from.
    source_sha256 : str
        Of that file's bytes.
    medium : str
        ``spoken`` or ``text chat``, or what the study says.
    language : str
        ISO 639-1.
    session_number : int or None
    therapist_id : str or None
    groups : Mapping of str to str
        Further columns of sessions.csv.
    case_known : bool
        False where no sessions.csv names the case and the file stands for its own.
    warnings : tuple of ReadWarning
    """

    session_id: str
    case_id: str
    turns: tuple[Turn, ...]
    source_name: str = ""
    source_sha256: str = ""
    medium: str = "spoken"
    language: str = "en"
    session_number: int | None = None
    therapist_id: str | None = None
    groups: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    case_known: bool = True
    warnings: tuple[ReadWarning, ...] = ()

    def turn(self, index: int) -> Turn:
        """Return the turn of that index.

        Raises
        ------
        KeyError
            If the session has no such turn.
        """
        for turn in self.turns:
            if turn.index == index:
                return turn
        raise KeyError(index)

    @property
    def content_sha256(self) -> str:
        """Hash of what was said, by whom and when: it changes when any turn does, and with nothing else."""
        content = [
            [t.index, t.speaker, t.text, t.start_s, t.end_s, t.back_channel,
             [[e.kind, e.start, e.end, e.seconds] for e in t.events]]
            for t in self.turns
        ]  # fmt: skip
        packed = json.dumps([self.session_id, self.medium, self.language, content], ensure_ascii=False)
        return hashlib.sha256(packed.encode("utf-8", "surrogatepass")).hexdigest()

    def __reduce__(self) -> tuple[object, ...]:
        # A MappingProxyType cannot be sent to a worker process; rebuild it there.
        values = {name: getattr(self, name) for name in self.__slots__}
        values["groups"] = dict(self.groups)
        return _rebuild, (values,)


def _rebuild(values: dict[str, object]) -> Transcript:
    return Transcript(**values)  # type: ignore[arg-type]
