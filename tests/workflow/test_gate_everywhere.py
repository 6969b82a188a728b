"""Every way out of the study folder asks the gate: one session has a name of the study's list, and stays."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from rupture_markers.cli import app
from rupture_markers.coding.assigned import append_assignments
from rupture_markers.coding.assignment import current_assignments, read_assignments
from rupture_markers.coding.codings_log import append_coded_segments, current_answers, read_coded_segments
from rupture_markers.errors import StudyError
from rupture_markers.transcripts.identifiers.deny_list import deny_list
from rupture_markers.workflow import gate, reading, stages
from rupture_markers.workflow.backend_predictions import TaskPredictions
from rupture_markers.workflow.exporting import export_agreement, export_codings
from rupture_markers.workflow.study import Study, open_study, write_json


def configure(folder: Path, **values: Any) -> Study:
    path = folder / "study.yaml"
    config = yaml.safe_load(path.read_text(encoding="utf-8")) | values
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return open_study(folder)


def word_of_one_session(study: Study, coded: set[str]) -> str:
    """A word that the gate hears in a single session, which somebody coded."""
    said = {
        name: " ".join(turn.text for turn in reading.session(study, name).turns)
        for name in reading.session_names(study)
    }
    for word in sorted({word for name in coded for word in re.findall(r"\b[a-z]{9,}\b", said[name])}):
        listed = deny_list([word])
        heard = [name for name, text in said.items() if any(True for _ in listed.hits(text))]
        if len(heard) == 1 and heard[0] in coded:
            return str(word)
    raise AssertionError("no such word")


@pytest.fixture
def gated(coded_study: Path) -> tuple[Study, str]:
    """The coded study, not public, and the one session that the gate holds back."""
    study = open_study(coded_study)
    coded = {answer.session_id for answer in current_answers(read_coded_segments(study.codings))}
    names = coded_study / "names.txt"
    names.write_text(word_of_one_session(study, coded) + "\n", encoding="utf-8")
    names.chmod(0o600)
    study = configure(coded_study, public_data=False, deidentification={"names": "names.txt"})
    (held_back,) = gate.passed(study, reading.session_names(study)).quarantined
    return study, held_back


@pytest.mark.parametrize("what", ["codings", "gold", "scores", "sessions"])
def test_an_export_leaves_a_quarantined_session_out_and_says_so(
    what: str, gated: tuple[Study, str], tmp_path: Path
) -> None:
    study, held_back = gated
    path = tmp_path / "out.csv"
    done = CliRunner().invoke(app, ["export", what, str(study.folder), "--out", str(path)])
    assert done.exit_code == 2, done.output
    assert "were not exported" in " ".join(done.output.split())
    with path.open(encoding="utf-8", newline="") as table:
        sessions = {row["session_id"] for row in csv.DictReader(table)}
    assert len(sessions) > 3
    assert held_back not in sessions
    configure(study.folder, public_data=True)
    assert CliRunner().invoke(app, ["export", what, str(study.folder), "--out", str(path)]).exit_code == 0
    assert held_back in path.read_text(encoding="utf-8")


def test_the_backend_predicts_nothing_for_a_quarantined_session(gated: tuple[Study, str]) -> None:
    study, held_back = gated
    names = reading.session_names(study)
    drawn = current_assignments(read_assignments(study.assignments)).values()
    shown = [replace(a, arm="assisted", shown=True) for a in drawn]
    study.assignments.write_text("", encoding="utf-8")
    stages_of = {a.session_id: a for a in shown if stages.read_suggestions(study, a.session_id)}
    assert held_back in stages_of

    append_assignments(study.assignments, list(stages_of.values()))
    write_json(study.projects, {"projects": [{"number": 1, "arm": "assisted"}]})
    predicted = TaskPredictions(study)
    tasks = [{"task_id": a.task_id} for a in stages_of.values()]
    found = dict(zip(stages_of, predicted.predict(1, tasks), strict=True))
    assert found[held_back] == []
    assert any(found[name] for name in names if name in found)
    assert TaskPredictions(configure(study.folder, public_data=True)).predict(1, tasks)[
        list(stages_of).index(held_back)
    ]


def test_what_is_made_of_all_sessions_stays(gated: tuple[Study, str]) -> None:
    study, _ = gated
    with pytest.raises(StudyError, match="1 sessions with possible identifiers"):
        gate.require_passed(study, reading.session_names(study), "the model")


def test_a_coder_of_the_list_keeps_the_table_of_agreement_here(gated: tuple[Study, str], tmp_path: Path) -> None:
    study, _ = gated
    export_agreement(study, tmp_path / "before.csv")
    (study.folder / "names.txt").write_text("Ana\n", encoding="utf-8")
    with pytest.raises(StudyError, match=r"study\.yaml holds possible identifiers"):
        export_agreement(open_study(study.folder), tmp_path / "agreement.csv")
    done = CliRunner().invoke(app, ["agreement", str(study.folder), "--csv", str(tmp_path / "agreement.csv")])
    assert isinstance(done.exception, StudyError)
    assert not (tmp_path / "agreement.csv").exists()


def test_a_memo_with_a_name_is_left_out(gated: tuple[Study, str], tmp_path: Path) -> None:
    study, held_back = gated
    answers = current_answers(read_coded_segments(study.codings))
    some = next(a for a in answers if a.codings and a.session_id != held_back)
    memos = ("Michelle Ferris said so, 555-010-7788", "a nod to the last session")
    codings = [replace(c, memo=memos[n % 2]) for n, c in enumerate((*some.codings, *some.codings))]
    append_coded_segments(study.codings, [replace(some, codings=tuple(codings))])
    done = export_codings(study, tmp_path / "codings.csv", memos=True)
    written = (tmp_path / "codings.csv").read_text(encoding="utf-8")
    assert "Michelle" not in written
    assert "a nod to the last session" in written
    assert "memos with possible identifiers were left out" in done.notice
