"""Tasks as Label Studio takes them: blind is our id and the dialogue, assisted looks the same."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rupture_markers.coding.assignment import Assignment
from rupture_markers.coding.labeling_config import ContextTurn, SessionEnd, ShownTurn, TaskData
from rupture_markers.coding.predictions import predictions_of, shown_speaker, shown_text
from rupture_markers.coding.validation import validate_task
from rupture_markers.errors import StudyError
from rupture_markers.markers.codebook import Codebook
from rupture_markers.markers.marker import Arm, Suggestion
from rupture_markers.transcripts.transcript import Transcript, Turn
from rupture_markers.transcripts.whole_file import whole_text_file

__all__ = ["CodingTask", "build_tasks", "validate_task", "write_task_file", "write_task_files"]


@dataclass(frozen=True, slots=True)
class CodingTask:
    """One task of one coder's project.

    Attributes
    ----------
    task_id : str
        Ours, and the only identity: Label Studio's own ids are used again after a deletion.
    coder, arm : str, Arm
        The project it belongs to.
    data : dict
        What Label Studio stores and shows: a `TaskData` as JSON.
    predictions : tuple of dict
        Empty or one, with a region for each suggestion.
    """

    task_id: str
    coder: str
    arm: Arm
    data: dict[str, Any]
    predictions: tuple[dict[str, Any], ...] = ()

    @property
    def project(self) -> tuple[str, Arm]:
        """Key of the project: coder and arm."""
        return (self.coder, self.arm)

    @property
    def payload(self) -> dict[str, Any]:
        """The task as it is imported; without a suggestion it has no ``predictions`` at all."""
        return {"data": self.data, **({"predictions": list(self.predictions)} if self.predictions else {})}


def build_tasks(
    assignments: Iterable[Assignment],
    transcripts: Mapping[str, Transcript],
    codebook: Codebook,
    *,
    suggestions: Mapping[str, Sequence[Suggestion]] | None = None,
    model_version: str = "",
    times: bool = False,
    recordings: Mapping[str, str] | None = None,
) -> Iterator[CodingTask]:
    """Build the tasks of assignments, each coder's in the order of the queue.

    Parameters
    ----------
    assignments : iterable of Assignment
        Current ones (`current_assignments`).
    transcripts : mapping of session id to Transcript
        Read one after the other, so a mapping that reads from disk will do.
    codebook : Codebook
    suggestions : mapping of session id to suggestions, optional
        Shown in assisted tasks alone, where the assignment says so.
    model_version : str
    times : bool
        Give the start and end of turns where they are known; a session with a recording has them anyhow.
    recordings : mapping of session id to URL, optional
        The lab's own recordings.

    Raises
    ------
    StudyError
        If an assignment names a turn that its transcript does not have.
    """
    for assignment in sorted(assignments, key=lambda a: (a.coder, a.arm, a.queue_key)):
        transcript = transcripts[assignment.session_id]
        by_index = {turn.index: turn for turn in transcript.turns}
        try:
            turns = [by_index[index] for index in assignment.turns]
            context = [by_index[index] for index in assignment.context]
        except KeyError as missing:
            raise StudyError(
                f"session {assignment.session_id!r} has changed since its tasks were drawn.",
                "Run 'rupture run study.yaml' again, so that it is segmented and assigned anew.",
                turn=int(missing.args[0]),
            ) from None
        whole = assignment.mode == "whole_session"
        audio = (recordings or {}).get(assignment.session_id)
        data = TaskData(
            task_id=assignment.task_id,
            dialogue=tuple(_shown(turn, timed=times or audio is not None) for turn in turns),
            context=tuple(ContextTurn(speaker=shown_speaker(t), text=shown_text(t)) for t in context),
            audio=audio,
            session_end=((SessionEnd(),) if assignment.session_end else ()) if whole else None,
        )
        shown = assignment.arm == "assisted" and assignment.shown
        found = (suggestions or {}).get(assignment.session_id, ()) if shown else ()
        yield CodingTask(
            task_id=assignment.task_id,
            coder=assignment.coder,
            arm=assignment.arm,
            data=data.as_json(),
            predictions=predictions_of(assignment.task_id, turns, found, codebook, model_version),
        )


def _shown(turn: Turn, *, timed: bool) -> ShownTurn:
    """One turn of a dialogue. The role alone is the speaker, so that the page can filter by speaker."""
    return ShownTurn(
        speaker=shown_speaker(turn),
        text=shown_text(turn),
        start=turn.start_s if timed else None,
        end=turn.end_s if timed and turn.start_s is not None else None,
    )


def write_task_file(path: Path, tasks: Iterable[CodingTask]) -> int:
    """Write tasks of one project as a JSON file that Label Studio's import takes; whole or not at all.

    Returns
    -------
    int
        How many tasks it holds.
    """
    payloads = [task.payload for task in tasks]
    with whole_text_file(path) as file:
        json.dump(payloads, file, ensure_ascii=False, indent=1)
    return len(payloads)


def write_task_files(folder: Path, tasks: Iterable[CodingTask]) -> dict[tuple[str, Arm], Path]:
    """Write one importable file a project: ``<coder>-<arm>.json``."""
    projects: dict[tuple[str, Arm], list[CodingTask]] = {}
    for task in tasks:
        projects.setdefault(task.project, []).append(task)
    written = {}
    for (coder, arm), members in sorted(projects.items()):
        written[(coder, arm)] = folder / f"{coder}-{arm}.json"
        write_task_file(written[(coder, arm)], members)
    return written
