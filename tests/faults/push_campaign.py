"""A small study pushed and collected through a fault server, and what must be true afterwards."""

from __future__ import annotations

import json
import random
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import SecretStr
from tests.coding.page_results import answer
from tests.faults.mutations import SAMPLE

from rupture_markers.coding.assignment import Assignment, read_assignments
from rupture_markers.coding.codings_log import current_answers, read_coded_segments
from rupture_markers.coding.label_studio import LabelStudioClient
from rupture_markers.errors import LabelStudioError
from rupture_markers.learning.registry import read_manifest
from rupture_markers.workflow import collecting, queue, reading, stages
from rupture_markers.workflow.study import Study, open_study

SESSIONS = ("invented-000", "invented-004")


@dataclass
class Outcome:
    """How one run through faults went.

    Attributes
    ----------
    lost, twice, wrong : int
        Tasks and collected answers that are missing, that stand twice, and predictions and answers that are not as
        they must be, after the next run.
    touched : int
        Annotations of a person that are not what they were.
    answers : int
        That were to be collected.
    """

    seed: int
    state: str
    faults: dict[str, int] = field(default_factory=dict)
    requests: int = 0
    ended: str = "finished"
    again: int = 0
    lost: int = 0
    twice: int = 0
    wrong: int = 0
    touched: int = 0
    answers: int = 0

    @property
    def sound(self) -> bool:
        """Whether nothing is lost, twice, wrong or touched."""
        return (self.lost, self.twice, self.wrong, self.touched) == (0, 0, 0, 0)


def prepare(folder: Path) -> Path:
    """A study of two short sessions, read and scored; copied for every run."""
    (folder / "transcripts").mkdir(parents=True)
    for name in SESSIONS:
        lines = (SAMPLE / "transcripts" / f"{name}.txt").read_text(encoding="utf-8").splitlines()[:34]
        (folder / "transcripts" / f"{name}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    config = yaml.safe_load((SAMPLE / "study.yaml").read_text(encoding="utf-8"))
    config["sessions"] = None
    config["selection"] = {"budget": 1.0, "uncertain": 0.0, "control": 0.0, "seed": 1}
    (folder / "study.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    study = open_study(folder)
    reading.read_batch(study, reading.source_files(study))
    stages.score_batch(study, SESSIONS)
    return folder


def name_study(template: Path, folder: Path, name: str, url: str, coding: dict[str, Any] | None = None) -> Study:
    """Copy the study under a name of its own, so that its projects are its own."""
    shutil.copytree(template, folder)
    config = yaml.safe_load((folder / "study.yaml").read_text(encoding="utf-8"))
    config |= {"study": name, "label_studio": {"url": url, "batch": 3}}
    config["coding"] |= coding or {}
    (folder / "study.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return open_study(folder)


def named_study(template: Path, folder: Path, name: str, url: str, coding: dict[str, Any] | None = None) -> Study:
    """The same, with its tasks drawn."""
    study = name_study(template, folder, name, url, coding)
    draw(study)
    return study


def draw(study: Study) -> None:
    """Select and assign what is new."""
    stages.select(study, SESSIONS, model_id(study))
    stages.draw(study, SESSIONS)


def model_id(study: Study) -> str:
    """Model of the study."""
    return read_manifest(stages.model_reference(study)).id


def standing(study: Study) -> tuple[Assignment, ...]:
    """Assignments of the segments at hand."""
    return stages.standing(study, SESSIONS, read_assignments(study.assignments))


def push_all(study: Study) -> None:
    """Push every project, as the flow does."""
    for coder, arm in sorted({(a.coder, a.arm) for a in standing(study)}):
        queue.push_project(study, coder, arm)


def change_a_turn(study: Study) -> None:
    """Change words of a session and of its suggestions, as an edited transcript or another model would."""
    path = study.transcripts / f"{SESSIONS[0]}.txt"
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[3] += " And so on."
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    reading.read_batch(study, reading.source_files(study))
    stages.score_batch(study, SESSIONS)
    draw(study)


def prepare_changed(template: Path, folder: Path) -> Path:
    """The same study with a changed turn, read and scored, so that each run need not do it."""
    shutil.copytree(template, folder)
    change_a_turn(open_study(folder))
    return folder


def take_changes(study: Study, changed: Path) -> None:
    """Put the changed transcripts in, and what was read and scored of them."""
    for part in ("transcripts", "work/read", "work/transcripts", "work/scores", "work/suggestions"):
        shutil.copytree(changed / part, study.folder / part, dirs_exist_ok=True)
    draw(study)


def collect_all(study: Study) -> None:
    """Collect from every project, as the flow does."""
    with study.held():
        for coder, arm in collecting.projects_of(study):
            collecting.collect_project(study, coder, arm)


def use_client(patch: pytest.MonkeyPatch, made: Callable[[Any], LabelStudioClient]) -> None:
    """Make pushing and collecting use this client."""
    patch.setattr(queue, "client_of", made)
    patch.setattr(collecting, "client_of", made)


def annotate(study: Study, client: LabelStudioClient, draws: random.Random) -> dict[str, str]:
    """Code a third of the tasks, as a person would, and skip some; what each was said to be, by task id."""
    said = {}
    for project in json.loads(study.projects.read_text())["projects"]:
        for name, number in project["tasks"].items():
            if draws.random() < 0.34:
                skipped = draws.random() < 0.3
                client._api.annotations.create(
                    id=number, result=answer("no_marker"), was_cancelled=skipped, lead_time=draws.random()
                )
                said[name] = "skipped" if skipped else "no_marker"
    return said


def judge_answers(study: Study, said: dict[str, str], outcome: Outcome) -> None:
    """Count answers that the study's log has lost, or holds otherwise than they were given."""
    found = {r.task_id: r.outcome for r in current_answers(read_coded_segments(study.codings))}
    outcome.answers += len(said)
    outcome.lost += len(set(said) - set(found))
    outcome.wrong += sum(found[name] != what for name, what in said.items() if name in found)
    outcome.wrong += len(set(found) - set(said))


def judge_log(study: Study, said: dict[str, str], outcome: Outcome) -> None:
    """Count these, and records that the log holds twice, which is any second one where no answer was changed."""
    judge_answers(study, said, outcome)
    records = read_coded_segments(study.codings)
    outcome.twice += len(records) - len({record.annotation for record in records})


def kept_annotations(client: LabelStudioClient, study: Study) -> dict[str, bytes]:
    """Every annotation of the study's tasks as bytes, by its number."""
    found: dict[str, bytes] = {}
    for project in _projects(client, study):
        for task in client.tasks(project):
            for each in client._api.annotations.list(id=task.number):
                found[str(each.id)] = each.model_dump_json().encode()
    return found


def remote_projects(client: LabelStudioClient, study: Study) -> list[tuple[int, str]]:
    """Numbers and keys of the study's projects on the server."""
    found: Any = client._api.projects.list(page_size=500)
    mine = f"rupture-markers {study.config.study}/"
    return [(int(p.id), str(p.description)) for p in found if mine in str(p.description)]


def _projects(client: LabelStudioClient, study: Study) -> list[int]:
    return [number for number, _ in remote_projects(client, study)]


Seen = dict[int, list[str]]


def predictions_seen(client: LabelStudioClient, study: Study) -> Seen:
    """Predictions of every task that somebody has worked on, by the task's number: they must stay as they were seen."""
    seen: Seen = {}
    for project in _projects(client, study):
        kept = _predictions(client, project)
        seen |= {t.number: _plain(kept.get(t.number, [])) for t in client.tasks(project) if client.has_work(t)}
    return seen


def _predictions(client: LabelStudioClient, project: int) -> dict[int, list[dict[str, Any]]]:
    kept: dict[int, list[dict[str, Any]]] = {}
    for p in client.predictions(project):
        kept.setdefault(p.task, []).append({"result": p.result, "model_version": p.model_version})
    return kept


def _plain(predictions: Sequence[dict[str, Any]]) -> list[str]:
    return sorted(
        json.dumps([p["result"], p["model_version"]], sort_keys=True, default=lambda o: o.model_dump())
        for p in predictions
    )


def judge(
    study: Study, client: LabelStudioClient, before: dict[str, bytes], outcome: Outcome, seen: Seen | None = None
) -> None:
    """Count what is lost, twice, wrong or touched on the real server."""
    wanted = {t.task_id: t for t in stages.tasks(study, standing(study), study.codebook(), model_id(study))}
    keys: Counter[str] = Counter()
    found: Counter[str] = Counter()
    for number, key in remote_projects(client, study):
        keys[key] += 1
        tasks = client.tasks(number)
        found.update(t.task_id for t in tasks if t.task_id in wanted)
        kept = _predictions(client, number)
        for task in tasks:
            if task.task_id in wanted:
                right = (seen or {}).get(task.number, _plain(wanted[task.task_id].predictions))
                outcome.wrong += _plain(kept.get(task.number, [])) != right
                outcome.wrong += task.data != wanted[task.task_id].data and task.annotations == 0
            else:
                outcome.twice += task.annotations == 0 and not client.has_work(task)
    outcome.lost = len(set(wanted) - set(found))
    outcome.twice += sum(n - 1 for n in found.values()) + sum(n - 1 for n in keys.values())
    after = kept_annotations(client, study)
    outcome.touched = sum(after.get(number) != content for number, content in before.items())


def through_faults(outcome: Outcome, work: Callable[[], None], heal: Callable[[], None]) -> None:
    """Work through faults; heal the server; work again, which must finish at once."""
    try:
        work()
    except LabelStudioError as fault:
        assert fault.todo, "the message says nothing of what to do"
        outcome.ended = fault.what[:60]
    heal()
    work()


def hasty_client(url: str, token: SecretStr) -> LabelStudioClient:
    """A client of short patience."""
    return LabelStudioClient(url, token, pause_s=0.02, timeout_s=1.0)
