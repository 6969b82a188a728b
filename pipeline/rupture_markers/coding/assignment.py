"""Assignment: who codes which segment, blind or assisted, in which order; drawn once and kept for good.

Every draw is blocked and seeded, and depends on what was drawn before only through counts: new segments
continue the sequence of their stratum, and no assignment that exists is ever changed (docs/selection.md).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from rupture_markers.coding.assigned import (
    Assignment,
    Role,
    SegmentToCode,
    append_assignments,
    current_assignments,
    opaque_task_id,
    read_assignments,
    segment_to_code,
)
from rupture_markers.errors import ConfigError, StudyError
from rupture_markers.learning.random_numbers import blocked_draw, rotation, uniform
from rupture_markers.learning.selection import Mode
from rupture_markers.markers.marker import Arm

__all__ = [
    "Assignment",
    "AssignmentRule",
    "SegmentToCode",
    "append_assignments",
    "assign",
    "current_assignments",
    "read_assignments",
    "segment_to_code",
]


@dataclass(frozen=True, slots=True)
class AssignmentRule:
    """How a study's coding work is shared out.

    Attributes
    ----------
    study : str
        The study's id; part of every task id.
    coders : tuple of str
        Pseudonyms.
    double_coded : float
        Share of the segments (whole_session: sessions) that a second coder gets too.
    blind : float
        Share, within coder and case (whole_session: within coder), that is coded without any suggestion.
    withheld : float
        Share of the flagged assisted segments whose suggestions are not shown.
    seed : int
    mode : {"flagged_segments", "whole_session"}
    """

    study: str
    coders: tuple[str, ...]
    double_coded: float = 0.5
    blind: float = 0.5
    withheld: float = 0.25
    seed: int = 1
    mode: Mode = "flagged_segments"

    def __post_init__(self) -> None:
        if not self.coders or len(set(self.coders)) != len(self.coders):
            raise ConfigError("the coders are not named once each.", "List each coder once under 'coders:'.")
        if not all(0.0 <= share <= 1.0 for share in (self.double_coded, self.blind, self.withheld)):
            raise ConfigError("a share of the coding plan is out of range.", "Shares lie between 0 and 1.")
        if self.double_coded > 0 and len(self.coders) < 2:
            raise ConfigError("double coding needs two coders.", "Name a second coder, or set 'double_coded: 0'.")


@dataclass(frozen=True, slots=True)
class _Seat:
    """One coder's share in a unit."""

    unit: str
    coder: str
    arm: Arm
    role: Role
    order: float
    held_out: bool = False


class _Draws:
    """The draws of a study: what was drawn, and the counts from which each stratum goes on."""

    def __init__(self, rule: AssignmentRule, existing: Sequence[Assignment]) -> None:
        self.rule = rule
        self.of_unit: dict[str, list[_Seat]] = {}
        self.primaries: Counter[str] = Counter()
        self.seconds: Counter[str] = Counter()
        self.arms: Counter[tuple[str, ...]] = Counter()
        self.held_out = 0
        self.withheld: Counter[tuple[str, ...]] = Counter()
        # Primaries first, so that a second coder is counted under the first; known segments are no part of the draws.
        drawn = [record for record in existing if record.role != "known"]
        for record in sorted(drawn, key=lambda record: record.role):
            if record.coder not in {seat.coder for seat in self.of_unit.get(record.unit, ())}:
                seat = _Seat(record.unit, record.coder, record.arm, record.role, record.order, record.held_out)
                self._seat(seat, record.case_id)
        for record in current_assignments(drawn).values():
            if record.arm == "assisted":
                self.withheld[(record.coder, str(record.flagged))] += 1

    def draw(self, unit: str, members: Sequence[SegmentToCode]) -> None:
        """Draw the coders of a new unit, and each one's arm."""
        rule, case = self.rule, members[0].case_id
        if members[0].held_out:
            self._draw_held_out(unit, case)
            return
        first = rotation(rule.coders, self.primaries.total(), seed=rule.seed, stratum=("primary",))
        coders = [first]
        if blocked_draw(rule.double_coded, self.primaries[first], seed=rule.seed, stratum=("double", first)):
            others = [coder for coder in rule.coders if coder != first]
            coders.append(rotation(others, self.seconds[first], seed=rule.seed, stratum=("second", first)))
        for coder in coders:
            stratum = self._stratum(coder, case)
            blind = blocked_draw(rule.blind, self.arms[stratum], seed=rule.seed, stratum=("arm", *stratum))
            arm: Arm = "blind" if blind else "assisted"
            role: Role = "primary" if coder == first else "second"
            self._seat(_Seat(unit, coder, arm, role, uniform(rule.seed, "queue", coder, unit)), case)

    def _draw_held_out(self, unit: str, case: str) -> None:
        """Two coders, both blind, so that gold rests on more than one person and on no suggestion."""
        rule = self.rule
        first = rotation(rule.coders, self.held_out, seed=rule.seed, stratum=("held-out",))
        others = [coder for coder in rule.coders if coder != first]
        second = [rotation(others, self.held_out, seed=rule.seed, stratum=("held-out", first))] if others else []
        for coder in (first, *second):
            order = uniform(rule.seed, "queue", coder, unit)
            self._seat(_Seat(unit, coder, "blind", "primary" if coder == first else "second", order, True), case)

    def _seat(self, seat: _Seat, case: str) -> None:
        seats = self.of_unit.setdefault(seat.unit, [])
        seats.append(seat)
        if seat.held_out:
            # Sequences of their own: the shares of the other segments stay as the config says.
            self.held_out += seat.role == "primary"
            return
        self.arms[self._stratum(seat.coder, case)] += 1
        if seat.role == "primary":
            self.primaries[seat.coder] += 1
        else:
            self.seconds[seats[0].coder] += 1

    def _stratum(self, coder: str, case: str) -> tuple[str, ...]:
        # A session stays in one arm, and a case has few sessions: there the stratum is the coder.
        return (coder,) if self.rule.mode == "whole_session" else (coder, case)

    def withhold(self, tasks: Sequence[Assignment]) -> list[Assignment]:
        """Draw which new assisted tasks keep their suggestions back, within coder and flag."""
        out = []
        for task in sorted(tasks, key=lambda t: uniform(self.rule.seed, "withhold", t.coder, t.segment_id)):
            shown = False
            if task.arm == "assisted":
                stratum = (task.coder, str(task.flagged))
                place = self.withheld[stratum]
                self.withheld[stratum] += 1
                shown = not blocked_draw(self.rule.withheld, place, seed=self.rule.seed, stratum=("withheld", *stratum))
            out.append(replace(task, shown=shown))
        return out


def assign(
    segments: Iterable[SegmentToCode], rule: AssignmentRule, existing: Sequence[Assignment] = ()
) -> tuple[Assignment, ...]:
    """Draw coders, arms and order for the segments that have none yet.

    Parameters
    ----------
    segments : iterable of SegmentToCode
        All that is selected, old and new; their order does not matter. In whole_session mode a session's
        segments come together.
    rule : AssignmentRule
    existing : sequence of Assignment
        The log so far.

    Returns
    -------
    tuple of Assignment
        New records alone. A segment whose content changed gets a new task id for the same coder,
        arm and place; where a session got a new last segment, the one before is recorded again without the
        ratings.

    Raises
    ------
    StudyError
        If tasks were drawn in the other mode before.
    """
    if any(record.mode != rule.mode for record in existing):
        raise StudyError(
            "this study's tasks were drawn in another mode of coding.",
            "Set coding.mode back, or begin a new study folder for the other mode.",
        )
    units: dict[str, list[SegmentToCode]] = {}
    for segment in segments:
        unit = segment.session_id if rule.mode == "whole_session" else segment.segment_id
        units.setdefault(unit, []).append(segment)
    drawn = _Draws(rule, existing)
    for unit in sorted(set(units) - set(drawn.of_unit), key=lambda name: uniform(rule.seed, "arrival", name)):
        drawn.draw(unit, units[unit])
    now = current_assignments(existing)
    tasks = [
        task
        for unit, members in units.items()
        for seat in drawn.of_unit[unit]
        for task in _tasks_of(seat, members, rule)
    ]
    fresh = drawn.withhold([task for task in tasks if task.place not in now])
    changed = [
        replace(task, shown=old.shown)
        for task in tasks
        if (old := now.get(task.place)) and (old.task_id, old.session_end) != (task.task_id, task.session_end)
    ]
    return tuple(sorted([*fresh, *changed], key=lambda task: (task.coder, task.queue_key)))


def _tasks_of(seat: _Seat, members: Sequence[SegmentToCode], rule: AssignmentRule) -> list[Assignment]:
    """Tasks of one coder in a unit; the session ratings are asked on the last of a whole session."""
    whole = rule.mode == "whole_session"
    last = max(member.ordinal for member in members)
    return [
        Assignment(
            task_id=opaque_task_id(rule.study, seat.coder, seat.arm, member.segment_id, member.content_sha256),
            segment_id=member.segment_id,
            session_id=member.session_id,
            case_id=member.case_id,
            coder=seat.coder,
            arm=seat.arm,
            shown=False,
            role=seat.role,
            session_end=whole and member.ordinal == last,
            unit=seat.unit,
            mode=rule.mode,
            order=seat.order,
            position=member.ordinal if whole else 0,
            flagged=member.flagged,
            content_sha256=member.content_sha256,
            turns=member.turns,
            context=member.context,
            held_out=member.held_out,
        )
        for member in members
    ]
