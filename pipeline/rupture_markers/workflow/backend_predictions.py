"""What `/predict` answers: for each task of an assisted project, its prediction as a push would write it."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from rupture_markers.coding.assignment import Assignment, read_assignments
from rupture_markers.coding.labeling_config import TaskData
from rupture_markers.coding.predictions import predictions_of
from rupture_markers.learning.registry import LoadedModel, read_manifest
from rupture_markers.learning.scoring import score_transcript, suggestions
from rupture_markers.transcripts.transcript import Speaker, Transcript, Turn
from rupture_markers.workflow import reading, stages
from rupture_markers.workflow.gate import passed
from rupture_markers.workflow.study import Study, read_json

Prediction = Mapping[str, Any]
_ROLES: dict[str, Speaker] = {"Client": "client", "Therapist": "therapist", "Other": "other"}


class TaskPredictions:
    """Predictions of a study's tasks, by its champion.

    Parameters
    ----------
    study : Study
    """

    def __init__(self, study: Study) -> None:
        self._study = study
        self._loading = threading.Lock()
        self._loaded: LoadedModel | None = None

    @property
    def model_id(self) -> str:
        """Id of the champion now."""
        return read_manifest(stages.model_reference(self._study)).id

    def is_assisted(self, project: int) -> bool:
        """Whether the project is one of ours, of the assisted arm; a project that we do not know is not."""
        known = (read_json(self._study.projects) or {}).get("projects", [])
        return any(p["number"] == project and p["arm"] == "assisted" for p in known)

    def predict(self, project: int, tasks: Sequence[Mapping[str, Any]]) -> list[list[Prediction]]:
        """Predictions of each task, in order: none in a blind project, of a blind task, or where they are withheld."""
        if not self.is_assisted(project):
            return [[] for _ in tasks]
        assigned = {a.task_id: a for a in read_assignments(self._study.assignments)}
        return [list(self._of_task(task, assigned)) for task in tasks]

    def _of_task(self, data: Mapping[str, Any], assigned: Mapping[str, Assignment]) -> Sequence[Prediction]:
        assignment = assigned.get(str(data.get("task_id", "")))
        if assignment is None:
            return self._of_stranger(data)
        if assignment.arm == "blind" or not assignment.shown:
            return ()
        if not passed(self._study, [assignment.session_id]).allowed:
            return ()
        by_index = {turn.index: turn for turn in reading.session(self._study, assignment.session_id).turns}
        turns = [by_index[index] for index in assignment.turns if index in by_index]
        found = stages.read_suggestions(self._study, assignment.session_id)
        model_id = next((s.model_id for s in found), self.model_id)
        return predictions_of(assignment.task_id, turns, found, self._study.codebook(), model_id)

    def _of_stranger(self, data: Mapping[str, Any]) -> Sequence[Prediction]:
        """A task that somebody added by hand to an assisted project: its dialogue is all that is known of it."""
        try:
            shown = TaskData.model_validate_json(json.dumps(data))
        except ValidationError:
            return ()
        loaded = self._model()
        turns = tuple(
            Turn(n, _ROLES.get(turn.speaker, "nobody"), turn.text, turn.start, turn.end)
            for n, turn in enumerate(shown.dialogue)
        )
        transcript = Transcript(shown.task_id, shown.task_id, turns, language=loaded.manifest.language)
        found = suggestions(score_transcript(loaded, transcript), None, loaded)
        return predictions_of(shown.task_id, turns, found, self._study.codebook(), loaded.id)

    def _model(self) -> LoadedModel:
        with self._loading:
            if self._loaded is None or self._loaded.id != self.model_id:
                self._loaded = stages.model_of(self._study, self._study.codebook())
            return self._loaded
