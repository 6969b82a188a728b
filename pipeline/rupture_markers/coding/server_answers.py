"""What a Label Studio answers: tasks, predictions and projects, each read and checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


@dataclass(frozen=True, slots=True)
class RemoteTask:
    """A task as the server has it.

    Attributes
    ----------
    number : int
        The server's own id; it is used again after a deletion and identifies nothing.
    task_id : str
        Ours; empty where the task is none of ours.
    annotations : int
    data : dict
    """

    number: int
    task_id: str
    annotations: int
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class RemotePrediction:
    """A prediction as the server has it."""

    number: int
    task: int
    model_version: str
    score: float | None
    result: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class RemoteProject:
    """A project as the server has it."""

    number: int
    title: str
    description: str
    label_config: str
    model_version: str


class Answer(BaseModel):
    """What we need of an answer. The SDK takes any JSON for an answer, so that a proxy's would read as 'no task'."""

    model_config = ConfigDict(from_attributes=True, extra="ignore", protected_namespaces=())

    id: int = Field(ge=1)


class _TaskAnswer(Answer):
    data: dict[str, Any]
    total_annotations: int | None = None


class WorkAnswer(Answer):
    """What people have begun on a task."""

    annotations: list[Any]
    cancelled_annotations: int | None = None


class _PredictionAnswer(Answer):
    task: int
    model_version: str | None = None
    score: float | None = None
    result: list[dict[str, Any]]


class _ProjectAnswer(Answer):
    title: str
    description: str | None = None
    label_config: str | None = None
    model_version: str | None = None


def read_task(found: Any) -> RemoteTask:
    """Read a task of an answer; ``ValidationError`` where it is none."""
    answer = _TaskAnswer.model_validate(found)
    return RemoteTask(answer.id, str(answer.data.get("task_id", "")), answer.total_annotations or 0, dict(answer.data))


def read_prediction(found: Any) -> RemotePrediction:
    """Read a prediction of an answer; ``ValidationError`` where it is none."""
    answer = _PredictionAnswer.model_validate(found)
    return RemotePrediction(answer.id, answer.task, answer.model_version or "", answer.score, answer.result)


def read_project(found: Any) -> RemoteProject:
    """Read a project of an answer; ``ValidationError`` where it is none."""
    answer = _ProjectAnswer.model_validate(found)
    return RemoteProject(
        answer.id, answer.title, answer.description or "", answer.label_config or "", answer.model_version or ""
    )
