from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rupture_markers.errors import StudyError
from rupture_markers.learning.held_out import draw_held_out, held_out_cases, keep_held_out, read_held_out
from rupture_markers.learning.segment_score import SegmentScore
from rupture_markers.learning.selection import SelectionRule, select_segments

CASES = [f"case-{n:02}" for n in range(20)]


def scores(cases: list[str], each: int = 10) -> list[SegmentScore]:
    return [
        SegmentScore(f"{case}/{n}", f"{case}-s", case, "m", (n + 1) / (each + 1), expected_markers=(n + 1) / (each + 1))
        for case in cases
        for n in range(each)
    ]


@given(st.permutations(CASES), st.integers(0, 10**6))
def test_a_draw_depends_on_seed_and_cases_alone(order: list[str], seed: int) -> None:
    drawn = draw_held_out(order, 0.25, seed)
    assert drawn is not None
    assert drawn == draw_held_out(CASES, 0.25, seed)
    assert len(drawn.cases) == 5


def test_few_cases_or_a_share_of_nothing_hold_none_out() -> None:
    assert draw_held_out(CASES[:5], 0.25, 1) is None
    assert draw_held_out(CASES, 0.0, 1) is None


def test_it_is_drawn_once_from_cases_of_which_nothing_was_decided(tmp_path: Path) -> None:
    path = tmp_path / "work" / "held-out.json"
    assert held_out_cases(path, CASES[:5], (), 0.5, 1) == frozenset()
    first = held_out_cases(path, CASES, set(CASES[:10]), 0.5, 1)
    assert len(first) == 5
    assert not first & set(CASES[:10])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert held_out_cases(path, [*CASES, "another"], (), 0.9, 7) == first
    drawn = read_held_out(path)
    assert drawn is not None
    with pytest.raises(StudyError, match="already"):
        keep_held_out(path, drawn)


def test_a_damaged_draw_is_never_drawn_again(tmp_path: Path) -> None:
    path = tmp_path / "held-out.json"
    path.write_text("{")
    with pytest.raises(StudyError, match="damaged"):
        held_out_cases(path, CASES, (), 0.25, 1)


def test_no_score_has_a_say_in_a_held_out_case() -> None:
    held = CASES[:4]
    rule = SelectionRule(budget=0.5, uncertain=0.2, control=0.1, held_out=0.5)
    found = {d.segment_id: d for d in select_segments(scores(CASES), rule, held_out=held)}
    turned = [
        SegmentScore(s.segment_id, s.session_id, s.case_id, "m", 1 - (s.probability or 0), 1 - s.expected_markers)
        for s in scores(CASES)
    ]
    other = {d.segment_id: d for d in select_segments(turned, rule, held_out=held)}
    for name, decision in found.items():
        assert decision.held_out == (decision.case_id in held)
        if decision.held_out:
            assert decision.stratum in ("held_out", "rest")
            assert (decision.stratum == "held_out") == (decision.random_number < 0.5)
            assert decision.probability_of_selection == 0.5
            assert other[name].stratum == decision.stratum
        else:
            assert decision.stratum != "held_out"


def test_the_budget_counts_the_other_cases_alone_and_controls_stay_a_sample_of_all() -> None:
    rule = SelectionRule(budget=0.5, uncertain=0.0, control=0.2, held_out=0.0)
    found = select_segments(scores(CASES), rule, held_out=CASES[:4])
    assert sum(d.stratum == "likely" for d in found) == 80
    assert all(d.is_control == (d.random_number < 0.2) for d in found)


def test_a_new_round_selects_nothing_more_of_a_held_out_case_at_the_same_rate() -> None:
    rule = SelectionRule(budget=0.2, held_out=0.5)
    first = select_segments(scores(CASES), rule, held_out=CASES[:4])
    second = select_segments(scores(CASES), rule, decided=first, round_number=2, reopen=True, held_out=CASES[:4])
    again = [d for d in second if d.held_out]
    assert again
    assert all(d.stratum == "rest" and d.probability_of_selection == 0 for d in again)
    raised = SelectionRule(budget=0.2, held_out=0.75)
    third = select_segments(scores(CASES), raised, decided=first, round_number=2, reopen=True, held_out=CASES[:4])
    assert {d.probability_of_selection for d in third if d.held_out} == {0.5}


def test_in_whole_session_mode_every_segment_of_a_held_out_case_is_coded() -> None:
    rule = SelectionRule(mode="whole_session")
    found = select_segments(scores(CASES), rule, held_out=CASES[:4])
    assert {d.stratum for d in found} == {"whole_session"}
    assert sum(d.held_out for d in found) == 40
