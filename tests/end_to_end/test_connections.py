"""No connection goes out but to the configured Label Studio and Prefect addresses."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.timeout(1200)

PROGRAM = "from rupture_markers.cli import main; main()"
# Seen by every Python process that a command starts, Prefect's own server included.
HOOK = """
import json, os, sys
def hook(event, values):
    if event in ("socket.connect", "socket.sendto"):
        seen = values[1]
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        seen = values[0]
    else:
        return
    with open(os.environ["CONNECTIONS"], "a") as log:
        log.write(json.dumps([event, seen if isinstance(seen, str) else [str(part) for part in seen]]) + "\\n")
sys.addaudithook(hook)
"""
COMMANDS: tuple[tuple[str, ...], ...] = (
    ("check", "{study}"),
    ("score", "{study}/transcripts/invented-000.txt", "--study", "{study}", "--out", "{study}/scores.csv"),
    ("run", "{study}", "--to-file", "{study}/tasks"),
    ("doctor", "{study}"),
    ("models", "list"),
)
HERE = {"127.0.0.1", "localhost", "::1", "0.0.0.0", ""}


def command(study: Path, words: tuple[str, ...], *before: str) -> list[str]:
    return [*before, sys.executable, "-c", PROGRAM, *(word.format(study=study) for word in words)]


def test_commands_connect_to_nothing_but_this_machine_and_the_named_server(sample_study: Path, tmp_path: Path) -> None:
    hook = tmp_path / "hook"
    hook.mkdir()
    (hook / "sitecustomize.py").write_text(HOOK, encoding="utf-8")
    log = tmp_path / "connections"
    log.touch()
    environment = os.environ | {
        "PYTHONPATH": str(hook), "CONNECTIONS": str(log), "RUPTURE_LABEL_STUDIO_TOKEN": "none", "PREFECT_HOME": str(tmp_path / "p"),
    }  # fmt: skip
    for words in COMMANDS:
        subprocess.run(command(sample_study, words), env=environment, capture_output=True, check=False)
    seen = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert seen, "the hook saw nothing"
    hosts = {where if isinstance(where, str) else where[0] for _, where in seen}
    assert hosts <= HERE | {h for h in hosts if h.startswith("/")}, hosts
    config = sample_study / "study.yaml"
    values = yaml.safe_load(config.read_text(encoding="utf-8")) | {"label_studio": {"url": "https://lab.invalid"}}
    config.write_text(yaml.safe_dump(values), encoding="utf-8")
    done = subprocess.run(command(sample_study, ("run", "{study}")), env=environment, capture_output=True, check=False)
    assert done.returncode == 2
    seen = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()][len(seen) :]
    hosts = {where if isinstance(where, str) else where[0] for _, where in seen}
    assert "lab.invalid" in hosts
    assert hosts <= HERE | {"lab.invalid"} | {h for h in hosts if h.startswith("/")}, hosts


def test_commands_work_where_there_is_no_network_at_all(sample_study: Path, tmp_path: Path) -> None:
    unshare = shutil.which("unshare")
    alone = (str(unshare), "--net", "--")
    if unshare is None or subprocess.run([*alone, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("no right to make a network namespace")
    inside = ("sh", "-c", 'ip link set lo up 2>/dev/null || true; exec "$@"', "sh")
    for words in COMMANDS[:2]:
        done = subprocess.run(command(sample_study, words, *alone, *inside), capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
