"""Codings that come in by file, go out as tables, grow old with the codebook, and are erased with their case."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.coding.page_results import answer, region
from typer.testing import CliRunner

from rupture_markers.cli import app
from rupture_markers.coding.assignment import read_assignments
from rupture_markers.coding.codings_log import current_answers, read_coded_segments
from rupture_markers.markers.defaults import default_file
from rupture_markers.workflow import reading
from rupture_markers.workflow.queue import client_of
from rupture_markers.workflow.study import open_study


def rupture(*words: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, list(words))
    assert done.exit_code == code, done.output
    return done.output


def as_json(*words: str, code: int = 0) -> Any:
    return json.loads(rupture(*words, "--json", code=code).strip().splitlines()[-1])


@pytest.fixture
def read_study(sample_study: Path) -> Path:
    opened = open_study(sample_study)
    for path in reading.source_files(opened):
        reading.read_file(opened, path, reading.identities(opened))
    return sample_study


def sheet(folder: Path, *rows: str) -> Path:
    path = folder / "elsewhere.csv"
    path.write_text("\n".join(["session,turn,coder,code,significance", *rows]) + "\n", encoding="utf-8")
    return path


def test_a_table_of_codings_comes_in_once(read_study: Path) -> None:
    path = sheet(read_study, "invented-000,3,eve,W2,3", "invented-000,3,eve,W5,3", "invented-000,,dan,,")
    first = as_json("import-codings", str(read_study), str(path))
    assert (first["answers"], first["added"]) == (2, 2)
    answers = {a.coder: a for a in current_answers(read_coded_segments(open_study(read_study).codings))}
    assert answers["dan"].outcome == "no_marker"
    (coding,) = answers["eve"].codings
    assert (coding.turn, coding.codes, coding.significance) == (3, ("W2", "W5"), 3)
    assert answers["eve"].whole_session
    assert as_json("import-codings", str(read_study), str(path))["added"] == 0


def test_the_session_may_be_called_by_the_name_of_our_own_tables(read_study: Path) -> None:
    path = read_study / "elsewhere.csv"
    path.write_text("session_id,turn,coder,code\ninvented-000,3,eve,W2\n", encoding="utf-8")
    assert as_json("import-codings", str(read_study), str(path))["added"] == 1


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("nobody,3,eve,W2,", "no such session"),
        ("invented-000,999,eve,W2,", "no such turn"),
        ("invented-000,3,eve,X9,", "no code 'X9'"),
        ("invented-000,3,eve,W2,9", "significance"),
        ("invented-000,3,eve,,", "a turn and a code"),
    ],
)
def test_a_wrong_row_is_named_and_nothing_is_put_down(read_study: Path, row: str, said: str) -> None:
    path = sheet(read_study, "invented-000,3,eve,W2,", row)
    done = CliRunner().invoke(app, ["import-codings", str(read_study), str(path)])
    assert isinstance(done.exception, Exception)
    assert said in str(done.exception)
    assert "line 3" in str(done.exception)
    assert not open_study(read_study).codings.exists()


def test_codings_and_sessions_go_out_with_a_dictionary(read_study: Path, tmp_path: Path) -> None:
    as_json("import-codings", str(read_study), str(sheet(read_study, "invented-000,3,eve,W2,3")))
    out = tmp_path / "codings.csv"
    assert as_json("export", "codings", str(read_study), "--out", str(out))["rows"] == 1
    (row,) = csv.DictReader(out.read_text(encoding="utf-8").splitlines())
    assert (row["session_id"], row["turn"], row["code"], row["family"]) == ("invented-000", "3", "W2", "withdrawal")
    assert out.with_suffix(".dictionary.md").exists()
    # It codes segments: read back as whole sessions it would say 'no marker' of turns that nobody coded.
    done = CliRunner().invoke(app, ["import-codings", str(read_study), str(out)])
    assert "'rupture export codings' wrote" in str(done.exception)
    table = tmp_path / "sessions.csv"
    assert as_json("export", "sessions", str(read_study), "--out", str(table))["rows"] == 16
    rows = {r["session_id"]: r for r in csv.DictReader(table.read_text(encoding="utf-8").splitlines())}
    assert float(rows["invented-000"]["withdrawal_coded"]) == 1.0
    assert rows["invented-001" if "invented-001" in rows else sorted(rows)[1]]["withdrawal_coded"] == ""


def test_what_was_coded_under_an_earlier_codebook_is_listed(read_study: Path) -> None:
    as_json("import-codings", str(read_study), str(sheet(read_study, "invented-000,3,eve,W2,3")))
    assert "present codebook" in rupture("codebook", "stale", str(read_study))
    book = yaml.safe_load(default_file("annotations/codebook.yaml").read_text(encoding="utf-8"))
    for code in book["codes"]:
        if code["id"] == "W2":
            code["definition"] += " Even more so."
    (read_study / "codebook.yaml").write_text(yaml.safe_dump(book, allow_unicode=True), encoding="utf-8")
    config = yaml.safe_load((read_study / "study.yaml").read_text(encoding="utf-8"))
    (read_study / "study.yaml").write_text(yaml.safe_dump(config | {"codebook": "codebook.yaml"}), encoding="utf-8")
    (found,) = as_json("codebook", "stale", str(read_study), code=1)
    assert (found["session_id"], found["coder"], found["touched"], found["codes"]) == ("invented-000", "eve", 1, ["W2"])


@pytest.mark.label_studio
def test_a_case_is_erased_everywhere_and_does_not_come_back(served_study: Path) -> None:
    as_json("run", str(served_study))
    study = open_study(served_study)
    case = next(a.case_id for a in read_assignments(study.assignments) if a.session_id == "invented-000")
    mine = [a for a in read_assignments(study.assignments) if a.case_id == case]
    numbers = {t: n for p in json.loads(study.projects.read_text())["projects"] for t, n in p["tasks"].items()}
    with client_of(study) as client:
        words = [t["text"] for t in client._api.tasks.get(id=str(numbers[mine[0].task_id])).data["dialogue"]]
        client._api.annotations.create(
            id=numbers[mine[0].task_id],
            result=answer("markers_coded", region(words, 1, "W2", memo="a memo")),
            lead_time=3.0,
        )
        as_json("collect", str(served_study))
        (served_study / "backups").mkdir()
        (served_study / "backups" / "old.zip").write_bytes(b"PK")
        done = as_json("forget", str(served_study), case, "--yes")
        assert done["left"] == []
        assert done["tasks"] == len(mine)
        assert done["backups"] == ["old.zip"]
        assert done["transcripts"]
        left = {
            t.task_id
            for p in client.find_projects(f"rupture-markers {study.config.study}/")
            for t in client.tasks(p.number)
        }
        assert not left & {a.task_id for a in mine}
        assert left
    for log in (study.codings, study.assignments, study.decisions):
        assert case not in log.read_text(encoding="utf-8")
    again = as_json("run", str(served_study))
    assert again["created"] == 0
    assert case not in study.assignments.read_text(encoding="utf-8")


def test_a_case_that_is_not_there_is_said_so(read_study: Path) -> None:
    done = CliRunner().invoke(app, ["forget", str(read_study), "nobody", "--yes"])
    assert "no such case" in str(done.exception)
