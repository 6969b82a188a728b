"""`rupture adjudicate`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from rupture_markers.cli_terminal import console, errors, report_failures, show_rows
from rupture_markers.workflow.study import Study, open_study

StudyPath = Annotated[Path, typer.Argument(help="study.yaml, or the folder it lies in.")]


def register(app: typer.Typer) -> None:
    """Add the command to `rupture`."""
    app.command("adjudicate")(adjudicate_study)


def adjudicate_study(
    study: StudyPath,
    collect: Annotated[bool, typer.Option("--collect", help="Bring outcomes in, and send nothing.")] = False,
    reasons: Annotated[
        bool, typer.Option("--reasons", help="Count the reasons by code; a guideline gap is a fault of the codebook.")
    ] = False,
    codes: Annotated[
        bool, typer.Option("--codes", help="Another code of the same family is a disagreement too.")
    ] = False,
    all_arms: Annotated[
        bool, typer.Option("--all-arms", help="Also where suggestions were shown; for training alone.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON for a script.")] = False,
) -> None:
    """Send disagreements to an adjudication project, and bring the outcomes of the last time in.

    Example: `rupture adjudicate my-study`
    """
    from rupture_markers.workflow.adjudicating import adjudicate

    opened = open_study(study)
    if reasons:
        show_reasons(opened, as_json=as_json)
        return
    with errors.status("adjudication"):
        done = adjudicate(opened, level="code" if codes else "family", all_arms=all_arms, collect_only=collect)
    if as_json:
        typer.echo(json.dumps(asdict(done)))
        report_failures([done.notice] if done.notice else [])
        return
    show_rows("Adjudication", done.rows())
    still_open = done.disagreements - done.decided - done.unplaced
    if still_open > 0:
        console.print(
            f"{still_open} disagreements wait in the project 'adjudication' of Label Studio; run this again when they are decided."
        )
    if done.set_aside:
        console.print(done.set_aside, style="yellow", highlight=False)
    for task_id, what in done.unread:
        errors.print(f"task {task_id}: {what}; answer it again.", style="yellow", highlight=False)
    report_failures([done.notice] if done.notice else [])


def show_reasons(study: Study, *, as_json: bool = False) -> None:
    """Show why coders differed, by the codes at stake."""
    from rupture_markers.coding.gold import REASONS
    from rupture_markers.workflow.adjudicating import reasons_by_code
    from rupture_markers.workflow.coded_study import open_coded

    counts = reasons_by_code(open_coded(study))
    if as_json:
        typer.echo(json.dumps(counts))
        return
    table = Table("code", *REASONS, title="Why coders differed, by code at stake")
    for code, of_code in counts.items():
        table.add_row(code, *(str(of_code[reason]) for reason in REASONS))
    console.print(table)
