"""Prefect's tasks: the stages as they are tried again and fanned out. What they take and give is ids and counts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.futures import PrefectFuture, as_completed
from prefect.settings import PREFECT_API_TLS_INSECURE_SKIP_VERIFY, PREFECT_API_URL
from prefect.task_runners import ProcessPoolTaskRunner, TaskRunner, ThreadPoolTaskRunner

from rupture_markers.errors import LabelStudioFault, without_words
from rupture_markers.markers.marker import Arm
from rupture_markers.workflow import collecting, queue, reading, stages
from rupture_markers.workflow.prefect_access import require_safe_prefect
from rupture_markers.workflow.progress import observer
from rupture_markers.workflow.study import Study, open_study

# A profile or a prefect.toml may name the server, too, and Prefect hears of a flow before its first line runs.
require_safe_prefect(PREFECT_API_URL.value() or "", unchecked=PREFECT_API_TLS_INSECURE_SKIP_VERIFY.value())

_RETRIES = 2
_RETRY_SECONDS = [5.0, 20.0]


def _is_fault(_task: Any, _run: Any, state: Any) -> bool:
    """Retry what may pass, and nothing else."""
    try:
        state.result()
    except LabelStudioFault:
        return True
    except Exception:  # noqa: BLE001 - any other error is the user's to mend, not to be tried again
        return False
    return False


@task(name="read", cache_policy=NO_CACHE, persist_result=False)
@without_words()
def read_files(study: str, files: list[str]) -> list[reading.FileOutcome]:
    """Read a batch of files into the study."""
    return reading.read_batch(open_study(Path(study)), [Path(name) for name in files])


@task(name="score", cache_policy=NO_CACHE, persist_result=False)
@without_words()
def score_sessions(study: str, sessions: list[str], force_language: bool) -> stages.ScoreOutcome:
    """Score a batch of sessions."""
    return stages.score_batch(open_study(Path(study)), sessions, force_language=force_language)


@task(
    name="push", cache_policy=NO_CACHE, persist_result=False, retries=_RETRIES, retry_delay_seconds=_RETRY_SECONDS,
    retry_condition_fn=_is_fault,
)  # fmt: skip
@without_words()
def push_project(study: str, coder: str, arm: Arm) -> queue.ProjectOutcome:
    """Bring one coder's project of one arm up to date."""
    return queue.push_project(open_study(Path(study)), coder, arm)


@task(
    name="collect", cache_policy=NO_CACHE, persist_result=False, retries=_RETRIES, retry_delay_seconds=_RETRY_SECONDS,
    retry_condition_fn=_is_fault,
)  # fmt: skip
@without_words()
def collect_project(study: str, coder: str, arm: Arm, everything: bool) -> collecting.CollectOutcome:
    """Collect from one coder's project of one arm."""
    return collecting.collect_project(open_study(Path(study)), coder, arm, everything=everything)


def task_runner(study: Study) -> TaskRunner[Any]:
    """Task runner of the study's config."""
    workers = study.config.workflow.workers
    if study.config.workflow.runner == "processes":
        return ProcessPoolTaskRunner(max_workers=workers)
    return ThreadPoolTaskRunner(max_workers=workers)


def batches(items: Sequence[str], size: int) -> list[list[str]]:
    """Items in batches of that size."""
    return [list(items[i : i + size]) for i in range(0, len(items), size)]


def fan_out(what: str, work: Any, calls: list[tuple[Any, ...]], size: int) -> list[Any]:
    """Results of a task's calls, in their order; the second argument of each is a batch of at most ``size``."""
    futures = [work.submit(*batch) for batch in calls]
    sizes = {f.task_run_id: min(size, len(b[1])) for f, b in zip(futures, calls, strict=True)}
    return _gather(what, futures, sizes)


def _gather(what: str, futures: Sequence[PrefectFuture[Any]], sizes: dict[Any, int]) -> list[Any]:
    """Results in the order of the batches; the first error ends the run after all that go have gone."""
    observer().begin(what, sum(sizes.values()))
    for future in as_completed(list(futures)):
        observer().advance(sizes[future.task_run_id])
    return [future.result() for future in futures]
