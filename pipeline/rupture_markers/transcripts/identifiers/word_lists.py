"""The lists that stand in ``words/``: given names, surnames, towns, and the words with a capital that are neither."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

_WORDS = files("rupture_markers.transcripts.identifiers") / "words"


def _lines(name: str) -> list[str]:
    text = (_WORDS / f"{name}.txt").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


@cache
def words(name: str) -> frozenset[str]:
    """Words of a list, in lower case: ``given_names``, ``ambiguous_names``, ``surnames``, ``proper_words``."""
    return frozenset(word for line in _lines(name) for word in line.casefold().split())


@cache
def towns(name: str) -> frozenset[str]:
    """Names of towns, in lower case, of one or more words: ``places``, ``ambiguous_places``."""
    return frozenset(place.strip() for line in _lines(name) for place in line.casefold().split("|") if place.strip())


@cache
def nicknames() -> dict[str, frozenset[str]]:
    """For each name, the names that the same person may go by."""
    out: dict[str, set[str]] = {}
    for line in _lines("nicknames"):
        group = set(line.casefold().split())
        for name in group:
            out.setdefault(name, set()).update(group)
    return {name: frozenset(group) for name, group in out.items()}
