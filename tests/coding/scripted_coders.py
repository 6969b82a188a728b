"""Two scripted coders: they answer a study's assignments with the codings that the sample study ships."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from rupture_markers.coding.assigned import Assignment, current_assignments, read_assignments
from rupture_markers.coding.codings_log import append_coded_segments
from rupture_markers.learning.dataset import read_codings
from rupture_markers.markers.coded_segment import CodedSegment
from rupture_markers.markers.defaults import default_file
from rupture_markers.markers.marker import Coding
from rupture_markers.workflow.study import Study

SCRIPT = {"ana": "coder_a", "ben": "coder_b"}


def answer(task: Assignment, marks: Mapping[tuple[str, int], Coding], number: int = 0) -> CodedSegment:
    """What a coder says to a task."""
    codings = [marks[task.session_id, turn] for turn in task.turns if (task.session_id, turn) in marks]
    day = f"2026-01-{1 + number // 20 % 28:02d}T10:{number % 60:02d}:00Z"
    return CodedSegment(
        annotation=f"{task.task_id}:{task.coder}", task_id=task.task_id, segment_id=task.segment_id,
        session_id=task.session_id, case_id=task.case_id, first_turn=task.turns[0], last_turn=task.turns[-1],
        coder=task.coder, arm=task.arm, shown=task.shown, whole_session=task.mode == "whole_session",
        outcome="markers" if codings else "no_marker",
        codings=tuple(
            Coding(c.session_id, c.turn, task.coder, c.codes, significance=c.significance, arm=task.arm, coded_at=day)
            for c in codings
        ),
        seconds=60.0 + 5 * len(codings) - (20.0 if task.shown else 0.0), codebook_version="1.0", coded_at=day,
        content_sha256=task.content_sha256,
    )  # fmt: skip


def code_everything(study: Study) -> int:
    """Answer every assignment and append the answers to the study's log."""
    marks: dict[str, dict[tuple[str, int], Coding]] = defaultdict(dict)
    for coding in read_codings(Path(default_file("annotations/sample-codings.jsonl"))):
        marks[coding.coder][coding.session_id, coding.turn] = coding
    tasks = sorted(current_assignments(read_assignments(study.assignments)).values(), key=lambda a: a.queue_key)
    answers = [answer(task, marks[SCRIPT[task.coder]], number) for number, task in enumerate(tasks)]
    return append_coded_segments(study.codings, answers)
