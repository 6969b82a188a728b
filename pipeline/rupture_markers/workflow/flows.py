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

from prefect import flow, runtime
from prefect.artifacts import create_table_artifact

from rupture_markers.coding.assignment import Assignment, read_assignments
from rupture_markers.coding.codebook_history import keep_codebook
from rupture_markers.coding.tasks import write_task_files
from rupture_markers.errors import LabelStudioFault, LabelStudioSilence, RuptureError, StudyError, without_words
from rupture_markers.learning.selection import current_decisions, read_decisions
from rupture_markers.markers.marker import Arm
from rupture_markers.workflow import asked, collecting, gate, judging, queue, reading, retraining, stages
from rupture_markers.workflow.flow_tasks import (
    batches,
    collect_project,
    fan_out,
    push_project,
    read_files,
    score_sessions,
    task_runner,
)
from rupture_markers.workflow.progress import observer
from rupture_markers.workflow.study import Study, open_study, write_json
from rupture_markers.workflow.summary import RunSummary


def _tell(what: str) -> None:
    """One line of what a served run did: nobody sees its tables, and errors would go unseen."""
    if runtime.deployment.id is not None:
        sys.stderr.write(f"{datetime.now():%Y-%m-%d %H:%M} {what}\n")


def _tell_failure(flow: Any, flow_run: Any, state: Any) -> None:  # noqa: ARG001 - the names are Prefect's
    _tell(f"{flow.name} failed: {state.message}")


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
    runner = task_runner(open_study(study))
    chosen = annotate.with_options(task_runner=runner)
    return chosen(str(study), None if to_file is None else str(to_file), force_language)


def run_retrain(
    study: Path, *, allow_equal: bool = False, to_file: Path | None = None
) -> tuple[retraining.RetrainReport, RunSummary | None]:
    """Run the flow `retrain` with the task runner of the study's config, in this process."""
    chosen = retrain.with_options(task_runner=task_runner(open_study(study)))
    return chosen(str(study), allow_equal, None if to_file is None else str(to_file))


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
        o for batch in fan_out("read", read_files, [(path, b) for b in batches(files, size)], size) for o in batch
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
    scored: list[stages.ScoreOutcome] = fan_out(
        "score", score_sessions, [(path, b, force_language) for b in batches(names, size)], size
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
    done, errors = _push(study, sorted({(a.coder, a.arm) for a in assignments}))
    return summary.pushed(done, [*summary.errors, *errors])


def _push(study: Study, projects: Sequence[tuple[str, Arm]]) -> tuple[list[queue.ProjectOutcome], list[str]]:
    """Bring the projects up to date, one after the other; what was done, and an error for each that failed.

    A fault is waited out once in a run, not at each project; where nobody answers, the rest is not tried.
    """
    observer().begin("push", len(projects))
    done: list[queue.ProjectOutcome] = []
    errors: list[str] = []
    patient = push_project
    for number, (coder, arm) in enumerate(projects):
        # One after the other: each call makes the server count a whole project, and SQLite has one writer.
        try:
            done.append(patient(str(study.path), coder, arm))
        except RuptureError as fault:
            errors.append(f"project {coder}, {arm}: {fault}")
            logging.getLogger(__name__).error("project %s, %s could not be brought up to date", coder, arm)
            if isinstance(fault, LabelStudioFault):
                patient = push_project.with_options(retries=0)
            if isinstance(fault, LabelStudioSilence) and projects[number + 1 :]:
                left = "; ".join(f"{who}, {which}" for who, which in projects[number + 1 :])
                errors.append(f"not tried, since Label Studio does not answer: the projects {left}.")
                break
        observer().advance()
    return done, errors
