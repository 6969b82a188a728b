"""The gate holds: what has an open finding does not leave, everything else does."""

from __future__ import annotations

import importlib.util
import json
import os
import pty
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from rupture_markers.cli import app
from rupture_markers.errors import ConfigError, RuptureError, StudyError
from rupture_markers.transcripts.deidentify import Scanner
from rupture_markers.workflow import deidentification, gate, reading
from rupture_markers.workflow.study import Study, open_study

ROOT = Path(__file__).resolve().parents[2]
NAME = "Quillabelle"
CANARY = f"I told {NAME} about it, she rang from 555-010-7788."


def rupture(*words: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, list(words))
    left = done.exception.exit_code if isinstance(done.exception, RuptureError) else done.exit_code
    assert left == code, done.output
    return done.stdout


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Three small sessions, the second with a name and a number."""
    folder = tmp_path / "study"
    (folder / "transcripts").mkdir(parents=True)
    config = {
        "study": "gated", "speakers": {"T": "therapist", "C": "client"}, "sessions": None,
        "segments": {"by": "turns", "turns": 4, "context_turns": 1},
        "selection": {"budget": 1.0, "control": 0.0, "uncertain": 0.0},
        "coding": {"coders": ["one"], "double_coded": 0.0},
        "deidentification": {"map_folder": str(tmp_path / "maps")},
    }  # fmt: skip
    (folder / "study.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    for number in (1, 2, 3):
        lines = ["T: How was the week?", "C: Long. I did not want to come.", "T: You did not.", "C: No, what for."]
        if number == 2:
            lines[1] = f"C: {CANARY}"
        (folder / "transcripts" / f"s{number}.txt").write_text("\n".join(lines * 2) + "\n", encoding="utf-8")
    return folder


def check(study: Path, code: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(rupture("check", str(study), "--json", code=code))
    return found


def test_check_names_the_place_and_the_kind_and_no_word(study: Path) -> None:
    report = check(study, 2)
    assert {(f["session"], f["where"], f["kind"]) for f in report["findings"]} == {
        ("s2", "1", "name"), ("s2", "1", "phone"), ("s2", "5", "name"), ("s2", "5", "phone")
    }  # fmt: skip
    for out in (json.dumps(report), rupture("check", str(study), code=2)):
        assert NAME not in out
        assert "7788" not in out


def test_text_is_shown_on_a_terminal_only(study: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from rupture_markers.cli import main; main()", "check", str(study), "--show-text"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 4
    assert NAME not in done.stdout + done.stderr
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", "from rupture_markers.cli import main; main()", "check", str(study), "--show-text"],
        stdout=theirs, stderr=subprocess.DEVNULL, env=dict(os.environ) | {"COLUMNS": "200"},
    )  # fmt: skip
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(ours, 65536):
            shown += part
    except OSError:
        pass
    assert process.wait() == 2
    assert NAME.encode() in shown


def test_task_files_hold_the_sessions_that_passed(study: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    summary = json.loads(rupture("run", str(study), "--to-file", str(out), "--json", code=2).strip().splitlines()[-1])
    assert summary["quarantined"] == 1
    assert NAME not in json.dumps(summary)
    written = "".join(path.read_text(encoding="utf-8") for path in out.iterdir())
    assert NAME not in written
    assert summary["sessions"] == 3  # scored and selected all the same
    tasks = [task for path in out.iterdir() for task in json.loads(path.read_text(encoding="utf-8"))]
    assert len(tasks) == 4


def test_public_data_passes_and_is_reported_all_the_same(study: Path, tmp_path: Path) -> None:
    config = yaml.safe_load((study / "study.yaml").read_text(encoding="utf-8")) | {"public_data": True}
    (study / "study.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    assert len(check(study, 0)["findings"]) == 4
    rupture("run", str(study), "--to-file", str(tmp_path / "out"), "--json")
    assert NAME in "".join(path.read_text(encoding="utf-8") for path in (tmp_path / "out").iterdir())


def test_a_cleared_finding_is_logged_and_holds_until_the_file_changes(study: Path) -> None:
    references = [f"{f['session']}:{f['where']}:{f['start']}-{f['end']}" for f in check(study, 2)["findings"]]
    options = [word for reference in references for word in ("--clear", reference)]
    rupture("deidentify", str(study), *options, code=4)  # no reason
    rupture("deidentify", str(study), *options, "--reason", f"she is {NAME}'s sister, Michelle", code=4)
    rupture("deidentify", str(study), *options, "--reason", "a figure in a novel")
    log = study / "annotations" / "deidentification.jsonl"
    assert len(log.read_text(encoding="utf-8").splitlines()) == 4
    assert NAME not in log.read_text(encoding="utf-8")
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    assert check(study, 0)["findings"] == []
    path = study / "transcripts" / "s2.txt"
    path.write_text(path.read_text(encoding="utf-8").replace("No, what for.", "No."), encoding="utf-8")
    assert len(check(study, 2)["findings"]) == 4


def test_a_replaced_finding_is_read_from_a_copy_and_can_be_had_back(study: Path, tmp_path: Path) -> None:
    original = (study / "transcripts" / "s2.txt").read_bytes()
    opened = open_study(study)
    first = check(study, 2)["findings"][0]
    before = reading.session(opened, "s2")
    reference = f"s2:{first['where']}:{first['start']}-{first['end']}"
    left = json.loads(rupture("deidentify", str(study), "--replace", reference, "--alike", "--json", code=2))
    assert left["replaced"] == 2
    assert {f["kind"] for f in left["open"]} == {"phone"}
    clear = left["open"][0]
    rupture(
        "deidentify", str(study), "--clear", f"s2:{clear['where']}:{clear['start']}-{clear['end']}",
        "--reason", "a film's number", code=2,
    )  # fmt: skip
    rupture("deidentify", str(study), "--replace-all", "phone")
    turns = reading.session(opened, "s2").turns
    assert turns[1].text == "I told [NAME] about it, she rang from 555-010-7788."
    assert turns[5].text == "I told [NAME] about it, she rang from [PHONE]."
    assert check(study, 0)["findings"] == []  # what was cleared stays cleared when its turn's neighbour is replaced
    assert (study / "transcripts" / "s2.txt").read_bytes() == original
    assert deidentification.original_of(opened, "s2") == before
    maps = list((tmp_path / "maps").iterdir())
    assert [stat.S_IMODE(path.stat().st_mode) for path in maps] == [0o600]
    assert stat.S_IMODE((tmp_path / "maps").stat().st_mode) == 0o700
    for path in study.rglob("*"):
        if path.is_file() and path.parent.name != "transcripts":
            assert NAME.encode() not in path.read_bytes(), path.name
    rupture("deidentify", str(study), "--undo", "s2", code=2)
    assert reading.session(opened, "s2") == before


def test_a_case_that_is_erased_is_gone_from_the_map_outside_the_study_and_folders_of_restores_are_named(
    study: Path, tmp_path: Path
) -> None:
    other = study / "transcripts" / "s3.txt"
    other.write_text(other.read_text(encoding="utf-8").replace("No, what for.", "Ask 555-010-9911."), encoding="utf-8")
    rupture("deidentify", str(study), "--replace-all", "all")
    (mapped,) = (tmp_path / "maps").iterdir()
    assert NAME in mapped.read_text(encoding="utf-8")
    (tmp_path / "study.before-restore-1").mkdir()
    (tmp_path / ".study.restoring-x").mkdir()
    done = json.loads(rupture("forget", str(study), "s2", "--yes", "--json", "--transcripts", code=2))
    kept = mapped.read_text(encoding="utf-8")
    assert NAME not in kept
    assert "555-010-7788" not in kept
    assert "555-010-9911" in kept
    assert stat.S_IMODE(mapped.stat().st_mode) == 0o600
    assert done["replaced"] == 4
    assert done["beside"] == ["study.before-restore-1", ".study.restoring-x"]


def test_a_changed_original_is_read_in_place_of_its_old_copy(study: Path) -> None:
    check(study, 2)
    rupture("deidentify", str(study), "--replace-all", "all")
    path = study / "transcripts" / "s2.txt"
    path.write_text(path.read_text(encoding="utf-8").replace("No, what for.", "No."), encoding="utf-8")
    assert len(check(study, 2)["findings"]) == 4


def test_a_finding_in_a_label_or_a_file_name_is_not_replaced_in_a_copy(study: Path) -> None:
    (study / "transcripts" / "s3.txt").rename(study / "transcripts" / "michelle-3.txt")
    found = [f for f in check(study, 2)["findings"] if f["session"] == "michelle-3"]
    assert {f["where"] for f in found} == {"session_id", "case_id", "source_name"}
    reference = f"michelle-3:session_id:{found[0]['start']}-{found[0]['end']}"
    rupture("deidentify", str(study), "--replace", reference, code=5)


@pytest.mark.parametrize("where", ["tiers.0", "folders.0"])
def test_a_name_among_tiers_or_folders_stops_every_session(study: Path, where: str) -> None:
    config = yaml.safe_load((study / "study.yaml").read_text(encoding="utf-8"))
    if where == "tiers.0":
        config["reading"] = {"tiers": {"Michelle": "client"}}
    else:
        (study / "transcripts" / "michelle ferris").mkdir()
    (study / "study.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    opened = open_study(study)
    rupture("check", str(study), code=2)
    assert where in {f.where for f in gate.study_findings(opened)}
    assert gate.passed(opened, reading.session_names(opened)).allowed == ()
    finding = next(f for f in gate.study_findings(opened) if f.where == where)
    assert gate.shown_text(opened, finding).lower().startswith("michelle")


def test_a_label_that_the_study_does_not_name_stops_its_file(study: Path) -> None:
    (study / "transcripts" / "s1.txt").write_text("T: Hello.\nMichelle: Hi.\nT: So.\nC: Yes.\n" * 3, encoding="utf-8")
    report = check(study, 2)
    assert "s1" not in {f["session"] for f in report["findings"]}
    assert any("mapped to nobody" in json.dumps(report[key]) for key in report)
    assert "Michelle" not in json.dumps(report)


def test_a_name_among_the_speakers_labels_stops_every_session(study: Path) -> None:
    config = yaml.safe_load((study / "study.yaml").read_text(encoding="utf-8"))
    config["speakers"]["Michelle"] = "client"
    (study / "study.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    check(study, 2)
    passage = gate.passed(open_study(study), ["s1", "s2", "s3"])
    assert passage.allowed == ()
    with pytest.raises(StudyError):
        gate.require_passed(open_study(study), ["s1"], "the model")


def _with_names(study: Path, mode: int, names: str = "Sedgewick\n") -> Study:
    config = yaml.safe_load((study / "study.yaml").read_text(encoding="utf-8"))
    config["deidentification"]["names"] = "names.txt"
    (study / "study.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    (study / "names.txt").write_text(names, encoding="utf-8")
    (study / "names.txt").chmod(mode)
    return open_study(study)


def test_the_list_of_names_must_be_private_and_there(study: Path) -> None:
    check(study, 2)
    opened = _with_names(study, 0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        gate.passed(opened, ["s1"])
    (study / "names.txt").unlink()
    with pytest.raises(ConfigError):
        gate.passed(opened, ["s1"])


def test_the_list_of_names_stops_what_no_pattern_knows(study: Path) -> None:
    path = study / "transcripts" / "s1.txt"
    path.write_text(path.read_text(encoding="utf-8").replace("what for", "sedgwick would say"), encoding="utf-8")
    check(study, 2)
    assert gate.passed(open_study(study), ["s1"]).allowed == ("s1",)
    assert gate.passed(_with_names(study, 0o600), ["s1"]).allowed == ()


def test_a_cleared_finding_is_open_again_when_its_name_is_put_on_the_list(study: Path) -> None:
    path = study / "transcripts" / "s2.txt"
    path.write_text(path.read_text(encoding="utf-8").replace(CANARY, "They beat Leicester."), encoding="utf-8")
    options = [
        word for f in check(study, 2)["findings"] for word in ("--clear", f"{f['session']}:{f['where']}:{f['start']}-{f['end']}")
    ]  # fmt: skip
    rupture("deidentify", str(study), *options, "--reason", "a football club")
    assert check(study, 0)["findings"] == []
    _with_names(study, 0o600, "Leicester")
    assert {f["kind"] for f in check(study, 2)["findings"]} == {"listed"}


def test_a_map_within_the_study_is_refused(study: Path) -> None:
    check(study, 2)
    config = yaml.safe_load((study / "study.yaml").read_text(encoding="utf-8"))
    config["deidentification"]["map_folder"] = "maps"
    (study / "study.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    rupture("deidentify", str(study), "--replace-all", "name", code=4)
    assert not (study / "maps").exists()


def test_a_reference_that_names_nothing_changes_nothing(study: Path) -> None:
    check(study, 2)
    rupture("deidentify", str(study), "--clear", "s2:1:0-3", "--reason", "none", code=5)
    assert not (study / "annotations").exists()


def test_the_sample_study_would_pass_without_being_declared_public(sample_study: Path) -> None:
    config = yaml.safe_load((sample_study / "study.yaml").read_text(encoding="utf-8")) | {"public_data": False}
    (sample_study / "study.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    assert check(sample_study, 0)["findings"] == []


def test_most_of_what_was_planted_is_found() -> None:
    spec = importlib.util.spec_from_file_location("planted", ROOT / "benchmarks" / "planted_identifiers.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["planted"] = module
    spec.loader.exec_module(module)
    found: dict[bool, list[bool]] = {True: [], False: []}
    for item in module.planted(per_notation=2):
        hits = Scanner().text(item.text)
        found[item.kind in module.PATTERNED].append(any(h.start < item.end and item.start < h.end for h in hits))
    assert sum(found[True]) >= 0.99 * len(found[True])
    assert sum(found[False]) >= 0.9 * len(found[False])


def test_on_a_terminal_each_finding_is_asked_for(study: Path) -> None:
    check(study, 2)
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", "from rupture_markers.cli import main; main()", "deidentify", str(study)],
        stdin=theirs, stdout=theirs, stderr=theirs, env=dict(os.environ) | {"COLUMNS": "200", "TERM": "dumb"},
    )  # fmt: skip
    os.close(theirs)
    os.write(ours, b"r\nc\na number of a film\ns\nq\n")
    shown = b""
    try:
        while part := os.read(ours, 65536):
            shown += part
    except OSError:
        pass
    assert process.wait() == 2
    assert NAME.encode() in shown
    assert b"1 cleared, 1 replaced, 2 open" in shown
