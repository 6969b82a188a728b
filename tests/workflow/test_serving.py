"""Served flows, on a real Prefect server: what a webhook asks for is enqueued, and a schedule collects by itself."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import StateType
from pydantic import SecretStr
from starlette.testclient import TestClient
from tests.workflow.study_keys import set_keys

from rupture_markers.coding.codings_log import current_answers, read_coded_segments
from rupture_markers.errors import StudyError
from rupture_markers.learning.champion import read_history
from rupture_markers.workflow import server
from rupture_markers.workflow.asked import is_asked
from rupture_markers.workflow.backend_predictions import TaskPredictions
from rupture_markers.workflow.deployments import Schedules, ask, deployments_of, enqueue, pointed_at
from rupture_markers.workflow.flows import run_annotate
from rupture_markers.workflow.prefect_server import PrefectAddress, kept_server, known_server
from rupture_markers.workflow.queue import client_of
from rupture_markers.workflow.study import Study, open_study

SECRET = SecretStr("a-long-enough-secret")
CANARY = "zyxwvutcanary"
DECIDED = r"retrain: \S+ (kept|promoted): "
PROGRAM = "from rupture_markers.cli import main; main()"


@pytest.fixture(autouse=True)
def own_prefect(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No Prefect server is named, and a home of the test's own, whose runners look for work every two seconds."""
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "prefect-home"))
    monkeypatch.setenv("PREFECT_RUNNER_POLL_FREQUENCY", "2")


@pytest.fixture
def study(sample_study: Path) -> Study:
    return open_study(sample_study)


@pytest.fixture
def kept(study: Study) -> Iterator[PrefectAddress]:
    with kept_server(study.work / "prefect") as address:
        yield address


def hook(study: Study, action: str) -> int:
    """What the backend answers to a webhook that carries a transcript."""
    app = server.make_app(TaskPredictions(study), SECRET, partial(ask, study))
    body = {"action": action, "task": {"data": {"dialogue": [{"speaker": "Client", "text": CANARY}]}}}
    answer = TestClient(app).post("/webhook", json=body, auth=(server.USER, SECRET.get_secret_value()))
    return int(answer.status_code)


def runs(address: PrefectAddress) -> list[tuple[str, dict[str, Any], list[str]]]:
    with pointed_at(address), get_client(sync_client=True) as client:
        return sorted((client.read_flow(run.flow_id).name, run.parameters, run.tags) for run in client.read_flow_runs())


@contextlib.contextmanager
def served(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """`rupture serve` until the block ends, and what it says."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "serve", str(folder), *options],
        env=dict(os.environ), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip
    said: list[str] = []
    listener = threading.Thread(target=lambda: said.extend(process.stdout or ()), daemon=True)
    listener.start()
    try:
        yield process, said
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(120)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        listener.join(30)
        if process.stdout is not None:
            process.stdout.close()


def wait_for(pattern: str, process: subprocess.Popen[str], said: list[str]) -> None:
    wait_until(lambda: any(re.search(pattern, line) for line in said), process, said)


def wait_until(is_so: Callable[[], bool], process: subprocess.Popen[str], said: list[str]) -> None:
    deadline = time.monotonic() + 300
    while not is_so():
        assert process.poll() is None, "".join(said)
        assert time.monotonic() < deadline, "".join(said)
        time.sleep(0.1)


def looks(study: Study) -> int:
    """How often the served study has looked, to the end, whether retraining is due."""
    address = known_server(study.work / "prefect")
    assert address is not None
    with pointed_at(address), get_client(sync_client=True) as client:
        ended = client.read_flow_runs(
            flow_filter=FlowFilter(name=FlowFilterName(any_=["retrain-when-due"])),
            flow_run_filter=FlowRunFilter(
                state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.COMPLETED]))
            ),
        )
    return len(ended)


def test_a_webhook_enqueues_one_run_with_nothing_of_the_request_in_it(study: Study, kept: PrefectAddress) -> None:
    assert not enqueue(study, "collect"), "no deployment is there yet"
    with pointed_at(kept):
        for deployment in deployments_of(study.path, Schedules()):
            deployment.apply()
    assert hook(study, "ANNOTATION_CREATED") == 202
    assert hook(study, "ANNOTATION_UPDATED") == 202
    own = {"study": str(study.path)}
    assert runs(kept) == [("collect", own, ["asked"])]
    assert hook(study, "START_TRAINING") == 202
    assert runs(kept) == [("collect", own, ["asked"]), ("retrain", own, ["asked"])]
    assert not is_asked(study, "collect")
    assert not is_asked(study, "retrain")
    for file in (study.work / "prefect").rglob("*"):
        assert not file.is_file() or CANARY.encode() not in file.read_bytes()

    assert httpx.get(f"{kept.api}/flow_runs/count").status_code == 401
    assert not replace(kept, auth=SecretStr("rupture:wrong")).answers
    with pytest.raises(StudyError, match="served already"), kept_server(study.work / "prefect"):
        pass


def test_where_no_prefect_server_is_reached_a_webhook_leaves_a_wish(study: Study) -> None:
    (study.work / "prefect").mkdir(parents=True)
    gone = {"api": "http://127.0.0.1:9/api", "auth": "rupture:none", "pid": 1, "born": "never"}
    (study.work / "prefect" / "server.json").write_text(json.dumps(gone), encoding="utf-8")
    assert known_server(study.work / "prefect") is None
    assert hook(study, "START_TRAINING") == 202
    assert is_asked(study, "collect")
    assert is_asked(study, "retrain")


@pytest.mark.label_studio
def test_an_annotation_arrives_by_the_schedule_alone_and_a_stop_leaves_nothing_behind(
    served_study: Path,
) -> None:
    study = open_study(served_study)
    run_annotate(study.path)
    ask(study, "collect")  # nobody serves yet
    assert is_asked(study, "collect")
    with client_of(study) as client:
        ledger = json.loads(study.projects.read_text())["projects"]
        task = next(iter(client.tasks(ledger[0]["number"]))).number
        client._api.annotations.create(id=task, result=[], was_cancelled=True)
    with served(served_study, "--collect-every", "0.1") as (process, said):
        wait_for("collect: 1 new", process, said)
        address = known_server(study.work / "prefect")
        assert [a.outcome for a in current_answers(read_coded_segments(study.codings))] == ["skipped"]
        assert not is_asked(study, "collect"), "a wish that was left is taken up"
    told = "".join(said)
    assert process.returncode == 0, told
    assert "collect: 1 new" in told
    assert "Traceback" not in told, told
    assert address is not None
    assert not address.answers
    assert not (study.work / "prefect" / "server.json").exists()


def test_enough_new_gold_retrains_once_where_it_is_served(
    fully_coded_study: Path,
) -> None:
    study = set_keys(fully_coded_study, retraining={"new_turns": 300})
    with served(study.folder, "--due-every", "0.1") as (process, said):
        wait_for(DECIDED, process, said)
        looked = looks(study)
        wait_until(lambda: looks(study) >= looked + 2, process, said)
    told = "".join(said)
    assert process.returncode == 0, told
    assert len(read_history(study.models)) == 1, told
    assert len(re.findall(DECIDED, told)) == 1, told
