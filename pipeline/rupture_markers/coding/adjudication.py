"""Disagreements between coders, turn by turn, and the tasks by which they are adjudicated.

A task is known by what is to be decided: session, turn, what is shown, and what each coder said. So the same
disagreement is never asked twice, and one that a coder's later edit changed or removed is another task, or none.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import ConfigDict, TypeAdapter

from rupture_markers.coding.adjudication_page import AdjudicationData, Opinion, WindowTurn
from rupture_markers.coding.predictions import shown_speaker, shown_text
from rupture_markers.coding.tasks import CodingTask
from rupture_markers.learning.random_numbers import uniform
from rupture_markers.learning.record_log import append_records, read_records
from rupture_markers.markers.codebook import Codebook
from rupture_markers.markers.coded_segment import CodedSegment
from rupture_markers.transcripts.transcript import Speaker, Transcript, Turn

Level = Literal["family", "code"]
ADJUDICATOR = "Adjudication"
"""Stands for a coder in the project's plan; no coder's pseudonym has a capital."""
_BEFORE, _AFTER = 8, 3


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A turn of which coders who coded it said different things.

    Attributes
    ----------
    session_id, turn, case_id : str, int, str
    codes : tuple of (str, tuple of str)
        Each coder, sorted, with the codes given to the turn; none where it was left unmarked.
    blind : bool
        Whether all of them coded it blind.
    """

    session_id: str
    turn: int
    case_id: str
    codes: tuple[tuple[str, tuple[str, ...]], ...]
    blind: bool


def disagreements(
    answers: Iterable[CodedSegment], codebook: Codebook, *, level: Level = "family", blind_only: bool = True
) -> tuple[Disagreement, ...]:
    """Turns of which two coders or more said different things.

    Parameters
    ----------
    answers : iterable of CodedSegment
        Current ones.
    codebook : Codebook
        Codes that it no longer has do not count.
    level : {"family", "code"}
        Whether another code of the same family is a disagreement.
    blind_only : bool
        Whether answers given with suggestions in view are left out.
    """
    said: dict[tuple[str, int], dict[str, tuple[str, ...]]] = defaultdict(dict)
    blind: dict[tuple[str, int], bool] = defaultdict(lambda: True)
    cases = {}
    for answer in answers:
        if answer.outcome in ("not_codable", "skipped") or (blind_only and answer.arm != "blind"):
            continue
        cases[answer.session_id] = answer.case_id
        marks: dict[int, list[str]] = defaultdict(list)
        for coding in answer.codings:
            marks[coding.turn] += [c for c in coding.codes if c in codebook and c not in marks[coding.turn]]
        for turn in range(answer.first_turn, answer.last_turn + 1):
            key = (answer.session_id, turn)
            said[key][answer.coder] = tuple(marks.get(turn, ()))
            blind[key] &= answer.arm == "blind"

    def compared(codes: tuple[str, ...]) -> frozenset[str]:
        return frozenset(codes if level == "code" else (codebook.code(code).family for code in codes))

    return tuple(
        Disagreement(session, turn, cases[session], tuple(sorted(who.items())), blind[session, turn])
        for (session, turn), who in sorted(said.items())
        if len({compared(codes) for codes in who.values()}) > 1
    )


@dataclass(frozen=True, slots=True)
class AdjudicationTask:
    """The line of adjudication-tasks.jsonl that maps a task back; never changed, only added to."""

    task_id: str
    session_id: str
    turn: int
    case_id: str
    speaker: Speaker
    blind: bool

    __pydantic_config__ = ConfigDict(extra="forbid")


_RECORD = TypeAdapter(AdjudicationTask)


def read_adjudication_tasks(path: Path) -> dict[str, AdjudicationTask]:
    """Every task that was ever made, by task id; empty where there is none yet."""
    return {task.task_id: task for task in read_records(path, _RECORD)}


def append_adjudication_tasks(path: Path, tasks: Iterable[AdjudicationTask]) -> int:
    """Add tasks to the log."""
    return append_records(path, tasks, _RECORD)


def adjudication_task_id(study: str, disagreement: Disagreement, window: Iterable[Turn]) -> str:
    """Our id of the task: another for other codes, coders or words."""
    content = [[t.index, t.speaker, t.text] for t in window]
    packed = json.dumps(
        [study, "adjudication", disagreement.session_id, disagreement.turn, disagreement.codes, content],
        ensure_ascii=False,
    )
    return hashlib.sha256(packed.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def build_adjudication_tasks(
    found: Iterable[Disagreement], transcripts: Mapping[str, Transcript], codebook: Codebook, *, study: str, seed: int
) -> dict[str, tuple[AdjudicationTask, CodingTask]]:
    """Task of each disagreement, by task id: the turn with what was said around it, and what each coder gave.

    Coders appear as A, B, C, in an order drawn anew for each task. A turn that the transcript no longer has gets none.
    """
    out = {}
    for one in found:
        turns = {turn.index: place for place, turn in enumerate(transcripts[one.session_id].turns)}
        if one.turn not in turns:
            continue
        place = turns[one.turn]
        turn = transcripts[one.session_id].turns[place]
        window = transcripts[one.session_id].turns[max(0, place - _BEFORE) : place + _AFTER + 1]
        task_id = adjudication_task_id(study, one, window)
        order = sorted(one.codes, key=lambda who: uniform(seed, "adjudication order", task_id, who[0]))
        data = AdjudicationData(
            task_id=task_id,
            dialogue=tuple(
                WindowTurn(speaker=("▶ " if t.index == one.turn else "") + shown_speaker(t), text=shown_text(t))
                for t in window
            ),
            decide=f"{shown_speaker(turn)}: {shown_text(turn)}",
            opinions=tuple(
                Opinion(who=f"Coder {letter}", said="; ".join(codebook.label(c) for c in codes) or "no marker")
                for letter, (_, codes) in zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", order, strict=False)
            ),
        )
        record = AdjudicationTask(task_id, one.session_id, one.turn, one.case_id, turn.speaker, one.blind)
        out[task_id] = (record, CodingTask(task_id, ADJUDICATOR, "blind", data.as_json()))
    return out
