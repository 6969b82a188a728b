"""`make demo` and `make demo-round`: from files to codings, agreement, gold, a model and a renewed queue, by two commands."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from rupture_markers.cli import app
from rupture_markers.coding.assignment import current_assignments, read_assignments
from rupture_markers.coding.codings_log import current_answers, read_coded_segments
from rupture_markers.coding.gold import current_adjudications, read_adjudications
from rupture_markers.learning.champion import champion_id, read_history
from rupture_markers.workflow.coded_study import open_coded
from rupture_markers.workflow.queue import client_of, local_server
from rupture_markers.workflow.study import Study, open_study


def task_ids(study: Study) -> set[str]:
    return {a.task_id for a in current_assignments(read_assignments(study.assignments)).values()}


@pytest.mark.label_studio
@pytest.mark.campaign
def test_two_commands_lead_from_files_to_a_renewed_queue(tmp_path: Path) -> None:
    folder = tmp_path / "demo-study"

    def call(*words: str) -> str:
        done = CliRunner().invoke(app, [*words, "--folder", str(folder)])
        assert done.exit_code == 0, done.output
        return done.output

    try:
        call("demo")
        study = open_study(folder)
        tasks = task_ids(study)
        said = call("demo-round")
        answers = current_answers(read_coded_segments(study.codings))
        assert {answer.task_id for answer in answers} == tasks
        assert f"Two scripted coders gave {len(tasks)} answers" in said
        for heading in ("Collected", "Agreement per turn", "Adjudication", "Why coders differed", "Retrain", "Renewal"):
            assert heading in said
        decided = current_adjudications(read_adjudications(study.adjudications))
        assert decided
        assert {a.session_id for a in decided} <= {a.session_id for a in open_coded(study).designed}
        model = champion_id(study.models)
        assert [d.action for d in read_history(study.models)] == ["promote"]
        assert model in said
        fresh = task_ids(study) - tasks
        assert fresh
        again = call("demo-round")
        assert f"Two scripted coders gave {len(fresh)} answers" in again
        with client_of(study) as client:
            assert client.version()
    finally:
        local_server(open_study(folder)).stop()
