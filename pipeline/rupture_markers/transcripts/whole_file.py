"""Files that are written whole or not at all, readable by their owner alone, in folders that their owner alone can open."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, TextIO


def private_folder(path: Path) -> Path:
    """Make a folder, and those above it that are missing, that its owner alone can open."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(mode=0o700, exist_ok=True)
    return path


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file to be written: it takes its name when the block ends, with its bytes on disk, or not at all."""
    private_folder(path.parent)
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            os.fchmod(out.fileno(), 0o600)  # one that a killed run left may have had other permissions
            yield out
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(path)
        _keep_name(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def _keep_name(folder: Path) -> None:
    """Put the new name itself on disk; where a system cannot, its files are no less whole."""
    with suppress(OSError):
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


@contextmanager
def whole_text_file(path: Path) -> Iterator[TextIO]:
    """``whole_file`` for UTF-8 text whose line ends are written as given."""
    with whole_file(path) as out:
        text = io.TextIOWrapper(out, encoding="utf-8", newline="")
        yield text
        text.flush()
        text.detach()
