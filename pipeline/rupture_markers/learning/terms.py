"""Words, word pairs and character n-grams of turns, and a vocabulary of those that enough cases use."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from rupture_markers.learning.denied_terms import is_denied

LEAST_CASES = 3
"""A term of fewer cases never enters a vocabulary: it could be a name, and it says nothing of other cases."""

_TOKEN = re.compile(r"[^\W_]+(?:'[^\W_]+)*|[?!]|\.\.+|--")
_MARKS = "?!.-"
LONGEST_WORD = 24
_LARGEST_CACHE = 200_000
_NUMBER = "0"
_DIGIT = re.compile(r"\d")
WORD, PAIR, CHARACTERS = "w ", "p ", "c "
"""Marks in front of a term that say what it is."""


def tokens(text: str) -> list[str]:
    """Lower-case words and the marks of question, exclamation, trailing off and cutting off; any number is '0'."""
    found = _TOKEN.findall(text.lower().replace("’", "'"))
    if not _DIGIT.search(text):
        return found
    return [_NUMBER if _DIGIT.search(token) else token for token in found]


def character_terms(token: str, shortest: int = 3, longest: int = 5) -> list[str]:
    """Character n-grams of a word with a space at either end, as scikit-learn's ``char_wb`` has them.

    Of a longer word, such as a drawn-out 'nooooo…', the first ``LONGEST_WORD`` characters count.
    """
    padded = f" {token[:LONGEST_WORD]} "
    return [
        CHARACTERS + padded[at : at + size]
        for size in range(shortest, longest + 1)
        for at in range(len(padded) - size + 1)
    ]


class TermCounter:
    """Counts terms of texts as rows of a sparse matrix.

    Parameters
    ----------
    terms : sequence of str, optional
        Columns, in order; without it, every term that is met gets one.
    characters : bool
        Whether character n-grams are counted beside words and pairs.
    """

    def __init__(self, terms: Sequence[str] | None = None, *, characters: bool = True) -> None:
        self._open = terms is None
        self._ids: dict[str, int] = {term: n for n, term in enumerate(terms or ())}
        self._characters = characters
        self._of_token: dict[str, tuple[int, ...]] = {}
        self._of_pair: dict[tuple[str, str], int] = {}

    def _id(self, term: str) -> int:
        found = self._ids.get(term)
        if found is None:
            if not self._open:
                return -1
            found = self._ids[term] = len(self._ids)
        return found

    def _token_ids(self, token: str) -> tuple[int, ...]:
        terms = [WORD + token]
        if self._characters and token[0].isalnum():
            terms += character_terms(token)
        ids = tuple(n for n in map(self._id, terms) if n >= 0)
        if len(self._of_token) > _LARGEST_CACHE:
            self._of_token.clear()
        self._of_token[token] = ids
        return ids

    def _pair_id(self, pair: tuple[str, str]) -> int:
        found = self._id(f"{PAIR}{pair[0]} {pair[1]}")
        if len(self._of_pair) > _LARGEST_CACHE:
            self._of_pair.clear()
        self._of_pair[pair] = found
        return found

    def count(self, texts: Iterable[str]) -> tuple[csr_matrix, NDArray[np.int64]]:
        """Count the terms of each text (float32, texts x terms), and its words, known or not (texts)."""
        columns: list[int] = []
        words: list[int] = []
        ends = [0]
        of_token, of_pair = self._of_token, self._of_pair
        for text in texts:
            before = ""
            said = tokens(text)
            words.append(len([token for token in said if token[0] not in _MARKS]))
            for token in said:
                ids = of_token.get(token)
                columns.extend(self._token_ids(token) if ids is None else ids)
                if before:
                    pair = of_pair.get((before, token))
                    if pair is None:
                        pair = self._pair_id((before, token))
                    if pair >= 0:
                        columns.append(pair)
                before = token
            ends.append(len(columns))
        ones = np.ones(len(columns), dtype=np.float32)
        shape = (len(ends) - 1, len(self._ids))
        counts = csr_matrix((ones, np.array(columns, dtype=np.int32), np.array(ends, dtype=np.int64)), shape=shape)
        counts.sum_duplicates()
        return counts, np.array(words, dtype=np.int64)

    @property
    def terms(self) -> tuple[str, ...]:
        """All columns in order."""
        return tuple(self._ids)


def count_sorted(
    texts: Iterable[str], *, characters: bool = True
) -> tuple[csr_matrix, NDArray[np.int64], NDArray[np.str_]]:
    """Count every term of the texts, columns in the order of the terms, whatever the order of the texts.

    Returns
    -------
    counts, words
        As `TermCounter.count` gives them.
    terms : array of str
    """
    counter = TermCounter(characters=characters)
    counts, words = counter.count(texts)
    terms = np.array(counter.terms, dtype=np.str_)
    order = np.argsort(terms, kind="stable")
    return counts[:, order].tocsr(), words, terms[order]


@dataclass(frozen=True)
class Vocabulary:
    """Terms with their inverse document frequencies, words and pairs first, then characters.

    Attributes
    ----------
    terms : array of str
    idf : array of float32
        log((1 + n) / (1 + df)) + 1 over the training turns, as scikit-learn's ``TfidfTransformer`` has it.
    words : int
        How many of the terms are words or pairs.
    """

    terms: NDArray[np.str_]
    idf: NDArray[np.float32]
    words: int

    def weigh(self, counts: csr_matrix) -> tuple[csr_matrix, csr_matrix]:
        """TF-IDF of words and of characters, each row of each of unit length; (texts x words, texts x characters)."""
        weighted = counts.astype(np.float32)
        weighted.data = (1.0 + np.log(weighted.data)) * self.idf[weighted.indices]
        weighted = weighted.tocsc()
        return unit_rows(weighted[:, : self.words].tocsr()), unit_rows(weighted[:, self.words :].tocsr())


def unit_rows(matrix: csr_matrix) -> csr_matrix:
    """Rows scaled to Euclidean length 1; empty rows stay empty."""
    lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())
    scaled = matrix.copy()
    scaled.data /= np.repeat(np.where(lengths > 0, lengths, 1.0), np.diff(matrix.indptr)).astype(np.float32)
    return scaled


def cases_of_terms(counts: csr_matrix, case_of_row: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many cases use each term (column of ``counts``)."""
    _, case_row = np.unique(case_of_row, return_inverse=True)
    ones = np.ones(len(case_row), dtype=np.float32)
    cases = csr_matrix((ones, (case_row, np.arange(len(case_row)))), shape=(case_row.max() + 1, len(case_row)))
    return np.asarray(((cases @ counts) > 0).sum(axis=0), dtype=np.int64).ravel()


def choose_vocabulary(
    counts: csr_matrix,
    terms: NDArray[np.str_],
    case_of_row: NDArray[np.int64],
    *,
    most_words: int,
    most_characters: int,
    least_cases: int = LEAST_CASES,
) -> tuple[Vocabulary, NDArray[np.int64]]:
    """Terms of the training turns that enough cases use, the most widely used first where there are too many.

    Parameters
    ----------
    counts : sparse matrix, training turns x terms
    case_of_row : array of int
        Which case each row is of.

    Returns
    -------
    Vocabulary
    array of int
        Columns of ``counts`` that its terms are.
    """
    case_count = cases_of_terms(counts, case_of_row)
    turn_count = np.asarray((counts > 0).sum(axis=0)).ravel()
    is_character = np.char.startswith(terms, CHARACTERS)
    used = np.flatnonzero(case_count >= least_cases)
    allowed = np.zeros(len(terms), dtype=np.bool_)
    allowed[used] = ~is_denied(terms[used])
    chosen = []
    for wanted, most in ((~is_character, most_words), (is_character, most_characters)):
        able = np.flatnonzero(wanted & allowed)
        by_use = able[np.argsort(-case_count[able], kind="stable")][:most]
        chosen.append(np.sort(by_use))
    columns = np.concatenate(chosen)
    idf = np.log((1 + counts.shape[0]) / (1 + turn_count[columns])) + 1
    return Vocabulary(terms[columns], idf.astype(np.float32), len(chosen[0])), columns
