"""After a promotion the queue on a real Label Studio is renewed: pending tasks alone, once, and after a kill as well."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.faults.fault_server import FaultServer
from typer.testing import CliRunner

from rupture_markers.cli import app
from rupture_markers.coding.assignment import current_assignments, read_assignments
from rupture_markers.coding.label_studio import LabelStudioClient
from rupture_markers.coding.ledger import Ledger
from rupture_markers.coding.push import push
from rupture_markers.coding.server_answers import RemotePrediction
from rupture_markers.learning.champion import read_history
from rupture_markers.learning.selection import read_decisions
from rupture_markers.workflow import flow_tasks, flows, reading, stages
from rupture_markers.workflow.queue import client_of, plan_of
from rupture_markers.workflow.stages import model_id_of
from rupture_markers.workflow.study import Study, open_study

CodeAll = Callable[[Path], int]
pytestmark = pytest.mark.label_studio


def command(*words: str) -> Any:
    done = CliRunner().invoke(app, list(words))
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout.strip().splitlines()[-1]) if "--json" in words else done.stdout


def projects(study: Study, arm: str) -> list[int]:
    return [p["number"] for p in json.loads(study.projects.read_text())["projects"] if p["arm"] == arm]


def predictions(study: Study, client: LabelStudioClient) -> dict[int, list[RemotePrediction]]:
    """Predictions of the assisted projects by the server's number of the task."""
    found: dict[int, list[RemotePrediction]] = {}
    for number in projects(study, "assisted"):
        for prediction in client.predictions(number):
            found.setdefault(prediction.task, []).append(prediction)
    return found


def task_ids(study: Study, client: LabelStudioClient) -> list[str]:
    return [t.task_id for arm in ("assisted", "blind") for n in projects(study, arm) for t in client.tasks(n)]


def require_renewed(study: Study, client: LabelStudioClient, model: str, untouched: set[int]) -> None:
    """Every pending task has one prediction, of this model; blind projects have none; each task is there once."""
    for task, found in predictions(study, client).items():
        assert len(found) == 1
        if task not in untouched:
            assert found[0].model_version == model
    for number in projects(study, "blind"):
        assert client.predictions(number) == []
    have = task_ids(study, client)
    assert sorted(have) == sorted(a.task_id for a in current_assignments(read_assignments(study.assignments)).values())


def test_a_promotion_renews_what_is_pending_and_a_rollback_brings_the_old_predictions_back(
    served_study: Path, code_all: CodeAll
) -> None:
    command("run", str(served_study), "--json")
    study = open_study(served_study)
    assert code_all(served_study) > 0
    with client_of(study) as client:
        before, first = predictions(study, client), model_id_of(study)
        answered, skipped, *_ = sorted(before)
        client._api.annotations.create(id=answered, result=[], was_cancelled=False)
        client._api.annotations.create(id=skipped, result=[], was_cancelled=True)
        done = command("retrain", str(served_study), "--allow-equal", "--json")
        assert done["retrain"]["promoted"]
        model = done["retrain"]["candidate"]
        after = predictions(study, client)
        for task in (answered, skipped):
            assert after[task] == before[task]
        require_renewed(study, client, model, {answered, skipped})
        assert done["renewal"]["predictions_renewed"] == len(before) - 2
        assert done["renewal"]["created"] > 0
        second = {d.segment_id for d in read_decisions(study.decisions) if d.round == 2 and d.selected}
        fresh = {a.segment_id for a in current_assignments(read_assignments(study.assignments)).values()}
        assert second
        assert second <= fresh
        again = command("retrain", str(served_study), "--allow-equal", "--json")
        assert again["retrain"]["candidate"] == model
        assert (again["renewal"]["created"], again["renewal"]["predictions_renewed"]) == (0, 0)
        command("models", "rollback", str(served_study), "--reason", "a test")
        require_renewed(study, client, first, {answered, skipped})
        back = predictions(study, client)
        assert {n: back[n][0].result for n in before} == {n: before[n][0].result for n in before}
    assert [d.action for d in read_history(study.models)] == ["promote", "rollback"]


def test_a_project_in_which_everything_is_answered_keeps_what_was_seen_under_a_new_model(served_study: Path) -> None:
    command("run", str(served_study), "--json")
    study = open_study(served_study)
    codebook, names = study.codebook(), reading.session_names(study)
    mine = [
        a
        for a in stages.standing(study, names, read_assignments(study.assignments))
        if (a.coder, a.arm) == ("ana", "assisted")
    ]
    with client_of(study) as client:
        ledger = Ledger.open(study.projects, client.url)
        number = ledger.number("ana", "assisted")
        assert number is not None
        before = client.predictions(number)
        assert before
        for task in {prediction.task for prediction in before}:
            client._api.annotations.create(id=task, result=[], was_cancelled=False)
        plan = plan_of(study, "ana", "assisted", codebook)
        for _ in range(2):  # Label Studio refuses to name a version of which it has no prediction
            built = list(stages.tasks(study, mine, codebook, "another-model"))
            assert push(plan, built, codebook, client, ledger).predictions_renewed == 0
        assert client.predictions(number) == before


@pytest.mark.parametrize("moment", ["promoted", "pushing"])
def test_a_renewal_that_was_killed_is_finished_by_running_again(
    served_study: Path, code_all: CodeAll, moment: str
) -> None:
    command("run", str(served_study), "--json")
    study = open_study(served_study)
    code_all(served_study)
    ledger = study.projects.stat().st_mtime_ns
    process = subprocess.Popen(
        [sys.executable, "-c", "from rupture_markers.cli import main; main()", "retrain", str(served_study), "--allow-equal"],
        env=dict(os.environ), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip

    def reached() -> bool:
        if moment == "promoted":
            return (study.models / "history.jsonl").exists()
        return study.projects.stat().st_mtime_ns != ledger

    deadline = time.monotonic() + 240
    while not reached() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert process.poll() is None, "the run ended before it could be killed"
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    done = command("retrain", str(served_study), "--allow-equal", "--json")
    assert [d.action for d in read_history(study.models)] == ["promote"]
    with client_of(study) as client:
        require_renewed(study, client, done["retrain"]["candidate"], set())
    rounds = [(d.segment_id, d.round) for d in read_decisions(study.decisions)]
    assert len(rounds) == len(set(rounds))
    last = command("run", str(served_study), "--json")
    assert (last["created"], last["predictions_renewed"], last["scored"]) == (0, 0, 0)


def test_where_label_studio_stops_in_the_middle_of_a_renewal_the_next_runs_finish_it(
    served_study: Path, code_all: CodeAll, label_studio: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("push", "label_studio"):
        monkeypatch.setattr(f"rupture_markers.coding.{module}._LONGEST_WAIT_S", 0.05)
    monkeypatch.setattr(flows, "push_project", flow_tasks.push_project.with_options(retries=0))
    path = served_study / "study.yaml"
    with FaultServer(label_studio.url) as between:
        config = yaml.safe_load(path.read_text(encoding="utf-8")) | {"label_studio": {"url": between.url}}
        path.write_text(yaml.safe_dump(config), encoding="utf-8")
        command("run", str(served_study), "--json")
        study = open_study(served_study)
        code_all(served_study)
        with client_of(study) as client:
            before = predictions(study, client)
            answered = min(before)
            client._api.annotations.create(id=answered, result=[], was_cancelled=False)
            renewed = []
            for requests in (3, 17):  # before anything is renewed, and in the middle of it
                between.stop_after(requests)
                done = CliRunner().invoke(app, ["retrain", str(served_study), "--allow-equal"])
                assert between.down, "the renewal ended before the server stopped"
                assert done.exit_code != 0
                assert "Traceback" not in done.output
                between.start_again()
                now = predictions(study, client)
                assert now.keys() >= before.keys()
                assert max(map(len, now.values())) <= 2  # a new one comes before the old one goes: never none
                renewed.append(sum(now[task] != before[task] for task in before))
            done = command("retrain", str(served_study), "--allow-equal", "--json")
            assert predictions(study, client)[answered] == before[answered]
            require_renewed(study, client, done["retrain"]["candidate"], {answered})
            annotated = [t for n in projects(study, "assisted") for t in client.answered_tasks(n) if t.annotations]
            assert [t.id for t in annotated] == [answered]
    assert renewed[0] == 0
    assert 0 < renewed[1] < len(before) - 1
    assert [d.action for d in read_history(study.models)] == ["promote"]
    rounds = [(d.segment_id, d.round) for d in read_decisions(study.decisions)]
    assert len(rounds) == len(set(rounds))
