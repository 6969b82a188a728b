"""The second virtual environment: Label Studio and a current Prefect cannot share one."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout
from platformdirs import user_cache_path

from rupture_markers.errors import LabelStudioError
from rupture_markers.markers.defaults import default_file
from rupture_markers.transcripts.whole_file import private_folder

_READY = "rupture-ready"
_UNFINISHED = "rupture-unfinished"
_LIMIT_S = 1800.0


def environment_folder() -> Path:
    """Where the environment is kept: ``RUPTURE_LABEL_STUDIO_ENV``, else the user's cache, by lock and Python."""
    named = os.environ.get("RUPTURE_LABEL_STUDIO_ENV")
    if named:
        return Path(named)
    lock = hashlib.sha256(default_file("configs/label-studio.lock").read_bytes()).hexdigest()[:10]
    version = f"py{sys.version_info.major}.{sys.version_info.minor}"
    return user_cache_path("rupture-markers") / f"label-studio-{lock}-{version}"


def ensure_environment(say: Callable[[str], None] = lambda _: None) -> Path:
    """Make the environment once, whole or not at all, by one process at a time.

    Returns
    -------
    Path
        Its folder.

    Raises
    ------
    LabelStudioError
        If the package index cannot be reached or refuses, or another process installs it and does not end.
    """
    folder = environment_folder()
    if _is_made(folder):
        return folder
    lock = FileLock(private_folder(folder.parent) / f".{folder.name}.lock", mode=0o600)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        say("waiting for another process that installs Label Studio")
        _wait(lock, folder)
    try:
        if not _is_made(folder):
            _make(folder, say)
    finally:
        lock.release()
    return folder


def _wait(lock: BaseFileLock, folder: Path) -> None:
    try:
        lock.acquire(timeout=_LIMIT_S)
    except Timeout:
        raise LabelStudioError(
            "another process has been installing Label Studio for long.", "End it, then start again.", path=folder
        ) from None


def _is_made(folder: Path) -> bool:
    whole = (folder / _READY).exists() or (_is_named() and not (folder / _UNFINISHED).exists())
    return (folder / "bin" / "label-studio").exists() and whole


def _is_named() -> bool:
    return bool(os.environ.get("RUPTURE_LABEL_STUDIO_ENV"))


def _make(folder: Path, say: Callable[[str], None]) -> None:
    named, unfinished = _is_named(), (folder / _UNFINISHED).exists()
    if named and not unfinished and folder.exists() and any(folder.iterdir()):
        raise LabelStudioError(
            "RUPTURE_LABEL_STUDIO_ENV names a folder that holds something else.",
            "Name an empty folder, or an environment with Label Studio.",
            path=folder,
        )
    say("installing Label Studio into an environment of its own (once, about a minute, 1 GB)")
    if folder.exists():
        shutil.rmtree(folder)  # a half-made one of a run that was stopped
    folder.mkdir(parents=True)
    (folder / _UNFINISHED).touch()
    venv.create(folder, with_pip=True)
    done = subprocess.run(  # noqa: S603 - our own lock, our own interpreter
        [
            str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
            "--no-deps", "--require-hashes", "-r", str(default_file("configs/label-studio.lock")),
        ],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        shutil.rmtree(folder, ignore_errors=True)
        last = next((line for line in reversed(done.stderr.splitlines()) if line.startswith("ERROR")), "")
        raise LabelStudioError(
            f"Label Studio could not be installed: {last or 'pip failed'}.",
            "Check that the package index is reachable, then start again.",
        )
    (folder / _READY).touch()
    (folder / _UNFINISHED).unlink()
