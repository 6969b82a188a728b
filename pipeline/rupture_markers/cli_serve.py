"""`rupture serve`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rupture_markers.cli_terminal import console, quiet_prefect
from rupture_markers.workflow.study import open_study


def serve(
    study: Annotated[Path, typer.Argument(help="study.yaml, or the folder it lies in.")],
    cron: Annotated[str | None, typer.Option(help="Schedule of 'rupture run' in cron's five fields.")] = None,
    every: Annotated[float | None, typer.Option(help="Minutes between runs, in place of --cron.", min=0.05)] = None,
    collect_every: Annotated[
        float | None, typer.Option(help="Minutes between collects of what was coded.", min=0.05)
    ] = None,
    retrain_cron: Annotated[str | None, typer.Option(help="Schedule of retraining in cron's five fields.")] = None,
    due_every: Annotated[
        float | None, typer.Option(help="Minutes between looks whether new gold makes retraining due.", min=0.05)
    ] = None,
) -> None:
    """Run the flows on a schedule, and when 'rupture backend' asks for it, until stopped.

    Example: `rupture serve my-study --collect-every 15 --due-every 60`
    """
    opened = open_study(study)
    if cron is not None and every is not None:
        raise typer.BadParameter("give --cron or --every, not both.")
    schedules = {
        "run": cron or _minutes(every),
        "collect": _minutes(collect_every),
        "retrain": retrain_cron,
        "retrain when due": _minutes(due_every),
    }
    for name, when in schedules.items():
        console.print(f"{name}: {when or 'only when it is asked for'}", highlight=False)
    quiet_prefect()
    from rupture_markers.workflow.deployments import Schedules
    from rupture_markers.workflow.deployments import serve as serve_study

    serve_study(opened, Schedules(cron, every, collect_every, retrain_cron, due_every), console.print)


def _minutes(number: float | None) -> str | None:
    return None if number is None else f"every {number:g} minutes"
