"""`rupture collect`, `rupture import-codings` and `rupture forget`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from rupture_markers.cli_terminal import console, quiet_prefect, report_failures, show_rows, watched
from rupture_markers.workflow.study import open_study

StudyPath = Annotated[Path, typer.Argument(help="study.yaml, or the folder it lies in.")]
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON for a script.")]


def collect(
    study: StudyPath,
    everything: Annotated[bool, typer.Option("--all", help="Look at every task, not only at what changed.")] = False,
    as_json: AsJson = False,
) -> None:
    """Bring what people coded into the study's log. A second collect adds nothing.

    Example: `rupture collect my-study`
    """
    quiet_prefect()
    with watched() as bar:
        bar.say("starting Prefect")
        from rupture_markers.workflow.flows import collect as flow

        summary = flow(str(open_study(study).path), everything)
    if as_json:
        typer.echo(json.dumps(asdict(summary)))
    else:
        show_rows("Collected", summary.rows())
        _show_notes(summary.notes)
    report_failures(list(summary.errors))


def import_codings(
    study: StudyPath,
    file: Annotated[Path, typer.Argument(help="Label Studio's JSON export, or a CSV: session, turn, coder, code.")],
    as_json: AsJson = False,
) -> None:
    """Bring codings that were made elsewhere into the study's log. The same file again adds nothing.

    Example: `rupture import-codings my-study codings.csv`
    """
    from rupture_markers.workflow.collecting import import_file

    opened = open_study(study)
    with opened.held():
        done = import_file(opened, file)
    if as_json:
        typer.echo(json.dumps(asdict(done)))
        return
    rows = [("answers in the file", done.answers), ("new or changed", done.added), ("none of ours", done.not_ours)]
    show_rows("Imported", [(what, str(count)) for what, count in rows])
    _show_notes(done.notes)


def _show_notes(notes: tuple[tuple[str, str], ...]) -> None:
    for answer, note in notes:
        console.print(f"{answer}: {note}", style="yellow", markup=False, highlight=False, soft_wrap=True)


def forget(
    study: StudyPath,
    case: Annotated[str, typer.Argument(help="The case, as in sessions.csv.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    transcripts: Annotated[bool, typer.Option("--transcripts", help="Delete its source files too.")] = False,
    no_server: Annotated[bool, typer.Option("--no-server", help="There is no Label Studio any more.")] = False,
    as_json: AsJson = False,
) -> None:
    """Erase a case everywhere we keep it, with what people coded of it; list the models that were trained on it.

    Example: `rupture forget my-study case-07`
    """
    from rupture_markers.workflow.forgetting import forget as erase
    from rupture_markers.workflow.forgetting import sessions_of

    opened = open_study(study)
    if not yes:
        count = len(sessions_of(opened, case))
        typer.confirm(f"Erase {count} sessions of this case with all codings? It cannot be undone.", abort=True)
    with opened.held():
        done = erase(opened, case, transcripts=transcripts, server=not no_server)
    if as_json:
        typer.echo(json.dumps(asdict(done)))
    else:
        counts = {
            "sessions": len(done.sessions), "lines of logs": done.records, "work files": done.files,
            "tasks on Label Studio": done.tasks, "export files of Label Studio": done.exports,
            "backups removed": len(done.backups), "lines of the map of replaced words": done.replaced,
        }  # fmt: skip
        show_rows("Erased", [(what, str(count)) for what, count in counts.items()])
        for model in done.models:
            console.print(f"model {model} was trained on this case; whether it may stay is yours to decide")
        for name in done.transcripts:
            said = "its source file, deleted if it held no other case" if transcripts else "its source file stays"
            console.print(f"{name}: {said}", highlight=False, soft_wrap=True)
    beside = [
        f"{name}: a restore left it beside the study, and it may hold the case; delete it" for name in done.beside
    ]
    report_failures([*(f"{name}: still names a session of the case; look at it" for name in done.left), *beside])
