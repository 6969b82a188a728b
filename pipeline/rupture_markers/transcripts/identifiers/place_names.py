"""Cities and smaller places: a list of towns, and the words that places stand beside. States and countries pass."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from rupture_markers.transcripts.identifiers.finding import Hit
from rupture_markers.transcripts.identifiers.word_lists import towns, words

_WORD = re.compile(r"[^\W\d_][\w.'’-]*")
_CAPS = r"(?:[A-Z][\w'’-]{1,25}|St\.)(?: (?:of |the |upon |on |le |in )?[A-Z][\w'’-]{1,25}){0,3}"
_KINDS_OF_PLACE = (
    r"(?:Hospital|School|University|College|Clinic|Church|County|Village|Prison|Airport|Academy|Infirmary|Surgery|Park|Primary|Elementary"
    r"|Station|Cathedral|Hospice|Bridge|Valley|Heights|Estate|Beach|Island|Lake|River|Falls|Creek|Mosque|Synagogue|Temple|Jail|Rehab"
    r"|Borough|Township|Medical Center|Medical Centre|Health Center|Health Centre|Community Center|Community Centre|Middle School|High School)"
)
_INSTITUTION = re.compile(
    rf"\b(?:the )?({_CAPS}(?:['’]s)? (?:General |Memorial |Regional |State |High |Community |Royal )*{_KINDS_OF_PLACE})\b"
)
_OF = re.compile(
    rf"\b((?:University|College|Church|City|Town|Port|Mount|Lake|Isle|Village|Hospital|Borough) (?:of )?{_CAPS})"
)
_SAINT = re.compile(r"\b(St\.? [A-Z][\w’'-]+(?:['’]s)?(?: (?:Hospital|School|Church|College|Primary|High))?)")
_LIVES = re.compile(
    rf"\b(?:grew up|grow up|lives?|lived|living|moved|moving|moves?|born|raised|stay(?:ed|ing|s)?|commut\w+|driv\w+|drove|flew|train|bus|relocated|settled|based|house|flat|place|home|work(?:s|ed|ing)?|stationed"
    rf"|went|going|go|back|up|down|over|out|far|near|downtown|around|outside|holiday|weekend|originally|come|comes|came|is|are|'s|was)(?: \w+)? (?:in|to|from|near|at|around|outside|into|through|of) ({_CAPS})"
)
_TRAIN = re.compile(rf"\b(?:train|bus|flight|plane|drive|road|trip|way|taxi|coach) (?:from|to|through|into) ({_CAPS})")
_NEAR = re.compile(
    r"\b(?:in|to|from|near|around|outside|downtown|of|through|into|across|leave|left|via|visit|visited|visiting)\s$"
)
_VILLAGE = re.compile(
    rf"\b(?:village|town|suburb|hamlet|city|area|neighbou?rhood|place)(?: that's| which is)? (?:called|named|of) ({_CAPS})"
)
_CAPITAL = re.compile(r"[^\W\d_a-z]")
_ENDING = re.compile(r"(?:['’]s)?[.'’-]*$")
_NOT_PLACES = words("proper_words") | words("no_places")


def _is_none(words_of: str) -> bool:
    return all(word.casefold().rstrip(".-'’") in _NOT_PLACES for word in _WORD.findall(words_of))


class PlaceScanner:
    """Finds places in the turns of one session.

    Parameters
    ----------
    lower_words : frozenset of str
        Words that stand in lower case somewhere in the session.
    """

    def __init__(self, lower_words: frozenset[str] = frozenset()) -> None:
        self._lower = lower_words

    def hits(self, text: str) -> Iterator[Hit]:
        """Places in one text, placeholders already blanked out."""
        yield from self._listed(text)
        if not _CAPITAL.search(text):
            return
        for pattern in (_INSTITUTION, _OF):
            for found in pattern.finditer(text):
                words_of = found[1].split()
                named = [w for w in words_of if w[:1].isupper()]
                if len(named) > 1 and not (_is_none(" ".join(named[:-1])) and _is_none(" ".join(named[1:]))):
                    yield Hit(*found.span(1), "place")
        for found in _SAINT.finditer(text):
            yield Hit(*found.span(1), "place")
        for pattern in (_LIVES, _TRAIN, _VILLAGE):
            for found in pattern.finditer(text):
                plain = found[1].casefold()
                if not _is_none(found[1]) and plain not in self._lower:
                    yield Hit(*found.span(1), "place")

    def _listed(self, text: str) -> Iterator[Hit]:
        """Towns of the list, the longest name that fits at each word."""
        low = text.islower()
        begins, ambiguous = _towns_by_first_word(), towns("ambiguous_places")
        for word in _WORD.finditer(text):
            if not (low or word.group()[:1].isupper()):
                continue
            first = _ENDING.sub("", word.group().casefold())
            for name in begins.get(first, ()):
                end = word.start() + len(name)
                if text[word.start() : end].casefold() == name and not text[end : end + 1].isalnum():
                    yield Hit(word.start(), end, "place")
                    break
            else:
                if first in ambiguous and not low and _NEAR.search(text[max(0, word.start() - 10) : word.start()]):
                    yield Hit(word.start(), word.start() + len(first), "place")


@cache
def _towns_by_first_word() -> dict[str, tuple[str, ...]]:
    out: dict[str, list[str]] = {}
    for name in towns("places"):
        out.setdefault(name.split()[0].rstrip("."), []).append(name)
    return {first: tuple(sorted(names, key=len, reverse=True)) for first, names in out.items()}
