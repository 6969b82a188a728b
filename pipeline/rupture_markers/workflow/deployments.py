"""Deployments: the flow on a schedule, served by this process or by a work pool (configs/prefect.yaml)."""

from __future__ import annotations

from pathlib import Path

from rupture_markers.workflow.flows import annotate


def serve(study: Path, *, cron: str | None = None, every_minutes: float | None = None) -> None:
    """Serve the flow `annotate` for a study until stopped.

    Parameters
    ----------
    study : Path
        Of study.yaml.
    cron : str, optional
        Schedule in cron's five fields.
    every_minutes : float, optional
        Interval in place of cron.
    """
    annotate.serve(
        name=f"annotate-{study.parent.name}",
        parameters={"study": str(study)},
        cron=cron,
        interval=None if every_minutes is None else every_minutes * 60,
        limit=1,
        print_starting_message=False,
    )
