"""Deployments: the flows on a schedule, served by this process or by a work pool (configs/prefect.yaml)."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from prefect import serve as serve_deployments
from prefect.deployments.runner import RunnerDeployment

from rupture_markers.workflow.flows import annotate, collect, retrain, retrain_when_due


def serve(
    study: Path,
    *,
    cron: str | None = None,
    every_minutes: float | None = None,
    collect_minutes: float | None = None,
    retrain_cron: str | None = None,
    due_minutes: float | None = None,
) -> None:
    """Serve the flows of a study until stopped, one run at a time.

    Parameters
    ----------
    study : Path
        Of study.yaml.
    cron : str, optional
        Schedule in cron's five fields.
    every_minutes : float, optional
        Interval of `annotate` in place of cron.
    collect_minutes : float, optional
        Interval of `collect`; without it `collect` runs only when it is asked for.
    retrain_cron : str, optional
        Schedule of `retrain`.
    due_minutes : float, optional
        How often to look whether a webhook asked for something, or enough new gold makes retraining due.
    """
    folder = study.parent.name

    def deployment(flow: Any, name: str, **schedule: Any) -> RunnerDeployment:
        # Typed as if it could be a coroutine, which it is in a running event loop alone.
        return cast(
            RunnerDeployment, flow.to_deployment(f"{name}-{folder}", parameters={"study": str(study)}, **schedule)
        )

    def seconds(minutes: float | None) -> float | None:
        return None if minutes is None else minutes * 60

    more = (
        [] if due_minutes is None else [deployment(retrain_when_due, "retrain-when-due", interval=seconds(due_minutes))]
    )
    serve_deployments(
        *more,
        deployment(retrain, "retrain", cron=retrain_cron),
        deployment(annotate, "annotate", cron=cron, interval=seconds(every_minutes)),
        deployment(collect, "collect", interval=seconds(collect_minutes)),
        limit=1,
        print_starting_message=False,
    )
