"""Models on disk: a skops file, what it says of itself, and the checks on the way in."""

from __future__ import annotations

import hashlib
import importlib.metadata
import threading
import zipfile
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from rupture_markers.errors import ModelError, StudyError
from rupture_markers.learning.manifest import Manifest
from rupture_markers.learning.model_parts import FORMAT, model_of_parts, parts_of
from rupture_markers.learning.rupture_model import RuptureModel
from rupture_markers.learning.stacked import StackedModel
from rupture_markers.learning.turn_featuriser import turn_featuriser
from rupture_markers.learning.turn_table import Featurise
from rupture_markers.markers.codebook import Codebook, load_codebook
from rupture_markers.markers.cues import CueList, load_cues
from rupture_markers.markers.defaults import default_file
from rupture_markers.markers.marker import Family
from rupture_markers.transcripts.whole_file import whole_file

MODEL_FILE, MANIFEST_FILE, CARD_FILE = "model.skops", "manifest.json", "card.md"
TRUSTED_TYPES = ("sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",)
"""The only types beyond those that skops trusts by itself; a file that asks for another is refused."""
LIBRARIES = ("scikit-learn", "numpy", "scipy", "skops", "spacy")
_PARSING = threading.Lock()
"""skops reads arrays by numpy, which parses their headers by ``ast``: in CPython 3.11 two threads may not do so at once."""


@dataclass(frozen=True)
class LoadedModel:
    """A model that passed every check, with all it needs to score.

    Attributes
    ----------
    notes : tuple of str
        What a user should know: another codebook, other cues.
    codes : Mapping of Family to tuple of str
        Codes that the study's codebook has; the others are left out of every ranking.
    """

    manifest: Manifest
    model: RuptureModel | StackedModel
    featurise: Featurise
    codes: dict[Family, tuple[str, ...]]
    notes: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The model's id."""
        return self.manifest.id


def library_versions() -> dict[str, str]:
    """Installed versions of the libraries that a model depends on."""
    return {name: importlib.metadata.version(name) for name in LIBRARIES}


def save_model(folder: Path, model: RuptureModel | StackedModel, manifest: Manifest) -> Manifest:
    """Write ``model.skops`` and ``manifest.json``; SHA-256, size, types and libraries are filled in.

    Raises
    ------
    ModelError
        If the model needs a type that is not on the list.
    """
    import skops.io  # noqa: PLC0415 - takes seconds

    data = skops.io.dumps(parts_of(model), compression=zipfile.ZIP_DEFLATED, compresslevel=9)
    _require_trusted(data, folder / MODEL_FILE)
    complete = manifest.model_copy(
        update={
            "sha256": hashlib.sha256(data).hexdigest(),
            "size_bytes": len(data),
            "trusted_types": list(TRUSTED_TYPES),
            "libraries": library_versions(),
        }
    )
    _replace(folder / MODEL_FILE, data)
    _replace(folder / MANIFEST_FILE, (complete.model_dump_json(indent=1) + "\n").encode())
    return complete


def model_folder(ref: str | Path) -> Path:
    """Folder of a model: a path, or the name of a shipped one such as ``baseline``.

    Raises
    ------
    ModelError
        If there is none.
    """
    path = Path(ref)
    for folder in (path, path.parent if path.name in (MODEL_FILE, MANIFEST_FILE) else path):
        if (folder / MANIFEST_FILE).is_file():
            return folder
    if len(path.parts) == 1 and path.name not in (".", ".."):
        try:
            return default_file(f"models/{path.name}/{MANIFEST_FILE}").parent
        except StudyError:
            pass
    raise ModelError(
        f"there is no model '{path}'.",
        "Give a folder with a manifest.json, or 'baseline'; 'rupture models list' shows them.",
    )


def read_manifest(ref: str | Path) -> Manifest:
    """Read a model's manifest without loading the model.

    Raises
    ------
    ModelError
        If it is missing or not as it must be.
    """
    path = model_folder(ref) / MANIFEST_FILE
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except ValidationError as fault:
        first = fault.errors(include_input=False, include_url=False)[0]
        key = ".".join(map(str, first["loc"]))
        raise ModelError(f"'{key}': {first['msg']}.", "Fetch or train the model again.", path=path) from None


def list_models(folder: Path) -> list[Manifest]:
    """Manifests of the models in a folder, by id."""
    found = [read_manifest(path.parent) for path in sorted(folder.glob(f"*/{MANIFEST_FILE}"))]
    return sorted(found, key=lambda manifest: manifest.id)


def load_model(
    ref: str | Path, codebook: Codebook | None = None, *, cues: CueList | None = None, spacy_model: str | None = None
) -> LoadedModel:
    """Load a model after checking hash, types, libraries and codebook.

    Parameters
    ----------
    ref : str or Path
        A folder, or ``baseline``.
    codebook, cues : optional
        Of the study; the shipped ones without.

    Raises
    ------
    ModelError
        If the file changed since it was saved, holds types that are not on the list, was made with another
        scikit-learn, or for a codebook of another name, major version or with none of a family's codes.
    """
    import skops.io  # noqa: PLC0415 - takes seconds
    from skops.io.exceptions import UntrustedTypesFoundException  # noqa: PLC0415

    folder = model_folder(ref)
    manifest = read_manifest(folder)
    path = folder / MODEL_FILE
    if manifest.format > FORMAT:
        raise ModelError(
            f"the model is of format {manifest.format}, and this version knows formats up to {FORMAT}.",
            "Use the version of rupture-markers that it was made with, or a newer one.",
            path=path,
        )
    try:
        data = path.read_bytes()
    except OSError:
        raise ModelError("the model file is missing.", "Fetch or train the model again.", path=path) from None
    if hashlib.sha256(data).hexdigest() != manifest.sha256:
        raise ModelError(
            "the model file is not the one its manifest was written for (SHA-256 differs).",
            "Fetch it again, or train it again; do not use it as it is.",
            path=path,
        )
    _require_libraries(manifest, path)
    codebook = codebook or load_codebook(None)
    codes, notes = _codes_of(manifest, codebook, path)
    cues = cues or load_cues(None, codebook)
    if cues.sha256 != manifest.cues_sha256:
        trained = manifest.cues_version
        notes = (*notes, f"The cues (version {cues.version}) are not those the model was trained with ({trained}).")
    _require_trusted(data, path)
    try:
        with _PARSING:
            parts = skops.io.loads(data, trusted=list(TRUSTED_TYPES))
        model = model_of_parts(parts)
    except (UntrustedTypesFoundException, KeyError, TypeError, ValueError, AttributeError, IndexError):
        raise ModelError("the model file does not hold a model of this kind.", "Train it again.", path=path) from None
    featurise = turn_featuriser(
        codebook, cues, spacy_model or manifest.spacy_model, names=model.feature_names, path=path
    )
    return LoadedModel(manifest, model, featurise, codes, notes)


def _require_libraries(manifest: Manifest, path: Path) -> None:
    made, here = manifest.libraries.get("scikit-learn", ""), importlib.metadata.version("scikit-learn")
    if made.split(".")[:2] != here.split(".")[:2]:
        raise ModelError(
            f"the model was saved with scikit-learn {made or 'of an unknown version'}, and {here} is installed.",
            f"Install scikit-learn {'.'.join(made.split('.')[:2])} or train the model again (models/README.md).",
            path=path,
        )


def _codes_of(
    manifest: Manifest, codebook: Codebook, path: Path
) -> tuple[dict[Family, tuple[str, ...]], tuple[str, ...]]:
    def refuse(why: str) -> ModelError:
        return ModelError(
            f"the model was made for codebook '{manifest.codebook_name}' {manifest.codebook_version}, and {why}.",
            "Use that codebook, or train a model for this one (models/README.md).",
            path=path,
        )

    if codebook.sha256 == manifest.codebook_sha256:
        return {family: tuple(codes) for family, codes in manifest.families.items()}, ()
    if codebook.name != manifest.codebook_name:
        raise refuse(f"the study's is '{codebook.name}'")
    if codebook.version.split(".")[0] != manifest.codebook_version.split(".")[0]:
        raise refuse(f"the study's is version {codebook.version}")
    kept: dict[Family, tuple[str, ...]] = {}
    for family, codes in manifest.families.items():
        there = {code.id for code in codebook.of_family(family)}
        if there and not there.intersection(codes):
            raise refuse(f"the study's has none of its {family} codes")
        kept[family] = tuple(code for code in codes if code in there)
    return kept, (
        f"The codebook differs from the one the model was trained with ({manifest.codebook_version}); codes that it "
        "does not know are never suggested.",
    )


def _require_trusted(data: bytes, path: Path) -> None:
    import skops.io  # noqa: PLC0415 - takes seconds

    try:
        asked = set(skops.io.get_untrusted_types(data=data)) - set(TRUSTED_TYPES)
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError):
        raise ModelError("this is no skops file.", "Fetch or train the model again.", path=path) from None
    if asked:
        raise ModelError(
            f"the model file asks for types that are not on our list: {', '.join(sorted(asked))}.",
            "Do not load it; a model made by 'rupture models' needs none of them.",
            path=path,
        )


def _replace(path: Path, data: bytes) -> None:
    with whole_file(path) as out:
        out.write(data)
