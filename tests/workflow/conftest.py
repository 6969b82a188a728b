"""A study whose tasks are all coded, from the sample study's own codings (two automated coders)."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rupture_markers.cli import app
from rupture_markers.coding.assignment import current_assignments, read_assignments
from rupture_markers.coding.codings_log import append_coded_segments, current_answers, read_coded_segments
from rupture_markers.learning.dataset import read_codings
from rupture_markers.markers.coded_segment import CodedSegment
from rupture_markers.markers.marker import Coding
from rupture_markers.workflow.study import open_study

ROOT = Path(__file__).resolve().parents[2]
WHO = {"ana": "coder_a", "ben": "coder_b"}


def code_everything(folder: Path) -> int:
    """Write an answer to every assignment that has none; how many."""
    study = open_study(folder)
    codebook = study.codebook()
    guide = {old: code.id for code in reversed(codebook.codes) for old in code.guide_codes}
    said: dict[tuple[str, str], list[Coding]] = defaultdict(list)
    for coding in read_codings(ROOT / "annotations" / "sample-codings.jsonl"):
        said[coding.session_id, coding.coder].append(coding)
    done = {answer.annotation for answer in current_answers(read_coded_segments(study.codings))}
    records = []
    for task in current_assignments(read_assignments(study.assignments)).values():
        name = f"{task.task_id}:{task.coder}"
        if name in done:
            continue
        marks = tuple(
            Coding(
                c.session_id, c.turn, task.coder, tuple(dict.fromkeys(guide.get(x, x) for x in c.codes)), arm=task.arm,
                significance=c.significance, codebook_version=codebook.version,
            )
            for c in said[task.session_id, WHO[task.coder]]
            if c.turn in task.turns
        )  # fmt: skip
        records.append(
            CodedSegment(
                annotation=name, task_id=task.task_id, segment_id=task.segment_id, session_id=task.session_id,
                case_id=task.case_id, first_turn=min(task.turns), last_turn=max(task.turns), coder=task.coder,
                arm=task.arm, shown=task.shown, outcome="markers" if marks else "no_marker", codings=marks,
                codebook_version=codebook.version, content_sha256=task.content_sha256,
            )
        )  # fmt: skip
    study.codings.parent.mkdir(exist_ok=True)
    return append_coded_segments(study.codings, records)


@pytest.fixture(scope="session")
def coded_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample study, its tasks written to files and all of them coded; to be copied, never changed."""
    folder = tmp_path_factory.mktemp("coded")
    shutil.copytree(ROOT / "configs" / "sample-study", folder / "study")
    done = CliRunner().invoke(app, ["run", str(folder / "study"), "--to-file", str(folder / "tasks")])
    assert done.exit_code == 0, done.output
    assert code_everything(folder / "study") > 0
    return folder / "study"


@pytest.fixture
def fully_coded_study(coded_once: Path, tmp_path: Path) -> Path:
    """A copy of the coded sample study."""
    return Path(shutil.copytree(coded_once, tmp_path / "study"))


@pytest.fixture
def code_all() -> Callable[[Path], int]:
    """Writes an answer to every assignment of a study that has none."""
    return code_everything
