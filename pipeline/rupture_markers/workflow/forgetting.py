"""Erase a case everywhere we keep it: logs, work files, the map of replaced names, Label Studio, backups.

The logs are only ever added to but for this: what a person has a right to have erased is erased. Each file is written
whole or not at all, and a run that was cut off is finished by the next.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from rupture_markers.coding.label_studio import LabelStudioClient
from rupture_markers.errors import StudyError
from rupture_markers.learning.manifest import Manifest
from rupture_markers.learning.registry import list_models
from rupture_markers.transcripts.whole_file import whole_file
from rupture_markers.workflow import reading
from rupture_markers.workflow.deidentification import map_file
from rupture_markers.workflow.forgotten import case_sha256, forgotten_cases, keep_forgotten
from rupture_markers.workflow.half_restored import left_beside
from rupture_markers.workflow.prefect_server import known_server
from rupture_markers.workflow.queue import client_of, local_server
from rupture_markers.workflow.study import Study, read_json, write_json


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was erased, in counts, and what is left to the lab.

    Attributes
    ----------
    sessions : tuple of str
    records, files, tasks, exports : int
        Lines of logs, work files, tasks on the server with what people coded in them, and its export files.
    backups : tuple of str
        Removed whole, since they held the case.
    models : tuple of str
        Trained on the case: they stay, and it is the lab's decision whether they may.
    transcripts : tuple of str
        Source files of the case; removed only where that was asked for.
    left : tuple of str
        Files of the study that still hold an id of the case's sessions.
    replaced : int
        Lines of the map outside the study, with the words that placeholders stand for.
    beside : tuple of str
        Folders beside the study that restores left there: each may hold all of the case.
    """

    sessions: tuple[str, ...]
    records: int
    files: int
    tasks: int
    exports: int
    backups: tuple[str, ...]
    models: tuple[str, ...]
    transcripts: tuple[str, ...]
    left: tuple[str, ...]
    replaced: int
    beside: tuple[str, ...]


def _logs(study: Study) -> tuple[Path, ...]:
    return (
        study.codings, study.adjudications, study.deidentification, study.decisions, study.assignments,
        study.adjudication_tasks,
    )  # fmt: skip


def _lines(path: Path) -> Iterator[tuple[bytes, dict[str, object]]]:
    if path.exists():
        for line in path.read_bytes().splitlines(keepends=True):
            try:
                record = json.loads(line)
            except ValueError:
                continue
            if isinstance(record, dict):
                yield line, record


def sessions_of(study: Study, case_id: str) -> tuple[str, ...]:
    """Sessions of a case, from sessions.csv, the transcripts read and the logs."""
    found = {row.session_id for row in reading.identities(study).values() if row.case_id == case_id}
    for log in _logs(study):
        found |= {str(r["session_id"]) for _, r in _lines(log) if r.get("case_id") == case_id and "session_id" in r}
    for path in sorted((study.work / "transcripts").glob("*.jsonl")):
        for _, record in _lines(path):
            if record.get("case_id") == case_id:
                found.add(str(record["session_id"]))
    return tuple(sorted(found))


def models_trained_on(study: Study, case_id: str) -> tuple[str, ...]:
    """Ids of the study's models whose training data held the case."""
    manifests: Iterable[Manifest] = list_models(study.models) if study.models.is_dir() else ()
    return tuple(m.id for m in manifests if case_id in m.training_cases)


def forget(study: Study, case_id: str, *, transcripts: bool = False, server: bool = True) -> Forgotten:
    """Erase a case.

    Parameters
    ----------
    case_id : str
    transcripts : bool
        Delete its source files too; a file that holds other cases stays and is listed.
    server : bool
        Erase its tasks on Label Studio; False where there is no server any more.

    Raises
    ------
    StudyError
        If the study has no such case and it was not erased before.
    ConfigError
        If the map of replaced words would lie in the study folder.
    LabelStudioError
        If the server cannot be reached; nothing was erased then, since the logs say which tasks are the case's.
    """
    sessions, mapped = sessions_of(study, case_id), map_file(study)
    if not sessions and case_sha256(study, case_id) not in forgotten_cases(study):
        raise StudyError(
            "the study has no such case.", "Cases are named in sessions.csv, or after their file.", path=study.folder
        )
    keep_forgotten(study, case_id)
    names = set(sessions)
    tasks = _tasks_of(study, case_id, names)
    removed = exports = 0
    if server and tasks and study.projects.exists():
        with client_of(study) as client:
            removed = _erase_on_server(study, client, tasks)
        exports = _erase_exports(study, tasks | names)
    models = models_trained_on(study, case_id)
    sources = _sources(study, names)
    files = _erase_work_files(study, names, sources)
    _erase_from_ledger(study, tasks)
    _erase_from_held_out(study, case_id)
    backups = _erase_backups(study)
    replaced = _erase_lines(mapped, case_id, names)
    if transcripts:
        for path, alone in sources.items():
            if alone:
                path.unlink()
    records = sum(_erase_lines(log, case_id, names) for log in _logs(study))  # last: they say what is the case's
    return Forgotten(
        sessions, records, files, removed, exports, backups, models,
        tuple(reading.relative(study, path) for path in sources), _left(study, names, sources),
        replaced, tuple(path.name for path in left_beside(study.folder)),
    )  # fmt: skip


def _tasks_of(study: Study, case_id: str, sessions: set[str]) -> set[str]:
    found = set()
    for log in (study.assignments, study.adjudication_tasks):
        for _, record in _lines(log):
            if record.get("case_id") == case_id or record.get("session_id") in sessions:
                found.add(str(record["task_id"]))
    return found


def _erase_on_server(study: Study, client: LabelStudioClient, tasks: set[str]) -> int:
    erased = 0
    for project in client.find_projects(f"rupture-markers {study.config.study}/"):
        numbers = [task.number for task in client.tasks(project.number) if task.task_id in tasks]
        client.delete_tasks(numbers)
        erased += len(numbers)
    return erased


def _erase_exports(study: Study, ids: set[str]) -> int:
    """Files that Label Studio wrote on export, and the room that deleted rows still take in its database."""
    if study.config.label_studio.url is not None:
        return 0
    data = local_server(study).folder / "data"
    count = 0
    for path in sorted(p for folder in ("export", "media") for p in (data / folder).rglob("*") if p.is_file()):
        content = path.read_bytes()
        if any(name.encode() in content for name in ids):
            path.unlink()
            count += 1
    database = data / "label_studio.sqlite3"
    if database.exists():
        with closing(sqlite3.connect(database, timeout=30)) as connection:
            connection.execute("VACUUM")
    return count


def _sources(study: Study, sessions: set[str]) -> dict[Path, bool]:
    """Source files of sessions; True where a file holds no other session."""
    out = {}
    for path in reading.source_files(study):
        record = read_json(reading.record_file(study, path))
        held = set(record["sessions"]) if record else {path.stem}
        if held & sessions:
            out[path] = held <= sessions
    return out


def _erase_work_files(study: Study, sessions: set[str], sources: Iterable[Path]) -> int:
    stems = {study.session_file("any", name, "").name for name in sessions}
    found = [p for folder in (study.work, study.replaced) for p in folder.rglob("*") if p.is_file() and p.stem in stems]
    found += [reading.record_file(study, path) for path in sources]
    prefect = study.work / "prefect"  # messages of errors name sessions
    if known_server(prefect) is None:
        found += [*prefect.glob("prefect.db*"), *prefect.glob("server.log")]
    for path in found:
        path.unlink(missing_ok=True)
    return len(found)


def _erase_from_ledger(study: Study, tasks: set[str]) -> None:
    content = read_json(study.projects)
    if content is None:
        return
    for project in content["projects"]:
        project["tasks"] = {name: number for name, number in project["tasks"].items() if name not in tasks}
        project["stale"] = [name for name in project["stale"] if name not in tasks]
    write_json(study.projects, content)
    (study.work / "last-run.json").unlink(missing_ok=True)


def _erase_from_held_out(study: Study, case_id: str) -> None:
    content = read_json(study.held_out)
    if content is not None and case_id in content["cases"]:
        write_json(study.held_out, content | {"cases": [case for case in content["cases"] if case != case_id]})


def _erase_backups(study: Study) -> tuple[str, ...]:
    """Backups are compressed and whole: one that may hold the case goes as a whole."""
    found = sorted((study.folder / "backups").glob("*.zip"))
    for path in found:
        path.unlink()
    return tuple(path.name for path in found)


def _erase_lines(log: Path, case_id: str, sessions: set[str]) -> int:
    if not log.exists():
        return 0
    lines = log.read_bytes().splitlines(keepends=True)
    gone = {
        line for line, record in _lines(log) if record.get("case_id") == case_id or record.get("session_id") in sessions
    }
    if gone:
        with whole_file(log) as out:
            out.writelines(line for line in lines if line not in gone)
    return sum(line in gone for line in lines)


def _left(study: Study, sessions: set[str], sources: Iterable[Path]) -> tuple[str, ...]:
    """Files of the study that still hold a session's id, source files and sessions.csv apart."""
    apart = {*sources, study.path}
    if study.sessions is not None:
        apart.add(study.sessions)
    out = []
    for path in sorted(study.folder.rglob("*")):
        if path in apart or not path.is_file() or path.is_relative_to(study.transcripts):
            continue
        content = path.read_bytes()
        if any(json.dumps(name).encode() in content or f"\n{name},".encode() in content for name in sessions):
            out.append(reading.relative(study, path))
    return tuple(out)
