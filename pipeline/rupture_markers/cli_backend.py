"""`rupture backend`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from rupture_markers.cli_terminal import console, quiet_prefect
from rupture_markers.errors import ConfigError
from rupture_markers.workflow.study import open_study


def backend(
    study: Annotated[Path, typer.Argument(help="study.yaml, or the folder it lies in.")],
    host: Annotated[str, typer.Option(help="Address to listen on; this machine alone unless you say otherwise.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(help="Port.", min=1, max=65535)] = 9090,
    behind_proxy: Annotated[
        bool,
        typer.Option("--behind-proxy", help="A proxy with https stands before it: --host may be beyond this machine."),
    ] = False,
) -> None:
    """Serve Label Studio's ML-backend protocol for a study until stopped: predictions, and what webhooks ask for.

    Example: `rupture backend my-study --port 9090`
    """
    from rupture_markers.workflow import server

    if not server.is_loopback(host) and not behind_proxy:
        raise ConfigError(
            "this would listen beyond this machine in plain http.",
            "Put a proxy with https in front of it and add --behind-proxy, or leave --host out.",
        )
    quiet_prefect()
    from rupture_markers.workflow.backend_predictions import TaskPredictions
    from rupture_markers.workflow.deployments import ask

    opened = open_study(study)
    file = opened.folder / "label-studio" / "backend-secret"
    app = server.make_app(TaskPredictions(opened), server.read_secret(file), partial(ask, opened))
    console.print(f"backend of study {opened.config.study} at http://{host}:{port}")
    console.print(f"  user {server.USER}, secret in ${server.SECRET_VARIABLE} or {file}")
    server.serve_backend(app, host, port)
