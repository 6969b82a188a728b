"""The scripted coder writes what the page writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rupture_markers.coding.adjudication_page import NO_MARKER, Outcome, read_outcome
from rupture_markers.coding.answer import read_answer
from rupture_markers.coding.scripted_coder import page_answer, verdict_answer
from rupture_markers.markers.codebook import load_codebook
from rupture_markers.markers.marker import Coding

TEXTS = ["Well.", "You never listen 😀", "I see.", "Fine, whatever.", "So?"]


def coding(place: int, *codes: str) -> Coding:
    return Coding("s", place, "ana", codes, significance=3)


def region(place: int, label: str) -> Mapping[str, Any]:
    return {"id": f"r{place}", "value": {"start": str(place), "end": str(place), "paragraphlabels": [label]}}


def test_each_suggestion_gets_a_verdict_and_each_coding_a_region() -> None:
    said = {1: coding(1, "C1", "C2"), 3: coding(3, "W2"), 4: coding(4, "W1")}
    suggested = [region(0, "R1"), region(1, "C1"), region(3, "W5")]
    found = read_answer(page_answer(TEXTS, said, suggested, reviewed=True))
    assert found.outcome == "markers_coded"
    assert found.unreadable == 0
    assert [(r.first, r.codes, r.origin, r.answers["review"]) for r in found.regions] == [
        (0, ("R1",), "prediction", "wrong"),
        (1, ("C1",), "prediction", "right"),
        (1, ("C2",), "manual", "mine"),
        (3, ("W2",), "prediction-changed", "changed"),
        (4, ("W1",), "manual", "mine"),
    ]
    assert [r.answers.get("significance") for r in found.regions] == [None, "3", "3", "3", "3"]
    assert found.regions[1].stop == len(TEXTS[1]) + 1  # the smile is two units in a browser


def test_a_blind_answer_has_no_verdicts_and_an_empty_one_says_so() -> None:
    blind = read_answer(page_answer(TEXTS, {1: coding(1, "C1")}, reviewed=False))
    assert "review" not in blind.regions[0].answers
    empty = read_answer(page_answer(TEXTS, {}, reviewed=False))
    assert (empty.outcome, empty.regions) == ("no_marker", ())


def test_a_referee_writes_what_the_adjudicators_page_writes() -> None:
    codebook = load_codebook(None)
    assert read_outcome(verdict_answer(("W2", "C1"), "edge case"), codebook, "client") == Outcome(
        ("W2", "C1"), "edge case"
    )
    assert read_outcome(verdict_answer((NO_MARKER,), "oversight"), codebook, "client") == Outcome((), "oversight")
