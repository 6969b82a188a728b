"""Commands killed at random moments, and what must be true of the study folder afterwards.

A command runs in a fork of this process, so that hundreds of kills cost seconds; half are killed after a random time,
half just before a random one of their file operations (a write opened, a rename, a deletion), where half-written
files would come from. Prefect is left out of these; a few kills of the real command line are in the test.
"""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults.push_campaign import (
    SESSIONS,
    Outcome,
    collect_all,
    draw,
    judge,
    model_id,
    push_all,
    remote_projects,
    standing,
)

from rupture_markers.coding.codings_log import read_coded_segments
from rupture_markers.coding.tasks import write_task_files
from rupture_markers.errors import ModelError, RuptureError
from rupture_markers.learning.champion import POINTER, champion_changes, champion_id, read_history
from rupture_markers.learning.registry import load_model
from rupture_markers.learning.scores import read_scores
from rupture_markers.learning.scoring import score_transcript
from rupture_markers.learning.selection import read_decisions
from rupture_markers.markers.marker import FAMILIES
from rupture_markers.transcripts.interchange import read_interchange
from rupture_markers.workflow import reading, retraining, stages, study_models
from rupture_markers.workflow.queue import client_of
from rupture_markers.workflow.study import Study, open_study

OTHER_MODEL = "other"
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_CHANGES = ("os.rename", "os.remove", "os.mkdir", "os.chmod", "os.truncate", "os.link", "os.rmdir")


@dataclass(frozen=True)
class Command:
    """What is killed.

    Attributes
    ----------
    work : callable
        Does it to the study in a folder.
    result : callable
        What it must have led to, in a form that can be compared; the same for every finished run.
    study : str
        Fixture of the study that it begins with.
    share : float
        Of the campaign's kills, for what takes long.
    short : int
        Kills in the suite.
    fresh : callable
        Puts back what lies outside the study folder, before a copy of the study is begun with.
    """

    name: str
    work: Callable[[Path], None]
    result: Callable[[Path], Any]
    study: str = "template"
    share: float = 1.0
    short: int = 6
    fresh: Callable[[Path], None] = lambda _: None


def _read_score_and_draw(study: Study) -> None:
    reading.read_batch(study, reading.source_files(study))
    stages.score_batch(study, SESSIONS)
    draw(study)


def annotate_to_files(folder: Path) -> None:
    """The stages of `rupture run --to-file`, in their order."""
    study = open_study(folder)
    with study.held():
        _read_score_and_draw(study)
        built = stages.tasks(study, standing(study), study.codebook(), model_id(study))
        write_task_files(folder / "out", built)


def tasks_and_draws(folder: Path) -> Any:
    """Tasks, decisions and scores of a finished run."""
    study = open_study(folder)
    return (
        {p.name: json.loads(p.read_text(encoding="utf-8")) for p in sorted((folder / "out").glob("*.json"))},
        [repr(d) for d in read_decisions(study.decisions)],
        {p.name: p.read_text(encoding="utf-8") for p in sorted((study.work / "scores").glob("*.csv"))},
    )


def annotate_to_server(folder: Path) -> None:
    """The stages of `rupture run`, in their order."""
    study = open_study(folder)
    with study.held():
        _read_score_and_draw(study)
        push_all(study)


def tasks_on_server(folder: Path) -> Any:
    """Tasks and predictions of the study that are lost, twice or wrong on the server, and how many there must be."""
    study, outcome = open_study(folder), Outcome(0, "killed")
    with client_of(study) as client:
        judge(study, client, {}, outcome)
    return outcome, len(standing(study))


def no_projects(folder: Path) -> None:
    """Take the study's projects off the server."""
    study = open_study(folder)
    with client_of(study) as client:
        for number, _ in remote_projects(client, study):
            client.delete_project(number)


def collected(folder: Path) -> Any:
    """Every record of the codings log; one that is twice is there twice."""
    return sorted(map(repr, read_coded_segments(open_study(folder).codings)))


def collect(folder: Path) -> None:
    """`rupture collect`."""
    collect_all(open_study(folder))


def promote(folder: Path) -> None:
    """`rupture models promote`."""
    study = open_study(folder)
    with study.held():
        try:
            study_models.promote_by_hand(study, OTHER_MODEL, "a test")
        except ModelError as fault:
            if "in use already" not in fault.what:
                raise


def promoted(folder: Path) -> Any:
    """The model in use, as log and pointer say, and how often it was promoted."""
    models = open_study(folder).models
    times = sum(change.model == OTHER_MODEL for change in champion_changes(models))
    return champion_id(models), (models / POINTER).read_text(encoding="utf-8"), times


def retrain(folder: Path) -> None:
    """`rupture retrain`, without the renewal of the queue, which is a run."""
    study = open_study(folder)
    with study.held():
        retraining.retrain(study)


def retrained(folder: Path) -> Any:
    """The candidates, what they say of themselves and of a session, and what was decided on each.

    Files are not compared: skops puts times and addresses of memory into them.
    """
    study = open_study(folder)
    codebook = study.codebook()
    session = reading.session(study, reading.session_names(study)[0])
    found = []
    for path in sorted(path.parent for path in study.models.glob("*/manifest.json")):
        loaded = load_model(path, codebook, cues=study.cues(codebook), spacy_model=study.config.spacy_model)
        scores = score_transcript(loaded, session)
        said = loaded.manifest.model_dump(exclude={"created", "sha256", "size_bytes"})
        rows = [[None if p is None else round(p, 8) for p in scores.probabilities(f)] for f in FAMILIES]
        found.append((path.name, said, rows))
    return found, [(d.action, d.model, d.champion) for d in read_history(study.models)]


COMMANDS = (
    Command("run", annotate_to_files, tasks_and_draws),
    Command("run to a server", annotate_to_server, tasks_on_server, "served_template", fresh=no_projects),
    Command("collect", collect, collected, "answered_study"),
    Command("promote", promote, promoted, "study_with_another_model"),
    Command("retrain", retrain, retrained, "coded_sample", share=0.15, short=3),
)
"""Every command that changes a study; one entry a command."""


def require_whole(folder: Path) -> None:
    """Read every file of the study, as its readers do; unfinished files are passed over by their name."""
    study: Study = open_study(folder)
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.name.startswith(".") or path.name.startswith("lock"):
            continue
        assert path.stat().st_size > 0, f"{path.name} is empty"
        if path.parent.name == "transcripts" and study.work in path.parents:
            list(read_interchange(path))
        elif path.suffix == ".json":
            json.loads(path.read_text(encoding="utf-8"))
        elif path.parent.name == "scores":
            list(read_scores(path))
    for log in (study.decisions, study.assignments, study.codings, study.adjudications):
        if log.exists():
            assert all(json.loads(line) for line in log.read_text(encoding="utf-8").splitlines())


def in_a_fork(work: Callable[[], None], *, before: Callable[[], None] = lambda: None) -> int:
    """Start work in a fork of this process; its process id. Exit status 0: done, 3: an error of ours, 4: any other."""
    pid = os.fork()
    if pid:
        return pid
    status = 4
    try:
        before()
        work()
        status = 0
    except RuptureError:
        status = 3
    except BaseException:  # noqa: BLE001 - a fork must never run on into the tests
        traceback.print_exc()
    finally:
        os._exit(status)


def count_changes(call: Callable[[int], None]) -> None:
    """Call with the number of every file operation that is about to change something."""
    number = 0

    def hook(event: str, values: tuple[Any, ...]) -> None:
        nonlocal number
        if event in _CHANGES or (event == "open" and isinstance(values[2], int) and values[2] & _WRITES):
            number += 1
            call(number)

    sys.addaudithook(hook)


def changes_of(work: Callable[[], None]) -> tuple[int, float]:
    """How many changes a run makes, and how long it takes in seconds."""
    read, write = os.pipe()
    started = time.monotonic()

    counts: list[int] = []

    def counted() -> None:
        work()
        os.write(write, str(len(counts)).encode())

    pid = in_a_fork(counted, before=lambda: count_changes(counts.append))
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    took = time.monotonic() - started
    os.close(write)
    with os.fdopen(read) as answer:
        return int(answer.read()), took


def kill_somewhere(work: Callable[[], None], draws: random.Random, changes: int, seconds: float) -> str:
    """Run and kill; where, in words."""
    if draws.random() < 0.5:
        at = draws.randint(1, changes)
        pid = in_a_fork(
            work, before=lambda: count_changes(lambda n: os.kill(os.getpid(), signal.SIGKILL) if n == at else None)
        )
        where = f"before change {at} of {changes}"
    else:
        wait = draws.uniform(0, seconds)
        pid = in_a_fork(work)
        time.sleep(wait)
        os.kill(pid, signal.SIGKILL)
        where = f"after {wait:.2f} s"
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return where if code == -signal.SIGKILL else f"{where}, when it had ended"


def with_small_files(work: Callable[[], None], most: int) -> int:
    """Run where no file may be larger than so many bytes, as on a disk that is full; its exit status."""

    def before() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    return os.waitstatus_to_exitcode(os.waitpid(in_a_fork(work, before=before), 0)[1])
