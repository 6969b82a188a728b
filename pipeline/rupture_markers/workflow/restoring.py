"""A backup put back in the place of its study folder: whole or not at all, also where it is cut off."""

from __future__ import annotations

import contextlib
import shutil
import zipfile
import zlib
from pathlib import Path

from pydantic import ValidationError

from rupture_markers.coding.local_server import LocalLabelStudio
from rupture_markers.errors import StudyError
from rupture_markers.transcripts.whole_file import private_folder, whole_file
from rupture_markers.workflow.backup import BACKUPS, LIST, SERVER, Backup, Contents, file_sha256, is_safe
from rupture_markers.workflow.config import StudyConfig
from rupture_markers.workflow.half_restored import FORMER, alone, begin, finish, new_folder
from rupture_markers.workflow.study import Study

_BLOCK = 1 << 20


def restore(file: Path, folder: Path | None = None) -> tuple[Backup, Path | None]:
    """Put a backup back in the place of its study folder; what was there is kept beside it.

    Every file is unpacked and its hash compared before anything in the study folder is touched. Backups, and the local
    Label Studio where the backup has none, go over to the restored folder. A restore that was cut off before is undone,
    or finished, first.

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
        If the file is no backup of ours or damaged, the study is held or being restored, or its Label Studio runs.
    LabelStudioError
        If its Label Studio is being started.
    """
    target = (file.resolve().parent.parent if folder is None else folder).resolve()
    if folder is None and file.resolve().parent.name != BACKUPS:
        raise StudyError("the backup lies in no study folder.", "Name one with --to.", path=file)
    private_folder(target.parent)
    with alone(target):
        finish(target)
        fresh = new_folder(target)
        try:
            contents = _unpack(file, fresh)
            former = _put_in_place(fresh, target, server=contents.server)
        finally:
            finish(target)
    kept = file if folder is not None else target / BACKUPS / file.name
    return Backup(target, len(contents.files), kept.stat().st_size, contents.server), former


def _unpack(file: Path, fresh: Path) -> Contents:
    damaged = StudyError("this is no backup of a study, or it is damaged.", "Take another one.", path=file)
    try:
        with zipfile.ZipFile(file) as archive:
            contents = Contents.model_validate_json(archive.read(LIST))
            if any(not is_safe(name) for name in contents.files):
                raise damaged
            for name, digest in contents.files.items():
                path = fresh / name
                private_folder(path.parent)
                with archive.open(name) as packed, whole_file(path) as out:
                    shutil.copyfileobj(packed, out, _BLOCK)
                if file_sha256(path) != digest:
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


def _put_in_place(fresh: Path, target: Path, *, server: bool) -> Path | None:
    if not target.exists():
        private_folder(target.parent)
        fresh.rename(target)
        return None
    local = LocalLabelStudio(target / SERVER)
    # The folder may be too damaged to open, and can be held all the same.
    with (
        Study(target / "study.yaml", StudyConfig(study="restored")).held(),
        local.alone() if local.folder.exists() else contextlib.nullcontext(),
    ):
        if local.is_running:
            raise StudyError("its Label Studio runs.", "Stop it with 'rupture label-studio stop'.", path=target)
        former = _free_folder(target)
        begin(target, former, fresh, (BACKUPS, *(() if server else (SERVER,))))
        target.rename(former)
        fresh.rename(target)
        finish(target)
    return former


def _free_folder(target: Path) -> Path:
    number = 1
    while target.with_name(f"{target.name}{FORMER}{number}").exists():
        number += 1
    return target.with_name(f"{target.name}{FORMER}{number}")
