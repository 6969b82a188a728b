from __future__ import annotations

import hashlib
import io
import json
import stat
import zipfile
from pathlib import Path
from typing import Any

import pytest
import skops.io
from sklearn.preprocessing import FunctionTransformer
from typer.testing import CliRunner

from rupture_markers.cli import app
from rupture_markers.errors import ModelError
from rupture_markers.learning import model_exchange
from rupture_markers.learning.model_exchange import export_model, import_model
from rupture_markers.learning.registry import LoadedModel
from rupture_markers.workflow.study import open_study
from rupture_markers.workflow.study_models import import_into

Tiny = tuple[Path, LoadedModel]


@pytest.fixture
def packed(tiny_model: Tiny, tmp_path: Path) -> Path:
    return export_model(tiny_model[0], tmp_path / "tiny.zip")


def repacked(packed: Path, **files: bytes | None) -> Path:
    """The zip with files replaced (or left out, for None); names have '_' for '.'."""
    with zipfile.ZipFile(packed) as old:
        content: dict[str, bytes | None] = {name: old.read(name) for name in old.namelist()}
    content.update({name.replace("__", ".").replace("_SLASH_", "/"): data for name, data in files.items()})
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for name, data in content.items():
            if data is not None:
                new.writestr(name, data)
    return packed


def left_behind(models: Path) -> list[str]:
    return sorted(p.name for p in models.iterdir()) if models.exists() else []


def test_what_is_exported_can_be_imported_once(packed: Path, tmp_path: Path) -> None:
    models = tmp_path / "models"
    assert import_model(packed, models) == "tiny"
    assert import_model(packed, models) == "tiny"
    assert left_behind(models) == ["tiny"]
    assert (models / "tiny" / "model.skops").is_file()


def test_an_export_does_not_overwrite(packed: Path, tiny_model: Tiny) -> None:
    with pytest.raises(ModelError, match="already"):
        export_model(tiny_model[0], packed)


@pytest.mark.parametrize("name", ["../evil", "/evil", "models/evil", "evil.py", "model.skops/../x"])
def test_a_file_that_is_none_of_a_models_is_refused(packed: Path, tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(packed, "a") as more:
        more.writestr(name, b"x")
    with pytest.raises(ModelError, match="none of a model's"):
        import_model(packed, tmp_path / "in" / "models")
    assert not (tmp_path / "in" / "evil").exists()
    assert left_behind(tmp_path / "in" / "models") == []


def test_a_changed_model_file_is_refused(packed: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="SHA-256"):
        import_model(repacked(packed, model__skops=_zip(b"x")), tmp_path / "models")
    assert left_behind(tmp_path / "models") == []


def test_a_type_that_is_not_trusted_is_refused(packed: Path, tiny_model: Tiny, tmp_path: Path) -> None:
    data = skops.io.dumps({"format": 1, "words": FunctionTransformer(func=json.loads)})
    with pytest.raises(ModelError, match=r"json\.loads"):
        import_model(repacked(packed, model__skops=data, manifest__json=_manifest(tiny_model, data)), tmp_path / "m")


def test_a_bomb_is_refused_in_the_zip_and_in_the_model_within(
    packed: Path, tiny_model: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bomb = _zip(b"\0" * 30_000_000)
    monkeypatch.setattr(model_exchange, "MOST_UNPACKED", 20_000_000)
    repacked(packed, model__skops=bomb, manifest__json=_manifest(tiny_model, bomb))
    with pytest.raises(ModelError, match="unpacks to more"):
        import_model(packed, tmp_path / "models")
    repacked(packed, card__md=b"\0" * 2_000_000)
    with pytest.raises(ModelError, match="larger than"):
        import_model(packed, tmp_path / "models")
    assert left_behind(tmp_path / "models") == []


def test_an_id_that_leads_out_of_the_folder_is_refused(packed: Path, tiny_model: Tiny, tmp_path: Path) -> None:
    manifest = json.loads((tiny_model[0] / "manifest.json").read_text()) | {"id": "../../evil"}
    with pytest.raises(ModelError, match="id"):
        import_model(repacked(packed, manifest__json=json.dumps(manifest).encode()), tmp_path / "a" / "models")


def test_another_model_of_the_same_id_is_not_replaced(packed: Path, tiny_model: Tiny, tmp_path: Path) -> None:
    import_model(packed, tmp_path / "models")
    manifest = json.loads((tiny_model[0] / "manifest.json").read_text()) | {"sha256": "0" * 64}
    with pytest.raises(ModelError, match="another model"):
        import_model(repacked(packed, manifest__json=json.dumps(manifest).encode()), tmp_path / "models")


def test_a_senders_cards_are_thrown_away_and_written_anew(packed: Path, tiny_model: Tiny, sample_study: Path) -> None:
    manifest = json.loads((tiny_model[0] / "manifest.json").read_text()) | {"licence": "free \x1b[31m\u202e"}
    sent = json.dumps(manifest).encode()
    repacked(packed, card__md=b"# All is well", card__html=b"<script>alert(1)</script>", manifest__json=sent)
    study = open_study(sample_study)
    folder = study.models / import_into(study, packed)
    assert sorted(p.name for p in folder.iterdir()) == ["card.html", "card.md", "manifest.json", "model.skops"]
    assert {stat.S_IMODE(p.stat().st_mode) for p in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert (folder / "card.md").read_text(encoding="utf-8").startswith("# Model tiny")
    assert "<script" not in (folder / "card.html").read_text(encoding="utf-8")
    shown = CliRunner().invoke(app, ["models", "show", "tiny", "--study", str(sample_study)]).output
    assert "free \\u001b[31m\\u202e" in shown
    assert "\x1b" not in shown


def test_a_manifest_that_no_card_can_be_written_from_is_refused(
    packed: Path, tiny_model: Tiny, sample_study: Path
) -> None:
    manifest = json.loads((tiny_model[0] / "manifest.json").read_text())
    manifest["config"]["set_weights"] = 3
    repacked(packed, manifest__json=json.dumps(manifest).encode())
    study = open_study(sample_study)
    with pytest.raises(ModelError, match="no card"):
        import_into(study, packed)
    assert left_behind(study.models) == []


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 half a zip", b"not a zip at all"])
def test_what_is_no_zip_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.zip").write_bytes(content)
    with pytest.raises(ModelError, match="zip"):
        import_model(tmp_path / "x.zip", tmp_path / "models")
    with pytest.raises(ModelError, match="no such file"):
        import_model(tmp_path / "y.zip", tmp_path / "models")


def test_a_newer_format_is_refused_with_words(packed: Path, tiny_model: Tiny, tmp_path: Path) -> None:
    manifest = json.loads((tiny_model[0] / "manifest.json").read_text()) | {"format": 9}
    with pytest.raises(ModelError, match="format 9"):
        import_model(repacked(packed, manifest__json=json.dumps(manifest).encode()), tmp_path / "models")


def _zip(content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("schema.json", content)
    return out.getvalue()


def _manifest(tiny_model: Tiny, data: bytes) -> bytes:
    content: dict[str, Any] = json.loads((tiny_model[0] / "manifest.json").read_text())
    return json.dumps(content | {"sha256": hashlib.sha256(data).hexdigest()}).encode()
