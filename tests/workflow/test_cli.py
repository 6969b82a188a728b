"""Every command helps with an example, and ends in words."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
import typer.main
from typer.testing import CliRunner

from rupture_markers.cli import app
from rupture_markers.workflow import reading
from rupture_markers.workflow.demo import new_study
from rupture_markers.workflow.study import open_study

ROOT = Path(__file__).resolve().parents[2]


def commands(group: Any, prefix: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    out = []
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            out += commands(command, (*prefix, name))
        else:
            out.append(((*prefix, name), command))
    return out


COMMANDS = commands(typer.main.get_command(app))


@pytest.mark.parametrize(("name", "command"), COMMANDS, ids=[" ".join(n) for n, _ in COMMANDS])
def test_every_command_has_help_with_an_example_and_is_documented(
    name: tuple[str, ...], command: click.Command
) -> None:
    assert "Example: `rupture " + " ".join(name) in (command.help or "")
    assert f"`rupture {' '.join(name)}" in (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("arguments", ["", "--help", "run --help", "adjudicate --help"])
def test_the_command_line_loads_nothing_heavy_before_a_command_needs_it(arguments: str) -> None:
    heavy = ["sklearn", "skops", "spacy", "prefect", "label_studio_sdk", "numpy", "scipy", "pandas"]
    code = (
        "import json, sys\n"
        "from rupture_markers.cli import app\n"
        f"if {arguments!r}: app({arguments.split()!r}, standalone_mode=False)\n"
        f"print(json.dumps([name for name in {heavy!r} if name in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == []


@pytest.mark.parametrize(("name", "command"), COMMANDS, ids=[" ".join(n) for n, _ in COMMANDS])
def test_the_examples_of_a_help_are_understood(
    name: tuple[str, ...], command: click.Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for example in re.findall(r"`rupture ([^`]+)`", command.help or ""):
        words = shlex.split(example)
        if tuple(words[: len(name)]) == name:
            command.make_context(" ".join(name), words[len(name) :])  # a wrong option or argument is an error


def test_check_reports_the_sample_study(sample_study: Path) -> None:
    done = CliRunner().invoke(app, ["check", str(sample_study)])
    assert done.exit_code == 0, done.output
    assert "16 files read, 0 not" in done.output


def test_check_lists_a_broken_file_and_leaves_with_a_status(sample_study: Path) -> None:
    (sample_study / "transcripts" / "x.srt").write_text("no captions", encoding="utf-8")
    done = CliRunner().invoke(app, ["check", str(sample_study)])
    assert done.exit_code == 2
    assert "x.srt" in done.output


def test_score_writes_one_row_a_turn(sample_study: Path, tmp_path: Path) -> None:
    out = tmp_path / "scores.csv"
    file = sample_study / "transcripts" / "invented-000.txt"
    asked = ["score", str(file), "--speaker", "T=therapist", "--speaker", "C=client", "--out", str(out)]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 0, done.output
    lines = out.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "session_id,turn,speaker,withdrawal,confrontation,repair,top_code"
    assert len(lines) == 56


def test_a_dry_run_does_nothing(sample_study: Path) -> None:
    done = CliRunner().invoke(app, ["run", str(sample_study), "--dry-run", "--json"])
    assert done.exit_code == 0, done.output
    assert '"files to read": "16"' in done.stdout
    assert not (sample_study / "work").exists()


def test_oddities_of_one_kind_are_one_line_with_where_the_first_is(tmp_path: Path) -> None:
    folder = tmp_path / "study"
    new_study(folder, "odd")
    rows = ["00:05 T: Go on.", "00:05 C: I would.", "00:05 T: Yes.", "00:04 C: That's all."]
    (folder / "transcripts" / "s1.txt").write_text(
        "\n".join(f"[{row[:5]}] {row[6:]}" for row in rows), encoding="utf-8"
    )
    opened = open_study(folder)
    outcome = reading.read_file(opened, reading.source_files(opened)[0], {})
    lines = reading.warnings_of(opened, outcome)
    repeated = [line for line in lines if "the one of the turn before" in line]
    assert repeated == [
        "transcripts/s1.txt, line 2, turn 1: the start time is the one of the turn before (and 1 more like it)"
    ]
    assert any("line 4, turn 3: the start time runs back by 1.0 s" in line for line in lines)
