"""Poll one coder's project: what is new, changed or withdrawn since the last time becomes records of the codings log.

What counts is what the log holds, not the mark of the last poll: an answer that stands there as it is on the server
is left alone, so a poll may be repeated, cut off or begun anew at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from rupture_markers.coding.answer import AnsweredTask
from rupture_markers.coding.assigned import Assignment
from rupture_markers.coding.codebook_history import now
from rupture_markers.coding.coded_task import StudyFacts, coded_segments, strays, withdrawn
from rupture_markers.coding.label_studio import LabelStudioClient
from rupture_markers.markers.coded_segment import CodedSegment

_OVERLAP = timedelta(minutes=10)
"""Asked for again at every poll: a request that was slow to end may carry an earlier time."""
_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"


@dataclass(frozen=True)
class Polled:
    """How far the last poll of a project came.

    Attributes
    ----------
    mark : str
        Latest time of change that was seen, ISO 8601 in UTC; empty for a first poll, which asks for everything.
    answers : mapping of task id to int
        How many annotations each task had; their sum is held against the server's.
    """

    mark: str = ""
    answers: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PollReport:
    """What a poll found, in counts.

    Attributes
    ----------
    looked_at : int
        Tasks that changed since the last poll.
    new, changed, withdrawn, unchanged : int
        Answers.
    skipped, drafts, strays, not_ours, gone : int
        Of ``looked_at``: answers that are skips, tasks that somebody has begun, annotations by another coder who has
        a task of the segment in the own project, tasks that are none of ours; and answers that the server has no longer,
        though nobody deleted them (they stand).
    notes : tuple of (str, str)
        Answer, and what was odd about it; never the transcript's words.
    """

    looked_at: int = 0
    new: int = 0
    changed: int = 0
    withdrawn: int = 0
    unchanged: int = 0
    skipped: int = 0
    drafts: int = 0
    strays: int = 0
    not_ours: int = 0
    gone: int = 0
    notes: tuple[tuple[str, str], ...] = ()


def poll_project(
    client: LabelStudioClient,
    project: int,
    assignments: Mapping[str, Assignment],
    standing: Mapping[str, CodedSegment],
    facts: StudyFacts,
    before: Polled,
    append: Callable[[Sequence[CodedSegment]], object],
) -> tuple[PollReport, Polled]:
    """Collect from one project.

    Parameters
    ----------
    project : int
        The server's number of it.
    assignments : mapping of task id to Assignment
        All that were ever drawn for this project.
    standing : mapping of annotation to CodedSegment
        Last record of each answer, withdrawn ones included.
    facts : StudyFacts
    before : Polled
    append : callable
        Puts records into the log, on disk when it returns.

    Returns
    -------
    PollReport, Polled
        The second is to be kept only now that the records are on disk.

    Raises
    ------
    LabelStudioFault
        If the server's faults outlast the tries; nothing of this project was put down then.
    """
    looked = _look(client, project, before)
    if before.mark and sum(looked.answers.values()) != client.count_annotations(project):
        # Somebody deleted tasks, or the server put down another time than it says.
        looked = _look(client, project, Polled())
    report, records = _compare(looked, assignments, standing, facts)
    append(records)
    return report, Polled(looked.mark, looked.answers)


@dataclass
class _Looked:
    """Tasks that one poll saw."""

    whole: bool
    mark: str
    answers: dict[str, int]
    seen: dict[str, list[AnsweredTask]] = field(default_factory=dict)
    drafts: int = 0
    not_ours: int = 0


def _look(client: LabelStudioClient, project: int, before: Polled) -> _Looked:
    looked = _Looked(not before.mark, before.mark, dict(before.answers))
    latest = before.mark
    for task in client.answered_tasks(project, since=_minus(before.mark)):
        latest = max(latest, _plain(task.updated_at))
        if not task.task_id:
            looked.not_ours += 1
            # Counted all the same: the sum is held against the server's.
            looked.answers[f"not ours: {task.id}"] = _submitted([task])
            continue
        looked.drafts += task.has_draft
        looked.seen.setdefault(task.task_id, []).append(task)
    for task_id, tasks in looked.seen.items():
        looked.answers[task_id] = _submitted(tasks)
    # A server whose clock or zone is off may put down times to come, which no later change would exceed.
    looked.mark = min(latest, now())
    return looked


def _submitted(tasks: Iterable[AnsweredTask]) -> int:
    return sum(not annotation.was_cancelled for task in tasks for annotation in task.annotations)


def _compare(
    looked: _Looked, assignments: Mapping[str, Assignment], standing: Mapping[str, CodedSegment], facts: StudyFacts
) -> tuple[PollReport, list[CodedSegment]]:
    by_task: dict[str, list[CodedSegment]] = {}
    for record in standing.values():
        by_task.setdefault(record.task_id, []).append(record)
    records: list[CodedSegment] = []
    new = changed = unchanged = taken_back = skipped = wandered = gone = 0
    not_ours = looked.not_ours
    known = [(assignments[task_id], tasks) for task_id, tasks in looked.seen.items() if task_id in assignments]
    not_ours += sum(len(tasks) for task_id, tasks in looked.seen.items() if task_id not in assignments)
    # By session, since a session is read from disk when it is asked for.
    known.sort(key=lambda pair: (pair[0].session_id, pair[0].task_id))
    answered = [(assignment, tasks, coded_segments(tasks, assignment, facts)) for assignment, tasks in known]
    lost = _lost(answered, by_task)
    went_back = any(not _is_new(looked.seen[record.task_id], record) for record in lost.values())
    for assignment, tasks, found in answered:
        wandered += strays(tasks, assignment, facts)
        skipped += sum(record.outcome == "skipped" for record in found)
        for record in found:
            before = standing.get(record.annotation)
            if record == before or record.annotation in lost:
                unchanged += 1
                continue
            records.append(record)
            new += before is None or before.deleted
            changed += before is not None and not before.deleted
        here = {record.annotation for record in found}
        back = [r for r in by_task.get(assignment.task_id, ()) if r.annotation not in here and not r.deleted]
        gone += sum(went_back or record.annotation in lost for record in back)
        back = [record for record in back if not went_back and record.annotation not in lost]
        when = max((_plain(task.updated_at) for task in tasks), default=now())
        records += [withdrawn(record, when) for record in back]
        taken_back += len(back)
    if looked.whole:
        gone += sum(
            not record.deleted and record.task_id in assignments and record.task_id not in looked.seen
            for record in standing.values()
        )
    report = PollReport(
        looked_at=sum(map(len, looked.seen.values())) + looked.not_ours,
        new=new,
        changed=changed,
        withdrawn=taken_back,
        unchanged=unchanged,
        skipped=skipped,
        drafts=looked.drafts,
        strays=wandered,
        not_ours=not_ours,
        gone=gone,
        notes=tuple((record.annotation, note) for record in records for note in record.notes if not record.deleted),
    )
    return report, records


def _lost(
    answered: Iterable[tuple[Assignment, Sequence[AnsweredTask], Sequence[CodedSegment]]],
    by_task: Mapping[str, Sequence[CodedSegment]],
) -> dict[str, CodedSegment]:
    """Answers that the server once had, and has no longer or only as they were before, though nobody took them back."""
    lost = {}
    for assignment, tasks, found in answered:
        here = {record.annotation: record.coded_at for record in found}
        for record in by_task.get(assignment.task_id, ()):
            older = here.get(record.annotation, "") < record.coded_at
            if not record.deleted and older and _is_from_before(tasks, record):
                lost[record.annotation] = record
    return lost


def _is_new(tasks: Sequence[AnsweredTask], record: CodedSegment) -> bool:
    """Whether the task was made after it was answered: again, on a server that had lost it."""
    made = min((_plain(task.created_at) for task in tasks), default="")
    return bool(record.coded_at) and made > _plain(record.coded_at)


def _is_from_before(tasks: Sequence[AnsweredTask], record: CodedSegment) -> bool:
    """Whether the server's task cannot know of the answer: a deletion by a person would have changed it later.

    So it is after a server was restored from an older backup, or replaced by an empty one that was filled again.
    """
    changed = max((_plain(task.updated_at) for task in tasks), default="")
    return bool(record.coded_at and changed) and (changed < _plain(record.coded_at) or _is_new(tasks, record))


def last_records(records: Iterable[CodedSegment]) -> dict[str, CodedSegment]:
    """Last record of each answer, withdrawn ones included."""
    return {record.annotation: record for record in records}


def _plain(time: str) -> str:
    """A time of the server in the one form that sorts as it runs, and that its filter reads."""
    return datetime.fromisoformat(time).astimezone(UTC).strftime(_TIME) if time else ""


def _minus(mark: str) -> str:
    return (datetime.fromisoformat(mark) - _OVERLAP).strftime(_TIME) if mark else ""
