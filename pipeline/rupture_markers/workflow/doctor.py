"""What may keep a study from running, and how to mend each."""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import httpx

from rupture_markers.coding.assignment import read_assignments
from rupture_markers.coding.codings_log import read_coded_segments
from rupture_markers.coding.ledger import Ledger
from rupture_markers.coding.local_environment import environment_folder
from rupture_markers.errors import RuptureError
from rupture_markers.learning.selection import read_decisions
from rupture_markers.workflow import queue, reading, stages
from rupture_markers.workflow.deidentification import map_file
from rupture_markers.workflow.gate import deny_of
from rupture_markers.workflow.installed_packages import Installed, installed_packages
from rupture_markers.workflow.prefect_access import require_safe_prefect
from rupture_markers.workflow.study import Study, open_study

State = Literal["ok", "warning", "fault"]
_SHOWN = ("prefect", "fastapi", "sqlalchemy", "label-studio-sdk", "spacy", "scikit-learn", "skops", "pydantic")
_ROOM = 1_000_000_000
_PRIVATE = ("work", "annotations", "models", "label-studio", "backups", "deidentified")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes
    ----------
    found : str
        What is there; never a secret or a word of a transcript.
    mend : str
        What to do; empty where all is well.
    """

    name: str
    state: State
    found: str
    mend: str = ""


def examine(study: Path | None) -> Iterator[Check]:
    """Look at the environment, and at a study where one is named; each check as it is done."""
    yield _python()
    yield _packages()
    yield _prefect()
    yield _environment()
    if study is None:
        return
    try:
        opened = open_study(study)
    except RuptureError as fault:
        yield Check("study", "fault", fault.what, fault.todo)
        return
    yield Check("study", "ok", f"'{opened.config.study}' opens")
    yield _room(opened)
    yield _permissions(opened)
    yield _asked("list of names", lambda: _names(opened))
    yield _map(opened)
    yield _lock(opened)
    yield _unfinished(opened)
    yield _asked("transcripts", lambda: f"{len(reading.source_files(opened))} files")
    yield _asked("codebook and cues", lambda: f"version {_codebook_version(opened)}")
    yield _asked("model", lambda: stages.model_of(opened, opened.codebook()).id)
    yield _asked("logs", lambda: _logs(opened))
    yield _asked("token and server", lambda: _server(opened))


def _python() -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    known = (3, 11) <= sys.version_info[:2] < (3, 14)
    return Check("python", "ok" if known else "fault", version, "" if known else "Install Python 3.11, 3.12 or 3.13.")


def _packages() -> Check:
    lock = "or install all from requirements.lock: 'pip install --no-deps --require-hashes -r requirements.lock'"
    try:
        installed = installed_packages()
    except importlib.metadata.PackageNotFoundError:
        return Check(
            "packages", "fault", "rupture-markers itself is not installed", "Run 'pip install -e .' in its folder."
        )
    amiss = [package for package in installed if not package.fits]
    if amiss:
        found = "; ".join(f"{p.requirement.name} {p.version or 'is missing'} (wanted: {_bounds(p)})" for p in amiss)
        wanted = " ".join(f"'{p.requirement.name}{p.requirement.specifier}'" for p in amiss)
        return Check("packages", "fault", found, f"Run pip install {wanted}; {lock}.")
    shown = ", ".join(f"{p.requirement.name} {p.version}" for p in installed if p.requirement.name in _SHOWN)
    return Check("packages", "ok", f"{len(installed)} within their bounds, among them {shown}")


def _bounds(package: Installed) -> str:
    return str(package.requirement.specifier) or "any"


def _prefect() -> Check:
    url = os.environ.get("PREFECT_API_URL", "")
    try:
        require_safe_prefect()
    except RuptureError as fault:
        return Check("prefect", "fault", fault.what, fault.todo)
    if not url:
        return Check("prefect", "ok", "a server of its own for each run")
    try:
        well = httpx.get(f"{url.rstrip('/')}/health", timeout=5.0, trust_env=False).is_success
    except httpx.HTTPError:
        well = False
    mend = "" if well else "Start it with 'prefect server start', or unset PREFECT_API_URL."
    return Check("prefect", "ok" if well else "fault", f"PREFECT_API_URL {'answers' if well else 'is silent'}", mend)


def _environment() -> Check:
    there = (environment_folder() / "bin" / "label-studio").exists()
    if there:
        return Check("label studio program", "ok", "installed in an environment of its own")
    mend = "'rupture label-studio start' installs it; a Label Studio elsewhere needs none."
    return Check("label studio program", "warning", "not installed here", mend)


def _room(study: Study) -> Check:
    free = shutil.disk_usage(study.folder).free
    found = f"{free / 1e9:.1f} GB free"
    if os.access(study.folder, os.W_OK):
        return Check("disk", "ok" if free > _ROOM else "warning", found, "" if free > _ROOM else "Make room.")
    return Check("disk", "fault", "the study folder cannot be written", "Give yourself the right to write there.")


def _permissions(study: Study) -> Check:
    """Whether others can read what is private; file names are counted, not shown."""
    open_to_all = 0
    for folder in (*(study.folder / name for name in _PRIVATE), study.transcripts):
        paths = [folder, *folder.rglob("*")] if folder.exists() else []
        # What lies in a folder that others cannot open is out of their reach whatever its own mode.
        if paths and _is_open(folder):
            open_to_all += sum(_is_open(p) for p in paths if not p.is_symlink())
    token = study.config.label_studio.token_file
    if token is not None and (study.folder / token).exists() and _is_open(study.folder / token):
        return Check("permissions", "fault", "others can read the token file", f"Run 'chmod 600 {token}' there.")
    if open_to_all:
        outside = not study.transcripts.resolve().is_relative_to(study.folder.resolve())
        also = ", and on the transcripts that 'transcripts:' names" if outside else ""
        mend = f"Run 'chmod -R go-rwx' on the study folder{also}."
        return Check("permissions", "warning", f"others can read {open_to_all} files and folders", mend)
    said = [path for path in (study.path, study.sessions) if path is not None and _is_open(path)]
    if said and _is_open(study.folder):
        names = " and ".join(path.name for path in said)
        mend = f"Run 'chmod 700' on the study folder, or 'chmod 600 {' '.join(path.name for path in said)}' there."
        return Check("permissions", "warning", f"others can read {names}, which may name people", mend)
    return Check("permissions", "ok", "the owner alone can read the study's folders")


def _is_open(path: Path) -> bool:
    return bool(stat.S_IMODE(path.lstat().st_mode) & 0o077)


def _map(study: Study) -> Check:
    """The map of replaced words: outside the study, and its owner's alone."""
    name = "map of replaced words"
    try:
        path = map_file(study)
    except RuptureError as fault:
        return Check(name, "fault", fault.what, fault.todo)
    folder = path.parent
    if not folder.exists():
        return Check(name, "ok", "none yet")
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        mend = "Give yourself the right to write there, or name another under 'deidentification: map_folder:'."
        return Check(name, "fault", "its folder cannot be written", mend)
    if _is_open(folder) and path.exists() and _is_open(path):
        return Check(name, "fault", "others can read it", f"Run 'chmod 700 {folder}' and 'chmod 600 {path}'.")
    if _is_open(folder):
        return Check(name, "warning", "others can look into its folder", f"Run 'chmod 700 {folder}'.")
    return Check(name, "ok", "there, its owner's alone" if path.exists() else "none yet")


def _names(study: Study) -> str:
    deny_of(study)
    named = study.config.deidentification.names is not None
    return "there, its owner's alone" if named else "study.yaml names none"


def _lock(study: Study) -> Check:
    try:
        with study.held():
            return Check("lock", "ok", "no run holds the study")
    except RuptureError as fault:
        return Check("lock", "warning", fault.what, fault.todo)


def _unfinished(study: Study) -> Check:
    left = sum(1 for path in study.work.rglob(".*.tmp"))
    found = f"{left} unfinished files of a run that was stopped" if left else "no unfinished files"
    return Check("unfinished files", "ok", f"{found}; the next run writes them anew" if left else found)


def _asked(name: str, ask: Callable[[], str]) -> Check:
    """What a part of the study answers, or its own error in two halves."""
    try:
        return Check(name, "ok", ask())
    except RuptureError as fault:
        return Check(name, "fault", f"{fault.where}: {fault.what}" if fault.where else fault.what, fault.todo)


def _codebook_version(study: Study) -> str:
    codebook = study.codebook()
    study.cues(codebook)
    return str(codebook.version)


def _logs(study: Study) -> str:
    counts = {
        "decisions": len(read_decisions(study.decisions)),
        "assignments": len(read_assignments(study.assignments)),
        "codings": len(read_coded_segments(study.codings)),
    }
    Ledger.open(study.projects, "")
    return ", ".join(f"{number} {name}" for name, number in counts.items())


def _server(study: Study) -> str:
    with queue.client_of(study) as client:
        version = client.version()
        client.find_projects("rupture-markers")
    return f"Label Studio {version} takes the token"
