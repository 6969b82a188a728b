"""`rupture models` of a study: compare, promote, rollback, export, import."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.table import Column, Table

from rupture_markers.cli_retrain import show_comparison
from rupture_markers.cli_terminal import console, echo_json, quiet_prefect, report_failures, show_rows, watched
from rupture_markers.workflow.study import open_study

StudyPath = Annotated[Path, typer.Argument(help="study.yaml, or the folder it lies in.")]
ModelId = Annotated[str, typer.Argument(help="Id of one of the study's models.")]
Reason = Annotated[str, typer.Option(help="Why, for the history; no name of a person.")]
Renew = Annotated[bool, typer.Option("--renew/--no-renew", help="Renew the queue now, or leave it to 'rupture run'.")]
ToFile = Annotated[Path | None, typer.Option(help="Write renewed task files here, without a server.")]
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON.")]


def list_of_study(study: Path, *, as_json: bool) -> None:
    """List a study's models, with what became of each."""
    from rupture_markers.workflow import study_models

    found = study_models.study_models(open_study(study))
    if as_json:
        rows = [
            {"in_use": m.in_use, "last": m.last, "reason": m.reason, **m.manifest.model_dump(mode="json")}
            for m in found
        ]
        typer.echo(json.dumps(rows))
        return
    widest = max((len(m.manifest.id) for m in found), default=0)  # an id must be copied whole
    table = Table(
        Column("model", no_wrap=True, min_width=widest), "made", "from", "in use", "what became of it", box=box.SIMPLE,
        padding=(0, 1, 0, 0),
    )  # fmt: skip
    for m in found:
        table.add_row(
            m.manifest.id, m.manifest.created[:10], m.manifest.parent or "", "yes" if m.in_use else "",
            f"{m.last}: {m.reason}" if m.last else m.reason,
        )  # fmt: skip
    console.print(table)


def compare(
    study: StudyPath,
    candidate: Annotated[str, typer.Argument(help="Id of a model; 'base' for that of study.yaml.")],
    champion: Annotated[str, typer.Argument(help="Id of the model to compare with.")] = "base",
    as_json: AsJson = False,
) -> None:
    """Compare two models on the study's held-out cases; nothing is decided.

    Example: `rupture models compare my-study my-study-0123456789 base`
    """
    from rupture_markers.workflow import study_models

    found = study_models.compare_models(open_study(study), candidate, champion)
    if as_json:
        echo_json(found)
    else:
        show_comparison(found)


def promote(study: StudyPath, model: ModelId, reason: Reason, renew: Renew = True, to_file: ToFile = None) -> None:
    """Put a model in use by hand, whatever a comparison says.

    Example: `rupture models promote my-study my-study-0123456789 --reason "agreed in the team meeting"`
    """
    from rupture_markers.workflow import study_models

    opened = open_study(study)
    with opened.held():
        name = study_models.promote_by_hand(opened, model, reason)
    console.print(f"model {name} is in use")
    _renew(study, renew=renew, to_file=to_file)


def rollback(study: StudyPath, reason: Reason, renew: Renew = True, to_file: ToFile = None) -> None:
    """Go back to the model that was in use before.

    Example: `rupture models rollback my-study --reason "flags too much small talk"`
    """
    from rupture_markers.workflow import study_models

    opened = open_study(study)
    with opened.held():
        gone, back = study_models.roll_back(opened, reason)
    console.print(f"model {back} is in use again, in place of {gone}")
    _renew(study, renew=renew, to_file=to_file)


def export(
    study: StudyPath,
    model: ModelId,
    out: Annotated[Path | None, typer.Option(help="File to write; MODEL.zip without.")] = None,
) -> None:
    """Write a model as a zip file for another study or lab.

    Example: `rupture models export my-study my-study-0123456789 --out model.zip`
    """
    from rupture_markers.workflow import study_models

    written = study_models.export(open_study(study), model, out or Path(f"{model}.zip"))
    console.print(f"wrote {written}")
    console.print("A model holds words of at least three cases each: read docs/retraining.md before you give it away.")


def import_(
    study: StudyPath, file: Annotated[Path, typer.Argument(help="A zip file of 'rupture models export'.")]
) -> None:
    """Take a model of a zip file among the study's; it is not in use until it is promoted.

    Example: `rupture models import my-study model.zip`
    """
    from rupture_markers.workflow import study_models

    opened = open_study(study)
    with opened.held():
        name = study_models.import_into(opened, file)
    console.print(f"model {name} is among the study's; 'rupture models promote' puts it in use")


def _renew(study: Path, *, renew: bool, to_file: Path | None) -> None:
    if not renew:
        console.print("'rupture run' renews the queue.")
        return
    quiet_prefect()
    with watched() as bar:
        bar.say("starting Prefect")
        from rupture_markers.workflow.flows import run_annotate

        summary = run_annotate(study, to_file=to_file)
    show_rows("Renewal", summary.rows())
    report_failures(list(summary.errors))


def add_commands(app: typer.Typer) -> None:
    """Register the commands."""
    for name, command in (("compare", compare), ("promote", promote), ("rollback", rollback), ("export", export)):
        app.command(name)(command)
    app.command("import")(import_)
