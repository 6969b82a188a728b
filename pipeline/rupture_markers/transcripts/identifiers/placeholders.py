"""Placeholders of de-identified transcripts: ``[NAME]``, ``<City>``, ``XXX``, ``Mr. A``, ``[DATE]``, ``PERSON1``."""

from __future__ import annotations

import re

from rupture_markers.transcripts.identifiers.word_lists import words

BLANK = "\ue000"
"""Stands for every character of a placeholder while a text is scanned; a private character, so no pattern knows it."""

_BRACKETED = re.compile(
    r"\[[^\[\]\n]{1,60}\]|<[^<>\n]{1,60}>|\{\{?[^{}\n]{1,60}\}\}?|\([^()\n]{1,60}\)|\*{1,2}[^*\n]{1,40}\*{1,2}"
)
_WORDS = words("placeholder_words")
_PART = re.compile(r"[A-Za-z]+(?:['’/-][A-Za-z]+)*|\d+")
_TEMPLATE = re.compile(r"\{\{[A-Z_ ]{2,40}\}\}|\{[A-Z_]{3,40}\}")
_KIND = r"(?:NAME|PERSON|PER|CLIENT|PATIENT|THERAPIST|CITY|TOWN|PLACE|LOCATION|LOC|GPE|ORG|DATE|ADDRESS|PHONE|EMAIL|HOSPITAL|SCHOOL|SITE|AGE|URL|SPEAKER)"
_TOKEN = re.compile(
    rf"(?<![\w@])(?:[Xx]{{2,}}|_{{2,}}|\*{{2,}}|#{{2,}}|█+|{_KIND}(?:[ _-]?\d{{1,3}}|_[A-Z])"
    r"|(?:Person|Client|Patient|Speaker|Participant|Therapist) (?:\d{1,3}|[A-Z]))(?![\w@-])"
)
_INITIAL = re.compile(
    r"\b(?:Dr|Mr|Mrs|Ms|Miss|Mx|Prof|Professor|Doctor|Aunt|Auntie|Uncle|Nurse|Sister|Father)\.?\s[A-Z](?:\.|__+|--+|xx+)?"
    r"(?![\w'’])"
)
_DIGITS_OF_A_NUMBER = 3


def _is_placeholder(inner: str) -> bool:
    """Whether every word within brackets is one that names a kind of thing, a letter or a short number."""
    parts = [part for word in _PART.findall(inner.replace("_", " ")) for part in re.split(r"[/’'-]", word) if part]
    if not parts or re.search(r"[^\w\s'’/.,:#-]", inner):
        return False
    named = False
    for part in parts:
        if part.isdecimal():
            if len(part) > _DIGITS_OF_A_NUMBER:
                return False
        elif part.casefold() in _WORDS:
            named = True
        elif len(part) > 1:
            return False
    return named or len(inner.strip()) == 1


def placeholder_spans(text: str) -> list[tuple[int, int]]:
    """Half-open offsets of the placeholders of a text, in order of their kind of notation."""
    spans = [m.span() for m in _BRACKETED.finditer(text) if _is_placeholder(m.group()[1:-1].strip("{}[]<>*"))]
    spans += [m.span() for pattern in (_TOKEN, _TEMPLATE, _INITIAL) for m in pattern.finditer(text)]
    return spans


def masked(text: str) -> str:
    """The text with every placeholder blanked out, offsets kept."""
    spans = placeholder_spans(text)
    if not spans:
        return text
    characters = list(text)
    for start, end in spans:
        characters[start:end] = BLANK * (end - start)
    return "".join(characters)
