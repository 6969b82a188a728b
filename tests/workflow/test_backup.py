"""A backup is the study folder, whole; a restore is whole or nothing."""

from __future__ import annotations

import json
import stat
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rupture_markers.cli import app
from rupture_markers.errors import StudyError
from rupture_markers.workflow import reading
from rupture_markers.workflow.backup import back_up, restore
from rupture_markers.workflow.study import open_study


def content(folder: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(folder)): p.read_bytes()
        for p in folder.rglob("*")
        if p.is_file() and "backups" not in p.parts and not p.name.startswith(("lock", "."))
    }


@pytest.fixture
def read_study(sample_study: Path) -> Path:
    study = open_study(sample_study)
    reading.read_batch(study, reading.source_files(study))
    study.codings.parent.mkdir()
    study.codings.write_text("{}\n", encoding="utf-8")
    return sample_study


def test_a_damaged_study_is_restored_byte_for_byte_and_what_was_there_is_kept(read_study: Path) -> None:
    before = content(read_study)
    made = back_up(open_study(read_study))
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    (read_study / "study.yaml").write_text("{", encoding="utf-8")
    (read_study / "annotations" / "codings.jsonl").unlink()
    (read_study / "later.txt").write_text("later", encoding="utf-8")
    restored, former = restore(made.path)
    assert content(read_study) == before
    assert restored.files == len(before)
    assert former is not None
    assert (former / "later.txt").read_text(encoding="utf-8") == "later"
    assert (read_study / "backups" / made.path.name).exists()
    assert all(not stat.S_IMODE(p.stat().st_mode) & 0o077 for p in [read_study, *(read_study / "work").rglob("*")])
    assert reading.session_names(open_study(read_study))


def test_a_backup_may_be_put_elsewhere_and_a_second_has_another_name(read_study: Path, tmp_path: Path) -> None:
    first, second = back_up(open_study(read_study)), back_up(open_study(read_study))
    assert first.path != second.path
    done = CliRunner().invoke(app, ["restore", str(second.path), "--to", str(tmp_path / "copy")])
    assert done.exit_code == 0, done.output
    assert content(tmp_path / "copy") == content(read_study)


@pytest.mark.parametrize("name", ["../out.txt", "/out.txt", "a/../../out.txt", "C:/out.txt", "a\\..\\out.txt"])
def test_a_backup_with_a_name_that_leads_outside_is_refused(read_study: Path, tmp_path: Path, name: str) -> None:
    path = read_study / "backups" / "bad.zip"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as archive:
        contents = {"study": "x", "server": False, "files": {name: "0" * 64, "study.yaml": "0" * 64}}
        archive.writestr("rupture-backup.json", json.dumps(contents))
        archive.writestr(name, "x")
        archive.writestr("study.yaml", "x")
    before = content(read_study)
    with pytest.raises(StudyError, match="damaged"):
        restore(path)
    assert content(read_study) == before
    assert not (tmp_path / "out.txt").exists()


def test_a_backup_damaged_anywhere_changes_nothing(read_study: Path) -> None:
    made = back_up(open_study(read_study))
    sound, before = made.path.read_bytes(), content(read_study)
    bad = made.path.with_name("bad.zip")
    refused = 0
    for at in range(0, len(sound) - 8, len(sound) // 23):
        bad.write_bytes(sound[:at] + b"\xff\x00\xff\x00\xff\x00" + sound[at + 6 :])
        try:
            restore(bad)  # bytes of no meaning, such as a date, may change: the files' hashes are what counts
        except StudyError:
            refused += 1
        assert content(read_study) == before
    assert refused > 15
    bad.write_bytes(sound[: len(sound) // 2])
    with pytest.raises(StudyError):
        restore(bad)
    assert content(read_study) == before
    assert not list(read_study.parent.glob(".*restoring"))


def test_a_study_that_is_held_is_neither_backed_up_nor_restored(read_study: Path) -> None:
    made = back_up(open_study(read_study))
    with open_study(read_study).held():
        with pytest.raises(StudyError, match="holds this study"):
            restore(made.path)
        with pytest.raises(StudyError, match="holds this study"):
            back_up(open_study(read_study))


@pytest.mark.label_studio
def test_the_local_servers_data_go_along_where_asked(read_study: Path, label_studio: object, tmp_path: Path) -> None:
    import shutil

    folder = label_studio.local.folder  # type: ignore[attr-defined]
    (read_study / "label-studio").mkdir()
    shutil.copytree(folder / "data", read_study / "label-studio" / "data")
    shutil.copy(folder / "accounts.json", read_study / "label-studio")
    assert not any(
        n.startswith("label-studio") for n in zipfile.ZipFile(back_up(open_study(read_study)).path).namelist()
    )
    made = back_up(open_study(read_study), server=True)
    restore(made.path, tmp_path / "copy")
    assert (tmp_path / "copy" / "label-studio" / "data" / "label_studio.sqlite3").stat().st_size > 0
