"""The flows `annotate` and `collect`: they order the stages, fan out and retry. What they hand on is ids and counts.

Prefect stores flow parameters, the messages of exceptions and artifacts: none of them may hold a transcript's words.
"""

from __future__ import annotations

import logging
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from prefect import flow, runtime, task
from prefect.artifacts import create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.futures import PrefectFuture, as_completed
from prefect.task_runners import ProcessPoolTaskRunner, TaskRunner, ThreadPoolTaskRunner

from rupture_markers.coding.assignment import Assignment, read_assignments
from rupture_markers.coding.codebook_history import keep_codebook
from rupture_markers.coding.tasks import write_task_files
from rupture_markers.errors import LabelStudioFault, RuptureError, StudyError, without_words
from rupture_markers.learning.selection import current_decisions, read_decisions
from rupture_markers.markers.marker import Arm
from rupture_markers.workflow import asked, collecting, gate, judging, queue, reading, retraining, stages
from rupture_markers.workflow.progress import observer
from rupture_markers.workflow.study import Study, open_study, write_json
from rupture_markers.workflow.summary import RunSummary

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


def _tell(what: str) -> None:
    """One line of what a served run did: nobody sees its tables, and errors would go unseen."""
    if runtime.deployment.id is not None:
        sys.stderr.write(f"{datetime.now():%Y-%m-%d %H:%M} {what}\n")


def _tell_failure(flow: Any, flow_run: Any, state: Any) -> None:  # noqa: ARG001 - the names are Prefect's
    _tell(f"{flow.name} failed: {state.message}")


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


@flow(
    name="collect", persist_result=False, validate_parameters=False, log_prints=False, on_failure=[_tell_failure]
)  # fmt: skip
@without_words()
def collect(study: str, everything: bool = False) -> collecting.CollectSummary:
    """Bring what people coded into the study's log.

    Parameters
    ----------
    study : str
        Path of study.yaml.
    everything : bool
        Look at every task, not at those alone that changed since the last time.
    """
    opened = open_study(Path(study))
    with opened.held():
        projects = collecting.projects_of(opened)
        observer().begin("collect", len(projects))
        done, errors = [], []
        for coder, arm in projects:
            try:
                done.append(collect_project(study, coder, arm, everything))
            except LabelStudioFault:
                raise
            except RuptureError as fault:
                errors.append(f"project {coder}, {arm}: {fault}")
            observer().advance()
        summary = collecting.summarise(opened, done, errors)
    create_table_artifact(
        key="collect-counts",
        table=[{"what": name, "count": value} for name, value in summary.rows()],
        description="What was collected, in counts.",
    )
    _tell(f"collect: {summary.new} new, {summary.changed} changed, {summary.withdrawn} withdrawn answers")
    return summary


def run_annotate(study: Path, *, to_file: Path | None = None, force_language: bool = False) -> RunSummary:
    """Run the flow with the task runner of the study's config, in this process.

    Raises
    ------
    RuptureError
        What stopped the run; single files and projects that failed stand in the summary's ``errors``.
    """
    runner = _runner(open_study(study))
    chosen = annotate.with_options(task_runner=runner)
    return chosen(str(study), None if to_file is None else str(to_file), force_language)


def run_retrain(
    study: Path, *, allow_equal: bool = False, to_file: Path | None = None
) -> tuple[retraining.RetrainReport, RunSummary | None]:
    """Run the flow `retrain` with the task runner of the study's config, in this process."""
    chosen = retrain.with_options(task_runner=_runner(open_study(study)))
    return chosen(str(study), allow_equal, None if to_file is None else str(to_file))


def _runner(study: Study) -> TaskRunner[Any]:
    workers = study.config.workflow.workers
    if study.config.workflow.runner == "processes":
        return ProcessPoolTaskRunner(max_workers=workers)
    return ThreadPoolTaskRunner(max_workers=workers)


def _gather(what: str, futures: Sequence[PrefectFuture[Any]], sizes: dict[Any, int]) -> list[Any]:
    """Results in the order of the batches; the first error ends the run after all that go have gone."""
    observer().begin(what, sum(sizes.values()))
    for future in as_completed(list(futures)):
        observer().advance(sizes[future.task_run_id])
    return [future.result() for future in futures]


def _batches(items: Sequence[str], size: int) -> list[list[str]]:
    return [list(items[i : i + size]) for i in range(0, len(items), size)]


@flow(
    name="annotate", persist_result=False, validate_parameters=False, log_prints=False, on_failure=[_tell_failure]
)  # fmt: skip
@without_words()
def annotate(study: str, to_file: str | None = None, force_language: bool = False) -> RunSummary:
    """Bring files to tasks: read, score, select, assign, push.

    Parameters
    ----------
    study : str
        Path of study.yaml.
    to_file : str, optional
        Folder for importable task files, in place of a Label Studio.
    force_language : bool
        Score sessions in other languages than the model's.
    """
    opened = open_study(Path(study))
    with opened.held():
        summary = _annotate(opened, to_file, force_language)
    write_json(opened.work / "last-run.json", summary.to_json())
    create_table_artifact(
        key="annotate-counts",
        table=[{"what": name, "count": value} for name, value in summary.rows()],
        description="What the run did, in counts.",
    )
    _tell(f"run: {summary.created} tasks created, {summary.changed} changed, {len(summary.errors)} errors")
    return summary


@flow(
    name="retrain", persist_result=False, validate_parameters=False, log_prints=False, on_failure=[_tell_failure]
)  # fmt: skip
@without_words()
def retrain(
    study: str, allow_equal: bool = False, to_file: str | None = None
) -> tuple[retraining.RetrainReport, RunSummary | None]:
    """Bring codings to a model: train, compare, promote or keep; after a promotion, renew the queue.

    Parameters
    ----------
    study : str
        Path of study.yaml.
    allow_equal : bool
        Promote also a candidate that is not worse.
    to_file : str, optional
        Folder for importable task files, in place of a Label Studio.
    """
    opened = open_study(Path(study))
    with opened.held():
        report = retraining.retrain(opened, allow_equal=allow_equal)
        # Also where it was promoted before: a renewal that was cut off is finished.
        summary = _annotate(opened, to_file, False) if report.promoted else None
    _tell(f"retrain: {report.candidate} {'promoted' if report.promoted else 'kept'}: {report.reason}")
    return report, summary


@flow(
    name="retrain-when-due", persist_result=False, validate_parameters=False, log_prints=False, on_failure=[_tell_failure]
)  # fmt: skip
@without_words()
def retrain_when_due(study: str) -> bool:
    """Collect where a webhook asked for it; then retrain where that was asked for, or enough new gold is there.

    Returns
    -------
    bool
        Whether it retrained.
    """
    opened = open_study(Path(study))
    if asked.is_asked(opened, "collect"):
        asked.done(opened, "collect")
        collect(study)
    if not retraining.is_due(opened):
        return False
    asked.done(opened, "retrain")
    retrain(study)
    return True


def _annotate(study: Study, to_file: str | None, force_language: bool) -> RunSummary:
    path, size = str(study.path), study.config.workflow.batch_size
    files = [str(name) for name in reading.source_files(study)]
    outcomes = reading.require_own_sessions(
        o for batch in _fan_out("read", read_files, [(path, b) for b in _batches(files, size)], size) for o in batch
    )
    failed = [o for o in outcomes if o.error]
    names = sorted(name for o in outcomes if not o.error for name in o.sessions)
    if not names:
        raise StudyError(
            f"none of the {len(files)} files could be read.",
            "'rupture check' says why, file by file.",
            path=study.folder,
        )
    keep_codebook(study.codebooks, study.codebook())
    model_id = stages.model_id_of(study)
    scored: list[stages.ScoreOutcome] = _fan_out(
        "score", score_sessions, [(path, b, force_language) for b in _batches(names, size)], size
    )
    candidates: Counter[str] = Counter()
    for outcome in scored:
        candidates.update(outcome.candidates)
    new = stages.select(study, names, model_id)
    stages.draw(study, names)
    judging.mix_in_drift_checks(study)
    assignments = stages.standing(study, names, read_assignments(study.assignments))
    chosen = Counter(d.stratum for d in current_decisions(read_decisions(study.decisions)).values())
    summary = RunSummary(
        files=len(files),
        files_unchanged=sum(o.unchanged for o in outcomes),
        sessions=len(names),
        turns=sum(o.turns for o in outcomes),
        warnings=sum(o.warnings for o in outcomes),
        scored=sum(o.scored for o in scored),
        novel=tuple(sorted(name for o in scored for name in o.novel)),
        scores_unchanged=sum(o.unchanged for o in scored),
        candidates=dict(candidates),
        segments=sum(chosen.values()),
        selected=dict(Counter(d.stratum for d in new if d.selected)),
        segments_selected={k: v for k, v in chosen.items() if k != "rest"},
        tasks=len(assignments),
        errors=tuple(o.error for o in failed),
    )
    return _deliver(study, summary, assignments, to_file, model_id)


def _fan_out(what: str, work: Any, batches: list[tuple[Any, ...]], size: int) -> list[Any]:
    futures = [work.submit(*batch) for batch in batches]
    sizes = {f.task_run_id: min(size, len(b[1])) for f, b in zip(futures, batches, strict=True)}
    return _gather(what, futures, sizes)


def _deliver(
    study: Study, summary: RunSummary, assignments: Sequence[Assignment], to_file: str | None, model_id: str
) -> RunSummary:
    passage = gate.passed(study, sorted({a.session_id for a in assignments}))
    if passage.quarantined:
        summary = replace(
            summary, quarantined=len(passage.quarantined), errors=(*summary.errors, passage.notice("sent or written"))
        )
    if to_file is not None:
        allowed = set(passage.allowed)
        assignments = [a for a in assignments if a.session_id in allowed]
        built = stages.tasks(study, assignments, study.codebook(), model_id)
        written = write_task_files(Path(to_file), built)
        return replace(summary, task_files=tuple(str(p) for p in written.values()))
    projects = sorted({(a.coder, a.arm) for a in assignments})
    observer().begin("push", len(projects))
    errors, done = list(summary.errors), []
    for coder, arm in projects:
        # One after the other: each call makes the server count a whole project, and SQLite has one writer.
        try:
            done.append(push_project(str(study.path), coder, arm))
        except RuptureError as fault:
            errors.append(f"project {coder}, {arm}: {fault}")
            logging.getLogger(__name__).error("project %s, %s could not be brought up to date", coder, arm)
        observer().advance()
    return summary.pushed(done, errors)
