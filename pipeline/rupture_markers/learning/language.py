"""Whether a session is in the language that it says: told from the commonest words, without any model."""

from __future__ import annotations

import re

from rupture_markers.transcripts.transcript import Transcript

LEAST_WORDS = 40
"""Fewer words tell nothing."""
_ENOUGH = 600
"""So many words from the start of a session tell its language."""
LEAST_SHARE = 0.2
"""Of the words of English speech about half are among these; of other languages' words, few (docs/model.md)."""
_ENGLISH = frozenset((
    "the", "and", "to", "of", "a", "i", "you", "it", "that", "in", "is", "was", "for", "on", "are", "with", "as",
    "be", "this", "have", "but", "not", "they", "at", "so", "we", "what", "there", "can", "if", "or", "about", "my",
    "just", "do", "know", "like", "your", "one", "me", "all", "would", "don't", "i'm", "it's", "that's", "had",
    "when", "how", "up", "no", "out", "them", "he", "she", "his", "her", "their", "from", "an", "been", "were",
    "will", "has", "did", "get", "some", "because", "think", "really", "yeah", "yes", "okay", "well", "more",
    "going", "want", "then", "which", "who", "could", "very", "too", "our", "us", "am", "much", "see", "say",
    "time", "feel", "good", "any", "here", "where", "why", "than", "by", "only", "make", "things", "lot", "now",
    "im", "dont",
))  # fmt: skip
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")


def english_share(transcript: Transcript) -> float | None:
    """Share of a session's words that are common English ones; None below `LEAST_WORDS` words."""
    words: list[str] = []
    for turn in transcript.turns:
        if turn.speaker in ("client", "therapist"):
            words += _WORD.findall(turn.spoken.lower().replace("’", "'"))
            if len(words) >= _ENOUGH:
                break
    if len(words) < LEAST_WORDS:
        return None
    return sum(word in _ENGLISH for word in words) / len(words)


def sounds_like(language: str, transcript: Transcript) -> bool:
    """False only where the words speak against the language; English is all that is known."""
    share = english_share(transcript) if language == "en" else None
    return share is None or share >= LEAST_SHARE
