"""Assignment: who codes which segment, blind or assisted, in which order; drawn once and kept for good.

Every draw is blocked and seeded, and depends on what was drawn before only through counts: new segments continue the
sequence of their stratum, and no assignment that exists is ever changed (docs/selection.md).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from pydantic import ConfigDict, TypeAdapter

from rupture_markers.errors import ConfigError, StudyError
from rupture_markers.learning.random_numbers import blocked_draw, rotation, uniform
from rupture_markers.learning.record_log import append_records, read_records
from rupture_markers.learning.selection import Mode
from rupture_markers.markers.marker import Arm
from rupture_markers.transcripts.segments import Segment
from rupture_markers.transcripts.transcript import Transcript

Part = Literal["segment", "ratings"]


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
            raise ConfigError(
                "double coding needs two coders.", "Name a second coder, or set 'double_coded: 0'."
            )


@dataclass(frozen=True, slots=True)
class SegmentToCode:
    """A selected segment as it stands in its transcript now.

    Attributes
    ----------
    segment_id, session_id, case_id : str
    ordinal : int
        Place within the session.
    turns, context : tuple of int
        Turn indices to be coded, and those shown before them.
    content_sha256 : str
        Of what the coder is shown.
    flagged : bool
        Whether the machine has suggestions for it.
    """

    segment_id: str
    session_id: str
    case_id: str
    ordinal: int
    turns: tuple[int, ...]
    context: tuple[int, ...]
    content_sha256: str
    flagged: bool = False


def segment_to_code(transcript: Transcript, segment: Segment, *, flagged: bool) -> SegmentToCode:
    """Take a segment from its transcript."""
    return SegmentToCode(
        segment_id=segment.segment_id,
        session_id=segment.session_id,
        case_id=segment.case_id,
        ordinal=segment.ordinal,
        turns=tuple(turn.index for turn in segment.turns_of(transcript)),
        context=tuple(turn.index for turn in segment.context_of(transcript)),
        content_sha256=segment.content_sha256(transcript),
        flagged=flagged,
    )


@dataclass(frozen=True, slots=True)
class Assignment:
    """One coding task of one coder: the line of assignments.jsonl that maps an opaque task id back.

    Attributes
    ----------
    task_id : str
        32 hexadecimal digits; tells nothing of session, case, score or stratum.
    segment_id, session_id, case_id, coder : str
    arm : Arm
    shown : bool
        Whether suggestions are shown where there are any; False for every blind task and for withheld ones.
    role : {"primary", "second"}
    part : {"segment", "ratings"}
        ``ratings`` is the last task of a session in whole_session mode.
    unit : str
        What was drawn: the segment, or in whole_session mode the session.
    mode : Mode
    order : float
        Random place of the unit in the coder's queue, in [0, 1).
    position : int
        Place within the unit.
    flagged : bool
        Whether the machine had suggestions when the task was drawn.
    content_sha256 : str
    turns, context : tuple of int
        Turn index of each item of the dialogue shown, and of the context.
    """

    task_id: str
    segment_id: str
    session_id: str
    case_id: str
    coder: str
    arm: Arm
    shown: bool
    role: Literal["primary", "second"]
    part: Part
    unit: str
    mode: Mode
    order: float
    position: int
    flagged: bool
    content_sha256: str
    turns: tuple[int, ...]
    context: tuple[int, ...]

    __pydantic_config__ = ConfigDict(extra="forbid")

    @property
    def queue_key(self) -> tuple[float, str, int]:
        """Sort a coder's tasks by this; no score has a part in it."""
        return (self.order, self.unit, self.position)


_RECORD = TypeAdapter(Assignment)
_Place = tuple[str, str, Part]


def current_assignments(records: Iterable[Assignment]) -> dict[_Place, Assignment]:
    """Last record of each (segment id, coder, part); earlier ones belong to a transcript since changed."""
    return {(record.segment_id, record.coder, record.part): record for record in records}


def opaque_task_id(study: str, coder: str, arm: Arm, segment_id: str, content_sha256: str) -> str:
    """Name of a task: another for every coder, arm and content, and no part of it can be read from it."""
    packed = "\x1f".join((study, coder, arm, segment_id, content_sha256))
    return hashlib.sha256(packed.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def assign(
    segments: Iterable[SegmentToCode], rule: AssignmentRule, existing: Sequence[Assignment] = ()
) -> tuple[Assignment, ...]:
    """Draw coders, arms and order for the segments that have none yet.

    Parameters
    ----------
    segments : iterable of SegmentToCode
        All that is selected, old and new; their order does not matter. In whole_session mode a session's segments
        come together.
    rule : AssignmentRule
    existing : sequence of Assignment
        The log so far.

    Returns
    -------
    tuple of Assignment
        New records alone. A segment whose content changed gets a new task id for the same coder, arm and place.

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
    new = [
        task
        for unit, members in units.items()
        for seat in drawn.of_unit[unit]
        for task in _tasks_of(seat, members, rule)
        if (old := now.get((task.segment_id, task.coder, task.part))) is None or old.task_id != task.task_id
    ]
    kept = [_keep_shown(task, now.get((task.segment_id, task.coder, task.part))) for task in new]
    fresh = [task for task in kept if (task.segment_id, task.coder, task.part) not in now]
    shown = drawn.withhold(fresh)
    return tuple(
        sorted((shown.get(task.task_id, task) for task in kept), key=lambda t: (t.coder, t.queue_key))
    )


@dataclass(frozen=True, slots=True)
class _Seat:
    """One coder's share in a unit."""

    unit: str
    coder: str
    arm: Arm
    role: Literal["primary", "second"]
    order: float


class _Draws:
    """The draws of a study: what was drawn, and the counts from which each stratum goes on."""

    def __init__(self, rule: AssignmentRule, existing: Sequence[Assignment]) -> None:
        self.rule = rule
        self.of_unit: dict[str, list[_Seat]] = {}
        self.primaries: Counter[str] = Counter()
        self.arms: Counter[tuple[str, ...]] = Counter()
        self.withheld: Counter[tuple[str, ...]] = Counter()
        for record in existing:
            seats = self.of_unit.setdefault(record.unit, [])
            if record.coder not in {seat.coder for seat in seats}:
                self._seat(
                    _Seat(record.unit, record.coder, record.arm, record.role, record.order), record.case_id
                )
        for record in current_assignments(existing).values():
            if record.arm == "assisted" and record.part == "segment":
                self.withheld[(record.coder, str(record.flagged))] += 1

    def draw(self, unit: str, members: list[SegmentToCode]) -> None:
        """Draw the coders of a new unit, and each one's arm."""
        rule, case = self.rule, members[0].case_id
        first = rotation(rule.coders, sum(self.primaries.values()), seed=rule.seed, stratum=("primary",))
        place = self.primaries[first]
        twice = blocked_draw(rule.double_coded, place, seed=rule.seed, stratum=("double", first))
        coders = [first]
        if twice:
            others = [coder for coder in rule.coders if coder != first]
            so_far = sum(
                len(seats) > 1 and seats[0].coder == first for seats in self.of_unit.values()
            )  # fmt: skip
            coders.append(rotation(others, so_far, seed=rule.seed, stratum=("second", first)))
        for coder in coders:
            stratum = self._stratum(coder, case)
            blind = blocked_draw(
                rule.blind, self.arms[stratum], seed=rule.seed, stratum=("arm", *stratum)
            )
            role: Literal["primary", "second"] = "primary" if coder == first else "second"
            order = uniform(rule.seed, "queue", coder, unit)
            self._seat(_Seat(unit, coder, "blind" if blind else "assisted", role, order), case)

    def _seat(self, seat: _Seat, case: str) -> None:
        self.of_unit.setdefault(seat.unit, []).append(seat)
        self.arms[self._stratum(seat.coder, case)] += 1
        if seat.role == "primary":
            self.primaries[seat.coder] += 1

    def _stratum(self, coder: str, case: str) -> tuple[str, ...]:
        # A session stays in one arm, and a case has few sessions: there the stratum is the coder.
        return (coder,) if self.rule.mode == "whole_session" else (coder, case)

    def withhold(self, tasks: Sequence[Assignment]) -> dict[str, Assignment]:
        """Draw which new assisted tasks keep their suggestions back, within coder and flag."""
        out = {}
        for task in sorted(tasks, key=lambda t: uniform(self.rule.seed, "withhold", t.coder, t.segment_id)):
            if task.arm == "assisted" and task.part == "segment":
                stratum = (task.coder, str(task.flagged))
                kept_back = blocked_draw(
                    self.rule.withheld,
                    self.withheld[stratum],
                    seed=self.rule.seed,
                    stratum=("withheld", *stratum),
                )
                self.withheld[stratum] += 1
                out[task.task_id] = replace(task, shown=not kept_back)
        return out
