from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rupture_markers.cli import app
from rupture_markers.errors import ModelError
from rupture_markers.learning.registry import model_folder, read_manifest
from rupture_markers.markers.codebook import load_codebook
from rupture_markers.reports.model_card import write_model_card
from rupture_markers.workflow.evaluating import keep_evaluation, open_evaluation_set

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample sessions as transcripts.jsonl and codings.jsonl."""
    folder = tmp_path_factory.mktemp("sample")
    shutil.copy(ROOT / "tests/fixtures/sample-transcripts.jsonl", folder / "transcripts.jsonl")
    shutil.copy(ROOT / "annotations/sample-codings.jsonl", folder / "codings.jsonl")
    return folder


@pytest.fixture(scope="module")
def evaluated(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped model evaluated on the sample sessions, which it did not learn from."""
    out = tmp_path_factory.mktemp("out") / "evaluation"
    done = CliRunner().invoke(
        app, ["evaluate", str(folder), "--model", "baseline", "--labels", "two automated coders", "--replicates", "100",
              "--out", str(out)]
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "two automated coders" in done.output
    return out


def test_a_saved_model_is_evaluated_into_json_and_one_page(evaluated: Path, folder: Path) -> None:
    found = json.loads((evaluated / "evaluation.json").read_text(encoding="utf-8"))
    assert found["model_id"] == read_manifest("baseline").id
    assert found["behaviour"]
    page = (evaluated / "evaluation.html").read_text(encoding="utf-8")
    assert "two automated coders" in page
    assert (evaluated / "evaluation.html").stat().st_mode & 0o077 == 0
    texts = [turn["text"] for line in (folder / "transcripts.jsonl").read_text(encoding="utf-8").splitlines()
             for turn in json.loads(line)["turns"] if len(turn["text"]) > 40]  # fmt: skip
    assert not any(text in page for text in texts)


def test_the_card_quotes_an_evaluation_of_its_own_model_alone(evaluated: Path, tmp_path: Path) -> None:
    model = tmp_path / "model"
    shutil.copytree(model_folder("baseline"), model)
    keep_evaluation(model, evaluated / "evaluation.json")
    kept = read_manifest(model).evaluation
    assert kept is not None
    assert kept.misses == []
    card = write_model_card(model, page=True).read_text(encoding="utf-8")
    ap = kept.by_set[next(iter(kept.by_set))]["withdrawal"].figures["ap"]
    assert f"{ap.value:.2f} [{ap.low:.2f}, {ap.high:.2f}]" in card
    assert "| names | invariance |" in card
    assert "<table>" in (model / "card.html").read_text(encoding="utf-8")
    other = json.loads((evaluated / "evaluation.json").read_text(encoding="utf-8"))
    (tmp_path / "other.json").write_text(json.dumps({**other, "model_sha256": "0" * 64}), encoding="utf-8")
    with pytest.raises(ModelError, match="is not of model"):
        keep_evaluation(model, tmp_path / "other.json")


def test_a_folder_that_is_no_data_is_refused_with_what_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(Exception, match=r"neither a study.yaml nor a transcripts.jsonl"):
        open_evaluation_set([tmp_path], load_codebook(None))


def test_a_low_pass_rate_and_a_term_without_allowance_give_status_1(tmp_path: Path) -> None:
    floors = tmp_path / "floors.yaml"
    floors.write_text("silence after a painful question and after small talk: 1.0\n", encoding="utf-8")
    run = CliRunner()
    assert run.invoke(app, ["models", "check", "baseline", "--floors", str(floors)]).exit_code == 1
    assert run.invoke(app, ["models", "check", "baseline", "--json"]).exit_code == 0
    assert run.invoke(app, ["models", "audit", "baseline", "--json"]).exit_code == 0
    model = tmp_path / "model"
    shutil.copytree(model_folder("baseline"), model)
    (model / "allowed-terms.yaml").unlink()
    assert run.invoke(app, ["models", "audit", str(model)]).exit_code == 1
