"""Counting many word lists over all turns of a session at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import spacy
from spacy.attrs import IS_PUNCT, IS_SPACE, IS_STOP, NORM
from spacy.strings import hash_string  # type: ignore[attr-defined]
from spacy.tokens import Doc

from rupture_markers.markers.phrases import teach_spellings, variants

FILLERS = ("um", "uh", "er", "erm", "uhm", "umm", "eh", "ehm")
_ENDS = (".", "?", "!", "...", "…", "?!", "..", "....", "!!", "??")
NEGATIONS = ("not", "no", "never", "none", "nothing", "without", "hardly", "neither", "nor")
_NEGATION_REACH = 4
_LONE_NT = re.compile(r"(?<!\w)n't\b")
_PAST_NOT = re.compile(r"\b(did|had) not\b", re.IGNORECASE)
_FACTOR = np.uint64(0x9E3779B97F4A7C15)

Counts = npt.NDArray[np.float32]
Ids = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class TurnCounts:
    """How often each list occurs in each turn, rows as the docs given, columns as `names`.

    Attributes
    ----------
    anywhere : array of float32, (n_turns, n_lists)
    opening : array of float32, (n_turns, n_lists)
        Within the first three words.
    last_sentence : array of float32, (n_turns, n_lists)
        Within the last sentence of the turn.
    tokens, fillers, sentences, repeats : array of float32, (n_turns,)
        Words as spaCy splits them ('don't' is two), fillers left out; fillers; sentences; words said twice running.
    content : tuple of frozenset of int
        Content words of each turn, as hashes.
    negated : tuple of frozenset of int
        Those of them with a negation within the four words before.
    """

    names: tuple[str, ...]
    anywhere: Counts
    opening: Counts
    last_sentence: Counts
    tokens: Counts
    fillers: Counts
    sentences: Counts
    repeats: Counts
    content: tuple[frozenset[int], ...]
    negated: tuple[frozenset[int], ...]

    def column(self, name: str) -> int:
        """Column of a list."""
        return _columns(self.names)[name]


@dataclass(frozen=True, slots=True)
class _Table:
    keys: Ids
    phrase: npt.NDArray[np.int64]
    lists: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]


class WordCounter:
    """Counts phrases of up to some length by their rolling hash; punctuation and fillers are passed over.

    Parameters
    ----------
    lists : Mapping of str to sequence of str
        Name -> phrases in the notation of `phrases.variants`.
    """

    def __init__(self, lists: Mapping[str, Sequence[str]]) -> None:
        self.names = tuple(lists)
        pipeline = spacy.blank("en")
        teach_spellings(pipeline)
        found: dict[int, dict[int, set[int]]] = {}
        for column, phrases in enumerate(lists.values()):
            for phrase in phrases:
                for reading in _with_contractions(variants(phrase)):
                    kept = _kept(_attributes(pipeline.make_doc(reading), [NORM, IS_PUNCT, IS_SPACE]))
                    if len(kept):
                        found.setdefault(len(kept), {}).setdefault(int(_rolled(kept, len(kept))[0]), set()).add(column)
        self._tables = {length: _table(rows) for length, rows in sorted(found.items())}

    def count(self, docs: Sequence[Doc]) -> TurnCounts:
        """Count every list in every doc (one doc a turn)."""
        shape = (len(docs), len(self.names))
        arrays = [_attributes(doc, [NORM, IS_PUNCT, IS_SPACE, IS_STOP]) for doc in docs]
        sizes = np.array([len(array) for array in arrays], dtype=np.int64)
        everything = np.concatenate(arrays) if arrays else np.zeros((0, 4), dtype=np.uint64)
        everything = everything.reshape(-1, 4)
        turn_of = np.repeat(np.arange(len(docs)), sizes)
        ids = everything[:, 0]
        is_end = np.isin(ids, _hashes(_ENDS))
        sentence: npt.NDArray[np.int64] = np.cumsum(is_end) - is_end
        is_word = (everything[:, 1] == 0) & (everything[:, 2] == 0)
        is_filler = is_word & np.isin(ids, _hashes(FILLERS))
        kept = is_word & ~is_filler
        word_ids, word_turn = ids[kept], turn_of[kept]
        word_sentence: npt.NDArray[np.int64] = sentence[kept]
        tokens = np.bincount(word_turn, minlength=len(docs))
        first = np.concatenate([[0], np.cumsum(tokens)[:-1]]) if len(docs) else np.zeros(0, dtype=np.int64)
        place = np.arange(len(word_ids)) - first[word_turn]
        last = np.full(len(docs), -1, dtype=np.int64)
        np.maximum.at(last, word_turn, word_sentence)
        in_last = word_sentence == last[word_turn]
        anywhere, opening, closing = (np.zeros(shape, dtype=np.float32) for _ in range(3))
        for length, table in self._tables.items():
            for position, columns in _hits(word_ids, word_turn, length, table):
                turns = word_turn[position]
                np.add.at(anywhere, (turns, columns), 1)
                early = place[position] < 3
                np.add.at(opening, (turns[early], columns[early]), 1)
                late = in_last[position]
                np.add.at(closing, (turns[late], columns[late]), 1)
        new_sentence = np.ones(len(word_ids), dtype=bool)
        new_sentence[1:] = (word_sentence[1:] != word_sentence[:-1]) | (word_turn[1:] != word_turn[:-1])
        twice = np.zeros(len(word_ids), dtype=bool)
        twice[1:] = (word_ids[1:] == word_ids[:-1]) & (word_turn[1:] == word_turn[:-1])
        is_content = kept & (everything[:, 3] == 0)
        negated = is_content[kept] & _just_before(np.isin(word_ids, _hashes(NEGATIONS)), word_turn)
        return TurnCounts(
            names=self.names,
            anywhere=anywhere,
            opening=opening,
            last_sentence=closing,
            tokens=tokens.astype(np.float32),
            fillers=_per_turn(turn_of[is_filler], len(docs)),
            sentences=_per_turn(word_turn[new_sentence], len(docs)),
            repeats=_per_turn(word_turn[twice], len(docs)),
            content=_sets(ids[is_content], turn_of[is_content], len(docs)),
            negated=_sets(word_ids[negated], word_turn[negated], len(docs)),
        )


def _with_contractions(readings: Sequence[str]) -> Iterator[str]:
    """Every reading, and as "didn't" what says 'did not': spaCy reads "didn't" as 'do not', "hadn't" as 'have not'.

    A lone "n't" is read as 'not', as it is in a text.
    """
    for reading in readings:
        whole = _LONE_NT.sub("not", reading)
        yield whole
        if _PAST_NOT.search(whole):
            yield _PAST_NOT.sub(r"\1n't", whole)


def _just_before(marks: npt.NDArray[np.bool_], turn_of: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Words with a marked one among the four before them in the same turn."""
    out = np.zeros(len(marks), dtype=bool)
    for back in range(1, _NEGATION_REACH + 1):
        out[back:] |= marks[:-back] & (turn_of[back:] == turn_of[:-back])
    return out


def _attributes(doc: Doc, names: list[int | str]) -> Ids:
    return np.asarray(doc.to_array(names), dtype=np.uint64)


def _kept(array: npt.NDArray[np.uint64]) -> Ids:
    rows = array.reshape(-1, 3)
    kept: Ids = rows[(rows[:, 1] == 0) & (rows[:, 2] == 0) & ~np.isin(rows[:, 0], _hashes(FILLERS)), 0]
    return kept


@lru_cache(maxsize=8)
def _columns(names: tuple[str, ...]) -> dict[str, int]:
    return {name: column for column, name in enumerate(names)}


@lru_cache(maxsize=8)
def _hashes(words: tuple[str, ...]) -> Ids:
    return np.array([hash_string(word) for word in words], dtype=np.uint64)


def _rolled(ids: Ids, length: int) -> Ids:
    rolled: Ids = ids[: len(ids) - length + 1].copy()
    for step in range(1, length):
        rolled = rolled * _FACTOR + ids[step : len(ids) - length + 1 + step]
    return rolled


def _table(rows: Mapping[int, set[int]]) -> _Table:
    keys = sorted(rows)
    pairs = [(number, column) for number, key in enumerate(keys) for column in sorted(rows[key])]
    phrase = np.array([number for number, _ in pairs], dtype=np.int64)
    return _Table(
        keys=np.array(keys, dtype=np.uint64),
        phrase=phrase,
        lists=np.array([column for _, column in pairs], dtype=np.int64),
        starts=np.searchsorted(phrase, np.arange(len(keys) + 1)),
    )


def _hits(
    ids: Ids, turn_of: npt.NDArray[np.int64], length: int, table: _Table
) -> list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """Word positions and list columns of the phrases of one length that stand within one turn."""
    if len(ids) < length:
        return []
    rolled = _rolled(ids, length)
    slot = np.searchsorted(table.keys, rolled)
    slot[slot == len(table.keys)] = 0
    at = np.flatnonzero((table.keys[slot] == rolled) & (turn_of[: len(rolled)] == turn_of[length - 1 :]))
    phrase = slot[at]
    found = []
    # A phrase may stand in several lists: take its first list, then its second ...
    rank = 0
    while len(at):
        more = table.starts[phrase] + rank < table.starts[phrase + 1]
        at, phrase = at[more], phrase[more]
        if len(at):
            found.append((at, table.lists[table.starts[phrase] + rank]))
        rank += 1
    return found


def _per_turn(turns: npt.NDArray[np.int64], size: int) -> Counts:
    return np.bincount(turns, minlength=size).astype(np.float32)


def _sets(ids: Ids, turns: npt.NDArray[np.int64], size: int) -> tuple[frozenset[int], ...]:
    bounds = np.searchsorted(turns, np.arange(size + 1)).tolist()
    words = ids.tolist()
    return tuple(frozenset(words[bounds[i] : bounds[i + 1]]) for i in range(size))
