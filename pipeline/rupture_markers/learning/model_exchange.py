"""A model as one zip file, for another study or lab: named files alone, bounded, checked before they are put in place."""

from __future__ import annotations

import hashlib
import io
import shutil
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from rupture_markers.errors import ModelError
from rupture_markers.learning.champion import MODEL_ID
from rupture_markers.learning.registry import (
    CARD_FILE,
    MANIFEST_FILE,
    MODEL_FILE,
    load_model,
    read_manifest,
)
from rupture_markers.markers.codebook import Codebook
from rupture_markers.transcripts.whole_file import private_folder, whole_file

CARD_PAGE = "card.html"
MEMBERS = {MODEL_FILE: 200_000_000, MANIFEST_FILE: 10_000_000, CARD_FILE: 1_000_000, CARD_PAGE: 2_000_000}
"""Files of a model and the most bytes that each may have."""
CARDS = (CARD_FILE, CARD_PAGE)
"""Never taken over from a sender: a page may hold scripts, and a card may say what the manifest does not."""
MOST_UNPACKED = 1_000_000_000
"""Bytes that the arrays within a skops file (a zip itself) may have when unpacked."""
_CHUNK = 1 << 20


def export_model(folder: Path, out: Path) -> Path:
    """Write a model as a zip, whole or not at all.

    Raises
    ------
    ModelError
        If the model file is not the one of its manifest, or ``out`` exists.
    """
    manifest = read_manifest(folder)
    if out.exists():
        raise ModelError("there is a file of that name already.", "Name another with --out.", path=out)
    if hashlib.sha256((folder / MODEL_FILE).read_bytes()).hexdigest() != manifest.sha256:
        raise ModelError("the model file changed since it was saved.", "Train it again.", path=folder / MODEL_FILE)
    with whole_file(out) as handle, zipfile.ZipFile(handle, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in MEMBERS:
            if name == MANIFEST_FILE:
                packed.writestr(name, manifest.for_others())
            elif (folder / name).is_file():
                packed.write(folder / name, name)
    return out


def import_model(
    path: Path, models: Path, codebook: Codebook | None = None, *, complete: Callable[[Path], object] | None = None
) -> str:
    """Put a model of a zip file among a study's models, after every check that loading makes.

    Parameters
    ----------
    complete : callable, optional
        Called with the folder of the checked model before it is put in place, to write a card: the sender's is left out.

    Returns
    -------
    str
        Its id.

    Raises
    ------
    ModelError
        If the file is no such zip, holds anything but a model's files, is larger than a model can be, was changed since
        it was saved, asks for types that are not trusted, or does not fit codebook or libraries.
    """
    private_folder(models)
    with tempfile.TemporaryDirectory(dir=models, prefix=".import-") as name:
        folder = Path(name) / "model"
        folder.mkdir(mode=0o700)
        _unpack(path, folder)
        manifest = read_manifest(folder)
        if not MODEL_ID.match(manifest.id):
            raise ModelError("the model's id is not of letters, digits, '.', '_' and '-'.", "Do not use it.", path=path)
        target = models / manifest.id
        if target.exists():
            if read_manifest(target).sha256 == manifest.sha256:
                return manifest.id
            raise ModelError(
                f"the study has another model '{manifest.id}'.", "Delete or rename that one first.", path=target
            )
        _require_bounded(folder / MODEL_FILE, path)
        load_model(folder, codebook)
        _write(folder / MANIFEST_FILE, manifest.for_others().encode())
        if complete is not None:
            complete(folder)
        shutil.move(folder, target)
    return manifest.id


def _unpack(path: Path, folder: Path) -> None:
    def refuse(why: str) -> ModelError:
        return ModelError(
            f"this is no exported model: {why}.", "Export it again with 'rupture models export'.", path=path
        )

    try:
        with zipfile.ZipFile(path) as packed:
            names = packed.namelist()
            odd = sorted(set(names) - set(MEMBERS))
            if odd:
                raise refuse(f"it holds {len(odd)} files that are none of a model's")
            if len(names) != len(set(names)) or not {MODEL_FILE, MANIFEST_FILE} <= set(names):
                raise refuse("a file of the model is missing, or stands there twice")
            for name in names:
                # Counted while unpacking: what the zip says of its sizes need not be true.
                left, parts = MEMBERS[name], []
                with packed.open(name) as source:
                    while chunk := source.read(_CHUNK):
                        left -= len(chunk)
                        if left < 0:
                            raise refuse(f"{name} is larger than {MEMBERS[name]:,} bytes")
                        parts.append(chunk)
                if name not in CARDS:
                    _write(folder / name, b"".join(parts))
    except FileNotFoundError:
        raise ModelError("there is no such file.", "Name a file made by 'rupture models export'.", path=path) from None
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError, EOFError):
        raise refuse("the zip cannot be read") from None


def _write(path: Path, content: bytes) -> None:
    with whole_file(path) as out:
        out.write(content)


def _require_bounded(model: Path, path: Path) -> None:
    """A skops file is a zip: unpack it once and throw it away, counting."""
    left = MOST_UNPACKED
    try:
        with zipfile.ZipFile(io.BytesIO(model.read_bytes())) as packed:
            for name in packed.namelist():
                with packed.open(name) as source:
                    while chunk := source.read(_CHUNK):
                        left -= len(chunk)
                        if left < 0:
                            raise ModelError(
                                "the model file unpacks to more than a model can be.", "Do not use it.", path=path
                            )
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError):
        raise ModelError("this is no skops file.", "Export the model again.", path=path) from None
