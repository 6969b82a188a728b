"""A backup is the study folder, whole; a restore is whole or nothing."""

from __future__ import annotations

import json
import os
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rupture_markers.cli import app
from rupture_markers.coding.local_server import LocalLabelStudio
from rupture_markers.errors import RuptureError, StudyError
from rupture_markers.workflow import reading
from rupture_markers.workflow.backup import back_up
from rupture_markers.workflow.half_restored import alone, former_folders
from rupture_markers.workflow.restoring import restore
from rupture_markers.workflow.study import open_study

LOCKS = (Path("work/lock"), Path("work/lock-holder"), Path("label-studio/lock"))


def content(folder: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(folder)): p.read_bytes()
        for p in folder.rglob("*")
        if p.is_file() and "backups" not in p.parts and p.relative_to(folder) not in LOCKS
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


@pytest.mark.parametrize(
    "name",
    ["transcripts/lockdown-s2.txt", "annotations/lock", "transcripts/.hidden.txt", "transcripts/a.sqlite3-old.txt"],
)
def test_a_file_goes_along_whatever_its_name_begins_with(read_study: Path, tmp_path: Path, name: str) -> None:
    (read_study / name).write_text("T: well\n", encoding="utf-8")
    made = back_up(open_study(read_study))
    restore(made.path, tmp_path / "copy")
    assert (tmp_path / "copy" / name).read_text(encoding="utf-8") == "T: well\n"
    assert made.left_out == ()


def test_locks_and_unfinished_files_stay_out(read_study: Path) -> None:
    (read_study / "annotations" / ".codings.jsonl.tmp").write_text("{", encoding="utf-8")
    names = zipfile.ZipFile(back_up(open_study(read_study)).path).namelist()
    assert not {"work/lock", "work/lock-holder", "annotations/.codings.jsonl.tmp"} & set(names)


def test_what_could_not_go_along_is_told_with_status_2(read_study: Path, tmp_path: Path) -> None:
    (read_study / "transcripts").rename(tmp_path / "elsewhere")
    config = read_study / "study.yaml"
    config.write_text(config.read_text(encoding="utf-8") + "\ntranscripts: ../elsewhere\n", encoding="utf-8")
    (read_study / "notes").symlink_to(tmp_path / "elsewhere")
    (read_study / "10:30.txt").write_text("x", encoding="utf-8")
    done = CliRunner().invoke(app, ["backup", str(read_study)])
    said = " ".join(done.output.split())
    assert done.exit_code == 2
    assert "'transcripts:' of study.yaml lies outside" in said
    assert "notes: is a link" in said
    assert "10:30.txt: is not in the backup" in said
    (made,) = (read_study / "backups").glob("*.zip")
    restore(made, tmp_path / "copy")


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
    assert not list(read_study.parent.glob(".*restoring*"))


def test_a_study_that_is_held_is_neither_backed_up_nor_restored(read_study: Path) -> None:
    made = back_up(open_study(read_study))
    with open_study(read_study).held():
        with pytest.raises(StudyError, match="holds this study"):
            restore(made.path)
        with pytest.raises(StudyError, match="holds this study"):
            back_up(open_study(read_study))


def test_of_two_restores_at_once_the_second_waits_and_takes_nothing_away(read_study: Path, tmp_path: Path) -> None:
    made = back_up(open_study(read_study))
    for target in (read_study, tmp_path / "new"):
        half = target.with_name(f".{target.name}.restoring-0")
        with alone(target):
            half.mkdir()
            with pytest.raises(StudyError, match="another restore"):
                restore(made.path, target)
            assert half.exists()
    restore(made.path, tmp_path / "new")
    assert not list(tmp_path.glob(".new.restoring*"))
    assert content(tmp_path / "new") == content(read_study)


@pytest.mark.parametrize("step", range(7))
def test_a_restore_killed_at_any_step_is_undone_or_finished_by_the_next(read_study: Path, step: int) -> None:
    (read_study / "label-studio").mkdir()
    (read_study / "label-studio" / "accounts.json").write_text("[]", encoding="utf-8")
    made = back_up(open_study(read_study))
    whole = content(read_study)
    (read_study / "later.txt").write_text("later", encoding="utf-8")
    killed(lambda: restore(made.path), step)
    if step in (2, 3, 4, 5):
        with pytest.raises(StudyError, match="cut off"):
            open_study(read_study)
    else:
        open_study(read_study)
    _, former = restore(made.path)
    assert content(read_study) == whole
    assert (read_study / "backups" / made.path.name).exists()
    assert former is not None
    assert sum((folder / "later.txt").exists() for folder in former_folders(read_study)) == 1
    assert not [
        p for p in read_study.parent.iterdir() if p.name.startswith(".") and not p.name.endswith("restore-lock")
    ]
    open_study(read_study)


def killed(work: Callable[[], object], step: int) -> None:
    """Work in a fork that dies at a step: unpacked, record kept, and at each rename, 0 being the first; 6 is the record's end."""
    pid = os.fork()
    if pid == 0:
        try:
            die_at(step)
            work()
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 9


def die_at(step: int) -> None:
    from rupture_markers.workflow import restoring

    patch = pytest.MonkeyPatch()
    if step < 2:
        patch.setattr(restoring, ("_unpack", "begin")[step], lambda *_: os._exit(9))
        return
    left = iter(range(2, 99))
    rename, unlink = Path.rename, Path.unlink

    def dying(path: Path, target: Path) -> Path:
        if next(left) == step:
            os._exit(9)
        return rename(path, target)

    def dying_at_the_end(path: Path, missing_ok: bool = False) -> None:
        unlink(path, missing_ok)
        if step == 6 and path.name.endswith("restore.json"):
            os._exit(9)

    patch.setattr(Path, "rename", dying)
    patch.setattr(Path, "unlink", dying_at_the_end)


def test_a_study_whose_accounts_are_damaged_is_restored(read_study: Path) -> None:
    made = back_up(open_study(read_study))
    (read_study / "label-studio").mkdir()
    (read_study / "label-studio" / "accounts.json").write_text("[{", encoding="utf-8")
    assert restore(made.path)[1] is not None
    with LocalLabelStudio(read_study / "label-studio").alone(), pytest.raises(RuptureError, match="starting"):
        restore(made.path)


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
