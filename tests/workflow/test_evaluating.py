from __future__ import annotations

import contextlib
import json
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from rupture_markers.cli import app
from rupture_markers.errors import ConfigError, ModelError
from rupture_markers.learning.dataset import CodingsError
from rupture_markers.learning.evaluation_report import EvaluationReport
from rupture_markers.learning.registry import model_folder, read_manifest
from rupture_markers.markers.codebook import load_codebook
from rupture_markers.reports.model_card import write_model_card
from rupture_markers.workflow import reading
from rupture_markers.workflow.evaluating import keep_evaluation, open_evaluation_set, words_of_misses
from rupture_markers.workflow.study import open_study

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


def test_an_evaluation_of_the_way_of_training_must_have_learnt_what_the_model_learnt(
    evaluated: Path, tmp_path: Path
) -> None:
    model = tmp_path / "model"
    shutil.copytree(model_folder("baseline"), model)
    manifest = json.loads((model / "manifest.json").read_text(encoding="utf-8"))
    report = json.loads((evaluated / "evaluation.json").read_text(encoding="utf-8"))
    folds = {**report, "model_id": "", "model_sha256": "", "config": manifest["config"]}
    path = tmp_path / "folds.json"
    path.write_text(json.dumps({**folds, "graded_turns": 0}), encoding="utf-8")
    with pytest.raises(ModelError, match="way of training"):
        keep_evaluation(model, path)
    path.write_text(json.dumps({**folds, "graded_turns": manifest["graded_turns"]}), encoding="utf-8")
    keep_evaluation(model, path)
    # The manifest of a version that did not know these settings: what is not there has its default.
    older = {key: value for key, value in manifest["config"]["words"].items() if not key.startswith("degree")}
    manifest["config"]["words"] = older
    (model / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    keep_evaluation(model, path)
    kept = read_manifest(model).evaluation
    assert kept is not None
    assert kept.graded_turns == manifest["graded_turns"]


def test_degrees_are_learnt_where_they_are_given(folder: Path, tmp_path: Path) -> None:
    sessions = [json.loads(line) for line in (folder / "transcripts.jsonl").read_text(encoding="utf-8").splitlines()]
    lines = []
    for session in sessions:
        client = {
            turn["turn"]: min(9, len(turn["text"]) // 9) for turn in session["turns"] if turn["speaker"] == "client"
        }
        others = {turn["turn"]: 0 for turn in session["turns"] if turn["speaker"] == "therapist"}
        graded = {"withdrawal": client, "confrontation": client, "repair": others}
        lines.append(json.dumps({"session_id": session["session_id"], "grader": "rule", **graded}))
    few, whole = tmp_path / "few.jsonl", tmp_path / "whole.jsonl"
    few.write_text(lines[0] + "\n", encoding="utf-8")
    whole.write_text("\n".join(lines), encoding="utf-8")
    like = tmp_path / "like"
    like.mkdir()
    manifest = json.loads((model_folder("baseline") / "manifest.json").read_text(encoding="utf-8"))
    # The sample sessions are what the shipped model keeps out; fewer trees, for time.
    config = {**manifest["config"], "trees": 5, "inner_folds": 2}
    (like / "manifest.json").write_text(json.dumps({**manifest, "held_out_cases": [], "config": config}))
    options = ["evaluate", str(folder), "--folds", "2", "--replicates", "100", "--like", str(like)]
    refused = CliRunner().invoke(app, [*options, "--degrees", str(few), "--out", str(tmp_path / "refused")])
    assert isinstance(refused.exception, CodingsError)
    assert str(few) in str(refused.exception)
    found = {}
    for name, more in (("with", ["--degrees", str(whole)]), ("without", [])):
        done = CliRunner().invoke(app, [*options, *more, "--out", str(tmp_path / name)])
        assert done.exit_code == 0, done.output
        assert ("marks alone" in " ".join(done.output.split())) == (name == "without")
        found[name] = json.loads((tmp_path / name / "evaluation.json").read_text(encoding="utf-8"))
    assert found["with"]["graded_turns"] == sum(len(session["turns"]) for session in sessions)
    assert "degrees of" in found["with"]["procedure"]
    assert "degrees" not in found["without"]["procedure"]
    assert found["with"]["by_set"] != found["without"]["by_set"]


def test_a_folder_that_is_no_data_is_refused_with_what_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(Exception, match=r"neither a study.yaml nor a transcripts.jsonl"):
        open_evaluation_set([tmp_path], load_codebook(None))


def on_a_terminal(*words: str) -> tuple[int, str]:
    """Status and output of `rupture` with a terminal for its standard output."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", "from rupture_markers.cli import main; main()", *words],
        stdout=theirs, stderr=theirs, env=dict(os.environ) | {"COLUMNS": "300"},
    )  # fmt: skip
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):
        while part := os.read(ours, 65536):
            shown += part
    return process.wait(), shown.decode()


def test_words_of_misses_are_shown_on_a_terminal_only_and_steer_nothing(folder: Path, tmp_path: Path) -> None:
    options = ["evaluate", "--model", "baseline", "--replicates", "100", "--show-text", "--out", str(tmp_path / "out")]
    refused = CliRunner().invoke(app, [*options, str(folder)])
    assert isinstance(refused.exception, ConfigError)
    assert not (tmp_path / "out").exists()
    hostile = Path(shutil.copytree(folder, tmp_path / "hostile"))
    path = hostile / "transcripts.jsonl"
    sessions = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for session in sessions:
        for turn in session["turns"]:
            turn["text"] += " \x1b]0;owned\x07\u202e[/red]"
    path.write_text("".join(json.dumps(session) + "\n" for session in sessions), encoding="utf-8")
    status, shown = on_a_terminal(*options, str(hostile))
    assert status == 0, shown
    assert " \\u001b]0;owned\\u0007\\u202e[/red]" in shown
    assert "\x1b]0;owned" not in shown
    assert "\u202e" not in shown


def test_words_of_misses_of_a_session_that_the_gate_stops_are_left_out(coded_study: Path, evaluated: Path) -> None:
    study = open_study(coded_study)
    given = open_evaluation_set([coded_study], study.codebook())
    by_session = {t.session_id: t.turns[0].index for t in given.coded.transcripts}
    stopped = next(p.stem for p in sorted(study.transcripts.glob("*.txt")) if p.stem in by_session)
    report = EvaluationReport.model_validate_json((evaluated / "evaluation.json").read_bytes())
    misses = [report.misses[0].model_copy(update={"session_id": n, "turn": turn}) for n, turn in by_session.items()]
    report = report.model_copy(update={"misses": misses})
    everything = words_of_misses(report, given, [coded_study])
    assert {name for name, _ in everything.texts} == set(by_session)
    assert everything.notices == ()
    config = yaml.safe_load(study.path.read_text(encoding="utf-8"))
    study.path.write_text(yaml.safe_dump(config | {"public_data": False}), encoding="utf-8")
    path = study.transcripts / f"{stopped}.txt"
    path.write_text(path.read_text(encoding="utf-8") + "T: Call 555-010-7788.\nC: Yes.\n", encoding="utf-8")
    opened = open_study(coded_study)
    reading.read_batch(opened, reading.source_files(opened))
    left = words_of_misses(report, given, [coded_study])
    assert {name for name, _ in left.texts} == set(by_session) - {stopped}
    assert len(left.notices) == 1
    assert "were not shown" in left.notices[0]


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
