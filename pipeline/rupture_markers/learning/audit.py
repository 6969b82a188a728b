"""Terms of a model's vocabulary that look like a name, a place, a number or a date, and who allowed them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from rupture_markers.errors import ModelError
from rupture_markers.learning.registry import load_model, model_folder
from rupture_markers.learning.terms import CHARACTERS
from rupture_markers.markers.defaults import default_file

ALLOWED_FILE = "allowed-terms.yaml"
Kind = Literal["name", "place", "number", "date"]
_WORDS_FILE = "annotations/audit-words.yaml"
_LEAST_PIECE = 4
_DIGIT = re.compile(r"\d")


class _Words(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    place: str
    number: str
    date: str


@dataclass(frozen=True)
class Flag:
    """A word that looks like something a vocabulary should not hold.

    Attributes
    ----------
    terms : tuple of str
        Terms that hold it: the word, pairs, pieces of words.
    reason : str
        Why it is allowed; empty where it is not.
    """

    word: str
    kind: Kind
    terms: tuple[str, ...]
    reason: str = ""


@dataclass(frozen=True)
class Audit:
    """All terms of a model and the flagged words."""

    model_id: str
    terms: tuple[str, ...]
    flags: tuple[Flag, ...]

    @property
    def not_allowed(self) -> tuple[Flag, ...]:
        """Flags without an allowance."""
        return tuple(flag for flag in self.flags if not flag.reason)

    def to_json(self, *, every: bool = False) -> dict[str, Any]:
        """For a script; ``every`` lists all terms."""
        flags = [
            {"word": f.word, "kind": f.kind, "terms": list(f.terms), "allowed_because": f.reason} for f in self.flags
        ]
        found: dict[str, Any] = {"model": self.model_id, "terms": len(self.terms), "flags": flags}
        return found | ({"every_term": list(self.terms)} if every else {})


@cache
def audit_words() -> Mapping[str, Kind]:
    """Words that are flagged, and what they look like; of two kinds, the first: name, place, number, date."""
    found = _Words.model_validate(yaml.safe_load(default_file(_WORDS_FILE).read_text(encoding="utf-8")))
    kinds: tuple[Kind, ...] = ("date", "number", "place", "name")
    return {word: kind for kind in kinds for word in getattr(found, kind).split()}


def audit_terms(terms: Sequence[str], allowed: Mapping[str, str], *, model_id: str = "") -> Audit:
    """Flag terms by word.

    A piece of a word (character n-gram) is flagged where it is a listed word of four letters or more, or stands with a
    space on either side, and no ordinary word of the vocabulary holds it: 'ella' out of 'umbrella' tells nobody's name.

    Parameters
    ----------
    terms : sequence of str
        As in ``Vocabulary.terms``, with the mark of what they are in front.
    allowed : Mapping of str to str
        Word -> reason.
    """
    listed = audit_words()
    held: dict[str, list[str]] = defaultdict(list)
    ordinary = " ".join(
        f" {word} " for term in terms if term.startswith("w ") for word in (term[2:],) if _kind(word, listed) is None
    )
    for term in terms:
        if term.startswith(CHARACTERS):
            piece = term[2:]
            word = piece.strip()
            whole = piece != word and piece.startswith(" ") and piece.endswith(" ")
            if word in listed and (whole or len(word) >= _LEAST_PIECE) and piece not in ordinary:
                held[word].append(term)
            continue
        for word in term[2:].split():
            if _kind(word, listed) is not None:
                held[word.removesuffix("'s")].append(term)
    flags = [
        Flag(word, _kind(word, listed) or "name", tuple(dict.fromkeys(found)), allowed.get(word, ""))
        for word, found in sorted(held.items())
    ]
    return Audit(model_id, tuple(terms), tuple(flags))


def _kind(word: str, listed: Mapping[str, Kind]) -> Kind | None:
    if _DIGIT.search(word):
        return "number"
    return listed.get(word.removesuffix("'s"))


def audit_model(ref: str | Path) -> Audit:
    """Audit a model by the allowances beside it.

    Raises
    ------
    ModelError
        If there is no such model, or its allowances are not a mapping of words to reasons.
    """
    loaded = load_model(ref)
    return audit_terms(vocabulary_terms(loaded.model), read_allowed(model_folder(ref)), model_id=loaded.id)


def vocabulary_terms(model: Any) -> list[str]:
    """Every term that a model's file holds, a lab's own part included."""
    own = getattr(model, "own", None)
    base = getattr(model, "base", model)
    terms = [str(term) for term in base.words.vocabulary.terms]
    if own is not None:
        terms += [str(term) for term in own.vocabulary.terms]
    return list(dict.fromkeys(terms))


def read_allowed(folder: Path) -> dict[str, str]:
    """Allowances beside a model, word -> reason; none where there is no such file."""
    path = folder / ALLOWED_FILE
    if not path.exists():
        return {}
    try:
        found = TypeAdapter(dict[str, dict[str, str]]).validate_python(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValidationError):
        raise ModelError(
            "the allowances cannot be read.", "Write 'reason:' and below it 'word: reason' lines.", path=path
        ) from None
    return {word: reason for group in found.values() for word, reason in group.items() if reason.strip()}
