"""The controls of the coder's page: their names in results, what they ask, their answers and keys."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from rupture_markers.markers.codebook import Code

DIALOGUE = "dialogue"
"""Name of the dialogue: ``to_name`` of every result."""
CODES = "code"
"""Name of the labels: ``from_name`` of a region."""
MEMO = "memo"
"""Name of the memo of a region; beware, its text overwrites the region's."""


@dataclass(frozen=True, slots=True)
class Option:
    """One answer: as stored, as shown, and its key."""

    value: str
    shown: str
    key: str


@dataclass(frozen=True, slots=True)
class ChoiceControl:
    """A question with fixed answers.

    Attributes
    ----------
    name : str
        ``from_name`` in results.
    question : str
    options : tuple of Option
    required : str
        What the page says where it was not answered; empty where it need not be.
    """

    name: str
    question: str
    options: tuple[Option, ...]
    required: str = ""

    @property
    def values(self) -> tuple[str, ...]:
        """Answers as they stand in results."""
        return tuple(option.value for option in self.options)

    def with_codes(self, codes: Iterable[Code]) -> ChoiceControl:
        """Return the question with these codes as its answers; the key is the code's own, with Shift+Alt."""
        return replace(self, options=tuple(Option(c.id, c.id, f"shift+alt+{c.hotkey}") for c in codes))


@dataclass(frozen=True, slots=True)
class SessionRating:
    """A rating of the whole session, 1 to 5; its key raises it by one."""

    name: str
    question: str
    key: str


OUTCOME = ChoiceControl(
    "outcome",
    "Whole segment",
    (
        Option("markers_coded", "markers coded", "shift+d"),
        Option("no_marker", "no marker here", "shift+o"),
        Option("not_codable", "not codable from this transcript", "shift+z"),
    ),
    "How did the segment end? Shift+D markers coded, Shift+O no marker here, Shift+Z not codable.",
)
OUTCOMES = OUTCOME.values

REVIEW = ChoiceControl(
    "review",
    "The suggestion is",
    (
        Option("right", "right", "shift+r"),
        Option("changed", "changed by me", "shift+c"),
        Option("wrong", "wrong", "shift+x"),
        Option("mine", "not one: my own", "shift+m"),
    ),
    "Say of every marker whether it was suggested rightly: Shift+R right, Shift+C changed, Shift+X wrong, "
    "Shift+M mine.",
)
SIGNIFICANCE = ChoiceControl(
    "significance",
    "Significance of this turn",
    (
        Option("1", "1 barely", "shift+1"),
        Option("2", "2 minor", "shift+2"),
        Option("3", "3 clear", "shift+3"),
        Option("4", "4 strong", "shift+4"),
        Option("5", "5 severe", "shift+5"),
    ),
)
CERTAINTY = ChoiceControl(
    "certainty",
    "Certainty",
    (
        Option("sure", "sure", "shift+q"),
        Option("fairly", "fairly sure", "shift+w"),
        Option("guess", "a guess", "shift+e"),
    ),
)
CERTAINTY_AS_NUMBER = {"sure": 0.95, "fairly": 0.75, "guess": 0.5}
"""How sure a coder is that a trained coder would agree, as ``Coding.certainty`` holds it (our convention)."""

STRAIN = ChoiceControl(
    "strain",
    "The strain is about (optional)",
    (
        Option("goal", "goal", "shift+g"),
        Option("task", "task", "shift+t"),
        Option("bond", "bond", "shift+b"),
        Option("unclear", "unclear", "shift+u"),
    ),
)
"""After Bordin (1979): goals, tasks and bond of the working alliance."""

ANSWERS = ChoiceControl("answers", "Repair: answers the marker", ())
RETURNED = ChoiceControl(
    "collaboration",
    "Repair: collaboration returned",
    (
        Option("yes", "yes", "shift+y"),
        Option("partly", "partly", "shift+p"),
        Option("no", "no", "shift+n"),
        Option("cannot_tell", "cannot tell", "shift+k"),
    ),
)

SESSION_RATINGS = (
    SessionRating("session_withdrawal", "Withdrawal", "shift+6"),
    SessionRating("session_confrontation", "Confrontation", "shift+7"),
    SessionRating("session_resolution", "Extent of resolution", "shift+8"),
    SessionRating("session_contribution", "Therapist's contribution", "shift+9"),
)

REGION_CONTROLS = (REVIEW, SIGNIFICANCE, CERTAINTY, STRAIN, ANSWERS, RETURNED)


def shown_key(key: str) -> str:
    """Write a key as the page shows it: ``⇧3`` for ``shift+3``."""
    *modifiers, last = key.split("+")
    signs = {"shift": "⇧", "alt": "⌥", "ctrl": "Ctrl+"}
    return "".join(signs[m] for m in modifiers) + last.upper()
