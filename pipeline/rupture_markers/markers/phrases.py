"""The small notation in which phrases are written, and the chat spellings that are read as plain words."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spacy.language import Language

MOST_VARIANTS = 2000
"""A phrase that stands for more than this many is a mistake, not a phrase."""

_CHOICE = re.compile(r"\(([^()]*)\)")
_LOOSE_HYPHEN = re.compile(r"(?<!\w)-+|-+(?!\w)")

CHAT_SPELLINGS: dict[str, str] = {
    "u": "you", "ya": "you", "ur": "your", "r": "are", "s": "'s", "d": "'d", "m": "am", "ok": "okay", "k": "okay",
    "kk": "okay", "okey": "okay", "yea": "yeah", "yeh": "yeah", "ye": "yeah", "yh": "yeah", "yup": "yep",
    "cos": "because", "cuz": "because", "coz": "because", "bc": "because", "pls": "please", "plz": "please",
    "tho": "though", "rly": "really", "prob": "probably", "probs": "probably", "abt": "about", "wot": "what",
    "wat": "what", "thru": "through", "alright": "allright", "ppl": "people",
    "sth": "something", "summat": "something", "owt": "anything", "nowt": "nothing", "thx": "thanks",
    "ta": "thanks", "srsly": "seriously", "def": "definitely", "tbh": "honestly", "nope": "no", "nah": "no",
    "naw": "no", "mhm": "mm-hmm", "uhuh": "uh-huh", "apologize": "apologise",
    "realize": "realise", "favor": "favour", "counselor": "counsellor", "counseling": "counselling",
}  # fmt: skip
"""Spelling -> the word it is read as (its spaCy NORM); British and American forms fall together."""


def variants(phrase: str) -> tuple[str, ...]:
    """Spell out a phrase: ``(a|b)`` is a choice, ``(a|)`` may be left out, a comma may be missing or dots.

    Parameters
    ----------
    phrase : str
        Such as ``well, if you (say|think) so``.

    Returns
    -------
    tuple of str
        Every reading once, in a fixed order.

    Raises
    ------
    ValueError
        If a bracket is not closed, or the phrase stands for more than `MOST_VARIANTS` readings, or for nothing.

    Examples
    --------
    >>> variants("(I|we) see")
    ('I see', 'we see')
    >>> variants("yes, but")
    ('yes but', 'yes, but', 'yes... but', 'yes. but')
    """
    readings = [phrase]
    # Innermost choices first, so that a choice may stand within a choice.
    while any(_CHOICE.search(reading) for reading in readings):
        spread = [_spread(reading) for reading in readings]
        readings = list(dict.fromkeys(itertools.chain.from_iterable(spread)))
        if len(readings) > MOST_VARIANTS:
            raise ValueError(f"it stands for more than {MOST_VARIANTS} readings")
    if any(bracket in reading for reading in readings for bracket in "()|"):
        raise ValueError("a bracket is not closed")
    spelt = [" ".join(text.split()) for reading in readings for text in _commas(reading)]
    if not all(spelt):
        raise ValueError("one of its readings is empty")
    return tuple(dict.fromkeys(spelt))


def _spread(reading: str) -> list[str]:
    choice = _CHOICE.search(reading)
    if choice is None:
        return [reading]
    return [reading[: choice.start()] + option + reading[choice.end() :] for option in choice[1].split("|")]


def _commas(reading: str) -> Iterator[str]:
    parts = [part.strip() for part in reading.split(",")]
    between = (" ", ", ", "... ", ". ") if len(parts) == 2 else (" ", ", ")
    for joints in itertools.product(between, repeat=len(parts) - 1):
        yield parts[0] + "".join(joint + part for joint, part in zip(joints, parts[1:], strict=True))


def teach_spellings(pipeline: Language) -> None:
    """Give the pipeline's vocabulary the norms of `CHAT_SPELLINGS`, in whatever case."""
    for spelling, word in CHAT_SPELLINGS.items():
        for form in (spelling, spelling.capitalize(), spelling.upper()):
            pipeline.vocab[form].norm_ = word


def without_loose_hyphens(text: str) -> str:
    """Blank the hyphens of a cut-off ('-and then--'), offsets kept: spaCy would glue them to the word."""
    if "-" not in text:
        return text
    return _LOOSE_HYPHEN.sub(lambda found: " " * len(found[0]), text)
