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

from platformdirs import user_cache_path

from rupture_markers.errors import LabelStudioError
from rupture_markers.markers.defaults import default_file

_READY = "rupture-ready"
_UNFINISHED = "rupture-unfinished"


def environment_folder() -> Path:
    """Where the environment is kept: ``RUPTURE_LABEL_STUDIO_ENV``, else the user's cache, by lock and Python."""
    named = os.environ.get("RUPTURE_LABEL_STUDIO_ENV")
    if named:
        return Path(named)
    lock = hashlib.sha256(default_file("configs/label-studio.lock").read_bytes()).hexdigest()[:10]
    version = f"py{sys.version_info.major}.{sys.version_info.minor}"
    return user_cache_path("rupture-markers") / f"label-studio-{lock}-{version}"


def ensure_environment(say: Callable[[str], None] = lambda _: None) -> Path:
    """Make the environment once, whole or not at all.

    Returns
    -------
    Path
        Its folder.

    Raises
    ------
    LabelStudioError
        If the package index cannot be reached or refuses.
    """
    folder = environment_folder()
    program = folder / "bin" / "label-studio"
    named = bool(os.environ.get("RUPTURE_LABEL_STUDIO_ENV"))
    unfinished = (folder / _UNFINISHED).exists()
    if program.exists() and ((folder / _READY).exists() or (named and not unfinished)):
        return folder
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
    return folder
