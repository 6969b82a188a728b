"""Who codes what: balanced, drawn within coder and case, never drawn again, and unreadable from the task."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from rupture_markers.coding.assignment import (
    Assignment,
    AssignmentRule,
    SegmentToCode,
    append_assignments,
    assign,
    current_assignments,
    read_assignments,
)
from rupture_markers.errors import ConfigError, StudyError

shares = st.integers(0, 20).map(lambda twentieth: twentieth / 20)
teams = st.integers(2, 4).map(lambda number: ("ana", "ben", "cem", "dia")[:number])


def segments(number: int, *, start: int = 0, of_session: int = 5, cases: int = 3) -> list[SegmentToCode]:
    out = []
    for n in range(start, start + number):
        session, ordinal = divmod(n, of_session)
        first = 20 * ordinal
        out.append(
            SegmentToCode(
                segment_id=f"sess{session:02}/{first}-{first + 19}",
                session_id=f"sess{session:02}",
                case_id=f"case{session % cases}",
                ordinal=ordinal,
                turns=tuple(range(first, first + 20)),
                context=tuple(range(max(0, first - 6), first)),
                content_sha256=f"{n:064x}",
                flagged=n % 3 == 0,
            )
        )
    return out


def rule(**changes: object) -> AssignmentRule:
    base = AssignmentRule(study="demo", coders=("ana", "ben", "cem"))
    return replace(base, **changes)  # type: ignore[arg-type]


@given(st.integers(0, 40), st.integers(0, 99), st.randoms(use_true_random=False), shares, shares)
def test_the_order_of_segments_changes_nothing(
    number: int, seed: int, shuffle: random.Random, double: float, blind: float
) -> None:
    plan = rule(double_coded=double, blind=blind, seed=seed)
    shuffled = segments(number)
    shuffle.shuffle(shuffled)
    assert assign(shuffled, plan) == assign(segments(number), plan)


@given(st.integers(0, 60), teams, st.integers(0, 99), shares)
def test_loads_are_balanced_and_double_coding_has_its_share(
    number: int, coders: tuple[str, ...], seed: int, double: float
) -> None:
    tasks = assign(segments(number), rule(coders=coders, seed=seed, double_coded=double))
    primary = Counter(dict.fromkeys(coders, 0))
    primary.update(task.coder for task in tasks if task.role == "primary")
    assert primary.total() == number
    assert max(primary.values()) - min(primary.values()) <= 1
    second = [task for task in tasks if task.role == "second"]
    assert abs(len(second) - double * number) <= 2 * len(coders)  # a block of four is open at each coder
    by_segment = defaultdict(list)
    for task in tasks:
        by_segment[task.segment_id].append(task.coder)
    assert all(len(set(names)) == len(names) <= 2 for names in by_segment.values())


@given(st.integers(0, 80), st.integers(0, 99), st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]))
def test_arms_are_balanced_within_every_coder_and_case(number: int, seed: int, blind: float) -> None:
    tasks = assign(segments(number), rule(seed=seed, blind=blind))
    arms: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for task in tasks:
        arms[(task.coder, task.case_id)].append(task.arm == "blind")
    for drawn in arms.values():
        assert abs(sum(drawn) - blind * len(drawn)) <= 2  # at most half of one open block of four


def test_every_segment_is_blind_with_the_configured_probability_whatever_its_flag() -> None:
    blind: Counter[bool] = Counter()
    total: Counter[bool] = Counter()
    for seed in range(400):
        for task in assign(segments(9), rule(seed=seed, blind=0.3, double_coded=0.0)):
            blind[task.flagged] += task.arm == "blind"
            total[task.flagged] += 1
    for flag in (True, False):
        assert binom.ppf(1e-5, total[flag], 0.3) <= blind[flag] <= binom.ppf(1 - 1e-5, total[flag], 0.3)


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 99))
def test_new_segments_never_change_old_assignments(first: int, later: int, seed: int) -> None:
    plan = rule(seed=seed)
    old = assign(segments(first), plan)
    new = assign(segments(first + later), plan, old)
    assert {task.segment_id for task in new}.isdisjoint(task.segment_id for task in old)
    assert {task.segment_id for task in new} == {s.segment_id for s in segments(later, start=first)}
    assert assign(segments(first + later), plan, old + new) == ()
    primary = Counter(dict.fromkeys(plan.coders, 0))
    primary.update(task.coder for task in old + new if task.role == "primary")
    assert max(primary.values()) - min(primary.values()) <= 1


@pytest.mark.parametrize("batches", [[120], [7, 1, 30, 2, 80]])
def test_second_codings_are_spread_evenly_over_the_other_coders_in_one_run_or_many(
    batches: list[int],
) -> None:
    log: tuple[Assignment, ...] = ()
    for batch in batches:
        done = len({task.segment_id for task in log})
        log += assign(segments(done + batch), rule(double_coded=0.5), log)
    first = {task.segment_id: task.coder for task in log if task.role == "primary"}
    pairs = Counter((first[task.segment_id], task.coder) for task in log if task.role == "second")
    for coder in ("ana", "ben", "cem"):
        others = [pairs[(coder, other)] for other in ("ana", "ben", "cem") if other != coder]
        assert max(others) - min(others) <= 1
        assert sum(others) == 20


def test_a_new_coder_or_other_shares_leave_old_assignments_alone() -> None:
    old = assign(segments(20), rule())
    other = rule(coders=("ana", "ben", "cem", "dia"), blind=1.0, double_coded=0.0, seed=9)
    new = assign(segments(30), other, old)
    assert {task.segment_id for task in new} == {s.segment_id for s in segments(10, start=20)}


@given(st.integers(1, 20), st.integers(0, 99))
def test_a_changed_transcript_gets_new_task_ids_for_the_same_coder_arm_and_place(number: int, seed: int) -> None:
    plan = rule(seed=seed)
    old = assign(segments(number), plan)
    changed = [replace(segments(number)[0], content_sha256="f" * 64), *segments(number)[1:]]
    new = assign(changed, plan, old)
    before = {task.place: task for task in old}
    assert {task.segment_id for task in new} == {changed[0].segment_id}
    for task in new:
        same = before[task.place]
        assert task.task_id != same.task_id
        assert replace(task, task_id=same.task_id, content_sha256=same.content_sha256) == same
    assert assign(changed, plan, old + new) == ()
    assert {task.task_id for task in current_assignments(old + new).values()}.isdisjoint(
        before[task.place].task_id for task in new
    )


def test_withheld_is_drawn_for_flagged_and_unflagged_assisted_tasks_alike() -> None:
    tasks = assign(segments(200), rule(blind=0.0, withheld=0.25))
    for coder in ("ana", "ben", "cem"):
        for flagged in (True, False):
            shown = [task.shown for task in tasks if task.coder == coder and task.flagged is flagged]
            assert abs(sum(shown) - 0.75 * len(shown)) <= 2


def test_a_blind_task_never_shows_suggestions() -> None:
    tasks = assign(segments(100), rule(withheld=0.0))
    assert {task.shown for task in tasks if task.arm == "blind"} == {False}
    assert {task.shown for task in tasks if task.arm == "assisted"} == {True}


def test_nothing_can_be_read_from_a_task_id() -> None:
    tasks = assign(segments(50), rule())
    ids = [task.task_id for task in tasks]
    assert len(set(ids)) == len(ids)
    for task in tasks:
        assert len(task.task_id) == 32
        assert int(task.task_id, 16) >= 0
        for secret in (task.session_id, task.case_id, task.coder, task.segment_id):
            assert secret not in task.task_id


def test_the_queue_order_is_unrelated_to_flags_and_differs_between_coders() -> None:
    tasks = assign(segments(300), rule(double_coded=1.0, coders=("ana", "ben")))
    orders = {}
    for coder in ("ana", "ben"):
        queue = sorted((task for task in tasks if task.coder == coder), key=lambda task: task.queue_key)
        orders[coder] = [task.segment_id for task in queue]
        first_half = sum(task.flagged for task in queue[:150])
        assert binom.ppf(1e-5, 100, 0.5) <= first_half <= binom.ppf(1 - 1e-5, 100, 0.5)
    assert sorted(orders["ana"]) == sorted(orders["ben"])
    assert orders["ana"] != orders["ben"]


@given(st.integers(1, 12), st.integers(0, 99), shares)
def test_a_whole_session_stays_in_one_project_in_order_and_ends_with_its_ratings(
    sessions: int, seed: int, double: float
) -> None:
    plan = rule(mode="whole_session", seed=seed, double_coded=double)
    tasks = assign(segments(sessions * 5), plan)
    for coder in plan.coders:
        queue = sorted((task for task in tasks if task.coder == coder), key=lambda task: task.queue_key)
        for begin in range(0, len(queue), 5):
            session = queue[begin : begin + 5]
            assert len({task.session_id for task in session}) == len({task.arm for task in session}) == 1
            assert [task.session_end for task in session] == [False] * 4 + [True]
            turns = [turn for task in session for turn in task.turns]
            assert turns == sorted(turns)
    assert {task.session_id for task in tasks} == {f"sess{n:02}" for n in range(sessions)}
    assert assign(segments(sessions * 5), plan, tasks) == ()


def test_whole_sessions_are_balanced_over_arms_within_a_coder() -> None:
    tasks = assign(segments(24 * 5), rule(mode="whole_session", double_coded=0.0))
    for coder in ("ana", "ben", "cem"):
        arms = Counter(task.arm for task in tasks if task.coder == coder and task.session_end)
        assert arms == {"blind": 4, "assisted": 4}


def test_a_new_last_segment_of_a_session_joins_its_coder_and_arm_and_takes_over_the_ratings() -> None:
    plan = rule(mode="whole_session", double_coded=0.0)
    old = assign(segments(4), plan)
    new = assign(segments(5), plan, old)
    assert {(task.coder, task.arm) for task in new} == {(old[0].coder, old[0].arm)}
    moved, added = sorted(new, key=lambda task: task.position)
    assert (moved.task_id, moved.session_end) == (old[-1].task_id, False)
    assert added.session_end
    assert sum(task.session_end for task in current_assignments(old + new).values()) == 1
    assert assign(segments(5), plan, old + new) == ()


def test_another_mode_after_tasks_were_drawn_is_refused() -> None:
    with pytest.raises(StudyError, match="another mode"):
        assign(segments(5), rule(mode="whole_session"), assign(segments(5), rule()))


@pytest.mark.parametrize("wrong", [{"coders": ()}, {"coders": ("ana", "ana")}, {"coders": ("ana",)}, {"blind": 1.2}])
def test_a_plan_that_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        rule(**wrong)


def test_one_coder_alone_may_code_everything_once() -> None:
    tasks = assign(segments(10), rule(coders=("ana",), double_coded=0.0))
    assert {task.coder for task in tasks} == {"ana"}
    assert len(tasks) == 10


def test_the_log_gives_back_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "assignments.jsonl"
    tasks: tuple[Assignment, ...] = assign(segments(20), rule())
    append_assignments(path, tasks[:7])
    append_assignments(path, tasks[7:])
    assert read_assignments(path) == tasks
    assert read_assignments(tmp_path / "none.jsonl") == ()
