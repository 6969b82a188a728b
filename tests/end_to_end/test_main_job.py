"""The main job against a real Label Studio and a real Prefect flow."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from rupture_markers.cli import app
from rupture_markers.coding.assignment import read_assignments
from rupture_markers.coding.label_studio import LabelStudioClient
from rupture_markers.workflow import reading
from rupture_markers.workflow.queue import client_of
from rupture_markers.workflow.study import Study, open_study

pytestmark = pytest.mark.label_studio


def run(study: Path, *options: str) -> dict[str, Any]:
    done = CliRunner().invoke(app, ["run", str(study), "--json", *options])
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def on_server(study: Study, client: LabelStudioClient) -> dict[str, list[str]]:
    """Task ids on the server by project key."""
    projects = json.loads(study.projects.read_text())["projects"]
    return {p["key"]: [t.task_id for t in client.tasks(p["number"])] for p in projects}


def test_two_runs_leave_each_task_once_and_the_second_does_nothing(served_study: Path) -> None:
    first = run(served_study)
    study = open_study(served_study)
    client = client_of(study)
    before = on_server(study, client)
    assert first["created"] == first["tasks"] == sum(len(t) for t in before.values()) > 0
    assert first["sessions"] == 16
    second = run(served_study)
    assert (second["created"], second["changed"], second["predictions_renewed"], second["scored"]) == (0, 0, 0, 0)
    assert on_server(study, client) == before


def test_a_blind_project_has_no_prediction_and_its_tasks_tell_nothing(served_study: Path) -> None:
    run(served_study)
    study = open_study(served_study)
    client = client_of(study)
    projects = json.loads(study.projects.read_text())["projects"]
    assert {p["arm"] for p in projects} == {"blind", "assisted"}
    for project in projects:
        found = client.predictions(project["number"])
        if project["arm"] == "blind":
            assert found == []
            for task in client.tasks(project["number"]):
                assert set(task.data) <= {"task_id", "dialogue", "context"}
                assert "invented" not in task.data["task_id"]
        else:
            assert found
            assert max(Counter(p.task for p in found).values()) == 1


def test_an_annotated_task_of_a_changed_transcript_stays_and_is_listed_as_stale(served_study: Path) -> None:
    run(served_study)
    study = open_study(served_study)
    client = client_of(study)
    task = next(a for a in read_assignments(study.assignments) if a.session_id == "invented-000")
    project = next(p for p in json.loads(study.projects.read_text())["projects"] if task.task_id in p["tasks"])
    number = project["tasks"][task.task_id]
    made = client._api.annotations.create(id=number, result=[], was_cancelled=False)
    path = study.transcripts / "invented-000.txt"
    lines = path.read_text(encoding="utf-8").splitlines()
    at = task.turns[0]
    lines[at] += " And so on."
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    again = run(served_study)
    assert task.task_id in again["stale"]
    assert again["created"] >= 1
    assert any(t.number == number and t.annotations == 1 for t in client.tasks(project["number"]))
    assert client._api.annotations.get(id=made.id) is not None


def test_a_coders_draft_is_kept_when_the_transcript_changes(served_study: Path, label_studio: Any) -> None:
    run(served_study)
    study = open_study(served_study)
    client = client_of(study)
    task = next(a for a in read_assignments(study.assignments) if a.session_id == "invented-000")
    project = next(p for p in json.loads(study.projects.read_text())["projects"] if task.task_id in p["tasks"])
    number = project["tasks"][task.task_id]
    with httpx.Client(base_url=label_studio.url, follow_redirects=True, timeout=60) as coder:
        page = coder.get("/user/login/")
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
        assert token
        who = {"email": label_studio.username, "password": label_studio.password, "csrfmiddlewaretoken": token[1]}
        coder.post("/user/login/", data=who, headers={"Referer": f"{label_studio.url}/user/login/"})
        headers = {"X-CSRFToken": coder.cookies["csrftoken"], "Referer": label_studio.url}
        made = coder.post(f"/api/tasks/{number}/drafts", json={"result": [], "lead_time": 1}, headers=headers)
        assert made.status_code == 201
    path = study.transcripts / "invented-000.txt"
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[task.turns[0]] += " And so on."
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert task.task_id in run(served_study)["stale"]
    assert any(t.number == number for t in client.tasks(project["number"]))


def test_a_killed_run_is_finished_by_the_next(served_study: Path) -> None:
    study = open_study(served_study)
    program = "from rupture_markers.cli import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", program, "run", str(served_study)],
        env=dict(os.environ), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 180
    while not study.projects.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    assert process.poll() is None, "the run ended before it could be killed"
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    done = run(served_study)
    found = on_server(study, client_of(study))
    everything = [name for names in found.values() for name in names]
    assert len(everything) == len(set(everything)) == done["tasks"]
    assert 0 < done["created"] < done["tasks"]


def test_without_a_server_the_same_tasks_are_files(sample_study: Path, tmp_path: Path) -> None:
    done = run(sample_study, "--to-file", str(tmp_path / "out"))
    tasks = [task for path in done["task_files"] for task in json.loads(Path(path).read_text(encoding="utf-8"))]
    assert len(tasks) == done["tasks"] > 0
    assert all(set(task) <= {"data", "predictions"} for task in tasks)


def test_one_bad_file_is_listed_and_everything_else_done(sample_study: Path, tmp_path: Path) -> None:
    (sample_study / "transcripts" / "broken.vtt").write_text("nothing of the kind", encoding="utf-8")
    done = CliRunner().invoke(app, ["run", str(sample_study), "--json", "--to-file", str(tmp_path / "out")])
    assert done.exit_code == 2
    summary = json.loads(next(line for line in done.stdout.splitlines() if line.startswith("{")))
    assert len(summary["errors"]) == 1
    assert "broken.vtt" in summary["errors"][0]
    assert summary["sessions"] == 16


def test_prefect_keeps_no_word_of_a_transcript(sample_study: Path, tmp_path: Path) -> None:
    canary = "zyxwvutcanary"
    path = sample_study / "transcripts" / "invented-000.txt"
    path.write_text(path.read_text(encoding="utf-8").replace("T: ", f"T: {canary} ", 3), encoding="utf-8")
    (sample_study / "transcripts" / "bad.txt").write_text(f"Q{canary}: hello\nR: no\n", encoding="utf-8")
    home = tmp_path / "prefect"
    program = "from rupture_markers.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "run", str(sample_study), "--to-file", str(tmp_path / "out")],
        env=dict(os.environ) | {"PREFECT_HOME": str(home), "PREFECT_LOGGING_LEVEL": "DEBUG"},
        capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr.decode()[-2000:]
    assert canary.encode() not in done.stdout + done.stderr
    databases = list(home.rglob("*.db"))
    assert databases
    with sqlite3.connect(databases[0]) as database:
        assert database.execute("select count(*) from flow_run").fetchone()[0] == 1
    for file in home.rglob("*"):
        if file.is_file():
            assert canary.encode() not in file.read_bytes(), file.name
    assert any(canary in t.text for t in reading.session(open_study(sample_study), "invented-000").turns)
