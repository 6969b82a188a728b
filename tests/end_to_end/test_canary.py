"""Nothing private gets out: unique strings are planted, everything is run and made to fail, and every place is searched.

Planted: in turns, in speaker labels, in a coder's memo, in group columns, and as tokens. Searched: Prefect's
database and result storage, logs and artifacts in PREFECT_HOME; the home folder; temporary files; standard output and
error of every command, crashes included; the study's machine-made files but for the transcripts themselves and the
task files that a person asked for; reports; models, unpacked; and the command lines of all that was started meanwhile.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.coding.page_results import answer, region
from tests.end_to_end.canary_places import FILE_TOKEN, GROUP, MEMO, NAME, TOKEN, TURN, Places, plant
from tests.end_to_end.test_collecting import Desk

from rupture_markers.coding.assignment import Assignment, current_assignments, read_assignments
from rupture_markers.coding.codings_log import append_coded_segments, read_coded_segments
from rupture_markers.errors import Crash
from rupture_markers.markers.coded_segment import CodedSegment
from rupture_markers.workflow.study import open_study

pytestmark = [pytest.mark.timeout(1200), pytest.mark.label_studio]

CRASH = (
    "import rupture_markers.workflow.{module} as module\n"
    "def crash(*arguments, **named):\n"
    f"    raise RuntimeError('{TURN} {NAME} ' + repr(arguments))\n"
    "module.{name} = crash\n"
)

HASTY = (
    "import rupture_markers.coding.label_studio as client\n"
    "import rupture_markers.workflow.flows as flows\n"
    "client._LONGEST_WAIT_S = 0.05\n"
    "flows.push_project = flows.push_project.with_options(retries=0)\n"
)
"""A server that is down is waited for a minute otherwise."""

BEFORE_CODING: tuple[tuple[str, ...], ...] = (
    ("check", "{study}"),
    ("check", "{study}", "--json"),
    ("score", "{study}/transcripts/invented-000.txt", "--study", "{study}", "--out", "{out}/scores.csv"),
    ("run", "{study}", "--dry-run"),
    ("run", "{study}", "--to-file", "{out}/tasks", "--json"),
    ("cues", "table", "--transcripts", "{out}/canary.jsonl", "--codings", "{out}/codings.jsonl"),
    ("deidentify", "{study}"),
    ("run", "{study}"),
)
"""What is run on a sound study; one entry a command."""

AFTER_CODING: tuple[tuple[str, ...], ...] = (
    ("collect", "{study}"),
    ("doctor", "{study}"),
    ("doctor", "{study}", "--json"),
    ("label-studio", "status", "{study}"),
    ("agreement", "{study}"),
    ("adjudicate", "{study}", "--reasons"),
    ("anchoring", "{study}"),
    ("recall", "{study}"),
    ("train-coders", "{study}"),
    ("codebook", "stale", "{study}"),
    ("export", "gold", "{study}", "--out", "{out}/gold.csv"),
    ("export", "codings", "{study}", "--out", "{out}/exported-codings.csv"),
    ("export", "scores", "{study}", "--out", "{out}/exported-scores.csv"),
    ("export", "sessions", "{study}", "--out", "{out}/exported-sessions.csv"),
    ("export", "agreement", "{study}", "--out", "{out}/agreement.csv"),
    ("evaluate", "{study}", "--folds", "2", "--replicates", "100", "--out", "{out}/evaluation"),
    ("retrain", "{study}", "--to-file", "{out}/tasks"),
    ("models", "list", "--study", "{study}"),
    ("backup", "{study}"),
)
"""What is run on a study that people have coded."""

AFTER_TRAINING: tuple[tuple[str, ...], ...] = (
    ("models", "show", "{model}", "--study", "{study}"),
    ("models", "export", "{study}", "{model}", "--out", "{out}/model.zip"),
    ("models", "promote", "{study}", "{model}", "--reason", "a test"),
    ("models", "rollback", "{study}", "--reason", "a test"),
    ("import-codings", "{study}", "{out}/elsewhere.csv"),
    ("forget", "{study}", "invented-dyad-A", "--yes"),
)
"""What is done with a model of the study's own, and the erasure of a case at the end."""

MAY_SAY_NO = ("doctor", "label-studio", "train-coders", "anchoring", "recall", "codebook", "adjudicate", "deidentify")
"""Commands of the lists that may refuse or find fault: the study is small, and its server is not the local one."""

BAD_FILES: dict[str, str] = {
    "bad-label.txt": f"Q{NAME}: {TURN}\nR: no\n",
    "bad-one.txt": f"T: {TURN}\nT: {TURN}\n",
    "bad.csv": f"{NAME},{TURN}\na,b\n",
    "bad-quote.csv": f'speaker,text\nT,"{TURN}\n',
    "bad-row.csv": f"start,speaker,text\n{TURN}\n",
    "bad.tsv": f"speaker\t{TURN}\n",
    "bad.vtt": f"{TURN}\n00:00 {NAME}\n",
    "bad-time.vtt": f"WEBVTT\n\n{TURN} --> 00:00\n{NAME}: hello\n",
    "bad.srt": f"1\n00:00:00,000 --> {TURN}\n{NAME}: hello\n",
    "bad.json": f'{{"segments": [{{"{TURN}": 1, "text": ["{NAME}"]}}]}}',
    "bad-half.json": f'{{"segments": [{{"text": "{TURN}',
    "bad.jsonl": json.dumps({"session_id": "x", "turns": [{"turn": 0, "speaker": "client", "text": "a", TURN: NAME}]}),
    "bad-speaker.jsonl": json.dumps({"session_id": "x", "turns": [{"turn": 0, "speaker": NAME, "text": TURN}]}),
    "bad-group.jsonl": json.dumps({"session_id": "x", "groups": {GROUP: 3}, "turns": []}),
    "bad.cha": f"@UTF8\n@Begin\n*{NAME[:8]}:\t<<<{TURN} [: .\n@End\n",
    "bad.eaf": f"<ANNOTATION_DOCUMENT><TIER>{TURN}",
    "bad-entity.eaf": f'<!DOCTYPE x [<!ENTITY a "{TURN}">]><ANNOTATION_DOCUMENT>&a;</ANNOTATION_DOCUMENT>',
    "bad.docx": f"PK\x03\x04{TURN}",
    "bad-bytes.txt": f"T: {TURN}\x00\x81{NAME}",
}


class Echo(BaseHTTPRequestHandler):
    """A server that sends back what it was sent, with an error, as some do."""

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        said = body + str(self.headers).encode() + TURN.encode()
        self.send_response(400 if "token" not in self.path else 500)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815 - the names that the server asks for

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def echo() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Places]:
    places = Places(tmp_path_factory.mktemp("canary"))
    until = threading.Event()
    watcher = threading.Thread(target=places.watch, args=(until,))
    watcher.start()
    try:
        places.start()
        yield places
    finally:
        until.set()
        watcher.join()
        places.stop()


@pytest.fixture
def places(machine: Places) -> Places:
    plant(machine)
    return machine


def require_nothing(places: Places) -> None:
    assert places.found() == []


def run_all(places: Places, commands: tuple[tuple[str, ...], ...], token: str = TOKEN) -> None:
    for command in commands:
        done = places.run(*command, token=token)
        assert done.returncode != Crash.exit_code, (command, done.stderr)
        assert done.returncode == 0 or command[0] in MAY_SAY_NO, (command, done.stderr)


def test_commands_that_go_well_leave_no_word_anywhere(
    places: Places, label_studio: Any, scripted: Callable[[Assignment], CodedSegment], monkeypatch: pytest.MonkeyPatch
) -> None:
    places.secrets[:] = [label_studio.token, label_studio.password]
    config = yaml.safe_load((places.study / "study.yaml").read_text(encoding="utf-8"))
    places.configure(
        study=f"canary{time.time_ns() % 10**8}", label_studio={"url": label_studio.url},
        coding=config["coding"] | {"double_coded": 1.0, "blind": 0.8}, selection=config["selection"] | {"control": 0.5},
    )  # fmt: skip
    run_all(places, BEFORE_CODING, label_studio.token)
    study = open_study(places.study)
    tasks = sorted(current_assignments(read_assignments(study.assignments)).values(), key=lambda a: a.queue_key)
    with_words = next(task for task in tasks if task.session_id == "invented-000")
    with label_studio.client() as client:
        desk = Desk(study, client)
        words = desk.dialogue(with_words)
        assert any(TURN in text for text in words)
        desk.annotate(with_words, answer("markers_coded", region(words, 1, "W2", memo=MEMO)))
    append_coded_segments(study.codings, [scripted(task) for task in tasks if task != with_words])
    run_all(places, AFTER_CODING, label_studio.token)
    assert any(MEMO in coding.memo for record in read_coded_segments(study.codings) for coding in record.codings)
    model = next(study.models.glob("*/model.skops")).parent.name
    last = tuple(tuple(word.replace("{model}", model) for word in command) for command in AFTER_TRAINING)
    run_all(places, last, label_studio.token)
    assert places.run_alone("check", "{study}") == 0
    database = next(places.folder("prefect").rglob("*.db"))
    with sqlite3.connect(database) as opened:
        names = {row[0] for row in opened.execute("select name from flow")}
        assert names >= {"annotate", "collect", "retrain"}
    assert TURN in (places.folder("out") / "tasks" / "ana-blind.json").read_text(encoding="utf-8")
    assert any(str(places.study).encode() in line for line in places.seen), "the watcher saw nothing"
    require_nothing(places)


def test_files_that_cannot_be_read_are_refused_without_their_words(places: Places) -> None:
    for name, content in BAD_FILES.items():
        (places.study / "transcripts" / name).write_bytes(content.encode("latin-1"))
    done = places.run("check", "{study}")
    refused = [line for line in done.stderr.decode().replace("\n", " ").split("transcripts/") if line.startswith("bad")]
    assert done.returncode == 2
    assert {line.split(":")[0].split(",")[0] for line in refused} == set(BAD_FILES)
    places.run("check", "{study}", "--json")
    assert places.run("run", "{study}", "--to-file", "{out}/tasks").returncode == 2
    bad = [f"{{study}}/transcripts/{name}" for name in BAD_FILES]
    assert places.run("score", *bad, "--study", "{study}", "--out", "{out}/s.csv").returncode != 0
    require_nothing(places)


def test_a_server_that_refuses_echoes_or_is_not_there_shows_no_token_and_no_word(places: Places, echo: str) -> None:
    for url in (echo, "http://127.0.0.1:9", f"http://user:{TOKEN}@example.invalid"):
        places.configure(label_studio={"url": url})
        assert places.run("run", "{study}", "--json", before=HASTY).returncode != 0
    places.configure(label_studio={"url": echo, "token_file": "token"})
    assert places.run("run", "{study}", token="", before=HASTY).returncode != 0
    places.run("doctor", "{study}", token="")
    (places.study / "token").chmod(0o644)
    assert places.run("run", "{study}", token="", before=HASTY).returncode != 0
    require_nothing(places)


@pytest.mark.parametrize(
    ("module", "name", "command"),
    [
        ("reading", "_sessions", ("check", "{study}")),
        ("reading", "_sessions", ("run", "{study}", "--to-file", "{out}/tasks")),
        ("stages", "suggestions", ("run", "{study}", "--to-file", "{out}/tasks")),
        ("stages", "draw", ("run", "{study}", "--to-file", "{out}/tasks")),
    ],
)
def test_a_crash_tells_its_place_and_no_word(places: Places, module: str, name: str, command: tuple[str, ...]) -> None:
    done = places.run(*command, before=CRASH.format(module=module, name=name))
    assert done.returncode == 70, done.stderr
    assert "RuntimeError at" in " ".join(done.stderr.decode().split())
    require_nothing(places)


def test_the_search_finds_what_is_there(tmp_path: Path) -> None:
    places = Places(tmp_path)
    plant(places)
    (places.folder("prefect") / "prefect.db").write_bytes(b"\x00" + TURN.encode() + b"\x00")
    (places.folder("tmp") / "left").write_text(MEMO, encoding="utf-8")
    with zipfile.ZipFile(places.folder("out") / "model.skops", "w", zipfile.ZIP_DEFLATED) as model:
        model.writestr("words", "a word " * 99 + GROUP)
    sleeping = [sys.executable, "-c", "import time; time.sleep(60)", FILE_TOKEN]
    process = subprocess.Popen(sleeping, env=places.environment)
    try:
        until = threading.Event()
        watcher = threading.Thread(target=places.watch, args=(until,))
        watcher.start()
        deadline = time.monotonic() + 30
        while not any(FILE_TOKEN.encode() in line for line in places.seen) and time.monotonic() < deadline:
            time.sleep(0.05)
        until.set()
        watcher.join()
    finally:
        process.kill()
        process.wait()
    assert {line.split(": ")[0] for line in places.found()} == {
        "prefect/prefect.db", "tmp/left", "out/model.skops", "command line",
    }  # fmt: skip
