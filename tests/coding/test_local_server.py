"""The local Label Studio: of two that start it at once one does, and damaged accounts are told."""

from __future__ import annotations

import json
import subprocess
import time
import venv
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rupture_markers.coding import local_environment, local_server
from rupture_markers.coding.local_server import LocalLabelStudio
from rupture_markers.coding.own_process import born
from rupture_markers.errors import LabelStudioError


@pytest.fixture
def sleepers() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Processes that stand for servers, ended at the end."""
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for process in started:
        process.kill()
        process.wait()


def test_of_two_that_start_it_at_once_one_does_and_both_find_it_running(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sleepers: list[subprocess.Popen[bytes]]
) -> None:
    def launch(self: LocalLabelStudio, *_: Any) -> None:
        time.sleep(0.3)
        process = subprocess.Popen(["/bin/sleep", "60"])
        sleepers.append(process)
        state = {"url": "http://127.0.0.1:1", "pid": process.pid, "born": born(process.pid)}
        (self.folder / "server.json").write_text(json.dumps(state), encoding="utf-8")

    monkeypatch.setattr(LocalLabelStudio, "_launch", launch)
    monkeypatch.setattr(local_server, "ensure_environment", lambda _: tmp_path)
    monkeypatch.setattr(local_server, "ensure_accounts", lambda *_: ())
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda _: LocalLabelStudio(tmp_path / "server").start(), range(2)))
    assert len(sleepers) == 1
    assert [status.pid for status in found] == [sleepers[0].pid] * 2
    local = LocalLabelStudio(tmp_path / "server")
    with local.alone(), pytest.raises(LabelStudioError, match="another process"), local.alone():
        pass


def test_of_two_that_install_it_at_once_one_does_and_the_other_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Path] = []
    said: list[str] = []

    def create(folder: Path, with_pip: bool) -> None:
        made.append(folder)
        time.sleep(0.5)
        (folder / "bin").mkdir()
        (folder / "bin" / "label-studio").touch()

    monkeypatch.setenv("RUPTURE_LABEL_STUDIO_ENV", str(tmp_path / "cache" / "environment"))
    monkeypatch.setattr(venv, "create", create)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: SimpleNamespace(returncode=0))
    with ThreadPoolExecutor(2) as pool:
        found = set(pool.map(lambda _: local_environment.ensure_environment(said.append), range(2)))
    assert found == {tmp_path / "cache" / "environment"} == set(made)
    assert len(made) == 1
    assert any("waiting" in line for line in said)
    assert (made[0] / "rupture-ready").exists()


@pytest.mark.parametrize("content", ["", "[{", "{}x", "[1]", '[{"user": "ana"}]', "7", "\udcff"])
def test_a_damaged_file_of_accounts_is_told_with_what_to_do_and_without_a_secret(tmp_path: Path, content: str) -> None:
    local = LocalLabelStudio(tmp_path)
    local.accounts_file.write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(LabelStudioError, match=r"accounts\.json: .*move it away"):
        local.status()
    assert not local.is_running
