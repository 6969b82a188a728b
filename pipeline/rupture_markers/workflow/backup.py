"""A study folder in one file, and back: restored whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import sqlite3
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from rupture_markers.coding.local_server import LocalLabelStudio
from rupture_markers.errors import StudyError
from rupture_markers.transcripts.whole_file import private_folder, whole_file
from rupture_markers.workflow.config import StudyConfig
from rupture_markers.workflow.study import Study

BACKUPS = "backups"
_LIST = "rupture-backup.json"
_SERVER = "label-studio"
_SERVER_FILES = ("accounts.json", "secret-key", "data")
_DATABASE = ".sqlite3"
_BLOCK = 1 << 20


class _Contents(BaseModel):
    """What a backup says of itself: the hash of every file."""

    model_config = ConfigDict(extra="forbid")

    format: Literal[1] = 1
    study: str
    server: bool
    files: dict[str, str]


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was made or restored: where, and of how many files and bytes."""

    path: Path
    files: int
    bytes: int
    server: bool


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
        contents = _Contents(
            study=study.config.study, server=server, files={name: _sha256(path) for name, path in files.items()}
        )
        path = _free_name(folder)
        with whole_file(path) as out, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(_LIST, contents.model_dump_json(indent=1))
            for name, source in files.items():
                archive.write(source, name)
    return Backup(path, len(files), path.stat().st_size, server)


def _files(study: Path, copies: Path, *, server: bool) -> Iterator[tuple[str, Path]]:
    """Name in the archive and path of each file; databases as copies."""
    for path in sorted(study.rglob("*")):
        parts = path.relative_to(study).parts
        made_again = parts[0] == BACKUPS or path.name.startswith((".", "lock")) or path.is_symlink()
        of_server = parts[0] == _SERVER and not (server and parts[1:2] and parts[1] in _SERVER_FILES)
        of_prefect = parts[:2] == ("work", "prefect")
        if not path.is_file() or made_again or of_server or of_prefect or _DATABASE + "-" in path.name:
            continue
        name = PurePosixPath(*parts).as_posix()
        yield name, _database_copy(path, copies) if path.suffix == _DATABASE else path


def _database_copy(path: Path, copies: Path) -> Path:
    copy = copies / hashlib.sha256(str(path).encode()).hexdigest()
    with contextlib.closing(sqlite3.connect(path)) as old, contextlib.closing(sqlite3.connect(copy)) as new:
        old.backup(new)
    return copy


def _sha256(path: Path) -> str:
    with path.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()


def _free_name(folder: Path) -> Path:
    """A name by the day; the number behind it, and no clock, keeps two apart."""
    day = datetime.now(UTC).strftime("%Y-%m-%d")
    number = 1 + sum(1 for _ in folder.glob("*.zip"))
    while (folder / f"{day}-{number}.zip").exists():
        number += 1
    return folder / f"{day}-{number}.zip"


def restore(file: Path, folder: Path | None = None) -> tuple[Backup, Path | None]:
    """Put a backup back in the place of its study folder; what was there is kept beside it.

    Every file is unpacked and its hash compared before anything in the study folder is touched. Backups, and the local
    Label Studio where the backup has none, go over to the restored folder.

    Parameters
    ----------
    file : Path
    folder : Path, optional
        Default: the study folder that the backup lies in.

    Returns
    -------
    tuple of Backup and Path
        The second is where the former folder is now; None where there was none.

    Raises
    ------
    StudyError
        If the file is no backup of ours or damaged, the study is held, or its Label Studio runs.
    """
    target = (file.resolve().parent.parent if folder is None else folder).resolve()
    if folder is None and file.resolve().parent.name != BACKUPS:
        raise StudyError("the backup lies in no study folder.", "Name one with --to.", path=file)
    fresh = target.with_name(f".{target.name}.restoring")
    if fresh.exists():
        shutil.rmtree(fresh)
    try:
        contents = _unpack(file, private_folder(fresh))
        former = _put_in_place(fresh, target, server=contents.server)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    kept = file if folder is not None else target / BACKUPS / file.name
    return Backup(target, len(contents.files), kept.stat().st_size, contents.server), former


def _unpack(file: Path, fresh: Path) -> _Contents:
    damaged = StudyError("this is no backup of a study, or it is damaged.", "Take another one.", path=file)
    try:
        with zipfile.ZipFile(file) as archive:
            contents = _Contents.model_validate_json(archive.read(_LIST))
            if any(not _is_safe(name) for name in contents.files):
                raise damaged
            for name, digest in contents.files.items():
                path = fresh / name
                private_folder(path.parent)
                with archive.open(name) as packed, whole_file(path) as out:
                    shutil.copyfileobj(packed, out, _BLOCK)
                if _sha256(path) != digest:
                    raise damaged
    except FileNotFoundError:
        raise StudyError("there is no such backup.", "'backups/' in the study folder holds them.", path=file) from None
    except (
        zipfile.BadZipFile,
        zlib.error,
        KeyError,
        ValidationError,
        EOFError,
        NotImplementedError,
        RuntimeError,
        ValueError,
    ):
        raise damaged from None
    if "study.yaml" not in contents.files:
        raise damaged
    return contents


def _is_safe(name: str) -> bool:
    """Whether a name stays within the folder: no way up, no root, no drive, no backslash."""
    parts = name.split("/")
    return bool(name) and not any(part in ("", ".", "..") or "\\" in part or ":" in part for part in parts)


def _put_in_place(fresh: Path, target: Path, *, server: bool) -> Path | None:
    if not target.exists():
        private_folder(target.parent)
        fresh.rename(target)
        return None
    if LocalLabelStudio(target / _SERVER).status().running:
        raise StudyError("its Label Studio runs.", "Stop it with 'rupture label-studio stop'.", path=target)
    # The folder may be too damaged to open, and can be held all the same.
    with Study(target / "study.yaml", StudyConfig(study="restored")).held():
        former = _free_folder(target)
        target.rename(former)
        fresh.rename(target)
        for name in (BACKUPS, *(() if server else (_SERVER,))):
            if (former / name).exists():
                (former / name).rename(target / name)
    return former


def _free_folder(target: Path) -> Path:
    number = 1
    while target.with_name(f"{target.name}.before-restore-{number}").exists():
        number += 1
    return target.with_name(f"{target.name}.before-restore-{number}")
