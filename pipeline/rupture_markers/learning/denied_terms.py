"""Words that may not enter a vocabulary, whatever they would tell: names of people above all."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from rupture_markers.markers.defaults import default_file

_FILE = "annotations/denied-terms.txt"
_LEAST_PIECE = 4
"""Pieces of a word shorter than this are in many words."""


@cache
def denied_words() -> frozenset[str]:
    """Words of ``annotations/denied-terms.txt``."""
    lines = default_file(_FILE).read_text(encoding="utf-8").splitlines()
    return frozenset(line.strip().lower() for line in lines if line.strip() and not line.startswith("#"))


def is_denied(terms: NDArray[np.str_]) -> NDArray[np.bool_]:
    """Whether each term holds a denied word, its possessive, or most of one as a piece."""
    denied = denied_words()
    return np.array([_holds(str(term), denied) for term in terms], dtype=np.bool_)


def _holds(term: str, denied: frozenset[str]) -> bool:
    if term.startswith("c "):
        piece = term[2:].strip()
        return len(piece) >= _LEAST_PIECE and any(piece in word for word in denied)
    return any(word.removesuffix("'s") in denied for word in term[2:].split())
