from __future__ import annotations

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer

from rupture_markers.learning.terms import (
    CHARACTERS,
    LEAST_CASES,
    LONGEST_WORD,
    TermCounter,
    choose_vocabulary,
    count_sorted,
    tokens,
)


@given(st.lists(st.text(alphabet="abcd ", max_size=30), min_size=1, max_size=6))
@example(["a" * (LONGEST_WORD + 1)])
def test_character_terms_are_those_of_scikit_learn(texts: list[str]) -> None:
    counts, _, terms = count_sorted(texts)
    totals = dict(zip(terms.tolist(), np.asarray(counts.sum(axis=0)).ravel(), strict=True))
    ours = {t[len(CHARACTERS) :]: int(n) for t, n in totals.items() if t.startswith(CHARACTERS)}
    if not any(text.strip() for text in texts):
        assert not ours
        return
    vectoriser = CountVectorizer(analyzer="char_wb", ngram_range=(3, 5))
    cut = [" ".join(word[:LONGEST_WORD] for word in text.split()) for text in texts]
    theirs = np.asarray(vectoriser.fit_transform(cut).sum(axis=0)).ravel()
    # scikit-learn counts a word shorter than the n-gram once, padded, whatever its length.
    expected = {t: int(n) for t, n in zip(vectoriser.get_feature_names_out(), theirs, strict=True) if len(t) >= 3}
    assert ours == expected


def test_vocabulary_holds_no_term_of_fewer_than_three_cases() -> None:
    texts = ["anna left", "anna left", "anna stayed left", "we left", "they left"]
    cases = np.array([0, 0, 0, 1, 2])
    counts, _, terms = count_sorted(texts)
    vocabulary, _ = choose_vocabulary(counts, terms, cases, most_words=100, most_characters=100)
    assert set(vocabulary.terms.tolist()) >= {"w left"}
    assert not [t for t in vocabulary.terms.tolist() if "ann" in t]
    spread = {
        t: {c for c, x in zip(cases, texts, strict=True) if t[2:].strip() in x} for t in vocabulary.terms.tolist()
    }
    assert all(len(found) >= LEAST_CASES for found in spread.values())


def test_fixed_vocabulary_gives_the_same_counts_as_the_open_one() -> None:
    texts = ["I don't know, maybe.", "Don't ask me that again!", ""]
    counts, words, terms = count_sorted(texts)
    again, words_again = TermCounter([str(t) for t in terms]).count(texts)
    assert np.array_equal(counts.toarray(), again.toarray())
    assert words.tolist() == words_again.tolist() == [4, 5, 0]


def test_numbers_lose_their_digits() -> None:
    assert tokens("Call 0171 or A12b, it's 5pm") == ["call", "0", "or", "0", "it's", "0"]
