"""Token patterns of cues: read as the tokens' norms, and the words that any match must hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rupture_markers.markers.phrases import CHAT_SPELLINGS

_TEXT_KEYS = ("NORM", "LOWER")


def by_norm(pattern: tuple[dict[str, Any], ...]) -> Iterator[dict[str, Any]]:
    """LOWER is read as NORM, so that chat spellings and curly apostrophes match as they do in phrases."""
    for token in pattern:
        yield {
            ("NORM" if key == "LOWER" else key): _normed(value) if key == "LOWER" else value
            for key, value in token.items()
        }


def _normed(value: Any) -> Any:
    if isinstance(value, str):
        return CHAT_SPELLINGS.get(value, _CONTRACTIONS.get(value, value))
    if isinstance(value, Mapping):
        return {key: [_normed(v) for v in item] if isinstance(item, list) else item for key, item in value.items()}
    return value


_CONTRACTIONS = {
    "n't": "not",
    "'re": "are",
    "'m": "am",
    "'ve": "have",
    "'ll": "will",
    "ca": "can",
    "wo": "will",
}


def anchor_of(pattern: tuple[dict[str, Any], ...]) -> frozenset[str]:
    """Words of which any match holds one: of the tokens that must stand, the one with fewest and longest."""
    sets = []
    for token in pattern:
        if token.get("OP", "1") not in ("1", "+", "{1}"):
            continue
        value = next((token[key] for key in _TEXT_KEYS if key in token), None)
        if isinstance(value, str):
            sets.append([value])
        elif isinstance(value, Mapping) and isinstance(value.get("IN"), list):
            sets.append([str(word) for word in value["IN"]])
    sets.sort(key=lambda words: (min(map(len, words)) < 4, len(words)))
    return frozenset(sets[0]) if sets else frozenset()
