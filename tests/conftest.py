"""What the whole suite shares: one real Label Studio, and a copy of the sample study."""

from __future__ import annotations

import os
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import pytest
import yaml

from rupture_markers.coding.assignment import Assignment, current_assignments, read_assignments
from rupture_markers.coding.codings_log import append_coded_segments
from rupture_markers.coding.label_studio import LabelStudioClient
from rupture_markers.coding.local_server import LocalLabelStudio
from rupture_markers.learning.dataset import read_codings
from rupture_markers.learning.registry import read_manifest
from rupture_markers.markers.coded_segment import CodedSegment
from rupture_markers.markers.marker import Coding
from rupture_markers.workflow import reading, stages
from rupture_markers.workflow.study import open_study

ROOT = Path(__file__).resolve().parents[1]
hypothesis.settings.register_profile("suite", deadline=None)  # a busy machine is no failure
hypothesis.settings.load_profile("suite")

os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("PREFECT_LOGGING_LEVEL", "CRITICAL")
os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "180")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what needs a Label Studio first: it takes longest, and two processes end together only if the short comes last."""
    items.sort(key=lambda item: item.get_closest_marker("label_studio") is None)


@dataclass(frozen=True)
class Server:
    """A running Label Studio and how to get in."""

    local: LocalLabelStudio
    url: str
    token: str
    username: str
    password: str

    def client(self) -> LabelStudioClient:
        """Client with the administrator's token."""
        return LabelStudioClient(self.url, self.local.token())


@pytest.fixture(scope="session")
def label_studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A real Label Studio in a folder of its own, stopped at the end of the suite.

    RUPTURE_TEST_LABEL_STUDIO names a folder whose server is used again and left running, since a new one takes half a minute.
    """
    kept = os.environ.get("RUPTURE_TEST_LABEL_STUDIO")
    local = LocalLabelStudio(Path(kept) if kept else tmp_path_factory.mktemp("label-studio"))
    status = local.start(["ana", "ben"], ml_backend=True)
    try:
        account = local.account("ana")
        yield Server(
            local, status.url, local.token().get_secret_value(), account.user, account.password.get_secret_value()
        )
    finally:
        if not kept:
            local.stop()


@pytest.fixture
def sample_study(tmp_path: Path) -> Path:
    """A copy of the sample study."""
    folder = tmp_path / "study"
    shutil.copytree(ROOT / "configs" / "sample-study", folder)
    return folder


@pytest.fixture
def served_study(sample_study: Path, label_studio: Server, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the sample study, under a name of its own, that sends to the suite's Label Studio."""
    config = yaml.safe_load((sample_study / "study.yaml").read_text(encoding="utf-8"))
    config["study"] = f"s{abs(hash(str(sample_study))) % 10**8}"
    config["label_studio"] = {"url": label_studio.url}
    (sample_study / "study.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    monkeypatch.setenv("RUPTURE_LABEL_STUDIO_TOKEN", label_studio.token)
    return sample_study


Marks = dict[str, dict[tuple[str, int], Coding]]
SCRIPT = {"ana": "coder_a", "ben": "coder_b"}


def scripted_marks() -> Marks:
    """Codings that the sample study ships, by coder, session and turn."""
    marks: Marks = defaultdict(dict)
    for coding in read_codings(ROOT / "annotations" / "sample-codings.jsonl"):
        marks[coding.coder][coding.session_id, coding.turn] = coding
    return marks


def scripted_answer(task: Assignment, marks: Marks, number: int = 0) -> CodedSegment:
    """What a scripted coder says to a task: the shipped codings of the one that the coder plays."""
    said = marks[SCRIPT[task.coder]]
    found = [said[task.session_id, turn] for turn in task.turns if (task.session_id, turn) in said]
    at = f"2026-01-{1 + number // 8 % 28:02d}T10:{number % 60:02d}:00Z"
    codings = tuple(
        Coding(c.session_id, c.turn, task.coder, c.codes, None, c.significance, arm=task.arm, coded_at=at)
        for c in found
    )
    return CodedSegment(
        annotation=f"{task.task_id}:{task.coder}", task_id=task.task_id, segment_id=task.segment_id,
        session_id=task.session_id, case_id=task.case_id, first_turn=task.turns[0], last_turn=task.turns[-1],
        coder=task.coder, arm=task.arm, shown=task.shown, whole_session=task.mode == "whole_session",
        outcome="markers" if codings else "no_marker", codings=codings, seconds=60.0 + 5 * len(codings),
        codebook_version="1.0", coded_at=at, content_sha256=task.content_sha256,
    )  # fmt: skip


@pytest.fixture(scope="session")
def coded_sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample study, read, scored, selected, assigned all blind, and coded by two scripted coders."""
    folder = tmp_path_factory.mktemp("coded") / "study"
    shutil.copytree(ROOT / "configs" / "sample-study", folder)
    config = yaml.safe_load((folder / "study.yaml").read_text(encoding="utf-8"))
    config["coding"] |= {"double_coded": 1.0, "blind": 0.8}
    config["selection"]["control"] = 0.5
    (folder / "study.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    study = open_study(folder)
    outcomes = reading.read_batch(study, reading.source_files(study))
    names = sorted(name for outcome in outcomes for name in outcome.sessions)
    stages.score_batch(study, names)
    stages.select(study, names, read_manifest(stages.model_reference(study)).id)
    stages.draw(study, names)
    marks = scripted_marks()
    tasks = sorted(current_assignments(read_assignments(study.assignments)).values(), key=lambda a: a.queue_key)
    append_coded_segments(study.codings, [scripted_answer(task, marks, n) for n, task in enumerate(tasks)])
    return folder


@pytest.fixture
def scripted() -> Callable[[Assignment], CodedSegment]:
    """What the scripted coder of a task says to it."""
    marks = scripted_marks()
    return lambda task: scripted_answer(task, marks)


@pytest.fixture
def coded_study(coded_sample: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(coded_sample, tmp_path / "study"))


@pytest.fixture
def served_coded_study(coded_study: Path, label_studio: Server, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, under a name of its own, that talks to the suite's Label Studio."""
    config = yaml.safe_load((coded_study / "study.yaml").read_text(encoding="utf-8"))
    config["study"] = f"c{abs(hash(str(coded_study))) % 10**8}"
    config["label_studio"] = {"url": label_studio.url}
    (coded_study / "study.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    monkeypatch.setenv("RUPTURE_LABEL_STUDIO_TOKEN", label_studio.token)
    return coded_study
