from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skops.io
from sklearn.feature_extraction.text import FeatureHasher
from sklearn.preprocessing import FunctionTransformer

from rupture_markers.errors import ModelError
from rupture_markers.learning.registry import TRUSTED_TYPES, LoadedModel, list_models, load_model, model_folder
from rupture_markers.learning.turn_table import TurnTable
from rupture_markers.markers.codebook import Codebook

ROOT = Path(__file__).resolve().parents[2]
Tiny = tuple[Path, LoadedModel]


@pytest.fixture
def copy(tiny_model: Tiny, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_model[0], tmp_path / "copy"))


def change_manifest(folder: Path, **values: Any) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def test_model_read_back_scores_the_same(tiny_model: Tiny, sample_table: TurnTable) -> None:
    folder, loaded = tiny_model
    again = load_model(folder)
    a, b = (m.model.score_table(sample_table).probabilities for m in (loaded, again))
    assert np.array_equal(a, b, equal_nan=True)


def test_changed_model_file_is_refused(copy: Path) -> None:
    path = copy / "model.skops"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(ModelError, match="SHA-256"):
        load_model(copy)


def test_type_that_is_not_on_the_list_is_refused_by_name(copy: Path) -> None:
    data = skops.io.dumps({"format": 1, "words": FunctionTransformer(func=json.loads)})
    (copy / "model.skops").write_bytes(data)
    change_manifest(
        copy, sha256=hashlib.sha256(data).hexdigest(), trusted_types=["json.decoder.JSONDecoder", "json.loads"]
    )
    with pytest.raises(ModelError, match=r"json\.loads"):
        load_model(copy)


@pytest.mark.parametrize("content", [{"format": 1}, OrderedDict(), FeatureHasher()])
def test_skops_file_of_something_else_is_refused(copy: Path, content: object) -> None:
    data = skops.io.dumps(content)
    (copy / "model.skops").write_bytes(data)
    change_manifest(copy, sha256=hashlib.sha256(data).hexdigest())
    with pytest.raises(ModelError):
        load_model(copy)


def test_file_that_is_no_skops_file_is_refused(copy: Path) -> None:
    (copy / "model.skops").write_bytes(b"cos\nsystem\n")
    change_manifest(copy, sha256=hashlib.sha256(b"cos\nsystem\n").hexdigest())
    with pytest.raises(ModelError, match="skops"):
        load_model(copy)


def test_other_scikit_learn_is_refused_with_the_version_to_install(copy: Path) -> None:
    change_manifest(copy, libraries={"scikit-learn": "1.2.3"})
    with pytest.raises(ModelError, match=r"Install scikit-learn 1\.2"):
        load_model(copy)


def test_codebook_of_another_major_version_is_refused(tiny_model: Tiny, codebook: Codebook) -> None:
    major = int(codebook.version.split(".")[0]) + 1
    with pytest.raises(ModelError, match="version"):
        load_model(tiny_model[0], replace(codebook, version=f"{major}.0"))


def test_codebook_of_another_name_is_refused(tiny_model: Tiny, codebook: Codebook) -> None:
    with pytest.raises(ModelError, match="Mine"):
        load_model(tiny_model[0], replace(codebook, name="Mine"))


def test_code_that_the_lab_dropped_is_never_ranked(tiny_model: Tiny, codebook: Codebook) -> None:
    fewer = replace(codebook, codes=tuple(code for code in codebook.codes if code.id != "W2"))
    loaded = load_model(tiny_model[0], fewer)
    assert "W2" not in loaded.codes["withdrawal"]
    assert loaded.notes


def test_manifest_with_a_key_too_many_is_refused(copy: Path) -> None:
    change_manifest(copy, surprise=1)
    with pytest.raises(ModelError, match="surprise"):
        load_model(copy)


def test_missing_model_is_named() -> None:
    with pytest.raises(ModelError, match="nowhere"):
        load_model("nowhere")


def test_models_of_a_folder_are_listed(tiny_model: Tiny) -> None:
    assert [m.id for m in list_models(tiny_model[0].parent)] == ["tiny"]


def test_no_pickle_in_the_package() -> None:
    for path in (ROOT / "pipeline").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert "import pickle" not in text
        assert "import joblib" not in text


def test_shipped_model_loads_and_is_small_and_learnt_from_no_sample_session(sample_coded: Any) -> None:
    loaded = load_model("baseline")
    folder = model_folder("baseline")
    assert sum(path.stat().st_size for path in folder.iterdir()) < 8_000_000
    assert not set(sample_coded.cases) & set(loaded.manifest.training_cases)
    assert tuple(loaded.manifest.trusted_types) == TRUSTED_TYPES
    assert not [name for name in loaded.model.feature_names if "latency" in name or name.startswith("time/")]
    assert loaded.notes == ()


def test_threads_do_not_read_a_model_at_the_same_time(tiny_model: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    reading, most = [0], [0]
    loads = skops.io.loads

    def watched(*args: Any, **kwargs: Any) -> Any:
        reading[0] += 1
        most[0] = max(most[0], reading[0])
        time.sleep(0.02)
        try:
            return loads(*args, **kwargs)
        finally:
            reading[0] -= 1

    monkeypatch.setattr("skops.io.loads", watched)
    with ThreadPoolExecutor(4) as pool:
        loaded = list(pool.map(lambda _: load_model(tiny_model[0]), range(4)))
    assert {model.id for model in loaded} == {tiny_model[1].id}
    assert most == [1]
