"""Which of a study's models is in use, and the log of how that came about.

The log is what counts. The pointer file ``current`` is written after it, for the eye and for other programs; where a
run was killed in between, `settle` writes it again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import ConfigDict, TypeAdapter

from rupture_markers.errors import ModelError
from rupture_markers.learning.record_log import append_records, read_records
from rupture_markers.learning.registry import MANIFEST_FILE
from rupture_markers.transcripts.whole_file import private_folder, whole_text_file

POINTER, HISTORY = "current", "history.jsonl"
MODEL_ID = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,80}$")
Action = Literal["promote", "keep", "rollback", "import"]


@dataclass(frozen=True, slots=True)
class Decision:
    """One line of the history.

    Attributes
    ----------
    action : Action
        ``promote`` and ``rollback`` change the champion; ``keep`` and ``import`` do not.
    model : str
        Id of the model that it is about.
    champion : str
        Id of the model in use after it; '' for the one named in study.yaml.
    reason : str
        In words.
    at : str
        ISO 8601, UTC.
    gold_turns : int
        Turns with gold when it was taken.
    """

    action: Action
    model: str
    champion: str
    reason: str
    at: str
    gold_turns: int = 0

    __pydantic_config__ = ConfigDict(extra="forbid")


_RECORD = TypeAdapter(Decision)


def read_history(models: Path) -> tuple[Decision, ...]:
    """Every decision, oldest first."""
    return read_records(models / HISTORY, _RECORD)


def champion_changes(models: Path) -> tuple[Decision, ...]:
    """The decisions that changed the champion."""
    return tuple(d for d in read_history(models) if d.action in ("promote", "rollback"))


def champion_id(models: Path) -> str:
    """Id of the study's champion; '' for the model named in study.yaml."""
    changes = champion_changes(models)
    return changes[-1].champion if changes else ""


def champion_folder(models: Path) -> Path | None:
    """Folder of the study's champion; None for the model named in study.yaml.

    Raises
    ------
    ModelError
        If the model in use is no longer there.
    """
    name = champion_id(models)
    return study_model(models, name) if name else None


def study_model(models: Path, name: str) -> Path:
    """Folder of one of the study's models.

    Raises
    ------
    ModelError
        If the study has none of that id.
    """
    folder = models / name
    if not MODEL_ID.match(name) or not (folder / MANIFEST_FILE).is_file():
        raise ModelError(
            f"the study has no model '{name}'.",
            "'rupture models list --study STUDY' shows its models; 'rupture models rollback' goes back to the one before.",
            path=models,
        )
    return folder


def before_champion(models: Path) -> str | None:
    """Id of the model that a rollback goes to ('' for that of study.yaml); None where there is nothing to go back to."""
    stack = [""]
    for decision in champion_changes(models):
        if decision.action == "promote":
            stack.append(decision.champion)
        else:
            stack.pop()
    return stack[-2] if len(stack) > 1 else None


def record(models: Path, decision: Decision) -> None:
    """Put a decision down, then bring the pointer up to date."""
    private_folder(models)
    append_records(models / HISTORY, [decision], _RECORD)
    settle(models)


def settle(models: Path) -> None:
    """Make the pointer file say what the history says; it is gone where the model of study.yaml is in use."""
    name, pointer = champion_id(models), models / POINTER
    if not name:
        pointer.unlink(missing_ok=True)
        return
    if pointer.exists() and pointer.read_text(encoding="utf-8").strip() == name:
        return
    with whole_text_file(pointer) as out:
        out.write(name + "\n")
