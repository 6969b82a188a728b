"""The gate in front of a real Label Studio."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from rupture_markers.cli import app
from rupture_markers.workflow.queue import client_of
from rupture_markers.workflow.study import open_study

pytestmark = pytest.mark.label_studio
NAME = "Quillabelle"


def run(study: Path, code: int) -> dict[str, Any]:
    done = CliRunner().invoke(app, ["run", str(study), "--json"])
    assert done.exit_code == code, done.output
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def texts(study: Path) -> str:
    opened = open_study(study)
    projects = json.loads(opened.projects.read_text())["projects"]
    with client_of(opened) as client:
        return json.dumps([task.data for project in projects for task in client.tasks(project["number"])])


def declare(study: Path, *, public: bool) -> None:
    config = yaml.safe_load((study / "study.yaml").read_text(encoding="utf-8")) | {"public_data": public}
    (study / "study.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")


def test_a_session_with_a_finding_never_reaches_the_server_and_is_taken_back_from_it(served_study: Path) -> None:
    path = served_study / "transcripts" / "invented-000.txt"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(f"{line} I told {NAME}." for line in lines) + "\n", encoding="utf-8")
    declare(served_study, public=False)
    first = run(served_study, 2)
    assert first["quarantined"] == 1
    assert first["created"] == first["tasks"] - sum(
        "invented-000" in line for line in (served_study / "work" / "assignments.jsonl").read_text().splitlines()
    )
    assert NAME not in texts(served_study)
    declare(served_study, public=True)
    assert run(served_study, 0)["created"] > 0
    assert NAME in texts(served_study)
    declare(served_study, public=False)
    assert run(served_study, 2)["deleted"] > 0
    assert NAME not in texts(served_study)
