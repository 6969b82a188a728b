"""What is selected, with which probability, and that it is decided once."""

from __future__ import annotations

import random
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from rupture_markers.errors import ConfigError, StudyError
from rupture_markers.learning.segment_score import SegmentScore, score_segment
from rupture_markers.learning.selection import (
    SegmentDecision,
    SelectionRule,
    append_decisions,
    current_decisions,
    read_decisions,
    select_segments,
)
from rupture_markers.transcripts.segments import Segment

chances = st.one_of(st.none(), st.integers(0, 100).map(lambda percent: percent / 100))
studies = st.lists(chances, max_size=60)
shares = st.integers(0, 20).map(lambda twentieth: twentieth / 20)


def scores(probabilities: list[float | None], start: int = 0) -> list[SegmentScore]:
    """Segments of one turn each."""
    return [
        SegmentScore(
            f"s{n:03}/0-19", f"s{n:03}", f"case-{n // 2}", "model-1", probability,
            expected_markers=probability or 0.0, spread=(probability or 0.0) * (1 - (probability or 0.0)),
        )
        for n, probability in enumerate(probabilities, start=start)
    ]  # fmt: skip


def strata(decisions: tuple[SegmentDecision, ...]) -> dict[str, str]:
    return {decision.segment_id: decision.stratum for decision in decisions}


@given(studies, st.integers(0, 99), st.randoms(use_true_random=False), shares, shares)
def test_the_order_of_segments_changes_nothing(
    probabilities: list[float | None], seed: int, shuffle: random.Random, budget: float, control: float
) -> None:
    rule = SelectionRule(budget=budget, control=control, seed=seed)
    ordered = scores(probabilities)
    shuffled = list(ordered)
    shuffle.shuffle(shuffled)
    assert select_segments(ordered, rule) == select_segments(shuffled, rule)


@given(studies, st.integers(0, 99), shares, shares)
def test_a_higher_control_rate_keeps_every_control_of_a_lower_one(
    probabilities: list[float | None], seed: int, one: float, other: float
) -> None:
    low, high = sorted((one, other))
    few = select_segments(scores(probabilities), SelectionRule(control=low, seed=seed))
    many = select_segments(scores(probabilities), SelectionRule(control=high, seed=seed))
    assert {d.segment_id for d in few if d.is_control} <= {d.segment_id for d in many if d.is_control}
    assert {d.segment_id for d in few if d.selected} <= {d.segment_id for d in many if d.selected}
    assert [d.stratum for d in few if d.flagged] == [d.stratum for d in many if d.flagged]


@given(studies, shares, shares, st.integers(0, 99))
def test_budget_and_uncertain_share_are_respected_and_the_likeliest_come_first(
    probabilities: list[float | None], budget: float, uncertain: float, seed: int
) -> None:
    rule = SelectionRule(budget=budget, uncertain=uncertain, seed=seed)
    decisions = select_segments(scores(probabilities), rule)
    likely = [d.score for d in decisions if d.stratum == "likely"]
    unsure = [d.score for d in decisions if d.stratum == "uncertain"]
    others = [d.score for d in decisions if not d.flagged and d.score is not None]
    scored = sum(p is not None for p in probabilities)
    assert len(likely) == min(scored, int(round(budget * 20) * len(probabilities) // 20))
    assert len(unsure) == min(scored - len(likely), int(round(uncertain * 20) * len(probabilities) // 20))
    assert None not in likely + unsure
    if likely and [*unsure, *others]:
        assert min(s for s in likely if s is not None) >= max(s for s in [*unsure, *others] if s is not None)
    if unsure and others:
        furthest = max(abs(s - 0.5) for s in unsure if s is not None)
        assert furthest <= min(abs(s - 0.5) for s in others) + 1e-9


@given(studies, shares)
def test_a_threshold_takes_all_that_reach_it(probabilities: list[float | None], threshold: float) -> None:
    decisions = select_segments(scores(probabilities), SelectionRule(budget=None, threshold=threshold))
    for decision in decisions:
        reached = decision.score is not None and decision.score >= threshold
        assert (decision.stratum == "likely") == reached


def test_segments_are_ranked_by_the_markers_expected_and_by_how_unsure_their_number_is() -> None:
    def segment(name: str, *chances: float) -> SegmentScore:
        nothing = [None] * len(chances)
        turns = tuple(range(len(chances)))
        said = SimpleNamespace(turns=turns, withdrawal=chances, confrontation=nothing, repair=nothing)
        return score_segment(Segment(name, "c", "turn bin", 0, 0, turns[-1], 0), said, "m")

    sure, many, open_, quiet = (
        segment("sure", 0.99), segment("many", *[0.2] * 10), segment("open", 0.5, 0.5), segment("quiet", *[0.05] * 10),
    )  # fmt: skip
    assert (sure.probability or 0) > (many.probability or 0)
    assert many.expected_markers == pytest.approx(2.0)
    assert many.spread == pytest.approx(1.6)
    first = select_segments([sure, many, open_, quiet], SelectionRule(budget=0.25, uncertain=0.25, control=0.0))
    assert {d.session_id: d.stratum for d in first if d.flagged} == {"many": "likely", "open": "uncertain"}
    assert {d.session_id: d.spread for d in first}["quiet"] == pytest.approx(10 * 0.05 * 0.95)
    bound = SelectionRule(budget=None, threshold=0.95, uncertain=0.25, control=0.0)
    second = select_segments([sure, many, open_, quiet], bound)
    assert {d.session_id: d.stratum for d in second if d.flagged} == {"sure": "likely", "many": "uncertain"}


@pytest.mark.parametrize("control", [0.05, 0.1, 0.5])
def test_a_segment_of_the_rest_is_selected_as_often_as_its_probability_says(control: float) -> None:
    probabilities: list[float | None] = [0.9, 0.5, 0.2, 0.1, None]
    seeds = 3000
    counts = dict.fromkeys((score.segment_id for score in scores(probabilities)), 0)
    controls = 0
    for seed in range(seeds):
        rule = SelectionRule(budget=0.2, uncertain=0.2, control=control, seed=seed)
        for decision in select_segments(scores(probabilities), rule):
            counts[decision.segment_id] += decision.selected
            controls += decision.is_control
            assert decision.probability_of_selection == (1.0 if decision.flagged else control)
    low, high = binom.ppf(1e-5, seeds, control), binom.ppf(1 - 1e-5, seeds, control)
    assert counts["s000/0-19"] == counts["s001/0-19"] == seeds
    for name in ("s002/0-19", "s003/0-19", "s004/0-19"):
        assert low <= counts[name] <= high
    total = seeds * len(probabilities)  # controls are a random sample of all segments, flagged ones too
    assert binom.ppf(1e-5, total, control) <= controls <= binom.ppf(1 - 1e-5, total, control)


def test_being_a_control_says_nothing_about_the_score() -> None:
    probabilities: list[float | None] = [n / 999 for n in range(1000)]
    decisions = select_segments(scores(probabilities), SelectionRule(budget=0.5, control=0.2))
    flagged = [d.is_control for d in decisions if d.flagged]
    rest = [d.is_control for d in decisions if not d.flagged]
    for group in (flagged, rest):
        assert binom.ppf(1e-5, len(group), 0.2) <= sum(group) <= binom.ppf(1 - 1e-5, len(group), 0.2)


@given(studies, studies, st.integers(0, 99))
def test_new_sessions_leave_earlier_decisions_as_they_are(
    first: list[float | None], later: list[float | None], seed: int
) -> None:
    rule = SelectionRule(seed=seed)
    old = select_segments(scores(first), rule)
    every = scores(first) + scores(later, start=len(first))
    other_rule = SelectionRule(budget=None, threshold=0.0, control=1.0, seed=seed + 1)
    new = select_segments(every, other_rule, decided=old)
    assert {d.segment_id for d in new} == {s.segment_id for s in every} - {d.segment_id for d in old}
    assert select_segments(every, other_rule, decided=old + new) == ()


@given(st.lists(st.integers(0, 7), max_size=15), shares)
def test_sessions_that_come_one_by_one_share_one_budget(sizes: list[int], budget: float) -> None:
    rule = SelectionRule(budget=budget, uncertain=0.0, control=0.0)
    log: tuple[SegmentDecision, ...] = ()
    for size in sizes:
        log += select_segments(scores([0.5] * size, start=len(log)), rule, decided=log)
    assert sum(d.stratum == "likely" for d in log) == round(budget * 20) * len(log) // 20


def test_a_count_is_a_budget_for_the_whole_round() -> None:
    rule = SelectionRule(budget=None, budget_count=3, uncertain=0.0, control=0.0)
    old = select_segments(scores([0.9, 0.8]), rule)
    new = select_segments(scores([0.7, 0.6, 0.5], start=2), rule, decided=old)
    assert list(strata(old + new).values()) == ["likely", "likely", "likely", "rest", "rest"]


def test_the_permanent_number_does_not_move_with_score_rule_or_round() -> None:
    first = select_segments(scores([0.1] * 50), SelectionRule(budget=0.0, control=0.1, seed=4))
    again = select_segments(
        scores([0.9] * 50),
        SelectionRule(budget=0.5, control=0.3, seed=99),
        decided=first,
        round_number=2,
        reopen=True,
    )
    numbers = {d.segment_id: d.random_number for d in first}
    assert again
    assert all(d.random_number == numbers[d.segment_id] for d in again)


def test_a_later_round_tries_the_rest_again_with_its_conditional_probability() -> None:
    probabilities: list[float | None] = [0.1] * 200
    selected = tried = 0
    for seed in range(40):
        first = select_segments(scores(probabilities), SelectionRule(budget=0.0, uncertain=0.0, control=0.1, seed=seed))
        second = select_segments(
            scores(probabilities),
            SelectionRule(budget=0.0, uncertain=0.0, control=0.28, seed=seed),
            decided=first,
            round_number=2,
            reopen=True,
        )
        assert {d.segment_id for d in second} == {d.segment_id for d in first if not d.selected}
        assert all(d.probability_of_selection == pytest.approx(0.2) for d in second)
        assert {d.control_floor for d in second} == {0.1}
        tried += len(second)
        selected += sum(d.selected for d in second)
    assert binom.ppf(1e-5, tried, 0.2) <= selected <= binom.ppf(1 - 1e-5, tried, 0.2)


def test_a_later_round_at_a_lower_rate_draws_no_control() -> None:
    first = select_segments(scores([0.1] * 50), SelectionRule(budget=0.0, uncertain=0.0, control=0.3))
    lower = SelectionRule(budget=0.0, uncertain=0.0, control=0.2)
    second = select_segments(scores([0.1] * 50), lower, decided=first, round_number=2, reopen=True)
    assert {(d.stratum, d.probability_of_selection) for d in second} == {("rest", 0.0)}
    higher = SelectionRule(budget=0.0, uncertain=0.0, control=0.4)
    third = select_segments(scores([0.1] * 50), higher, decided=first + second, round_number=3, reopen=True)
    assert {d.control_floor for d in third} == {0.3}
    assert current_decisions(first + second + third)[third[0].segment_id].round == 3


def test_whole_sessions_are_selected_for_certain() -> None:
    decisions = select_segments(scores([0.9, 0.0, None]), SelectionRule(mode="whole_session"))
    assert {(d.stratum, d.probability_of_selection) for d in decisions} == {("whole_session", 1.0)}


def test_every_decision_says_why() -> None:
    decisions = select_segments(scores([0.9, 0.5, 0.2, None]), SelectionRule(budget=0.25, uncertain=0.25, control=1.0))
    reasons = {d.stratum: d.reason for d in decisions}
    assert "0.90" in reasons["likely"]
    assert "budget of 25%" in reasons["likely"]
    assert "least sure" in reasons["uncertain"]
    assert "by chance" in reasons["control"]
    assert {d.rule for d in decisions} == {"budget 0.25 by expected markers, uncertain 0.25, control 1, seed 1"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"budget": None},
        {"threshold": 0.5},
        {"budget": 1.5},
        {"control": -0.1},
        {"budget": None, "budget_count": -1},
    ],
)
def test_a_rule_that_is_none_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError):
        SelectionRule(**wrong)  # type: ignore[arg-type]


def test_two_segments_of_one_id_are_refused() -> None:
    with pytest.raises(ConfigError, match="twice"):
        select_segments(scores([0.1]) + scores([0.2]), SelectionRule())


@given(studies)
def test_the_log_gives_back_what_was_written(probabilities: list[float | None]) -> None:
    import tempfile

    decisions = select_segments(scores(probabilities), SelectionRule())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "selection.jsonl"
        assert append_decisions(path, decisions[:3]) + append_decisions(path, decisions[3:]) == len(decisions)
        assert read_decisions(path) == decisions


def test_a_line_cut_off_by_a_killed_run_is_passed_over_and_then_replaced(tmp_path: Path) -> None:
    path = tmp_path / "work" / "selection.jsonl"
    decisions = select_segments(scores([0.9, 0.5, 0.1]), SelectionRule())
    append_decisions(path, decisions)
    path.write_bytes(path.read_bytes()[:-20])
    assert read_decisions(path) == decisions[:2]
    append_decisions(path, decisions[2:])
    assert read_decisions(path) == decisions


def test_a_batch_that_cannot_be_written_whole_leaves_the_log_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    path = tmp_path / "selection.jsonl"
    first = select_segments(scores([0.9, 0.5]), SelectionRule())
    append_decisions(path, first)

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="space"):
        append_decisions(path, select_segments(scores([0.1] * 5, start=2), SelectionRule()))
    assert read_decisions(path) == first


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "selection.jsonl"
    append_decisions(path, select_segments(scores([0.9, 0.5]), SelectionRule()))
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], lines[1].replace('"round":1', '"round":"x"')]) + "\n")
    with pytest.raises(StudyError) as fault:
        read_decisions(path)
    assert fault.value.line == 2


class Probabilities:
    """A session's turn probabilities, as scoring gives them."""

    turns = (4, 5, 6, 9)
    withdrawal = (None, 0.5, None, 0.2)
    confrontation = (None, 0.1, None, float("nan"))
    repair = (0.3, None, 0.4, None)


def test_a_segment_scores_the_chance_of_at_least_one_marker_in_its_own_turns() -> None:
    score = score_segment(Segment("s", "c", "turn bin", 0, 5, 9, 4), Probabilities(), "m")
    assert score.probability == pytest.approx(1 - 0.5 * 0.9 * 0.6 * 0.8)
    assert score.expected_markers == pytest.approx(1.2)
    assert (score.strongest_family, score.strongest_turn) == ("withdrawal", 5)
    alone = score_segment(Segment("s", "c", "turn bin", 0, 5, 9, 4), Probabilities(), "m", families=("repair",))
    assert alone.probability == pytest.approx(0.4)


def test_a_segment_without_any_probability_has_no_score() -> None:
    score = score_segment(Segment("s", "c", "turn bin", 0, 7, 8, 7), Probabilities(), "m")
    assert score.probability is None
    assert select_segments([score], SelectionRule(budget=1.0, uncertain=1.0, control=0.0))[0].stratum == "rest"
