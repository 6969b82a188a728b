"""`rupture models`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress
from rich.table import Table

from rupture_markers.cli_study_models import add_commands, list_of_study
from rupture_markers.cli_terminal import console, displayed_lines, echo_json, errors
from rupture_markers.markers.defaults import default_file
from rupture_markers.workflow.study import open_study

models_app = typer.Typer(help="The models at hand.", no_args_is_help=True)
add_commands(models_app)
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON.")]


@models_app.command("list")
def list_all(
    folder: Annotated[
        Path | None, typer.Argument(help="A study, or a folder of models; the shipped ones without.")
    ] = None,
    study: Annotated[Path | None, typer.Option(help="The study, as an option.")] = None,
    as_json: AsJson = False,
) -> None:
    """List models; of a study, with what became of each.

    Example: `rupture models list my-study`
    """
    from rupture_markers.learning.registry import list_models

    if study is None and folder is not None and (folder.is_file() or (folder / "study.yaml").is_file()):
        study = folder
    if study is not None:
        list_of_study(study, as_json=as_json)
        return
    found = list_models(folder or default_file("models"))
    if as_json:
        typer.echo(json.dumps([manifest.model_dump(mode="json") for manifest in found]))
        return
    table = Table("model", "made", "codebook")
    for manifest in found:
        table.add_row(manifest.id, str(manifest.created)[:10], manifest.codebook_version)
    console.print(table)


@models_app.command()
def show(
    model: Annotated[str, typer.Argument(help="Name or folder of a model.")] = "baseline",
    study: Annotated[Path | None, typer.Option(help="Study whose model it is.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show a model's card.

    Example: `rupture models show baseline`
    """
    from rupture_markers.learning.registry import model_folder, read_manifest
    from rupture_markers.workflow.study_models import reference

    where: str | Path = model if study is None else reference(open_study(study), model)
    if as_json:
        echo_json(read_manifest(where))
    else:
        typer.echo(displayed_lines((model_folder(where) / "card.md").read_text(encoding="utf-8")))


@models_app.command("train-baseline")
def train_shipped(
    data: Annotated[Path, typer.Option(help="Folder with annomi, mibot and invented.")],
    out: Annotated[Path, typer.Option(help="Folder of the new model.")] = Path("models/baseline"),
    seed: Annotated[int, typer.Option(help="Of everything that is drawn.")] = 20,
) -> None:
    """Train the shipped model again, with its cross-validation.

    The lifelike sessions and the degrees that go with the project are learnt from, too.

    Example: `rupture models train-baseline --data shared-data --out new-baseline`
    """
    from rupture_markers.learning.training import steps, train_baseline
    from rupture_markers.reports.model_card import write_model_card

    with Progress(console=errors) as progress:
        bar = progress.add_task("training", total=steps())
        loaded = train_baseline(data, out, seed=seed, progress=lambda done: progress.advance(bar, done))
    write_model_card(out)
    console.print(f"model {loaded.id}: {out}")
