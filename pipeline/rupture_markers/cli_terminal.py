"""What the commands share on the terminal: progress, tables of two columns, failures."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from pydantic import BaseModel
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from rupture_markers.errors import ConfigError
from rupture_markers.transcripts.control_characters import displayed
from rupture_markers.workflow.prefect_access import require_safe_prefect
from rupture_markers.workflow.progress import watched_by


class PlainConsole(Console):
    """A terminal that takes a string for words alone: no markup, no emoji codes, no character that it would act on.

    Paths, ids, labels and reasons come from the lab's files: one named ``x [/b].txt``, or with an escape sequence in its
    name, is shown as it is. Lines are kept; style is given beside the string, or by a ``Text``.
    """

    def render_str(self, text: str, **asked: Any) -> Text:
        """The string as a text to be shown."""
        return super().render_str(displayed_lines(text), **{**asked, "markup": False, "emoji": False})


def displayed_lines(text: str) -> str:
    """``displayed`` for text of several lines."""
    return "\n".join(displayed(line) for line in text.split("\n"))


console = PlainConsole()
errors = PlainConsole(stderr=True)
PARTLY = 2
"""Exit status where some files failed and everything else is done."""


class Bar:
    """Progress on the terminal."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task: TaskID | None = None

    def begin(self, what: str, total: int) -> None:
        """A stage begins."""
        self._task = self._progress.add_task(what, total=total)

    def advance(self, number: int = 1) -> None:
        """So much of it is done."""
        if self._task is not None:
            self._progress.advance(self._task, number)

    def say(self, what: str) -> None:
        """Write a line above the bars."""
        self._progress.console.print(what, style="dim")


@contextmanager
def watched() -> Iterator[Bar]:
    """Show progress on standard error."""
    columns = (TextColumn("{task.description:>8}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors, transient=not errors.is_terminal) as progress:
        bar = Bar(progress)
        with watched_by(bar):
            yield bar


def quiet_prefect() -> None:
    """No telemetry, no chatter; an existing server is used where PREFECT_API_URL is set.

    Raises
    ------
    ConfigError
        If that server is reached in the clear, or unchecked.
    """
    require_safe_prefect()
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "CRITICAL")
    os.environ.setdefault("PREFECT_SERVER_LOGGING_LEVEL", "ERROR")
    os.environ.setdefault("PREFECT_RESULTS_PERSIST_BY_DEFAULT", "false")
    os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "180")


def require_terminal() -> None:
    """Refuse to show text where it would not go to a terminal.

    Raises
    ------
    ConfigError
        If standard output is a file or a pipe.
    """
    if not console.is_terminal:
        raise ConfigError("--show-text shows text on a terminal only.", "Leave it away, or do not redirect the output.")


def report_failures(failed: list[str]) -> None:
    """List what failed and leave with a status that says so."""
    for line in failed:
        errors.print(displayed(line), style="red", markup=False, highlight=False)
    if failed:
        raise typer.Exit(PARTLY)


def echo_json(model: BaseModel) -> None:
    """Write a model as JSON of ASCII alone, as every other command does."""
    typer.echo(json.dumps(json.loads(model.model_dump_json())))


def show_rows(title: str, rows: list[tuple[str, str]], *, as_json: bool = False) -> None:
    """Show a table of two columns."""
    if as_json:
        typer.echo(json.dumps(dict(rows)))
        return
    table = Table("what", "count", title=title)
    for name, value in rows:
        table.add_row(name, value)
    console.print(table)
