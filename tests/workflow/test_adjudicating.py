"""Adjudication against a real Label Studio: disagreements out, outcomes in, nothing lost and nothing twice."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from typer.testing import CliRunner

from rupture_markers.cli import app
from rupture_markers.coding.adjudication_page import DECISION, NO_MARKER, REASON
from rupture_markers.coding.codings_log import append_coded_segments, current_answers, read_coded_segments
from rupture_markers.coding.gold import current_adjudications, read_adjudications
from rupture_markers.errors import LabelStudioFault
from rupture_markers.workflow.adjudicating import AdjudicationSummary, adjudicate
from rupture_markers.workflow.queue import client_of
from rupture_markers.workflow.study import Study, open_study

pytestmark = pytest.mark.label_studio


def project_of(study: Study) -> int:
    return int(json.loads((study.work / "adjudication.json").read_text())["projects"][0]["number"])


def tasks_of(study: Study) -> dict[str, dict[str, Any]]:
    """Tasks of the adjudication project, by our id: number and data."""
    with client_of(study) as client:
        found = client.tasks(project_of(study))
    assert len({t.task_id for t in found}) == len(found), "a task is there twice"
    return {t.task_id: {"number": t.number, "data": t.data} for t in found}


def of_client(tasks: dict[str, dict[str, Any]]) -> list[str]:
    return sorted(name for name, task in tasks.items() if task["data"]["decide"].startswith("Client"))


def decide(study: Study, server: Any, number: int, codes: list[str], reason: str) -> int:
    """Answer a task as the page does."""
    result = [
        {"from_name": name, "to_name": "dialogue", "type": "choices", "value": {"choices": given}}
        for name, given in ((DECISION, codes), (REASON, [reason]))
    ]
    access = httpx.post(f"{server.url}/api/token/refresh", json={"refresh": server.token}).json()["access"]
    made = httpx.post(
        f"{server.url}/api/tasks/{number}/annotations/", json={"result": result},
        headers={"Authorization": f"Bearer {access}"},
    )  # fmt: skip
    assert made.status_code == 201, made.text
    return int(made.json()["id"])


def run(folder: Path) -> AdjudicationSummary:
    return adjudicate(open_study(folder))


def test_disagreements_become_tasks_once_and_outcomes_become_adjudications(
    served_coded_study: Path, label_studio: Any
) -> None:
    study = open_study(served_coded_study)
    first = run(served_coded_study)
    tasks = tasks_of(study)
    assert first.created == first.disagreements == len(tasks) > 3
    again = run(served_coded_study)
    assert (again.created, again.deleted, again.collected) == (0, 0, 0)
    assert tasks_of(study) == tasks

    names = of_client(tasks)
    decide(study, label_studio, tasks[names[0]]["number"], ["W2", "C3"], "guideline gap")
    decide(study, label_studio, tasks[names[1]]["number"], [NO_MARKER], "oversight")
    decide(study, label_studio, tasks[names[2]]["number"], [NO_MARKER, "W2"], "oversight")
    decide(study, label_studio, tasks[names[3]]["number"], ["R1"], "oversight")
    third = run(served_coded_study)
    assert (third.collected, third.decided, third.created, third.deleted) == (2, 2, 0, 0)
    assert dict(third.unread) == {
        names[2]: "neither one to three codes nor 'no marker' alone was given",
        names[3]: "code R1 is not coded in such a speaker's turn",
    }
    records = current_adjudications(read_adjudications(study.adjudications))
    assert {(r.codes, r.reason) for r in records} == {(("W2", "C3"), "guideline gap"), ((), "oversight")}
    assert run(served_coded_study).collected == 0
    assert len(read_adjudications(study.adjudications)) == 2


def test_the_page_names_no_coder_and_the_order_of_coders_varies(served_coded_study: Path) -> None:
    run(served_coded_study)
    study = open_study(served_coded_study)
    tasks = tasks_of(study)
    shown = json.dumps([task["data"] for task in tasks.values()]).lower()
    assert '"ana"' not in shown
    assert '"ben"' not in shown
    assert all({o["who"] for o in t["data"]["opinions"]} == {"Coder A", "Coder B"} for t in tasks.values())
    log = {line["task_id"]: line for line in map(json.loads, study.adjudication_tasks.read_text().splitlines())}
    marked = {(a.coder, c.session_id, c.turn) for a in current_answers(read_coded_segments(study.codings))
              for c in a.codings}  # fmt: skip
    first_is_ana = set()
    for name, task in tasks.items():
        said = {o["who"]: o["said"] for o in task["data"]["opinions"]}
        ana_marked = ("ana", log[name]["session_id"], log[name]["turn"]) in marked
        ben_marked = ("ben", log[name]["session_id"], log[name]["turn"]) in marked
        if ana_marked != ben_marked:
            first_is_ana.add((said["Coder A"] != "no marker") == ana_marked)
    assert first_is_ana == {True, False}


def test_an_edit_that_ends_the_disagreement_takes_its_task_back_unless_begun(
    served_coded_study: Path, label_studio: Any
) -> None:
    study = open_study(served_coded_study)
    run(served_coded_study)
    tasks = tasks_of(study)
    log = {line["task_id"]: line for line in map(json.loads, study.adjudication_tasks.read_text().splitlines())}
    begun, ended = of_client(tasks)[:2]
    decide(study, label_studio, tasks[begun]["number"], ["C1"], "edge case")
    answers = current_answers(read_coded_segments(study.codings))
    for name in (begun, ended):
        where = (log[name]["session_id"], log[name]["turn"])
        both = [a for a in answers if a.session_id == where[0] and a.first_turn <= where[1] <= a.last_turn
                and a.arm == "blind"]  # fmt: skip
        agreed = [c for c in both[0].codings if c.turn == where[1]]
        edited = [
            replace(
                a, coded_at="2026-02-01T00:00:00Z",
                codings=tuple(c for c in a.codings if c.turn != where[1])
                + tuple(replace(c, coder=a.coder) for c in agreed),
            )
            for a in both
        ]  # fmt: skip
        append_coded_segments(study.codings, edited)
        answers = current_answers(read_coded_segments(study.codings))
    after = run(served_coded_study)
    left = tasks_of(study)
    assert ended not in left
    assert begun in left
    assert after.collected == 1
    assert after.deleted == 1


class _Dropper(BaseHTTPRequestHandler):
    """Passes requests on, and breaks the connection after the server took one, at the number asked for."""

    target = ""
    left = 0

    def _pass(self) -> None:
        if type(self).left <= 0:
            self.close_connection = True
            self.connection.close()
            return
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        keep = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "content-length", "connection")}
        answer = httpx.request(self.command, self.target + self.path, content=body, headers=keep, timeout=60)
        type(self).left -= 1
        if type(self).left <= 0:
            self.close_connection = True
            self.connection.close()
            return
        self.send_response(answer.status_code)
        self.send_header("Content-Length", str(len(answer.content)))
        self.send_header("Content-Type", answer.headers.get("content-type", "application/json"))
        self.end_headers()
        self.wfile.write(answer.content)

    do_GET = do_POST = do_PATCH = do_DELETE = _pass  # noqa: N815

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def dropper(label_studio: Any) -> Iterator[tuple[str, type[_Dropper]]]:
    handler = type("Handler", (_Dropper,), {"target": label_studio.url})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", handler
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("stops_after", [3, 6])
def test_where_label_studio_stops_in_the_middle_the_next_run_finishes(
    served_coded_study: Path, label_studio: Any, dropper: tuple[str, type[_Dropper]], stops_after: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    url, handler = dropper
    path = served_coded_study / "study.yaml"
    config = yaml.safe_load(path.read_text())
    direct = config["label_studio"]["url"]
    monkeypatch.setattr("rupture_markers.coding.push._LONGEST_WAIT_S", 0.05)
    monkeypatch.setattr("rupture_markers.coding.label_studio._LONGEST_WAIT_S", 0.05)
    handler.left = stops_after
    path.write_text(yaml.safe_dump(config | {"label_studio": {"url": url}}))
    with pytest.raises(LabelStudioFault):
        run(served_coded_study)
    path.write_text(yaml.safe_dump(config | {"label_studio": {"url": direct}}))
    done = run(served_coded_study)
    study = open_study(served_coded_study)
    tasks = tasks_of(study)
    assert len(tasks) == done.disagreements
    decide(study, label_studio, tasks[of_client(tasks)[0]]["number"], ["W2"], "edge case")
    assert run(served_coded_study).collected == 1


def test_reasons_are_counted_by_code(served_coded_study: Path, label_studio: Any) -> None:
    run(served_coded_study)
    study = open_study(served_coded_study)
    tasks = tasks_of(study)
    decide(study, label_studio, tasks[of_client(tasks)[0]]["number"], ["W2"], "guideline gap")
    done = CliRunner().invoke(app, ["adjudicate", str(served_coded_study), "--collect", "--json"])
    assert json.loads(done.stdout)["collected"] == 1
    counted = json.loads(CliRunner().invoke(app, ["adjudicate", str(served_coded_study), "--reasons", "--json"]).stdout)
    assert counted["W2"] == {"guideline gap": 1}
