"""The stage after people have coded: their answers become records of the study's codings log."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rupture_markers.coding.assigned import Assignment, read_assignments
from rupture_markers.coding.codebook_history import keep_codebook
from rupture_markers.coding.coded_task import Accounts, StudyFacts
from rupture_markers.coding.codings_log import (
    append_coded_segments,
    current_answers,
    read_coded_segments,
    read_coded_segments_of,
)
from rupture_markers.coding.collect import Polled, PollReport, last_records, poll_project
from rupture_markers.coding.import_codings import news, read_coding_table, read_label_studio_export
from rupture_markers.coding.ledger import Ledger
from rupture_markers.coding.local_server import user_name
from rupture_markers.learning.selection import current_decisions, read_decisions
from rupture_markers.markers.coded_segment import CodedSegment
from rupture_markers.markers.marker import Arm
from rupture_markers.workflow import reading
from rupture_markers.workflow.config import config_sha256
from rupture_markers.workflow.queue import client_of, project_key
from rupture_markers.workflow.stages import Sessions
from rupture_markers.workflow.study import Study, read_json, write_json


@dataclass(frozen=True, slots=True)
class CollectOutcome:
    """What collecting from one project found.

    Attributes
    ----------
    there : bool
        Whether the server has the project at all.
    """

    coder: str
    arm: Arm
    report: PollReport
    there: bool = True


@dataclass(frozen=True)
class CollectSummary:
    """What one collect found over all projects, in counts.

    Attributes
    ----------
    answers : int
        That stand in the log now, withdrawn ones apart.
    notes : tuple of (str, str)
        Answer, and what was odd about it.
    missing : tuple of str
        Projects that the server does not have.
    errors : tuple of str
    """

    projects: int = 0
    looked_at: int = 0
    new: int = 0
    changed: int = 0
    withdrawn: int = 0
    unchanged: int = 0
    skipped: int = 0
    drafts: int = 0
    strays: int = 0
    not_ours: int = 0
    gone: int = 0
    answers: int = 0
    notes: tuple[tuple[str, str], ...] = ()
    missing: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()

    def rows(self) -> list[tuple[str, str]]:
        """As rows of a table people read."""
        rows = [
            ("projects", str(self.projects)),
            ("tasks looked at", str(self.looked_at)),
            ("new answers", str(self.new)),
            ("changed answers", str(self.changed)),
            ("withdrawn answers", str(self.withdrawn)),
            ("answers in the log", str(self.answers)),
            ("skipped", str(self.skipped)),
            ("begun, not submitted", str(self.drafts)),
        ]
        odd = {
            "by another coder who has the task": self.strays,
            "tasks that are none of ours": self.not_ours,
            "answers that the server has lost (kept)": self.gone,
            "projects that are not there": len(self.missing),
            "odd answers": len(self.notes),
            "failed": len(self.errors),
        }
        return rows + [(what, str(count)) for what, count in odd.items() if count]


_COUNTS = (
    "looked_at", "new", "changed", "withdrawn", "unchanged", "skipped", "drafts", "strays", "not_ours", "gone",
)  # fmt: skip


def summarise(study: Study, done: Iterable[CollectOutcome], errors: Iterable[str]) -> CollectSummary:
    """Outcomes of the projects as one."""
    outcomes = list(done)
    there = [o for o in outcomes if o.there]
    counts = {name: sum(getattr(o.report, name) for o in there) for name in _COUNTS}
    return CollectSummary(
        projects=len(there),
        answers=len(current_answers(read_coded_segments(study.codings))),
        notes=tuple(note for o in there for note in o.report.notes),
        missing=tuple(f"{o.coder}, {o.arm}" for o in outcomes if not o.there),
        errors=tuple(errors),
        **counts,
    )


def projects_of(study: Study) -> list[tuple[str, Arm]]:
    """Coder and arm of every project that tasks were ever drawn for."""
    return sorted({(a.coder, a.arm) for a in read_assignments(study.assignments)})


def collect_project(study: Study, coder: str, arm: Arm, *, everything: bool = False) -> CollectOutcome:
    """Collect from one coder's project of one arm.

    Parameters
    ----------
    everything : bool
        Look at every task, not at those alone that changed since the last time.
    """
    drawn = read_assignments(study.assignments)
    key = project_key(study, coder, arm)
    with client_of(study) as client:
        project = client.find_project(key, Ledger.open(study.projects, client.url).number(coder, arm))
        if project is None:
            return CollectOutcome(coder, arm, PollReport(), there=False)
        facts = study_facts(study, drawn, accounts(study, client.users()))
        basis = _basis(study, facts)
        marks = _Marks(study, client.url, basis)
        mine = {a.task_id: a for a in drawn if (a.coder, a.arm) == (coder, arm)}
        report, polled = poll_project(
            client,
            project.number,
            mine,
            last_records(read_coded_segments_of(study.codings, mine)),
            facts,
            Polled() if everything else marks.before(key),
            lambda records: append_coded_segments(study.codings, records),
        )
        marks.keep(key, polled)
    return CollectOutcome(coder, arm, report)


def study_facts(study: Study, drawn: Iterable[Assignment], known: Accounts) -> StudyFacts:
    """What mapping answers needs to know of the study."""
    codebook = study.codebook()
    return StudyFacts(
        codebook=codebook,
        history=keep_codebook(study.codebooks, codebook),
        rounds={key: d.round for key, d in current_decisions(read_decisions(study.decisions)).items()},
        own=frozenset(a.place for a in drawn),
        transcripts=Sessions(study, reading.session_names(study)),
        accounts=known,
    )


def accounts(study: Study, users: Iterable[Any] = ()) -> Accounts:
    """Which account is which coder's: as the config says, else by the user names of the local server."""
    named = study.config.label_studio.accounts
    by_address = {named.get(coder, user_name(coder)): coder for coder in study.config.coding.coders}
    by_number = {user.id: by_address[user.email] for user in users if user.email in by_address}
    return Accounts(by_number, by_address if by_number or named else {})


def _basis(study: Study, facts: StudyFacts) -> str:
    """What mapping depends on beside the answers: where it changed, every answer is looked at again."""
    files = []
    for name in facts.transcripts:
        stat = study.session_file("transcripts", name, ".jsonl").stat()
        files.append(f"{name}/{stat.st_mtime_ns}/{stat.st_size}")
    return config_sha256(facts.codebook.sha256, repr(sorted(facts.accounts.by_number.items())), *files)


class _Marks:
    """How far each project was collected; lost, everything is looked at again and nothing is put down twice."""

    def __init__(self, study: Study, url: str, basis: str) -> None:
        self._path: Path = study.work / "collected.json"
        self._head = {"url": url, "basis": basis}
        content = read_json(self._path) or {}
        same = {key: content.get(key) for key in self._head} == self._head
        # A change of the basis holds for all projects: each is to be looked at whole once.
        self._projects: dict[str, Any] = content.get("projects", {}) if same else {}

    def before(self, key: str) -> Polled:
        """How far the last poll of a project came."""
        kept = self._projects.get(key)
        return Polled(kept["mark"], kept["answers"]) if kept else Polled()

    def keep(self, key: str, polled: Polled) -> None:
        """Put down how far this poll came."""
        self._projects[key] = asdict(polled)
        write_json(self._path, {**self._head, "projects": self._projects})


@dataclass(frozen=True, slots=True)
class ImportOutcome:
    """What an import found: answers in the file, those that were new or changed, and tasks that are none of ours."""

    answers: int
    added: int
    not_ours: int
    notes: tuple[tuple[str, str], ...]


def import_file(study: Study, path: Path) -> ImportOutcome:
    """Bring codings that were made elsewhere into the log: a Label Studio JSON export, or a CSV.

    Raises
    ------
    IngestError
        Naming the line; nothing was put down then.
    """
    drawn = read_assignments(study.assignments)
    facts = study_facts(study, drawn, accounts(study))
    not_ours = 0
    records: Iterable[CodedSegment]
    if path.suffix.lower() == ".json":
        found = read_label_studio_export(path, {a.task_id: a for a in drawn}, facts)
        records, not_ours = found.records, found.not_ours
    else:
        records = read_coding_table(path, facts)
    listed = list(records)
    new = news(listed, last_records(read_coded_segments(study.codings)))
    append_coded_segments(study.codings, new)
    notes = tuple((record.annotation, note) for record in new for note in record.notes)
    return ImportOutcome(len(listed), len(new), not_ours, notes)
