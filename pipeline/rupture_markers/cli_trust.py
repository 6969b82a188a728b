"""`rupture doctor`, `rupture backup`, `rupture restore`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from rupture_markers.cli_terminal import console, errors, report_failures
from rupture_markers.workflow.study import open_study

_COLOURS = {"ok": "green", "warning": "yellow", "fault": "red"}
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON for a script.")]


def doctor(
    study: Annotated[Path | None, typer.Argument(help="study.yaml, or the folder it lies in.")] = None,
    as_json: AsJson = False,
) -> None:
    """Look for what keeps a study from running, and say how to mend each; status 1 where there is a fault.

    Example: `rupture doctor my-study`
    """
    from rupture_markers.workflow.doctor import examine

    checks = []
    with errors.status("looking"):
        checks = list(examine(study))
    if as_json:
        typer.echo(json.dumps([asdict(check) for check in checks]))
    else:
        table = Table("what", "state", "found", "how to mend it")
        for check in checks:
            table.add_row(check.name, Text(check.state, style=_COLOURS[check.state]), check.found, check.mend)
        console.print(table)
    if any(check.state == "fault" for check in checks):
        raise typer.Exit(1)


def backup(
    study: Annotated[Path, typer.Argument(help="study.yaml, or the folder it lies in.")],
    with_server: Annotated[bool, typer.Option("--with-server", help="The local Label Studio's data too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Pack a study folder into one file in its `backups/`; it holds the transcripts, so keep it as safe as they are.

    Status 2 where something of the study could not go along: a link, or what study.yaml names outside the folder.

    Example: `rupture backup my-study`
    """
    from rupture_markers.workflow.backup import back_up

    with errors.status("packing"):
        made = back_up(open_study(study), server=with_server)
    if as_json:
        counts = {"path": str(made.path), "files": made.files, "bytes": made.bytes}
        typer.echo(json.dumps({**counts, "left_out": list(made.left_out)}))
    else:
        console.print(f"{made.files} files, {made.bytes:,} bytes: {made.path}", highlight=False, markup=False)
    report_failures(list(made.left_out))


def restore(
    file: Annotated[Path, typer.Argument(help="A file of `backups/`.")],
    to: Annotated[Path | None, typer.Option(help="Another folder than the one that the backup lies in.")] = None,
) -> None:
    """Put a backup in the place of its study folder, whole or not at all; the former folder is kept beside it.

    Example: `rupture restore my-study/backups/2026-01-31-1.zip`
    """
    from rupture_markers.workflow.restoring import restore as put_back

    with errors.status("unpacking"):
        restored, former = put_back(file, to)
    console.print(f"{restored.files} files restored: {restored.path}", highlight=False, markup=False)
    if former is not None:
        console.print(
            f"What was there is kept in {former}; delete it when you are sure.", highlight=False, markup=False
        )


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (doctor, backup, restore):
        app.command()(command)
