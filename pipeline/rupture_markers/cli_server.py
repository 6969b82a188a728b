"""`rupture label-studio`: the local Label Studio of a study."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from rupture_markers.cli_terminal import console, errors
from rupture_markers.workflow.study import open_study

server_app = typer.Typer(help="The local Label Studio of a study.", no_args_is_help=True)
StudyPath = Annotated[Path, typer.Argument(help="study.yaml, or the folder it lies in.")]


@server_app.command()
def start(
    study: StudyPath,
    port: Annotated[int | None, typer.Option(help="Port on this machine; a free one else.")] = None,
    ml_backend: Annotated[
        bool, typer.Option("--ml-backend", help="Let it talk to backends and webhooks on this machine.")
    ] = False,
) -> None:
    """Start it on this machine alone, with an account for each coder.

    Example: `rupture label-studio start my-study`
    """
    from rupture_markers.workflow.queue import local_server

    opened = open_study(study)
    with errors.status("Label Studio") as status:
        found = local_server(opened).start(
            opened.config.coding.coders, port=port, ml_backend=ml_backend, say=status.update
        )
    console.print(f"Label Studio runs at {found.url}")
    for user in found.users:
        console.print(f"  user {user}")
    console.print(f"  passwords: {found.passwords}")


@server_app.command()
def stop(study: StudyPath) -> None:
    """Stop it; tasks and codings stay.

    Example: `rupture label-studio stop my-study`
    """
    from rupture_markers.workflow.queue import local_server

    stopped = local_server(open_study(study)).stop()
    console.print("Label Studio is stopped." if stopped else "Label Studio did not run.")


@server_app.command()
def status(study: StudyPath, as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False) -> None:
    """Say whether it runs, where, and for whom.

    Example: `rupture label-studio status my-study`
    """
    from rupture_markers.workflow.queue import local_server

    found = local_server(open_study(study)).status()
    if as_json:
        typer.echo(json.dumps({"running": found.running, "url": found.url, "users": list(found.users)}))
    elif found.running:
        console.print(f"Label Studio runs at {found.url} (process {found.pid}).")
        console.print(f"Users: {', '.join(found.users)}; passwords: {found.passwords}")
    else:
        console.print("Label Studio does not run.")
    if not found.running:
        raise typer.Exit(1)
