"""While one process holds a study, every command that would change it stops, says who holds it and changes nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rupture_markers.cli import app
from rupture_markers.errors import RuptureError, StudyError
from rupture_markers.workflow.backup import back_up
from rupture_markers.workflow.study import open_study

REASON = ("--reason", "agreed in the meeting")
COMMANDS = (
    ("check", "{study}"),
    ("run", "{study}", "--to-file", "{out}"),
    ("collect", "{study}"),
    ("retrain", "{study}", "--to-file", "{out}"),
    ("models", "promote", "{study}", "base", *REASON),
    ("models", "rollback", "{study}", *REASON),
    ("models", "import", "{study}", "{out}.zip"),
    ("forget", "{study}", "invented-000", "--yes"),
    ("deidentify", "{study}", "--replace-all", "all"),
    ("adjudicate", "{study}"),
    ("import-codings", "{study}", "{out}.csv"),
    ("train-coders", "{study}", "--practice", "2"),
    ("export", "codings", "{study}", "--out", "{out}"),
    ("backup", "{study}"),
    ("restore", "{backup}"),
)


def everything(folder: Path) -> dict[Path, bytes]:
    files = (p for p in folder.rglob("*") if p.is_file() and not p.name.endswith(("lock-holder", "restore-lock")))
    return {path: path.read_bytes() for path in files}


@pytest.mark.parametrize("command", COMMANDS, ids=lambda words: " ".join(w for w in words[:2] if "{" not in w))
def test_a_command_that_changes_a_held_study_stops_with_status_5_names_the_holder_and_changes_nothing(
    command: tuple[str, ...], coded_study: Path, tmp_path: Path
) -> None:
    made = back_up(open_study(coded_study)).path
    words = [word.format(study=coded_study, backup=made, out=tmp_path / "out") for word in command]
    with open_study(coded_study).held():
        before = everything(tmp_path)
        done = CliRunner().invoke(app, words)
        assert isinstance(done.exception, RuptureError), done.output
        assert done.exception.exit_code == StudyError.exit_code
        assert f"process {os.getpid()}" in str(done.exception)
        assert everything(tmp_path) == before
