"""Whatever the server or the network does, a run ends with a clear message or finishes, and the next one mends all.

The campaign runs RUPTURE_FAULT_RUNS runs, 300 where it is not set.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from tests.faults.campaign_figures import keep_figures
from tests.faults.fault_server import KINDS, FaultPlan, FaultServer
from tests.faults.push_campaign import (
    Outcome,
    annotate,
    change_a_turn,
    hasty_client,
    judge,
    kept_annotations,
    named_study,
    prepare,
    push_all,
    remote_projects,
    through_faults,
)

from rupture_markers.coding.label_studio import LabelStudioClient
from rupture_markers.workflow import queue

pytestmark = pytest.mark.label_studio

STATES = ("new", "coded", "changed")
SHORT_RUNS = 30


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare(tmp_path_factory.mktemp("faults") / "study")


@pytest.fixture(scope="module")
def between(label_studio: Any) -> Iterator[FaultServer]:
    with FaultServer(label_studio.url) as server:
        yield server


def one_run(
    seed: int, template: Path, folder: Path, server: FaultServer, label_studio: Any, monkeypatch: Any
) -> Outcome:
    draws = random.Random(seed)
    state = STATES[seed % len(STATES)]
    outcome = Outcome(seed, state)
    token = label_studio.local.token()
    monkeypatch.setattr(queue, "client_of", lambda _study: hasty_client(server.url, token))
    server.plan = FaultPlan()
    coding = draws.choice(({"coders": ["ana", "ben"], "blind": 0.0}, {"coders": ["ana"], "blind": 0.5}))
    study = named_study(template, folder, f"f{os.getpid()}-{seed}", server.url, coding)
    with LabelStudioClient(label_studio.url, token) as direct:
        before: dict[str, bytes] = {}
        if state != "new":
            push_all(study)
            annotate(study, direct, draws)
            before = kept_annotations(direct, study)
        if state == "changed":
            change_a_turn(study)
        rate, most = draws.choice(((0.1, 99), (0.3, 99), (0.6, 12), (1.0, 4), (1.0, 99)))
        kinds = KINDS if draws.random() < 0.7 else (draws.choice(KINDS),)
        server.plan = FaultPlan(seed, rate, kinds, most)
        started = server.requests

        def heal() -> None:
            outcome.faults = dict(server.plan.done)
            outcome.requests = server.requests - started
            server.plan = FaultPlan()
            while server.pending:
                time.sleep(0.05)

        through_faults(outcome, study, heal)
        judge(study, direct, before, outcome)
        for number, _ in remote_projects(direct, study):
            direct.delete_project(number)
    return outcome


@pytest.mark.parametrize("seed", range(SHORT_RUNS))
def test_a_run_through_faults_loses_nothing_and_makes_nothing_twice(
    seed: int, template: Path, tmp_path: Path, between: FaultServer, label_studio: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = one_run(seed, template, tmp_path / "study", between, label_studio, monkeypatch)
    assert outcome.sound, outcome


@pytest.mark.campaign
@pytest.mark.timeout(0)
def test_campaign_runs_through_faults(
    template: Path, tmp_path: Path, between: FaultServer, label_studio: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes = []
    for seed in range(1000, 1000 + int(os.environ.get("RUPTURE_FAULT_RUNS", "300"))):
        outcome = one_run(seed, template, tmp_path / str(seed), between, label_studio, monkeypatch)
        keep_figures("server", f"run {seed}", outcome)
        outcomes.append(outcome)
    keep_figures("server", "total", table_of(outcomes))
    assert [asdict(o) for o in outcomes if not o.sound] == []


def table_of(outcomes: list[Outcome]) -> dict[str, Any]:
    """Runs and faults by kind, and what was lost or twice."""
    faults: Counter[str] = Counter()
    runs: Counter[str] = Counter()
    for outcome in outcomes:
        faults.update(outcome.faults)
        runs.update(outcome.faults.keys())
    return {
        "runs": len(outcomes),
        "requests": sum(o.requests for o in outcomes),
        "faults": dict(faults),
        "runs_with": dict(runs),
        "finished_at_once": sum(o.ended == "finished" for o in outcomes),
        **{key: sum(getattr(o, key) for o in outcomes) for key in ("lost", "twice", "wrong", "touched")},
    }
