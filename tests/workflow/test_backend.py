"""The ML-backend server: what it answers, what it refuses, and that Label Studio itself can use it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient
from typer.testing import CliRunner

from rupture_markers.cli import app
from rupture_markers.coding.assignment import current_assignments, read_assignments
from rupture_markers.coding.ledger import Ledger
from rupture_markers.errors import ConfigError
from rupture_markers.workflow import server
from rupture_markers.workflow.asked import WISHES, ask, is_asked
from rupture_markers.workflow.backend_predictions import TaskPredictions
from rupture_markers.workflow.queue import client_of
from rupture_markers.workflow.study import Study, open_study

SECRET = SecretStr("a-long-enough-secret")
AUTH = (server.USER, SECRET.get_secret_value())
ASSISTED, BLIND, STRANGE = 7, 8, 9
CANARY = "zyxwvutcanary"


@pytest.fixture(scope="module")
def tasks_of_study(tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, dict[str, list[dict[str, Any]]]]:
    """The sample study with its tasks in files, as if they stood in two projects of ana's."""
    import shutil

    root = Path(__file__).resolve().parents[2]
    folder = tmp_path_factory.mktemp("backend")
    shutil.copytree(root / "configs" / "sample-study", folder / "study")
    done = CliRunner().invoke(app, ["run", str(folder / "study"), "--to-file", str(folder / "tasks")])
    assert done.exit_code == 0, done.output
    study = open_study(folder / "study")
    ledger = Ledger.open(study.projects, "http://127.0.0.1:1")
    ledger.keep("ana", "assisted", "a", ASSISTED, {}, ())
    ledger.keep("ana", "blind", "b", BLIND, {}, ())
    return study, {
        arm: json.loads((folder / "tasks" / f"ana-{arm}.json").read_text(encoding="utf-8"))
        for arm in ("assisted", "blind")
    }


@pytest.fixture
def client(tasks_of_study: tuple[Study, Any]) -> TestClient:
    study, _ = tasks_of_study
    return TestClient(server.make_app(TaskPredictions(study), SECRET, partial(ask, study)))


def request(project: int, tasks: list[dict[str, Any]]) -> dict[str, Any]:
    rows = [{"id": n, "data": task["data"], "project": project} for n, task in enumerate(tasks)]
    return {"project": f"{project}.1700000000", "tasks": rows, "label_config": "<View/>", "params": {"login": None}}


def test_a_prediction_is_the_one_that_a_push_writes(client: TestClient, tasks_of_study: tuple[Study, Any]) -> None:
    _, files = tasks_of_study
    answer = client.post("/predict", json=request(ASSISTED, files["assisted"]), auth=AUTH)
    assert answer.status_code == 200
    assert answer.json()["results"] == [task.get("predictions", []) for task in files["assisted"]]
    assert sum(map(len, answer.json()["results"])) > 0


@pytest.mark.parametrize("project", [BLIND, STRANGE])
def test_a_blind_project_and_one_that_is_not_ours_get_no_prediction(
    client: TestClient, tasks_of_study: tuple[Study, Any], project: int
) -> None:
    _, files = tasks_of_study
    for tasks in files.values():
        answer = client.post("/predict", json=request(project, tasks), auth=AUTH)
        assert answer.json()["results"] == [[] for _ in tasks]


def test_a_blind_task_gets_no_prediction_even_if_it_is_said_to_be_assisted(
    client: TestClient, tasks_of_study: tuple[Study, Any]
) -> None:
    _, files = tasks_of_study
    answer = client.post("/predict", json=request(ASSISTED, files["blind"]), auth=AUTH)
    assert answer.json()["results"] == [[] for _ in files["blind"]]


def test_withheld_suggestions_stay_withheld(client: TestClient, tasks_of_study: tuple[Study, Any]) -> None:
    study, files = tasks_of_study
    kept_back = {
        a.task_id
        for a in current_assignments(read_assignments(study.assignments)).values()
        if a.arm == "assisted" and a.flagged and not a.shown
    }
    tasks = [task for task in files["assisted"] if task["data"]["task_id"] in kept_back]
    assert tasks
    answer = client.post("/predict", json=request(ASSISTED, tasks), auth=AUTH)
    assert answer.json()["results"] == [[] for _ in tasks]


def test_a_task_added_by_hand_to_an_assisted_project_is_scored_from_its_dialogue(client: TestClient) -> None:
    said = [
        {"speaker": "Therapist", "text": "How was the week?"},
        {"speaker": "Client", "text": "You never listen to me. This is useless, you don't understand anything."},
        {"speaker": "Therapist", "text": "I am sorry. It sounds as if I let you down."},
        {"speaker": "Client", "text": "Whatever. Fine. If you say so."},
    ]
    task = {"data": {"task_id": "by-hand-0001", "dialogue": said}}
    answer = client.post("/predict", json=request(ASSISTED, [task]), auth=AUTH)
    (found,) = answer.json()["results"]
    assert {region["value"]["start"] for region in found[0]["result"]} <= {"0", "1", "2", "3"}
    assert found[0]["result"]


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"content": b"{", "headers": {"content-type": "application/json"}}, 400),
        ({"content": b"[" * 100_000, "headers": {"content-type": "application/json"}}, 400),
        ({"content": b"\xff\xfe", "headers": {"content-type": "application/json"}}, 400),
        ({"json": {"tasks": []}}, 400),
        ({"json": {"tasks": [{"id": "x"}], "project": "7.1"}}, 400),
        ({"json": {"tasks": [], "project": "../7"}}, 400),
        ({"json": {"tasks": [{"id": 1, "data": {}}] * (server.MOST_TASKS + 1), "project": "7.1"}}, 400),
        ({"content": b"hello", "headers": {"content-type": "text/plain"}}, 415),
        ({"content": b"{}", "headers": {"content-type": "application/json", "content-length": "99999999"}}, 413),
    ],
)
def test_a_wrong_request_is_refused_with_a_bare_status(client: TestClient, given: dict[str, Any], status: int) -> None:
    answer = client.post("/predict", auth=AUTH, **given)
    assert answer.status_code == status


def test_an_endless_body_is_cut_off(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "MOST_BYTES", 1000)

    def chunks() -> Iterator[bytes]:
        for _ in range(100):
            yield b" " * 100

    headers = {"content-type": "application/json"}
    assert client.post("/predict", auth=AUTH, content=chunks(), headers=headers).status_code == 413


@pytest.mark.parametrize("path", ["/health", "/setup", "/predict", "/webhook"])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Basic"},
        {"authorization": "Basic ????"},
        {"authorization": "Bearer a-long-enough-secret"},
        {"authorization": httpx.BasicAuth(server.USER, "wrong")._auth_header},
        {"authorization": httpx.BasicAuth("admin", SECRET.get_secret_value())._auth_header},
    ],
)
def test_nobody_gets_in_without_user_and_secret(client: TestClient, path: str, headers: dict[str, str]) -> None:
    answer = client.request("GET" if path == "/health" else "POST", path, headers=headers)
    assert answer.status_code == 401


def test_other_paths_and_methods_are_refused(client: TestClient) -> None:
    assert client.get("/predict", auth=AUTH).status_code == 405
    assert client.post("/train", auth=AUTH, json={}).status_code == 404


def test_no_word_of_a_request_reaches_log_or_answer(
    client: TestClient, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    good = {"task_id": "by-hand-0002", "dialogue": [{"speaker": "Client", "text": CANARY}]}
    bodies: list[Any] = [
        request(ASSISTED, [{"data": good}]),
        {"project": CANARY, "tasks": []},
        {"project": "7.1", "tasks": [{"id": CANARY, "data": {}}]},
    ]
    answers = [client.post("/predict", json=body, auth=AUTH) for body in bodies]
    answers.append(client.post("/webhook", json={"action": CANARY}, auth=AUTH))
    out = capfd.readouterr()
    for text in (caplog.text, out.out, out.err):
        assert CANARY not in text
    assert all(CANARY not in answer.text for answer in answers[1:])


@pytest.mark.parametrize(
    ("action", "wishes"),
    [("ANNOTATION_CREATED", {"collect"}), ("START_TRAINING", {"collect", "retrain"}), ("PROJECT_UPDATED", set())],
)
def test_a_webhook_only_puts_wishes_down(sample_study: Path, action: str, wishes: set[str]) -> None:
    study = open_study(sample_study)
    client = TestClient(server.make_app(TaskPredictions(study), SECRET, partial(ask, study)))
    answer = client.post("/webhook", json={"action": action, "annotation": {"result": []}}, auth=AUTH)
    assert answer.status_code == (202 if wishes else 200)
    assert {wish for wish in WISHES if is_asked(study, wish)} == wishes


def test_the_secret_is_made_once_and_refused_where_others_can_read_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(server.SECRET_VARIABLE, raising=False)
    path = tmp_path / "secret"
    first = server.read_secret(path)
    assert server.read_secret(path) == first
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="others"):
        server.read_secret(path)
    monkeypatch.setenv(server.SECRET_VARIABLE, "short")
    with pytest.raises(ConfigError, match="16"):
        server.read_secret(path)


def test_a_port_that_is_taken_is_told_in_words() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ConfigError, match="could not listen"):
            server.serve_backend(Starlette(), "127.0.0.1", taken.getsockname()[1])


@pytest.mark.parametrize(
    ("host", "own"), [("127.0.0.1", True), ("127.8.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False)]
)
def test_addresses_beyond_this_machine_are_told_apart(host: str, own: bool) -> None:
    assert server.is_loopback(host) == own


def test_an_address_beyond_this_machine_is_refused_unless_a_proxy_is_said_to_stand_before_it(
    sample_study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[str] = []
    monkeypatch.setattr(server, "serve_backend", lambda _, host, __: served.append(host))
    done = CliRunner().invoke(app, ["backend", str(sample_study), "--host", "0.0.0.0"])
    assert isinstance(done.exception, ConfigError)
    assert "--behind-proxy" in str(done.exception)
    assert served == []
    for words in (["--host", "0.0.0.0", "--behind-proxy"], []):
        assert CliRunner().invoke(app, ["backend", str(sample_study), *words]).exit_code == 0
    assert served == ["0.0.0.0", "127.0.0.1"]


def test_half_sent_requests_are_closed_soon_and_a_slow_answer_is_not() -> None:
    async def slow(_: Request) -> Response:
        await asyncio.sleep(2.5)
        return Response("done")

    with contextlib.ExitStack() as stack:
        url = stack.enter_context(running_app(Starlette(routes=[Route("/slow", slow)]), header_seconds=1.0))
        address = ("127.0.0.1", int(url.rpartition(":")[2]))
        half = [stack.enter_context(socket.create_connection(address, timeout=15)) for _ in range(70)]
        for each in half:
            each.sendall(b"POST /predict HTTP/1.1\r\nHost: here\r\nX-More: ")
        begun = time.monotonic()
        while time.monotonic() - begun < 1.5:  # one goes on and on, and gets no longer
            with contextlib.suppress(OSError):
                half[0].sendall(b"x")
            time.sleep(0.1)
        assert all(is_closed(each) for each in half)
        assert httpx.get(f"{url}/slow", timeout=15, trust_env=False).text == "done"
        kept = stack.enter_context(socket.create_connection(address, timeout=15))
        kept.sendall(b"GET /none HTTP/1.1\r\nHost: here\r\n\r\n")
        assert b"404" in kept.recv(1000)
        kept.sendall(b"GET /none HTTP/1.1\r\n")  # half of a second request
        assert is_closed(kept)


def is_closed(connection: socket.socket) -> bool:
    try:
        while connection.recv(1000):
            pass
    except ConnectionError:
        pass
    except TimeoutError:
        return False
    return True


@contextmanager
def running(study: Study) -> Iterator[str]:
    """The server in a thread, at its address."""
    with running_app(server.make_app(TaskPredictions(study), SECRET, partial(ask, study))) as url:
        yield url


@contextmanager
def running_app(ours_to_serve: Starlette, **more: float) -> Iterator[str]:
    """An app on our server in a thread, at its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    ours = uvicorn.Server(server.backend_config(ours_to_serve, "127.0.0.1", port, **more))
    thread = threading.Thread(target=ours.run)
    thread.start()
    try:
        deadline = time.monotonic() + 20
        while not ours.started and time.monotonic() < deadline:
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        ours.should_exit = True
        thread.join(20)


@pytest.mark.label_studio
def test_label_studio_connects_retrieves_predictions_and_its_webhook_arrives(
    served_study: Path, label_studio: Any
) -> None:
    done = CliRunner().invoke(app, ["run", str(served_study), "--json"])
    assert done.exit_code == 0, done.output
    study = open_study(served_study)
    client = client_of(study)
    projects = {(p["coder"], p["arm"]): p for p in json.loads(study.projects.read_text())["projects"]}
    assisted, blind = projects["ana", "assisted"]["number"], projects["ana", "blind"]["number"]
    before = {p.task: p for p in client.predictions(assisted)}
    assert before
    client.delete_predictions([p.number for p in before.values()])
    api = client._api._client_wrapper.httpx_client
    with running(study) as url:
        for project in (assisted, blind):
            body = {
                "project": project, "url": url, "title": "rupture", "auth_method": "BASIC_AUTH",
                "basic_auth_user": server.USER, "basic_auth_pass": SECRET.get_secret_value(),
            }  # fmt: skip
            made = api.request("api/ml", method="POST", json=body)
            assert made.status_code == 201, made.text
            assert made.json()["state"] == "CO"
            wrong = api.request("api/ml", method="POST", json=body | {"basic_auth_pass": "not the right one"})
            assert wrong.status_code == 400
            asked = api.request(
                f"api/dm/actions?id=retrieve_tasks_predictions&project={project}",
                method="POST",
                json={"selectedItems": {"all": True, "excluded": []}, "ordering": []},
            )
            assert asked.status_code == 200, asked.text
        after = {p.task: p for p in client.predictions(assisted)}
        assert {n: (p.model_version, p.result) for n, p in after.items()} == {
            n: (p.model_version, p.result) for n, p in before.items()
        }
        assert client.predictions(blind) == []
        hook = {
            "url": f"{url}/webhook", "project": assisted, "send_payload": True, "send_for_all_actions": True,
            "headers": {"Authorization": httpx.BasicAuth(*AUTH)._auth_header},
        }  # fmt: skip
        assert api.request("api/webhooks", method="POST", json=hook).status_code == 201
        client._api.annotations.create(id=next(iter(before)), result=[], was_cancelled=False)
        deadline = time.monotonic() + 10
        while not is_asked(study, "collect") and time.monotonic() < deadline:
            time.sleep(0.1)
        assert is_asked(study, "collect")
