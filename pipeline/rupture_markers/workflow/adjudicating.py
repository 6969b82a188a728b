"""Adjudication as a stage: outcomes in, open disagreements out; a second run does only what is new."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from rupture_markers.coding.adjudication import (
    ADJUDICATOR,
    AdjudicationTask,
    Level,
    append_adjudication_tasks,
    build_adjudication_tasks,
    disagreements,
    read_adjudication_tasks,
)
from rupture_markers.coding.adjudication_page import adjudication_config, adjudication_problems, read_outcome
from rupture_markers.coding.answer import AnsweredTask, RemoteAnnotation
from rupture_markers.coding.gold import Adjudication, append_adjudications, read_adjudications
from rupture_markers.coding.ledger import Ledger
from rupture_markers.coding.push import ProjectPlan, push
from rupture_markers.markers.codebook import Codebook
from rupture_markers.workflow import reading, stages
from rupture_markers.workflow.coded_study import CodedStudy, open_coded
from rupture_markers.workflow.gate import passed
from rupture_markers.workflow.queue import client_of
from rupture_markers.workflow.study import Study


@dataclass(frozen=True, slots=True)
class AdjudicationSummary:
    """What a run did, in counts.

    Attributes
    ----------
    disagreements : int
        Turns of which coders differ now.
    decided : int
        Of them, those that adjudication has decided as they stand.
    collected, withdrawn : int
        Outcomes that came in now, and those whose annotation was deleted.
    created, deleted : int
        Tasks made, and tasks taken back since the coders no longer differ, or differ otherwise.
    unplaced : int
        Disagreements over turns that the transcripts at hand no longer have; they get no task.
    begun : tuple of str
        Tasks of disagreements that are gone, left since somebody had begun.
    unread : tuple of (str, str)
        Task id and what is wrong with its answer; answer it again in Label Studio.
    """

    disagreements: int
    decided: int
    collected: int
    withdrawn: int
    created: int = 0
    deleted: int = 0
    unplaced: int = 0
    begun: tuple[str, ...] = ()
    unread: tuple[tuple[str, str], ...] = ()
    notice: str = ""
    set_aside: str = ""

    def rows(self) -> list[tuple[str, str]]:
        """As rows of a table people read."""
        rows = [
            ("turns on which coders differ", self.disagreements),
            ("of them decided", self.decided),
            ("outcomes that came in now", self.collected),
            ("outcomes withdrawn", self.withdrawn),
            ("tasks made", self.created),
            ("tasks taken back", self.deleted),
        ]
        odd = {
            "turns that the transcripts no longer have": self.unplaced,
            "tasks no longer needed, but begun": len(self.begun),
            "answers to be given again": len(self.unread),
        }
        return [(name, str(count)) for name, count in (*rows, *((n, c) for n, c in odd.items() if c))]


def adjudicate(
    study: Study, *, level: Level = "family", all_arms: bool = False, collect_only: bool = False
) -> AdjudicationSummary:
    """Bring outcomes in, and the project of open disagreements up to date.

    Parameters
    ----------
    study : Study
    level : {"family", "code"}
        Whether another code of the same family is a disagreement.
    all_arms : bool
        Adjudicate disagreements with assisted codings too; the outcome then counts for training alone.
    collect_only : bool
        Bring outcomes in and send nothing.

    Raises
    ------
    StudyError
        If nothing is coded.
    LabelStudioError, LabelStudioFault
        If Label Studio refuses or stops; the next run goes on, nothing is lost and nothing twice.
    """
    with study.held(), client_of(study) as client:
        coded = open_coded(study)
        plan = _plan(study, coded.codebook)
        ledger = Ledger.open(study.work / "adjudication.json", client.url)
        project = client.find_project(plan.key, ledger.number(ADJUDICATOR, "blind"))
        answered = () if project is None else tuple(client.answered_tasks(project.number))
        known = read_adjudication_tasks(study.adjudication_tasks)
        log = read_adjudications(study.adjudications)
        new, unread = outcomes(answered, known, log, coded.codebook)
        append_adjudications(study.adjudications, new)
        standing = _last((*log, *new))
        found = disagreements(coded.designed, coded.codebook, level=level, blind_only=not all_arms)
        passage = passed(study, reading.session_names(study))
        names = set(passage.allowed)
        tasks = build_adjudication_tasks(
            [one for one in found if one.session_id in names], stages.Sessions(study, names), coded.codebook,
            study=study.config.study, seed=study.config.selection.seed,
        )  # fmt: skip
        decided = {name for name, (d, _) in tasks.items() if _is_decided(standing.get((d.session_id, d.turn)), name)}
        withdrawn = sum(record.withdrawn for record in new)
        summary = AdjudicationSummary(
            disagreements=len(found), decided=len(decided), collected=len(new) - withdrawn, withdrawn=withdrawn,
            unplaced=len(found) - len(tasks), unread=unread, notice=passage.notice(),
            set_aside=coded.set_aside,
        )  # fmt: skip
        if collect_only or (not tasks and project is None):
            return summary
        here = {task.task_id for task in answered}
        wanted = [name for name in sorted(tasks) if name not in decided or name in here]
        append_adjudication_tasks(
            study.adjudication_tasks,
            [tasks[name][0] for name in wanted if name not in known],
        )
        report = push(
            plan, [tasks[name][1] for name in wanted], coded.codebook, client, ledger,
            batch=study.config.label_studio.batch, problems_of=adjudication_problems,
        )  # fmt: skip
        open_tasks = {task.task_id for task in answered if not _annotations(task)}
        begun = tuple(name for name in report.stale if name in open_tasks)
        return replace(summary, created=report.created, deleted=report.deleted, begun=begun)


def outcomes(
    answered: Iterable[AnsweredTask],
    known: Mapping[str, AdjudicationTask],
    log: Iterable[Adjudication],
    codebook: Codebook,
) -> tuple[list[Adjudication], tuple[tuple[str, str], ...]]:
    """Records that the log lacks, and the answers that cannot be taken.

    Where a turn was asked of twice, since coders changed their minds, the later answer counts.
    """
    standing = _last(log)
    latest: dict[tuple[str, int], Adjudication] = {}
    open_tasks: set[str] = set()
    unread = []
    for task in answered:
        made = known.get(task.task_id)
        if made is None:
            continue
        given = _annotations(task)
        if not given:
            open_tasks.add(task.task_id)
            continue
        last = max(given, key=lambda annotation: annotation.updated_at)
        outcome = read_outcome(last.result or (), codebook, made.speaker)
        if isinstance(outcome, str):
            unread.append((task.task_id, outcome))
            continue
        who = last.completed_by if isinstance(last.completed_by, int) else getattr(last.completed_by, "id", 0)
        record = Adjudication(
            made.session_id, made.turn, made.case_id, outcome.codes, outcome.reason, f"user-{who}",
            last.updated_at, codebook.version, task.task_id, made.blind,
        )  # fmt: skip
        turn = (made.session_id, made.turn)
        if turn not in latest or latest[turn].decided_at < record.decided_at:
            latest[turn] = record
    new = [record for turn, record in latest.items() if standing.get(turn) != record]
    gone = [
        replace(record, withdrawn=True)
        for turn, record in standing.items()
        if turn not in latest and not record.withdrawn and record.task_id in open_tasks
    ]
    return [*new, *gone], tuple(unread)


def reasons_by_code(coded: CodedStudy) -> dict[str, Counter[str]]:
    """How often each reason was given, by the codes at stake: those of any coder or of the outcome."""
    said: dict[tuple[str, int], set[str]] = {}
    for answer in coded.answers:
        for coding in answer.codings:
            said.setdefault((answer.session_id, coding.turn), set()).update(coding.codes)
    out: dict[str, Counter[str]] = {}
    for record in coded.adjudicated:
        for code in said.get((record.session_id, record.turn), set()) | set(record.codes):
            out.setdefault(code, Counter())[record.reason] += 1
    return dict(sorted(out.items()))


def _annotations(task: AnsweredTask) -> list[RemoteAnnotation]:
    return [annotation for annotation in task.annotations if not annotation.was_cancelled]


def _last(log: Iterable[Adjudication]) -> dict[tuple[str, int], Adjudication]:
    return {(record.session_id, record.turn): record for record in log}


def _is_decided(record: Adjudication | None, task_id: str) -> bool:
    """Whether the turn is decided: elsewhere, or by the task that shows what the coders say now."""
    return record is not None and not record.withdrawn and record.task_id in ("", task_id)


def _plan(study: Study, codebook: Codebook) -> ProjectPlan:
    name = study.config.study
    return ProjectPlan(
        coder=ADJUDICATOR,
        arm="blind",
        key=f"rupture-markers {name}/{ADJUDICATOR}.",
        title=f"{name}: adjudication"[:50],
        label_config=adjudication_config(codebook),
        instruction="Decide each turn; annotations/adjudication.md says how.",
    )
