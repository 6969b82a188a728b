"""What comes from the lab's files is shown on a terminal as it is, and steers nothing."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import typer
import yaml
from rich.table import Table
from typer.testing import CliRunner

from rupture_markers import cli, cli_terminal
from rupture_markers.errors import ModelError
from rupture_markers.workflow.study import open_study

ESCAPE, BIDI, MARKUP, EMOJI = "\x1b]0;owned\x07", "\u202e", "[/b]", ":skull:"
HOSTILE = f"s {MARKUP} {ESCAPE}{BIDI}{EMOJI}"
SHOWN = r"s [/b] \u001b]0;owned\u0007\u202e:skull:"


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    for console in (cli_terminal.console, cli_terminal.errors):
        monkeypatch.setattr(console, "width", 400)


@pytest.fixture
def hostile_study(tmp_path: Path) -> Path:
    """Files and a session named like commands to a terminal: one read, one not, one with a finding and a warning."""
    folder = tmp_path / "study"
    (folder / "transcripts").mkdir(parents=True)
    config = {"study": "hostile", "speakers": {"T": "therapist", "C": "client"}, "sessions": None,
              "coding": {"coders": ["one"], "double_coded": 0.0}}  # fmt: skip
    (folder / "study.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    lines = "T: How was the week?\nC: Long. I did not want to come.\n" * 4
    broken = "no speakers here\n"
    turns = [{"turn": 0, "speaker": "client", "text": "Call 555-010-7788.\x07"},
             {"turn": 1, "speaker": "therapist", "text": "Yes."}]  # fmt: skip
    session = {"session_id": f"one {HOSTILE}", "turns": turns}
    files = {f"{HOSTILE}.txt": lines, f"broken\nall is well {HOSTILE}.txt": broken,
             f"jsonl {HOSTILE}.jsonl": json.dumps(session) + "\n"}  # fmt: skip
    for name, text in files.items():
        path = folder / "transcripts" / name  # "[/b]" makes a folder of the first half
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def require_harmless(output: str) -> None:
    assert ESCAPE not in output
    assert BIDI not in output
    assert SHOWN in output


def test_check_shows_hostile_names_of_files_and_sessions_as_they_are(hostile_study: Path) -> None:
    done = CliRunner().invoke(cli.app, ["check", str(hostile_study)])
    assert done.exit_code == 2, done.output
    require_harmless(done.output)
    assert f"one {SHOWN}" in done.output  # a finding's session
    assert f"jsonl {SHOWN}.jsonl" in done.output
    assert f"broken\\u000aall is well {SHOWN}.txt" in done.output
    assert not any(line.startswith("all is well") for line in done.output.splitlines())


def test_every_command_shows_a_hostile_path_as_it_is(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli.app, ["init", str(tmp_path / HOSTILE)])
    assert done.exit_code == 0, done.output
    require_harmless(done.output)
    assert open_study(tmp_path / HOSTILE).config.study == "my-study"


@pytest.mark.parametrize(
    "fault",
    [
        ModelError(f"there is no model '{HOSTILE}'.", "Name another.", path=Path(HOSTILE)),
        PermissionError(13, "Permission denied", HOSTILE),
    ],
)
def test_an_error_names_a_hostile_path_as_it_is(
    fault: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise fault

    monkeypatch.setattr(cli, "app", fail)
    with pytest.raises(SystemExit):
        cli.main()
    require_harmless(capsys.readouterr().err)


def test_what_failed_and_cells_of_tables_are_shown_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit):
        cli_terminal.report_failures([f"{HOSTILE}: cannot be read."])
    require_harmless(capsys.readouterr().err)
    cli_terminal.show_rows(HOSTILE, [(HOSTILE, HOSTILE)])
    table = Table(HOSTILE, caption=HOSTILE)
    table.add_row(HOSTILE)
    cli_terminal.console.print(table)
    out = capsys.readouterr().out
    require_harmless(out)
    assert out.count(SHOWN) == 6


def test_no_command_has_a_terminal_of_its_own() -> None:
    names = [name for name in sys.modules if name.startswith("rupture_markers.cli")]
    for name in names:
        for terminal in ("console", "errors"):
            found = getattr(sys.modules[name], terminal, None)
            assert found in (None, getattr(cli_terminal, terminal)), name
