"""Spoken numbers as digits, with the way back: 'five five five, oh one' reads as '5 5 5, 01'."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

_UNITS = {
    w: i for i, w in enumerate(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"])
} | {
    "nought": 0,
    "naught": 0,
}
_TEENS = {
    w: i
    for i, w in enumerate(
        ["ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"],
        start=10,
    )
}
_TENS = {
    w: 10 * i
    for i, w in enumerate(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], start=2)
} | {"fourty": 40}
_ORDINALS = {
    w: i
    for i, w in enumerate(
        [
            "first",
            "second",
            "third",
            "fourth",
            "fifth",
            "sixth",
            "seventh",
            "eighth",
            "ninth",
            "tenth",
            "eleventh",
            "twelfth",
            "thirteenth",
            "fourteenth",
            "fifteenth",
            "sixteenth",
            "seventeenth",
            "eighteenth",
            "nineteenth",
            "twentieth",
        ],
        start=1,
    )
} | {
    "thirtieth": 30,
    "fortieth": 40,
    "fiftieth": 50,
    "sixtieth": 60,
    "seventieth": 70,
    "eightieth": 80,
    "ninetieth": 90,
    "hundredth": 100,
}
_REPEATS = {"double": 2, "triple": 3, "treble": 3, "quadruple": 4}
_SIGNS = {"dash": "-", "hyphen": "-", "minus": "-", "slash": "/", "stroke": "/", "dot": ".", "plus": "+"}
_FILLERS = frozenset({"um", "uh", "er", "erm", "uhm"})
_WORD = re.compile(r"[A-Za-z]+")
_ANY = re.compile(
    r"\b(?:" + "|".join([*_UNITS, *_TEENS, *_TENS, *_ORDINALS, *_REPEATS, *_SIGNS, "hundred", "thousand"]) + r")\b",
    re.IGNORECASE,
)
_JOIN = re.compile(r"[ \u2010-]\Z")


class _Small(NamedTuple):
    """A number below a hundred: its digits, whether it is an ordinal, and the token after it."""

    value: int
    ordinal: bool
    after: int


@dataclass(frozen=True, slots=True)
class NumeralView:
    """A text with its spoken numbers as digits.

    Attributes
    ----------
    text : str
    """

    text: str
    _starts: tuple[int, ...] | None = None
    _ends: tuple[int, ...] | None = None

    def source(self, start: int, end: int) -> tuple[int, int]:
        """Half-open offsets in the text it was made of."""
        if self._starts is None or self._ends is None or start == end:
            return start, end
        return self._starts[start], self._ends[end - 1]


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = list(_WORD.finditer(text))
        self.words = [m.group().casefold() for m in self.tokens]

    def joined(self, i: int) -> bool:
        """Whether token i follows the one before by one space or hyphen."""
        return 0 < i < len(self.tokens) and bool(
            _JOIN.match(self.text[self.tokens[i - 1].end() : self.tokens[i].start()])
        )

    def near(self, i: int) -> bool:
        """Whether token i follows the one before by a space, a comma or both."""
        return 0 < i < len(self.tokens) and self.text[self.tokens[i - 1].end() : self.tokens[i].start()] in {
            " ",
            ", ",
            "-",
            ",",
        }

    def small(self, i: int) -> _Small | None:
        if i >= len(self.words):
            return None
        word = self.words[i]
        if word in _TENS:
            following = self.words[i + 1] if self.joined(i + 1) else ""
            if _UNITS.get(following):
                return _Small(_TENS[word] + _UNITS[following], False, i + 2)
            if following in _ORDINALS and _ORDINALS[following] < 10:
                return _Small(_TENS[word] + _ORDINALS[following], True, i + 2)
            return _Small(_TENS[word], False, i + 1)
        if word in _UNITS or word in _TEENS:
            return _Small(_UNITS.get(word, _TEENS.get(word, 0)), False, i + 1)
        return _Small(_ORDINALS[word], True, i + 1) if word in _ORDINALS else None

    def rest(self, i: int) -> _Small | None:
        """Number below a hundred after 'hundred' or 'thousand', with or without 'and'."""
        if i < len(self.words) and self.words[i] == "and" and self.joined(i):
            return self.small(i + 1) if self.joined(i + 1) else None
        return self.small(i) if self.joined(i) else None

    def number(self, i: int) -> tuple[str, int] | None:
        """Digits of the number that begins at token i, and the token after it."""
        word = self.words[i]
        if word in _REPEATS:
            following = self.words[i + 1] if i + 1 < len(self.words) else ""
            digit = "0" if following in {"oh", "o"} else str(_UNITS[following]) if following in _UNITS else None
            return None if digit is None or not self.near(i + 1) else (digit * _REPEATS[word], i + 2)
        if word in {"oh", "o"}:
            return self.nought(i)
        if word == "a" and i + 1 < len(self.words) and self.words[i + 1] == "hundred" and self.joined(i + 1):
            return self.scaled(_Small(1, False, i + 1))
        found = self.small(i)
        if found is None:
            return None
        return (_written(found), found.after) if found.ordinal else self.scaled(found)

    def scaled(self, head: _Small) -> tuple[str, int]:
        """Hundreds and thousands behind a number."""
        value, after = head.value, head.after
        scale = {"hundred": 100, "thousand": 1000}.get(self.words[after]) if self.joined(after) else None
        if scale is None or not value:
            return str(value), after
        value, after = value * scale, after + 1
        more = self.rest(after)
        if more is not None and (scale == 100 or head.value <= 2):
            return _written(_Small(value + more.value, more.ordinal, more.after)), more.after
        return str(value), after

    def nought(self, i: int) -> tuple[str, int] | None:
        """'Oh' beside another number is a nought."""
        signed = (self.near(i + 1) and self.words[i + 1] in _SIGNS) or (self.near(i) and self.words[i - 1] in _SIGNS)
        following = self.small(i + 1) if self.near(i + 1) else None
        if following is not None and not following.ordinal:
            if following.value < 10 and self.joined(i + 1):
                return f"0{following.value}", following.after
            return "0", i + 1
        beside = self.near(i) and (
            self.words[i - 1] in _UNITS or self.words[i - 1] in _TENS or self.words[i - 1] in {"oh", "o"}
        )
        repeated = self.near(i + 1) and (self.words[i + 1] in {"oh", "o"} or self.words[i + 1] in _REPEATS)
        return ("0", i + 1) if beside or repeated or signed else None


def _written(number: _Small) -> str:
    if not number.ordinal:
        return str(number.value)
    teen = number.value % 100 in {11, 12, 13}
    ending = "th" if teen else {1: "st", 2: "nd", 3: "rd"}.get(number.value % 10, "th")
    return f"{number.value}{ending}"


def numeral_view(text: str) -> NumeralView:
    """Spoken numbers, ordinals ('3rd'), signs ('dash') and 'double five' as digits; fillers between them left out.

    Parameters
    ----------
    text : str
        English.
    """
    if _ANY.search(text) is None:
        return NumeralView(text)
    reader = _Reader(text)
    parts: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    at = i = 0
    while i < len(reader.tokens):
        word = reader.words[i]
        if word in _SIGNS:
            replaced: tuple[str, int] | None = (_SIGNS[word], i + 1)
        elif word in _FILLERS:
            replaced = ("", i + 1)
        else:
            replaced = reader.number(i)
        if replaced is None:
            i += 1
            continue
        digits, after = replaced
        start, end = reader.tokens[i].start(), reader.tokens[after - 1].end()
        parts += [text[at:start], digits]
        starts += [*range(at, start), *([start] * len(digits))]
        ends += [*range(at + 1, start + 1), *([end] * len(digits))]
        at, i = end, after
    parts.append(text[at:])
    starts += range(at, len(text))
    ends += range(at + 1, len(text) + 1)
    return NumeralView("".join(parts), tuple(starts), tuple(ends))
