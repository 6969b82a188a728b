"""Bring a project up to date: find by our own id, create what is missing, change what changed, never touch a person's.

A second run over the same tasks creates and changes nothing. A run that was killed anywhere is finished by the next:
what the server has is asked for, never assumed.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rupture_markers.coding.label_studio import LabelStudioClient
from rupture_markers.coding.ledger import Ledger
from rupture_markers.coding.server_answers import RemotePrediction, RemoteProject, RemoteTask
from rupture_markers.coding.tasks import CodingTask, validate_task
from rupture_markers.errors import LabelStudioError, LabelStudioFault
from rupture_markers.markers.codebook import Codebook
from rupture_markers.markers.marker import Arm

_TRIES = 5
_LONGEST_WAIT_S = 30.0


@dataclass(frozen=True, slots=True)
class ProjectPlan:
    """What a project must be.

    Attributes
    ----------
    key : str
        Ours, kept in the project's description: the project is found by it, whatever its title.
    """

    coder: str
    arm: Arm
    key: str
    title: str
    label_config: str
    instruction: str


@dataclass(frozen=True, slots=True)
class PushReport:
    """What a push did, in counts; ``stale`` lists task ids of changed transcripts that a person had begun."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    predictions_renewed: int = 0
    deleted: int = 0
    stale: tuple[str, ...] = ()


def push(
    plan: ProjectPlan,
    tasks: Sequence[CodingTask],
    codebook: Codebook,
    client: LabelStudioClient,
    ledger: Ledger,
    *,
    batch: int = 250,
    advance: Callable[[int], None] = lambda _: None,
    problems_of: Callable[[CodingTask, Codebook], list[str]] = validate_task,
) -> PushReport:
    """Bring one coder's project of one arm up to date.

    Parameters
    ----------
    problems_of : callable
        What is wrong with a task; a project with a page of its own (adjudication) has a check of its own.

    Raises
    ------
    LabelStudioError
        If a task is not sound (nothing is sent then), or the server refuses.
    LabelStudioFault
        If the server's faults outlast the tries; the next run finishes the work.
    """
    _require_sound(tasks, codebook, problems_of)
    project = _project(plan, client, ledger)
    here = _remote(client, project.number)
    changed = _remove_changed(tasks, client, here)
    created = _create_missing(plan, tasks, client, project.number, here, batch, advance)
    if created:
        here = _remote(client, project.number)
    created -= changed
    deleted, stale = _remove_old(tasks, client, here)
    renewed = _renew_predictions(plan, tasks, client, project, here, batch)
    wanted = {task.task_id for task in tasks}
    numbers = {name: min(t.number for t in found) for name, found in here.items() if name in wanted}
    ledger.keep(plan.coder, plan.arm, plan.key, project.number, numbers, tuple(stale))
    return PushReport(created, changed, len(tasks) - created - changed, renewed, deleted, tuple(stale))


def _require_sound(
    tasks: Sequence[CodingTask], codebook: Codebook, problems_of: Callable[[CodingTask, Codebook], list[str]]
) -> None:
    for number, task in enumerate(tasks):
        problems = problems_of(task, codebook)
        if problems:
            raise LabelStudioError(
                f"task {number} of {task.coder}, {task.arm}, is not sound: {problems[0]}"
                f"{f' and {len(problems) - 1} more' if len(problems) > 1 else ''}; nothing was sent.",
                "This is a fault of rupture-markers: please report it.",
            )


def _project(plan: ProjectPlan, client: LabelStudioClient, ledger: Ledger) -> RemoteProject:
    project = _the_one(client.find_projects(plan.key), ledger.number(plan.coder, plan.arm), client)
    for last in range(_TRIES):
        if project is not None:
            break
        try:
            project = client.create_project(plan.title, plan.key, plan.label_config, plan.instruction)
        except LabelStudioFault as fault:
            # The answer was lost; the project may be there.
            _wait(client, fault, last)
            project = _the_one(client.find_projects(plan.key), None, client)
            if project is None and last == _TRIES - 1:
                raise
    if project is None:
        raise LabelStudioFault("the project could not be made.", "Run again: nothing is lost.")
    if project.label_config != plan.label_config:
        client.update_project(project.number, label_config=plan.label_config, expert_instruction=plan.instruction)
    return project


def _the_one(found: Sequence[RemoteProject], known: int | None, client: LabelStudioClient) -> RemoteProject | None:
    """One project for the key; of several, made when answers came too late, those that nobody worked in are deleted."""
    if len(found) < 2:
        return found[0] if found else None
    begun = [p for p in found if any(client.has_work(task) for task in client.tasks(p.number))]
    kept = begun or [p for p in found if p.number == known] or found
    for project in found:
        if project not in begun and project is not kept[0]:
            client.delete_project(project.number)
    return kept[0]


def _wait(client: LabelStudioClient, fault: LabelStudioFault, tries: int) -> None:
    """Wait as long as the server asked for, else longer each time."""
    told = getattr(fault, "retry_after_s", None)
    time.sleep(min(client.pause_s * 2**tries if told is None else float(told), _LONGEST_WAIT_S))


def _remote(client: LabelStudioClient, project: int) -> dict[str, list[RemoteTask]]:
    found: dict[str, list[RemoteTask]] = {}
    for task in client.tasks(project):
        if task.task_id:
            found.setdefault(task.task_id, []).append(task)
    return found


def _remove_changed(tasks: Sequence[CodingTask], client: LabelStudioClient, here: dict[str, list[RemoteTask]]) -> int:
    """Delete tasks whose data differ under the same id, so that they are made again; never one somebody began."""
    changed = 0
    for task in tasks:
        found = here.get(task.task_id, [])
        other = [remote for remote in found if remote.data != task.data]
        if other and not any(client.has_work(remote) for remote in found):
            client.delete_tasks(remote.number for remote in found)
            del here[task.task_id]
            changed += 1
    return changed


def _create_missing(
    plan: ProjectPlan,
    tasks: Sequence[CodingTask],
    client: LabelStudioClient,
    project: int,
    here: dict[str, list[RemoteTask]],
    batch: int,
    advance: Callable[[int], None],
) -> int:
    missing = [task for task in tasks if task.task_id not in here]
    advance(len(tasks) - len(missing))
    count = client.count_tasks(project) if missing else 0
    for first in range(0, len(missing), batch):
        wave = missing[first : first + batch]
        left = wave
        for last in range(_TRIES):
            try:
                client.create_tasks(project, [task.payload for task in left])
            except LabelStudioFault as fault:
                if last == _TRIES - 1:
                    raise
                _wait(client, fault, last)
            else:
                # Listing them all after every wave would take time with the square of their number.
                if client.count_tasks(project) == count + len(left):
                    left = []
                    break
            have = _remote(client, project)
            count = sum(map(len, have.values()))
            left = [task for task in wave if task.task_id not in have]
            if not left:
                break
        if left:
            raise LabelStudioFault(
                f"{len(left)} tasks of {plan.coder}, {plan.arm}, did not arrive.", "Run again: nothing is twice."
            )
        advance(len(wave))
    return len(missing)


def _remove_old(
    tasks: Sequence[CodingTask], client: LabelStudioClient, here: dict[str, list[RemoteTask]]
) -> tuple[int, list[str]]:
    """Delete what nobody began: tasks of changed transcripts, and duplicates; list what somebody did.

    ``here`` keeps what is left.
    """
    wanted = {task.task_id for task in tasks}
    gone: list[int] = []
    stale: list[str] = []
    for name, found in list(here.items()):
        if name not in wanted:
            for task in found:
                if client.has_work(task):
                    stale.append(name)
                else:
                    gone.append(task.number)
        elif len(found) > 1:
            begun = [task for task in found if client.has_work(task)]
            kept = begun or [min(found, key=lambda task: task.number)]
            gone += [task.number for task in found if task not in kept]
            here[name] = kept
    client.delete_tasks(gone)
    return len(gone), stale


def _same(prediction: RemotePrediction, wanted: dict[str, object]) -> bool:
    def plain(value: object) -> str:
        return json.dumps(value, sort_keys=True)

    return prediction.model_version == wanted["model_version"] and plain(prediction.result) == plain(wanted["result"])


def _renew_predictions(
    plan: ProjectPlan,
    tasks: Sequence[CodingTask],
    client: LabelStudioClient,
    project: RemoteProject,
    here: dict[str, list[RemoteTask]],
    batch: int,
) -> int:
    """Make every pending task carry its present prediction and no other; new ones come before old ones go.

    A task that somebody has answered, skipped or begun keeps the prediction that was seen.
    """
    if plan.arm == "blind":
        return 0
    kept: dict[int, list[RemotePrediction]] = {}
    for prediction in client.predictions(project.number):
        kept.setdefault(prediction.task, []).append(prediction)
    missing, old = [], []
    for task in tasks:
        for remote in here.get(task.task_id, ()):
            have = kept.get(remote.number, [])
            new = []
            for wanted in task.predictions:
                right = [p for p in have if _same(p, wanted)]
                if not right:
                    new.append({"task": remote.number, **wanted})
                have = [p for p in have if p is not (right[0] if right else None)]
            if (new or have) and not client.has_work(remote):
                missing += new
                old += [p.number for p in have]
    for first in range(0, len(missing), batch):
        client.create_predictions(project.number, missing[first : first + batch])
    client.delete_predictions(old)
    version = next((str(p["model_version"]) for t in tasks for p in t.predictions), "")
    # Label Studio refuses a version of which the project has no prediction, as where everything was answered before.
    there = bool(missing) or any(p.model_version == version for found in kept.values() for p in found)
    if version and there and project.model_version != version:
        client.update_project(project.number, model_version=version)
    return len(missing)
