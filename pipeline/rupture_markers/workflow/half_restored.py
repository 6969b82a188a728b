"""What a restore has begun, kept beside the study folder: a restore that is cut off is undone or finished by the next."""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from rupture_markers.errors import StudyError
from rupture_markers.transcripts.whole_file import whole_text_file

FORMER = ".before-restore-"
"""Between the name of a study folder and a number: what was there before a restore."""


def former_folders(target: Path) -> list[Path]:
    """Folders that restores of a study put beside it."""
    return sorted(path for path in target.parent.iterdir() if path.name.startswith(f"{target.name}{FORMER}"))


def left_beside(target: Path) -> list[Path]:
    """Those, and what a restore that was cut off unpacked: each may hold the transcripts."""
    return former_folders(target) + sorted(p for p in target.parent.iterdir() if p.name.startswith(_unpacked(target)))


@contextlib.contextmanager
def alone(target: Path) -> Iterator[None]:
    """Let one restore at a time work on a study folder, whether there is one yet or not.

    Raises
    ------
    StudyError
        If another restore does.
    """
    lock = FileLock(target.with_name(f".{target.name}.restore-lock"), timeout=0, mode=0o600)
    try:
        lock.acquire()
    except Timeout:
        raise StudyError(
            "another restore of this study is under way.", "Wait until it ends, then run again.", path=target
        ) from None
    try:
        yield
    finally:
        lock.release()


def new_folder(target: Path) -> Path:
    """A folder beside the study, of its owner alone, to unpack a backup in."""
    return Path(tempfile.mkdtemp(prefix=_unpacked(target), dir=target.parent))


def begin(target: Path, former: Path, fresh: Path, moved: tuple[str, ...]) -> None:
    """Put down that ``target`` becomes ``former`` and ``fresh`` becomes ``target``, with what goes over from the former."""
    with whole_text_file(_record(target)) as out:
        json.dump({"former": former.name, "fresh": fresh.name, "moved": list(moved)}, out)


def finish(target: Path) -> None:
    """Undo or finish what a restore began, and take away what it unpacked; to be called by who is ``alone``."""
    record = _record(target)
    if record.exists():
        begun = json.loads(record.read_text(encoding="utf-8"))
        former, fresh = target.with_name(begun["former"]), target.with_name(begun["fresh"])
        if former.exists() and not target.exists():
            former.rename(target)
        elif former.exists() and not fresh.exists():
            for name in begun["moved"]:
                if (former / name).exists() and not (target / name).exists():
                    (former / name).rename(target / name)
        record.unlink()
    for path in target.parent.iterdir():
        if path.name.startswith(_unpacked(target)):
            shutil.rmtree(path, ignore_errors=True)


def require_not_half_restored(folder: Path) -> None:
    """Stop where a restore of the study was cut off.

    Raises
    ------
    StudyError
        Saying how to go on.
    """
    if _record(folder).exists():
        raise StudyError(
            "a restore of this study is under way, or was cut off.",
            f"If none runs, give 'rupture restore {folder.name}/backups/FILE.zip' again: it first undoes or finishes that "
            "one. The backups may lie in the folder '.before-restore-' beside it meanwhile.",
            path=folder,
        )


def _record(target: Path) -> Path:
    return target.with_name(f".{target.name}.restore.json")


def _unpacked(target: Path) -> str:
    return f".{target.name}.restoring-"
