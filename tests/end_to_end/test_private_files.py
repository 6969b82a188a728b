"""After a run, no file of a study can be read by others, and no folder opened."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

from rupture_markers.learning.record_log import append_records
from rupture_markers.transcripts.whole_file import private_folder, whole_file
from rupture_markers.workflow.gate import DECISIONS

PROGRAM = "from rupture_markers.cli import main; main()"


def rupture(*words: str, code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: os.umask(0o022),
    )
    assert done.returncode == code, done.stderr
    return done.stdout


def open_to_others(folder: Path) -> list[str]:
    paths = [folder, *folder.rglob("*")]
    return [str(path.relative_to(folder)) for path in paths if stat.S_IMODE(path.stat().st_mode) & 0o077]


def test_what_is_made_by_init_a_run_and_the_gate_is_its_owners_alone(sample_study: Path, tmp_path: Path) -> None:
    made = tmp_path / "made"
    rupture("init", str(made))
    assert open_to_others(made) == []
    for path in (sample_study, *sample_study.rglob("*")):
        path.chmod(0o700 if path.is_dir() else 0o600)
    said = sample_study / "transcripts" / "invented-000.txt"
    said.write_text(said.read_text(encoding="utf-8") + "T: And Michelle?\n", encoding="utf-8")
    out = tmp_path / "out" / "tasks"
    rupture("run", str(sample_study), "--to-file", str(out), "--json")
    found = json.loads(rupture("check", str(sample_study), "--json"))["findings"]
    turn = next(f for f in found if f["where"].isdecimal())
    config = sample_study / "study.yaml"
    config.write_text(
        config.read_text(encoding="utf-8") + f"\ndeidentification: {{map_folder: {tmp_path / 'maps'}}}\n",
        encoding="utf-8",
    )
    reference = f"{turn['session']}:{turn['where']}:{turn['start']}-{turn['end']}"
    rupture("deidentify", str(sample_study), "--replace", reference)
    scores = tmp_path / "scores" / "scores.csv"
    rupture(
        "score",
        str(next((sample_study / "transcripts").glob("*-208.tsv"))),
        "--study",
        str(sample_study),
        "--out",
        str(scores),
    )
    for folder in (sample_study, out, out.parent, tmp_path / "maps", scores.parent):
        assert open_to_others(folder) == [], folder


def test_a_file_that_fails_halfway_is_not_there_and_an_old_one_stays(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "x"
    try:
        with whole_file(path) as out:
            out.write(b"half")
            raise RuntimeError
    except RuntimeError:
        pass
    assert list(path.parent.iterdir()) == []
    assert open_to_others(tmp_path / "new") == []
    with whole_file(path) as out:
        out.write(b"whole")
    assert path.read_bytes() == b"whole"


def test_a_left_over_of_a_killed_run_does_not_lend_its_permissions(tmp_path: Path) -> None:
    folder = private_folder(tmp_path / "log")
    left = folder / ".log.jsonl.tmp"
    left.write_text("old")
    left.chmod(0o644)
    append_records(folder / "log.jsonl", [], DECISIONS)
    with whole_file(folder / "log.jsonl") as out:
        out.write(b"")
    assert open_to_others(folder) == []
