"""Whatever the server or the network does, a run ends with a clear message or finishes, and the next one mends all.

The campaign runs RUPTURE_FAULT_RUNS runs, 300 where it is not set, from the seed RUPTURE_FAULT_FIRST on.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.faults.campaign_figures import keep_figures
from tests.faults.fault_server import KINDS, FaultPlan, FaultServer
from tests.faults.push_campaign import (
    SESSIONS,
    Outcome,
    Seen,
    annotate,
    change_a_turn,
    collect_all,
    hasty_client,
    judge,
    judge_answers,
    judge_log,
    kept_annotations,
    named_study,
    predictions_seen,
    prepare,
    prepare_changed,
    push_all,
    remote_projects,
    take_changes,
    through_faults,
    use_client,
)

from rupture_markers.coding.label_studio import LabelStudioClient
from rupture_markers.coding.local_server import LocalLabelStudio

pytestmark = pytest.mark.label_studio

STATES = ("new", "coded", "changed")
SHORT_RUNS = 30


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare(tmp_path_factory.mktemp("faults") / "study")


@pytest.fixture(scope="module")
def changed(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare_changed(template, tmp_path_factory.mktemp("changed") / "study")


@pytest.fixture(scope="module")
def between(label_studio: Any) -> Iterator[FaultServer]:
    with FaultServer(label_studio.url) as server:
        yield server


def one_run(
    seed: int, template: Path, changed: Path, folder: Path, server: FaultServer, label_studio: Any, monkeypatch: Any
) -> Outcome:
    draws = random.Random(seed)
    state = STATES[seed % len(STATES)]
    outcome = Outcome(seed, state)
    token = label_studio.local.token()

    def patient() -> None:
        server.plan = FaultPlan()
        use_client(monkeypatch, lambda _study: LabelStudioClient(server.url, token))

    def spoil(seed: int) -> None:
        server.plan = FaultPlan(seed, rate, kinds, most)
        use_client(monkeypatch, lambda _study: hasty_client(server.url, token))

    def heal() -> None:
        outcome.faults = dict(Counter(outcome.faults) + server.plan.done)
        outcome.requests += server.requests - started
        patient()
        while server.pending:
            time.sleep(0.05)

    patient()
    coding = draws.choice(({"coders": ["ana", "ben"], "blind": 0.0}, {"coders": ["ana"], "blind": 0.5}))
    study = named_study(template, folder, f"f{os.getpid()}-{seed}", server.url, coding)
    with LabelStudioClient(label_studio.url, token) as direct:
        before: dict[str, bytes] = {}
        said: dict[str, str] = {}
        seen: Seen = {}
        if state != "new":
            push_all(study)
            said = annotate(study, direct, draws)
            before = kept_annotations(direct, study)
            seen = predictions_seen(direct, study)
        if state == "changed":
            take_changes(study, changed)
        rate, most = draws.choice(((0.1, 99), (0.3, 99), (0.6, 12), (1.0, 4), (1.0, 99)))
        kinds = KINDS if draws.random() < 0.7 else (draws.choice(KINDS),)
        spoil(seed)
        started = server.requests
        through_faults(outcome, lambda: push_all(study), heal)
        judge(study, direct, before, outcome, seen)
        if said:
            spoil(seed + 1_000_000)
            started = server.requests
            through_faults(outcome, lambda: collect_all(study), heal)
            judge_log(study, said, outcome)
            outcome.touched += kept_annotations(direct, study) != before
        for number, _ in remote_projects(direct, study):
            direct.delete_project(number)
    return outcome


@pytest.mark.parametrize("seed", range(SHORT_RUNS))
def test_a_run_through_faults_loses_nothing_and_makes_nothing_twice(
    seed: int,
    template: Path,
    changed: Path,
    tmp_path: Path,
    between: FaultServer,
    label_studio: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    outcome = one_run(seed, template, changed, tmp_path / "study", between, label_studio, monkeypatch)
    assert outcome.sound, outcome


@pytest.mark.campaign
@pytest.mark.timeout(0)
def test_campaign_runs_through_faults(
    template: Path,
    changed: Path,
    tmp_path: Path,
    between: FaultServer,
    label_studio: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    outcomes = []
    first = int(os.environ.get("RUPTURE_FAULT_FIRST", "1000"))
    for seed in range(first, first + int(os.environ.get("RUPTURE_FAULT_RUNS", "300"))):
        outcome = one_run(seed, template, changed, tmp_path / str(seed), between, label_studio, monkeypatch)
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
        "answers": sum(o.answers for o in outcomes),
        "finished_at_once": sum(o.ended == "finished" for o in outcomes),
        **{key: sum(getattr(o, key) for o in outcomes) for key in ("lost", "twice", "wrong", "touched")},
    }


@dataclass
class Disaster:
    """A Label Studio of its own that is stopped, and started again with other data, while a run goes on."""

    local: LocalLabelStudio
    empty: Path
    between: FaultServer

    def keep(self, folder: Path) -> Path:
        """Copy the data, as a nightly backup does."""
        copy_data(self.local.folder / "data", folder)
        return folder

    def strike(self, data: Path | None) -> None:
        """Stop the server, put other data in place, and start it again."""
        self.between.down = True
        self.local.stop()
        if data is not None:
            shutil.rmtree(self.local.folder / "data")
            shutil.copytree(data, self.local.folder / "data")
        self.between.upstream = self.local.start().url
        self.between.down = False


def copy_data(source: Path, target: Path) -> None:
    """Copy a Label Studio's data while it runs: its database by SQLite's own backup."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("*.sqlite3*"))
    with (
        contextlib.closing(sqlite3.connect(source / "label_studio.sqlite3")) as old,
        contextlib.closing(sqlite3.connect(target / "label_studio.sqlite3")) as new,
    ):
        old.backup(new)


@pytest.fixture(scope="module")
def disaster(label_studio: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Disaster]:
    folder = tmp_path_factory.mktemp("disaster") / "label-studio"
    folder.mkdir()
    for name in ("accounts.json", "secret-key"):
        shutil.copy2(label_studio.local.folder / name, folder / name)
    copy_data(label_studio.local.folder / "data", folder / "data")
    local = LocalLabelStudio(folder)
    status = local.start()
    try:
        with LabelStudioClient(status.url, local.token()) as client:
            for project in client.find_projects(""):
                client.delete_project(project.number)
        empty = tmp_path_factory.mktemp("disaster") / "empty"
        copy_data(folder / "data", empty)
        with FaultServer(status.url) as server:
            yield Disaster(local, empty, server)
    finally:
        local.stop()


def one_disaster(
    kind: str, seed: int, template: Path, tmp_path: Path, disaster: Disaster, monkeypatch: pytest.MonkeyPatch
) -> Outcome:
    draws = random.Random(seed)
    server, outcome = disaster.between, Outcome(seed, kind)
    token = disaster.local.token()
    use_client(monkeypatch, lambda _study: LabelStudioClient(server.url, token, pause_s=0.2))
    study = named_study(template, tmp_path / "study", f"d{os.getpid()}-{seed}", server.url)
    with LabelStudioClient(disaster.local.status().url, token) as direct:
        push_all(study)
        said = annotate(study, direct, draws)
        before, seen = kept_annotations(direct, study), predictions_seen(direct, study)
        collect_all(study)
        backup = disaster.keep(tmp_path / "backup")
        change_a_turn(study)
        data = {"restarted": None, "older backup": backup, "empty": disaster.empty}[kind]
        if kind == "empty":
            before, seen = {}, {}
        if kind == "older backup":
            push_all(study)  # what is lost with the backup's age
            said |= annotate(study, direct, draws)
            collect_all(study)
            path = study.transcripts / f"{SESSIONS[0]}.txt"
            path.write_text(path.read_text(encoding="utf-8").replace("And so on.", "And so forth."), encoding="utf-8")
            change_a_turn(study)
        at, patient = server.requests + draws.randint(1, 14), draws.random() < 0.5
        strikes: list[threading.Thread] = []

        def strike_once(number: int) -> None:
            if number == at:
                strikes.append(threading.Thread(target=disaster.strike, args=(data,)))
                strikes[0].start()
                if patient:
                    strikes[0].join()

        server.before_request = strike_once

        def heal() -> None:
            server.before_request = None
            for strike in strikes:
                strike.join()

        through_faults(outcome, lambda: push_all(study), heal)
    outcome.faults = {kind: len(strikes)}
    # The server may have come back at another port.
    with LabelStudioClient(disaster.local.status().url, token) as direct:
        judge(study, direct, before, outcome, seen)
        collect_all(study)
        judge_answers(study, said, outcome)
    return outcome


DISASTERS = ("restarted", "older backup", "empty")


@pytest.mark.parametrize("kind", DISASTERS)
def test_a_server_that_comes_back_other_than_it_was(
    kind: str, template: Path, tmp_path: Path, disaster: Disaster, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = one_disaster(kind, 1, template, tmp_path, disaster, monkeypatch)
    assert outcome.sound, outcome
    assert outcome.faults == {kind: 1}


@pytest.mark.campaign
@pytest.mark.timeout(0)
def test_campaign_of_servers_that_come_back_other_than_they_were(
    template: Path, tmp_path: Path, disaster: Disaster, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes = []
    for seed in range(2000, 2000 + int(os.environ.get("RUPTURE_DISASTERS", "12"))):
        kind = DISASTERS[seed % 3]
        outcomes.append(one_disaster(kind, seed, template, tmp_path / str(seed), disaster, monkeypatch))
        keep_figures("disasters", kind, outcomes[-1])
    keep_figures("disasters", "total", table_of(outcomes))
    assert [asdict(o) for o in outcomes if not o.sound] == []
