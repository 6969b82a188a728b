"""A study folder in one file; ``restoring`` puts it back."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Literal

from pydantic import BaseModel, ConfigDict

from rupture_markers.transcripts.whole_file import private_folder, whole_file
from rupture_markers.workflow.study import Study

BACKUPS = "backups"
LIST = "rupture-backup.json"
SERVER = "label-studio"
_SERVER_FILES = ("accounts.json", "secret-key", "data")
_DATABASE = ".sqlite3"
_BESIDE_A_DATABASE = ("-wal", "-shm", "-journal")
_LOCKS = (("work", "lock"), ("work", "lock-holder"))


class Contents(BaseModel):
    """What a backup says of itself: the hash of every file."""

    model_config = ConfigDict(extra="forbid")

    format: Literal[1] = 1
    study: str
    server: bool
    files: dict[str, str]


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was made or restored: where, and of how many files and bytes.

    Attributes
    ----------
    left_out : tuple of str
        What of the study is not in it, and what to do, a line each; empty for one that was restored.
    """

    path: Path
    files: int
    bytes: int
    server: bool
    left_out: tuple[str, ...] = ()


def back_up(study: Study, *, server: bool = False) -> Backup:
    """Pack a study folder into ``backups/``, readable by its owner alone; the study is held meanwhile.

    Parameters
    ----------
    server : bool
        Also the data and accounts of the local Label Studio; its database is copied by SQLite's own backup, so the
        server may run.

    Raises
    ------
    StudyError
        If another run holds the study.
    """
    folder = private_folder(study.folder / BACKUPS)
    with study.held(), tempfile.TemporaryDirectory(dir=folder, prefix=".database-") as copies:
        files = dict(_files(study.folder, Path(copies), server=server))
        contents = Contents(
            study=study.config.study, server=server, files={name: file_sha256(path) for name, path in files.items()}
        )
        path = _free_name(folder)
        with whole_file(path) as out, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(LIST, contents.model_dump_json(indent=1))
            for name, source in files.items():
                archive.write(source, name)
    return Backup(path, len(files), path.stat().st_size, server, (*_outside(study), *_left_out(study.folder, server)))


def _outside(study: Study) -> Iterator[str]:
    """What study.yaml names that lies outside the study folder."""
    config = study.config
    named = {
        "transcripts": config.transcripts, "sessions": config.sessions, "codebook": config.codebook,
        "cues": config.cues, "coding: known": config.coding.known,
    }  # fmt: skip
    for key, name in named.items():
        path = None if name is None else Path(os.path.normpath(study.folder / name))
        if path is not None and path.exists() and not path.is_relative_to(study.folder):
            yield f"'{key}:' of study.yaml lies outside the study folder and is not in the backup: keep a copy yourself."


def _left_out(study: Path, server: bool) -> Iterator[str]:
    """Links, and files whose name no backup may hold."""
    for path in sorted(study.rglob("*")):
        parts = path.relative_to(study).parts
        if _is_passed_over(parts, server=server):
            continue
        name = _name(parts)
        if path.is_symlink():
            yield f"{name}: is a link, which a backup does not follow: keep a copy of what it leads to yourself."
        elif path.is_file() and not is_safe(name):
            shown = name.encode(errors="replace").decode()
            yield f"{shown}: is not in the backup, since its name holds ':' or '\\' or is no UTF-8: rename it."


def _name(parts: tuple[str, ...]) -> str:
    return PurePosixPath(*parts).as_posix()


def is_safe(name: str) -> bool:
    """Whether a name stays within the folder: no way up, no root, no drive, no backslash; and is text at all."""
    parts = name.split("/")
    named = not any(part in ("", ".", "..") or "\\" in part or ":" in part for part in parts)
    return named and not any("\ud800" <= sign <= "\udfff" for sign in name)


def _files(study: Path, copies: Path, *, server: bool) -> Iterator[tuple[str, Path]]:
    """Name in the archive and path of each file; databases as copies."""
    for path in sorted(study.rglob("*")):
        parts = path.relative_to(study).parts
        name = _name(parts)
        if path.is_symlink() or not path.is_file() or _is_passed_over(parts, server=server) or not is_safe(name):
            continue
        yield name, _database_copy(path, copies) if path.suffix == _DATABASE else path


def _is_passed_over(parts: tuple[str, ...], *, server: bool) -> bool:
    """Whether a path is no part of a backup: other backups, locks, unfinished files, servers' own files."""
    of_server = parts[0] == SERVER and not (server and parts[1:2] and parts[1] in _SERVER_FILES)
    of_prefect = parts[:2] == ("work", "prefect")
    unfinished = parts[-1].startswith(".") and parts[-1].endswith(".tmp")
    beside = any(parts[-1].endswith(_DATABASE + ending) for ending in _BESIDE_A_DATABASE)
    return parts[0] == BACKUPS or parts in _LOCKS or of_server or of_prefect or unfinished or beside


def _database_copy(path: Path, copies: Path) -> Path:
    copy = copies / hashlib.sha256(str(path).encode()).hexdigest()
    with contextlib.closing(sqlite3.connect(path)) as old, contextlib.closing(sqlite3.connect(copy)) as new:
        old.backup(new)
    return copy


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()


def _free_name(folder: Path) -> Path:
    """A name by the day; the number behind it, and no clock, keeps two apart."""
    day = datetime.now(UTC).strftime("%Y-%m-%d")
    number = 1 + sum(1 for _ in folder.glob("*.zip"))
    while (folder / f"{day}-{number}.zip").exists():
        number += 1
    return folder / f"{day}-{number}.zip"
