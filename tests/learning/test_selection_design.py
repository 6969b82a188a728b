"""The design of a selection, read back: which segments stand for which, over rounds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from rupture_markers.learning.segment_score import SegmentScore
from rupture_markers.learning.selection import SegmentDecision, SelectionRule, select_segments
from rupture_markers.learning.selection_design import design_strata, selection_weights


def scores(chances: dict[str, float]) -> list[SegmentScore]:
    return [
        SegmentScore(name, name, name, "m", chance, expected_markers=chance or 0.0) for name, chance in chances.items()
    ]


def rounds(
    seed: int, first: SelectionRule, second: SelectionRule | None, *, segments: int = 300
) -> tuple[SegmentDecision, ...]:
    random = np.random.default_rng(seed)
    names = [f"s{seed}-{n}" for n in range(segments)]
    log = select_segments(scores({n: float(random.random()) for n in names}), replace(first, seed=seed))
    if second is not None:
        later = scores({n: float(random.random()) for n in names})
        rule = replace(second, seed=seed)
        log += select_segments(later, rule, decided=log, round_number=2, reopen=True)
    return log


RULE = SelectionRule(budget=0.2, uncertain=0.1, control=0.1)
HIGHER = replace(RULE, budget=0.1, uncertain=0.0, control=0.25)
SAME = replace(RULE, budget=0.1, uncertain=0.0)


@pytest.mark.parametrize("second", [None, HIGHER, SAME])
def test_strata_cover_every_segment_once(second: SelectionRule | None) -> None:
    log = rounds(1, RULE, second)
    strata = design_strata(log)
    own = [segment for s in strata if not s.within for segment in s.members]
    assert len(own) == len(set(own)) == len({d.segment_id for d in log})
    assert all(set(s.drawn) <= set(s.members) for s in strata)


@pytest.mark.parametrize("second", [None, HIGHER, SAME])
def test_weights_add_up_to_the_number_of_segments_and_are_unbiased(second: SelectionRule | None) -> None:
    totals, marked = [], []
    for seed in range(150):
        weights = selection_weights(design_strata(rounds(seed, RULE, second)))
        totals.append(sum(weights.values()))
        marked.append(sum(w for segment, w in weights.items() if int(segment.split("-")[1]) % 5 == 0))
    for found, expected in ((totals, 300), (marked, 60)):
        error = np.std(found) / np.sqrt(len(found))
        assert abs(np.mean(found) - expected) < 4 * error + 1e-9


def test_a_round_with_a_higher_control_rate_makes_earlier_controls_stand_for_themselves() -> None:
    log = rounds(3, RULE, HIGHER)
    weights = selection_weights(design_strata(log))
    first = [d.segment_id for d in log if d.round == 1 and d.stratum == "control"]
    second = [d.segment_id for d in log if d.round == 2 and d.stratum == "control"]
    assert first and second
    assert {weights[s] for s in first} == {1.0}
    assert {round(weights[s], 9) for s in second} == {round((1 - 0.1) / (0.25 - 0.1), 9)}


def test_without_new_controls_the_earlier_ones_stand_for_segments_flagged_later_too() -> None:
    log = rounds(4, RULE, SAME)
    strata = design_strata(log)
    later = [s for s in strata if s.within]
    assert len(later) == 1
    assert later[0].flagged
    assert not selection_weights(strata).keys() & set(later[0].members)
    home = next(s for s in strata if s.name == later[0].within)
    assert set(later[0].members) <= set(home.members)
    assert not set(later[0].members) & set(home.drawn)


def test_segments_of_transcripts_that_are_gone_do_not_count() -> None:
    log = rounds(5, RULE, None)
    kept = {d.segment_id for d in log[::2]}
    assert {s for part in design_strata(log, at_hand=kept) for s in part.members} == kept


def test_segments_of_held_out_cases_stand_for_themselves_and_apart_from_what_was_flagged() -> None:
    names = {f"s{n}": n / 200 for n in range(200)}
    held = list(names)[::4]
    log = select_segments(scores(names), replace(RULE, held_out=0.5), held_out=held)
    log += select_segments(
        scores(names), replace(HIGHER, held_out=0.5), decided=log, round_number=2, reopen=True, held_out=held
    )
    apart = [s for s in design_strata(log) if s.held_out]
    assert {segment for s in apart for segment in s.members} == set(held)
    assert not any(s.flagged for s in apart)
    drawn = {d.segment_id for d in log if d.stratum == "held_out"}
    weights = selection_weights(design_strata(log))
    assert {weights[segment] for segment in drawn} == {2.0}
    assert not weights.keys() & (set(held) - drawn)


def test_whole_sessions_are_split_by_whether_the_machine_had_suggestions() -> None:
    log = rounds(6, replace(RULE, mode="whole_session"), None, segments=20)
    suggested = {d.segment_id: n % 3 == 0 for n, d in enumerate(log)}
    strata = design_strata(log, suggested=suggested)
    assert {(s.flagged, len(s.members), s.census) for s in strata} == {(True, 7, True), (False, 13, True)}
    assert set(selection_weights(strata).values()) == {1.0}
