"""The study's own list of names that must not leave: clients, staff and sites, in any spelling close to what it says."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from rupture_markers.transcripts.identifiers.finding import Hit
from rupture_markers.transcripts.identifiers.word_lists import nicknames, words

_TOKEN = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_LEAST_FUZZY = 5
_COMMON = words("usual_words")
_PARTICLES = frozenset({"the", "of", "and", "de", "van", "von", "der", "la", "le", "st", "dr", "mr", "mrs", "ms"})


def _plain(word: str) -> str:
    """A word without case, accents, hyphens and apostrophes."""
    letters = unicodedata.normalize("NFKD", word.casefold())
    return "".join(ch for ch in letters if ch.isalnum())


def _sound(word: str) -> str:
    """How a name sounds, roughly: spellings that differ in doubled letters, vowels and ph/f, c/k, y/i come together."""
    for old, new in (
        ("ph", "f"),
        ("gh", "g"),
        ("ck", "k"),
        ("c", "k"),
        ("q", "k"),
        ("z", "s"),
        ("y", "i"),
        ("j", "g"),
        ("w", "v"),
    ):
        word = word.replace(old, new)
    word = re.sub(r"(.)\1+", r"\1", word)
    return word[:1] + re.sub(r"[aeiouh]+", "", word[1:])


def _within_one(a: str, b: str) -> bool:
    """Whether one letter more, less, other or swapped with its neighbour makes one word the other."""
    if abs(len(a) - len(b)) > 1 or a == b:
        return a == b
    i = next((k for k, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    if len(a) == len(b):
        return a[i + 1 :] == b[i + 1 :] or (a[i : i + 2] == b[i : i + 2][::-1] and a[i + 2 :] == b[i + 2 :])
    longer, shorter = (a, b) if len(a) > len(b) else (b, a)
    return longer[i + 1 :] == shorter[i:]


@dataclass(frozen=True, slots=True)
class DenyList:
    """Names that must not leave, and their variants.

    Attributes
    ----------
    entries : tuple of str
        As the study's file gives them, one a line.
    """

    entries: tuple[str, ...] = ()
    _exact: frozenset[str] = field(default=frozenset(), repr=False)
    _common: frozenset[str] = field(default=frozenset(), repr=False)
    _fuzzy: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @property
    def sha256(self) -> str:
        """Of the entries; part of the key of what was scanned."""
        return hashlib.sha256("\n".join(self.entries).encode("utf-8", "surrogatepass")).hexdigest()

    def hits(self, text: str) -> Iterator[Hit]:
        """Words of a text that are a name of the list.

        A name in any case, with or without accents and hyphens, a nickname of it, or a spelling one letter away
        that sounds alike; a name that is an English word too only with a capital.
        """
        if not self.entries:
            return
        for token in _TOKEN.finditer(text):
            word = re.sub(r"['’]s$", "", token.group())
            if self._knows(word):
                yield Hit(token.start(), token.start() + len(word), "listed")
                continue
            at = token.start()
            for part in re.split(r"['’-]", word) if len(word) > 1 else ():
                if part != word and len(part) > 2 and self._knows(part):
                    yield Hit(at, at + len(part), "listed")
                at += len(part) + 1

    def _knows(self, word: str) -> bool:
        plain = _plain(word)
        if plain in self._exact:
            return plain not in self._common or word[:1].isupper()
        if len(plain) < _LEAST_FUZZY:
            return False
        sound = _sound(plain)
        return any(
            abs(len(name) - len(plain)) <= 2 and (_within_one(name, plain) or (heard == sound and name[0] == plain[0]))
            for name, heard in self._fuzzy
            if name[0] == plain[0] or heard[0] == sound[0]
        ) and (word[:1].isupper() or plain not in _COMMON)


def deny_list(lines: Iterable[str]) -> DenyList:
    """Make the list of a study's lines: a name a line, of one or more words; empty lines and ``#`` lines are passed over."""
    entries = tuple(line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#"))
    exact: set[str] = set()
    common: set[str] = set()
    fuzzy: dict[str, str] = {}
    other_words = words("ambiguous_names") | _COMMON
    for entry in entries:
        for token in _TOKEN.findall(entry):
            plain = _plain(token)
            if len(plain) < 2 or plain in _PARTICLES:
                continue
            variants = {plain} | {_plain(name) for name in nicknames().get(plain, ())}
            exact |= variants
            common |= {
                name for name in variants if name in other_words or len(name) <= 3 or entry.lower().startswith("the ")
            }
            if len(plain) >= _LEAST_FUZZY:
                fuzzy[plain] = _sound(plain)
    return DenyList(entries, frozenset(exact), frozenset(common), tuple(sorted(fuzzy.items())))
