from __future__ import annotations

import numpy as np

from rupture_markers.learning.audit import audit_model, audit_terms, read_allowed
from rupture_markers.learning.denied_terms import is_denied
from rupture_markers.learning.registry import model_folder


def flagged(*terms: str) -> dict[str, str]:
    return {flag.word: flag.kind for flag in audit_terms(terms, {}).flags}


def test_names_places_numbers_and_dates_are_flagged_in_words_and_pairs() -> None:
    assert flagged("w emily", "p in london", "w monday", "w 1987", "p my emily's", "w chair") == {
        "emily": "name", "london": "place", "monday": "date", "1987": "number",
    }  # fmt: skip


def test_a_piece_of_an_ordinary_word_is_no_name() -> None:
    assert flagged("c ella", "w umbrella") == {}
    assert flagged("c ella") == {"ella": "name"}
    assert flagged("c  bob ", "c bob") == {"bob": "name"}


def test_an_allowance_is_by_word_and_only_what_has_none_is_left() -> None:
    found = audit_terms(["w will", "p will you", "w emily"], {"will": "the modal verb"})
    assert [flag.word for flag in found.not_allowed] == ["emily"]
    assert {flag.word: flag.reason for flag in found.flags}["will"] == "the modal verb"


def test_denied_words_take_their_pairs_and_pieces_with_them() -> None:
    terms = np.array(["w sarah", "w sarah's", "p with sarah", "c sara", "c arah ", "w sad", "c sad", "c a s"])
    assert is_denied(terms).tolist() == [True, True, True, True, True, False, False, False]


def test_every_flagged_word_of_the_shipped_model_is_allowed_with_a_reason() -> None:
    found = audit_model("baseline")
    assert len(found.terms) > 1000
    assert [flag.word for flag in found.not_allowed] == []
    assert all(len(reason.split()) >= 2 for reason in read_allowed(model_folder("baseline")).values())
