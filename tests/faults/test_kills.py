"""A run that is killed, finds the disk full or meets another leaves whole files, and the next run finishes the work.

The campaign kills each command RUPTURE_KILLS times, 100 where it is not set.
"""

from __future__ import annotations

import ctypes
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.faults.campaign_figures import keep_figures
from tests.faults.kill_campaign import (
    COMMANDS,
    OTHER_MODEL,
    Command,
    annotate_to_server,
    changes_of,
    collect,
    collected,
    in_a_fork,
    kill_somewhere,
    require_whole,
    tasks_and_draws,
    with_small_files,
)
from tests.faults.push_campaign import annotate, name_study, prepare

from rupture_markers.coding import collect as collecting_of_project
from rupture_markers.errors import StudyError
from rupture_markers.workflow import stages
from rupture_markers.workflow.study import Study, open_study

pytestmark = pytest.mark.label_studio

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = "from rupture_markers.cli import main; main()"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = prepare(tmp_path_factory.mktemp("kills") / "study")
    shutil.rmtree(folder / "work")
    return folder


@pytest.fixture(scope="module")
def study_with_another_model(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("other") / "study"
    shutil.copytree(template, folder)
    other = folder / "models" / OTHER_MODEL
    shutil.copytree(ROOT / "models" / "baseline", other)
    manifest = json.loads((other / "manifest.json").read_text(encoding="utf-8"))
    (other / "manifest.json").write_text(json.dumps(manifest | {"id": OTHER_MODEL}), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def token_in_environment(label_studio: Any) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RUPTURE_LABEL_STUDIO_TOKEN", label_studio.token)
        yield


@pytest.fixture(scope="module")
def served_template(
    template: Path, label_studio: Any, token_in_environment: None, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("served") / "study"
    name_study(template, folder, f"k{os.getpid()}", label_studio.url)
    return folder


@pytest.fixture(scope="module")
def answered_study(
    template: Path, label_studio: Any, token_in_environment: None, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("answered") / "study"
    study = name_study(template, folder, f"a{os.getpid()}", label_studio.url)
    annotate_to_server(folder)
    with label_studio.client() as client:
        assert annotate(study, client, random.Random(1))
    return folder


@pytest.fixture
def model_in_memory(template: Path) -> Iterator[None]:
    """Load model and cues once: forks of the stages have them, and spend their time on the study's files."""
    study = open_study(template)
    codebook = study.codebook()
    model, cues = stages.model_of(study, codebook), study.cues(codebook)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stages, "model_of", lambda _study, _codebook: model)
        patch.setattr(Study, "cues", lambda _study, _codebook: cues)
        yield


def killed_runs(command: Command, template: Path, folder: Path, seed: int, kills: int) -> dict[str, int]:
    """Kill a command at so many random moments; each study is killed three times before it may finish.

    A command that had ended when its moment came is not counted as a kill.
    """
    whole = folder / "reference"
    shutil.copytree(template, whole)
    command.fresh(whole)
    changes, seconds = changes_of(lambda: command.work(whole))
    expected = command.result(whole)
    figures = {"kills": 0, "ended_before": 0, "changes_of_a_run": changes, "damaged": 0, "unfinished": 0, "other": 0}
    study = folder / "study"
    number = 0
    while figures["kills"] < kills or number % 3:
        draws = random.Random(seed + number)
        if number % 3 == 0:
            shutil.rmtree(study, ignore_errors=True)
            shutil.copytree(template, study)
            command.fresh(study)
        where = kill_somewhere(lambda: command.work(study), draws, changes, seconds)
        figures["ended_before" if where.endswith("ended") else "kills"] += 1
        try:
            require_whole(study)
        except Exception as fault:  # noqa: BLE001 - counted, and shown
            print(f"seed {seed + number}, {where}: {fault!r}")
            figures["damaged"] += 1
        if number % 3 == 2:
            pid = in_a_fork(lambda: command.work(study))
            figures["unfinished"] += os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) != 0
            found = command.result(study)
            if found != expected:
                print(f"another result: {found}, in place of {expected}")
            figures["other"] += found != expected
            require_whole(study)
        number += 1
    return figures


def study_of(command: Command, request: pytest.FixtureRequest) -> Path:
    if command.name.startswith("run"):
        request.getfixturevalue("model_in_memory")
    study: Path = request.getfixturevalue(command.study)
    return study


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: c.name)
def test_a_command_killed_anywhere_is_finished_by_the_next(
    command: Command, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    figures = killed_runs(command, study_of(command, request), tmp_path, 0, command.short)
    assert (figures["damaged"], figures["unfinished"], figures["other"]) == (0, 0, 0), figures


@pytest.mark.campaign
@pytest.mark.timeout(0)
@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: c.name)
def test_campaign_of_kills(command: Command, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    number = round(int(os.environ.get("RUPTURE_KILLS", "100")) * command.share)
    figures = killed_runs(command, study_of(command, request), tmp_path, 1000, number)
    keep_figures("kills", command.name, figures)
    assert (figures["damaged"], figures["unfinished"], figures["other"]) == (0, 0, 0), figures


@pytest.mark.campaign
@pytest.mark.timeout(0)
def test_campaign_of_kills_of_the_command_line(template: Path, tmp_path: Path) -> None:
    figures = {"kills": 0, "ended_before": 0, "damaged": 0, "unfinished": 0}
    study = tmp_path / "study"
    shutil.copytree(template, study)
    line = [sys.executable, "-c", PROGRAM, "run", str(study), "--to-file", str(study / "out")]
    started = time.monotonic()
    subprocess.run(line, check=True, capture_output=True)
    seconds = time.monotonic() - started
    expected = tasks_and_draws(study)
    for seed in range(int(os.environ.get("RUPTURE_COMMAND_KILLS", "8"))):
        shutil.rmtree(study)
        shutil.copytree(template, study)
        process = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        time.sleep(random.Random(seed).uniform(0.3, 1.0) * seconds)
        figures["ended_before" if process.poll() is not None else "kills"] += 1
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        require_whole(study)
        done = subprocess.run(line, capture_output=True, check=False)
        figures["unfinished"] += done.returncode != 0 or tasks_and_draws(study) != expected
    keep_figures("kills", "command line", figures)
    assert (figures["damaged"], figures["unfinished"]) == (0, 0), figures


@pytest.mark.usefixtures("model_in_memory")
@pytest.mark.parametrize("most", [50, 500, 2_000, 4_000, 8_000])
def test_a_full_disk_is_told_and_the_next_run_finishes(most: int, template: Path, tmp_path: Path) -> None:
    study, whole = tmp_path / "study", tmp_path / "reference"
    for folder in (study, whole):
        shutil.copytree(template, folder)
    assert with_small_files(lambda: COMMANDS[0].work(whole), 10**9) == 0
    assert with_small_files(lambda: COMMANDS[0].work(study), most) != 0
    require_whole(study)
    assert with_small_files(lambda: COMMANDS[0].work(study), 10**9) == 0
    assert tasks_and_draws(study) == tasks_and_draws(whole)


def test_the_command_line_says_that_the_disk_is_full(template: Path, tmp_path: Path) -> None:
    study = tmp_path / "study"
    shutil.copytree(template, study)
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)); {PROGRAM}"
    done = subprocess.run(
        [sys.executable, "-c", limit, "score", str(study / "transcripts" / "invented-000.txt"), "--study", str(study),
         "--out", str(tmp_path / "scores.csv")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 5
    assert "Traceback" not in done.stderr
    assert "cannot be read or written" in " ".join(done.stderr.split())
    assert not (tmp_path / "scores.csv").exists()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk in memory that can be made larger."""
    disk = tmp_path / "disk"
    disk.mkdir()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"none", str(disk).encode(), b"tmpfs", 0, b"size=64k") != 0:
        pytest.skip("no right to mount a disk in memory")
    yield disk
    libc.umount2(str(disk).encode(), 2)


def enlarge(disk: Path, size: str) -> None:
    remount = 32
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.mount(b"none", str(disk).encode(), b"tmpfs", remount, f"size={size}".encode()) == 0


@pytest.mark.usefixtures("model_in_memory")
def test_a_disk_that_was_full_at_any_size_is_no_harm_when_there_is_room(
    template: Path, tmp_path: Path, small_disk: Path
) -> None:
    whole = tmp_path / "reference"
    shutil.copytree(template, whole)
    assert with_small_files(lambda: COMMANDS[0].work(whole), 10**9) == 0
    study = small_disk / "study"
    shutil.copytree(template, study)
    codes = []
    for size in range(68, 300, 24):
        enlarge(small_disk, f"{size}k")
        codes.append(with_small_files(lambda: COMMANDS[0].work(study), 10**9))
        require_whole(study)
    enlarge(small_disk, "20m")
    assert with_small_files(lambda: COMMANDS[0].work(study), 10**9) == 0
    assert tasks_and_draws(study) == tasks_and_draws(whole)
    keep_figures("kills", "full disk", {"runs": len(codes), "ended": sum(code != 0 for code in codes)})
    assert codes[0] != 0


@pytest.mark.usefixtures("model_in_memory")
def test_of_two_runs_at_the_same_time_one_says_who_holds_the_study(template: Path, tmp_path: Path) -> None:
    study, whole = tmp_path / "study", tmp_path / "reference"
    for folder in (study, whole):
        shutil.copytree(template, folder)
    COMMANDS[0].work(whole)
    for _ in range(2):
        pids = [in_a_fork(lambda: COMMANDS[0].work(study)) for _ in range(3)]
        codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]
        assert set(codes) <= {0, 3}
        assert 0 in codes
    assert tasks_and_draws(study) == tasks_and_draws(whole)
    opened = open_study(study)
    with opened.held(), pytest.raises(StudyError, match=f"process {os.getpid()}"), open_study(study).held():
        pass


def test_a_holder_that_was_killed_holds_nothing(template: Path, tmp_path: Path) -> None:
    study = tmp_path / "study"
    shutil.copytree(template, study)

    def hold() -> None:
        with open_study(study).held():
            time.sleep(60)

    pid = in_a_fork(hold)
    while not (study / "work" / "lock-holder").exists():
        time.sleep(0.01)
    with pytest.raises(StudyError, match=f"process {pid}"), open_study(study).held():
        pass
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    with open_study(study).held():
        pass


@pytest.mark.usefixtures("model_in_memory")
def test_a_clock_that_was_set_back_changes_nothing(
    template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study, whole = tmp_path / "study", tmp_path / "reference"
    for folder in (study, whole):
        shutil.copytree(template, folder)
    COMMANDS[0].work(whole)
    COMMANDS[0].work(study)
    for path in study.rglob("*"):
        os.utime(path, (4_000_000_000, 4_000_000_000))  # written in a later year than it is now
    monkeypatch.setattr(time, "time", lambda: 0.0)
    shutil.copy(study / "transcripts" / "invented-000.txt", tmp_path / "kept.txt")
    text = (tmp_path / "kept.txt").read_text(encoding="utf-8")
    (study / "transcripts" / "invented-000.txt").write_text(text.replace("T: ", "T: Well, ", 1), encoding="utf-8")
    COMMANDS[0].work(study)
    assert "Well, " in json.dumps(tasks_and_draws(study)[0], ensure_ascii=False)


def test_a_clock_that_was_set_back_makes_a_collect_lose_nothing_and_take_nothing_twice(
    answered_study: Path, label_studio: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study, whole = tmp_path / "study", tmp_path / "reference"
    for folder in (study, whole):
        shutil.copytree(answered_study, folder)
        collect(folder)
    before = collected(study)
    for path in study.rglob("*"):
        os.utime(path, (4_000_000_000, 4_000_000_000))  # written in a later year than it is now
    with label_studio.client() as client:
        assert annotate(open_study(study), client, random.Random(2))
    with monkeypatch.context() as patch:
        patch.setattr(time, "time", lambda: 0.0)
        patch.setattr(collecting_of_project, "now", lambda: "1970-01-01T00:00:00.000000Z")
        for _ in range(2):
            collect(study)
    collect(whole)
    assert collected(study) == collected(whole)
    assert len(collected(study)) > len(before)
    collect(study)  # the clock is right again
    assert collected(study) == collected(whole)
