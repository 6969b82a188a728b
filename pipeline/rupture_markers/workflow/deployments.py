"""Deployments: the flows of a study, served on schedules and when somebody asks (configs/prefect.yaml for a work pool)."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import StateType
from prefect.deployments.runner import RunnerDeployment
from prefect.exceptions import PrefectException, TerminationSignal
from prefect.runner import Runner
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings

from rupture_markers.workflow import asked
from rupture_markers.workflow.asked import Wish
from rupture_markers.workflow.flows import annotate, collect, retrain, retrain_when_due
from rupture_markers.workflow.prefect_server import PrefectAddress, kept_server, known_server
from rupture_markers.workflow.study import Study

_ASKED = "asked"
"""Tag of a run that was asked for, apart from those of a schedule."""
_SECONDS = 5.0
_ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True)
class Schedules:
    """When the flows of a study run by themselves; what has no schedule runs only when it is asked for.

    Attributes
    ----------
    annotate_cron, retrain_cron : str or None
        In cron's five fields.
    annotate_minutes, collect_minutes : float or None
        Intervals.
    due_minutes : float or None
        How often to look whether enough new gold makes retraining due.
    """

    annotate_cron: str | None = None
    annotate_minutes: float | None = None
    collect_minutes: float | None = None
    retrain_cron: str | None = None
    due_minutes: float | None = None


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


class _QuietRunner(Runner):
    def handle_sigterm(self, *_: Any, **__: Any) -> None:
        """End as by Ctrl+C; Prefect's own way leaves a warning on the terminal."""
        _interrupt()


def serve(study: Study, schedules: Schedules, say: Callable[[str], None] = lambda _: None) -> None:
    """Serve the flows of a study until stopped, one run at a time.

    Where no Prefect server is named (PREFECT_API_URL), the study keeps one of its own meanwhile.

    Parameters
    ----------
    study : Study
    schedules : Schedules
    say : callable
        Told what takes long, and when the flows are served.

    Raises
    ------
    StudyError
        If the study is served already.
    """
    signal.signal(signal.SIGTERM, _interrupt)  # so that a server of our own is stopped, whenever it comes
    with contextlib.suppress(KeyboardInterrupt, TerminationSignal), _server(study, say):
        runner = _QuietRunner(limit=1)
        for deployment in deployments_of(study.path, schedules):
            runner.add_deployment(deployment)
        for wish in asked.WISHES:
            if asked.is_asked(study, wish) and enqueue(study, wish):
                asked.done(study, wish)
        say("serving; Ctrl+C stops it")
        asyncio.run(_until_stopped(runner))


async def _until_stopped(runner: Runner) -> None:
    def told(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        # Before Python 3.12 asyncio reports a connection of a run that a stop cancels as if it were an error.
        if not isinstance(context.get("exception"), asyncio.CancelledError):
            loop.default_exception_handler(context)

    asyncio.get_running_loop().set_exception_handler(told)
    await runner.start()


def enqueue(study: Study, wish: Wish) -> bool:
    """Ask for a run of a study's flow; a run that was asked for and has not begun is enough.

    Its parameters are those of the deployment, the study's path: nothing of a request goes into it.

    Returns
    -------
    bool
        False where no Prefect server with such a deployment is reached.
    """
    named = PREFECT_API_URL.value()
    address = None if named else known_server(study.work / "prefect")
    if named is None and address is None:
        return False
    try:
        with (
            _ONE_AT_A_TIME,
            pointed_at(address),
            get_client(sync_client=True, httpx_settings={"timeout": _SECONDS}) as client,
        ):
            return _enqueue(client, study, wish)
    except (PrefectException, httpx.HTTPError, OSError, RuntimeError) as fault:
        logging.getLogger(__name__).warning("no run could be asked for: %s", type(fault).__name__)
        return False


def ask(study: Study, wish: Wish) -> None:
    """Ask for a run; where no Prefect server is reached, leave the wish for `rupture serve` to find."""
    if not enqueue(study, wish):
        asked.ask(study, wish)


def _enqueue(client: SyncPrefectClient, study: Study, wish: Wish) -> bool:
    found = client.read_deployments(flow_filter=FlowFilter(name=FlowFilterName(any_=[wish])))
    ours = next((d for d in found if _is_of(study, d.parameters.get("study"))), None)
    if ours is None:
        return False
    waiting = client.read_flow_runs(
        deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=[ours.id])),
        flow_run_filter=FlowRunFilter(
            tags=FlowRunFilterTags(all_=[_ASKED]),
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED, StateType.PENDING])),
        ),
        limit=1,
    )
    if not waiting:
        client.create_flow_run_from_deployment(ours.id, tags=[_ASKED])
    return True


def _is_of(study: Study, path: object) -> bool:
    """Whether a deployment's parameter names the study, by its study.yaml or its folder."""
    return isinstance(path, str) and Path(path).resolve() in (study.path, study.folder)


def deployments_of(path: Path, schedules: Schedules) -> tuple[RunnerDeployment, ...]:
    """Deployments of a study's four flows, under names that no other study has.

    Parameters
    ----------
    path : Path
        Of study.yaml; their only parameter.
    schedules : Schedules
    """
    # Two studies may have folders of the same name, on one Prefect server.
    name = f"{path.parent.name}-{hashlib.sha256(str(path).encode()).hexdigest()[:6]}"

    def deployment(flow: Any, **schedule: Any) -> RunnerDeployment:
        # Typed as if it could be a coroutine, which it is in a running event loop alone.
        return cast(RunnerDeployment, flow.to_deployment(name, parameters={"study": str(path)}, **schedule))

    def seconds(minutes: float | None) -> float | None:
        return None if minutes is None else minutes * 60

    return (
        deployment(retrain_when_due, interval=seconds(schedules.due_minutes)),
        deployment(retrain, cron=schedules.retrain_cron),
        deployment(annotate, cron=schedules.annotate_cron, interval=seconds(schedules.annotate_minutes)),
        deployment(collect, interval=seconds(schedules.collect_minutes)),
    )


@contextlib.contextmanager
def _server(study: Study, say: Callable[[str], None]) -> Iterator[None]:
    if PREFECT_API_URL.value():
        yield
        return
    with kept_server(study.work / "prefect", say) as address, pointed_at(address):
        yield


@contextlib.contextmanager
def pointed_at(address: PrefectAddress | None) -> Iterator[None]:
    """Let Prefect talk to a server; to the one that its settings name where there is no other."""
    if address is None:
        yield
        return
    with temporary_settings(
        updates={PREFECT_API_URL: address.api, PREFECT_API_AUTH_STRING: address.auth.get_secret_value()}
    ):
        yield
