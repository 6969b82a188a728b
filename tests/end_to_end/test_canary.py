"""Nothing private gets out: unique strings are planted, everything is run and made to fail, and every place is searched.

Planted: in turns, in speaker labels, in a client's memo, in group columns, and as token and password. Searched: Prefect's
database and result storage, logs and artifacts in PREFECT_HOME; the home folder; temporary files; standard output and
error of every command, crashes included; the study's machine-made files but for the transcripts themselves and the
task files that a person asked for; models; and the command lines of all processes while the commands ran.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import yaml

from rupture_markers.coding.codings_log import append_coded_segments
from rupture_markers.errors import Crash
from rupture_markers.markers.coded_segment import CodedSegment
from rupture_markers.markers.marker import Coding

pytestmark = [pytest.mark.timeout(1200), pytest.mark.campaign]

ROOT = Path(__file__).resolve().parents[2]
TURN, NAME, GROUP, MEMO = "zqturncanary", "Zqnamecanary", "zqgroupcanary", "zqmemocanary"
TOKEN, FILE_TOKEN = "zqtokencanary0123456789", "zqfiletokencanary987654"
CANARIES = (TURN, NAME, NAME.upper(), GROUP, MEMO, TOKEN, FILE_TOKEN)
PROGRAM = "from rupture_markers.cli import main; main()"
CRASH = (
    "import rupture_markers.workflow.{module} as module\n"
    "def crash(*arguments, **named):\n"
    f"    raise RuntimeError('{TURN} {NAME} ' + repr(arguments))\n"
    "module.{name} = crash\n"
    f"{PROGRAM}"
)

COMMANDS: tuple[tuple[str, ...], ...] = (
    ("check", "{study}"),
    ("check", "{study}", "--json"),
    ("score", "{study}/transcripts/invented-000.txt", "--study", "{study}", "--out", "{out}/scores.csv"),
    ("run", "{study}", "--dry-run"),
    ("run", "{study}", "--to-file", "{out}/tasks"),
    ("run", "{study}", "--to-file", "{out}/tasks", "--json"),
    ("label-studio", "status", "{study}"),
    ("cues", "table", "--transcripts", "{out}/canary.jsonl", "--codings", "{out}/codings.jsonl"),
    ("models", "list"),
    ("doctor", "{study}"),
    ("doctor", "{study}", "--json"),
    ("backup", "{study}"),
    ("collect", "{study}"),
    ("export", "gold", "{study}", "--out", "{out}/gold.csv"),
    ("agreement", "{study}"),
    ("deidentify", "{study}"),
    ("export", "scores", "{study}", "--out", "{out}/exported.csv"),
    ("export", "sessions", "{study}", "--out", "{out}/sessions.csv"),
    ("retrain", "{study}", "--to-file", "{out}/tasks"),
)
"""What is run on a study that is sound; one entry a command."""

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


@dataclass
class Places:
    """A machine of its own: study, home, temporary folder, Prefect's home."""

    root: Path
    seen: set[bytes] = field(default_factory=set)

    def folder(self, name: str) -> Path:
        path = self.root / name
        path.mkdir(exist_ok=True)
        return path

    @property
    def study(self) -> Path:
        return self.root / "study"

    def run(self, *arguments: str, program: str = PROGRAM, token: bool = True) -> subprocess.CompletedProcess[bytes]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT", "RUPTURE"))}
        environment = kept | {
            "HOME": str(self.folder("home")), "TMPDIR": str(self.folder("tmp")), "PREFECT_HOME": str(self.folder("prefect")),
            "PREFECT_LOGGING_LEVEL": "DEBUG", "PREFECT_SERVER_LOGGING_LEVEL": "DEBUG", "XDG_CACHE_HOME": str(self.folder("cache")),
        }  # fmt: skip
        if token:
            environment["RUPTURE_LABEL_STUDIO_TOKEN"] = TOKEN
        filled = [a.format(study=self.study, out=self.folder("out")) for a in arguments]
        done = subprocess.run(
            [sys.executable, "-c", program, *filled],
            env=environment,
            cwd=self.folder("cwd"),
            capture_output=True,
            check=False,
        )
        log = self.folder("output") / f"{len(list(self.folder('output').iterdir())):03}.log"
        log.write_bytes(" ".join(arguments).encode() + b"\n" + done.stdout + done.stderr)
        return done

    def configure(self, **values: object) -> None:
        path = self.study / "study.yaml"
        config = yaml.safe_load(path.read_text(encoding="utf-8")) | values
        path.write_text(yaml.safe_dump(config), encoding="utf-8")

    def found(self) -> list[str]:
        """Files in which a canary stands, but for those that hold the transcripts by their nature."""
        own = [self.study / "transcripts", self.study / "work" / "transcripts", self.study / "annotations"]
        own += [
            self.study / "sessions.csv",
            self.study / "token",
            self.folder("out") / "tasks",
            self.folder("out") / "canary.jsonl",
        ]
        own.append(self.study / "backups")
        out = []
        for path in sorted(self.root.rglob("*")):
            if path.is_file() and not any(path == o or o in path.parents for o in own):
                data = path.read_bytes()
                out += [f"{path.relative_to(self.root)}: {c}" for c in CANARIES if c.encode() in data]
        out += [f"command line: {c}" for c in CANARIES if any(c.encode() in line for line in self.seen)]
        return out

    def watch(self, until: threading.Event) -> None:
        """Look at the command lines of all processes."""
        while not until.wait(0.05):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    self.seen.add(path.read_bytes())
                except OSError:
                    continue


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


def planted(root: Path) -> Places:
    """The sample study with canaries in it."""
    places = Places(root)
    shutil.copytree(ROOT / "configs" / "sample-study", places.study)
    for name in ("invented-000.txt", "invented-004.txt"):
        path = places.study / "transcripts" / name
        text = path.read_text(encoding="utf-8").replace("T: ", f"T: {TURN} ").replace("C: ", f"{NAME}: {TURN}. ")
        path.write_text(text, encoding="utf-8")
    speakers = yaml.safe_load((places.study / "study.yaml").read_text(encoding="utf-8"))["speakers"]
    # The lab's own config says whose label the name is: it is the one file of theirs that must hold it.
    places.configure(speakers=speakers | {NAME: "client"})
    rows = (places.study / "sessions.csv").read_text(encoding="utf-8").splitlines()
    rows = [rows[0] + ",site", *(row + f",{GROUP}" for row in rows[1:])]
    (places.study / "sessions.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    turns = [{"turn": n, "speaker": s, "text": f"I see {TURN}"} for n, s in enumerate(("client", "therapist"))]
    line = json.dumps({"session_id": "canary", "case_id": "canary", "turns": turns})
    (places.folder("out") / "canary.jsonl").write_text(line + "\n", encoding="utf-8")
    (places.study / "annotations").mkdir(exist_ok=True)
    coding = Coding("canary", 0, "ana", ("W1",), memo=MEMO)
    table = {"session_id": "canary", "turn": 0, "codes": ["W1"], "coder": "ana"}
    (places.folder("out") / "codings.jsonl").write_text(json.dumps(table) + "\n", encoding="utf-8")
    answer = CodedSegment(
        annotation="import:canary:0:ana", task_id="", segment_id="canary:0-1", session_id="canary", case_id="canary",
        first_turn=0, last_turn=1, coder="ana", arm="blind", shown=False, outcome="markers", codings=(coding,),
    )  # fmt: skip
    append_coded_segments(places.study / "annotations" / "codings.jsonl", [answer])
    token = places.study / "token"
    token.write_text(FILE_TOKEN, encoding="utf-8")
    token.chmod(0o600)
    return places


@pytest.fixture
def places(tmp_path: Path) -> Iterator[Places]:
    places = planted(tmp_path)
    until = threading.Event()
    watcher = threading.Thread(target=places.watch, args=(until,))
    watcher.start()
    yield places
    until.set()
    watcher.join()


def require_nothing(places: Places, allowed: Sequence[str] = ("study/study.yaml",)) -> None:
    assert [line for line in places.found() if not line.startswith(tuple(allowed))] == []


def test_commands_that_go_well_leave_no_word_anywhere(places: Places) -> None:
    for command in COMMANDS:
        done = places.run(*command)
        assert done.returncode not in (1, Crash.exit_code) or command[0] == "doctor" or command[1] == "status", (
            done.stderr
        )
    database = next(places.folder("prefect").rglob("*.db"))
    with sqlite3.connect(database) as opened:
        assert opened.execute("select count(*) from flow_run").fetchone()[0] >= 2
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
        assert places.run("run", "{study}", "--json").returncode != 0
    places.configure(label_studio={"url": echo, "token_file": "token"})
    assert places.run("run", "{study}", token=False).returncode != 0
    places.run("doctor", "{study}", token=False)
    (places.study / "token").chmod(0o644)
    assert places.run("run", "{study}", token=False).returncode != 0
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
    done = places.run(*command, program=CRASH.format(module=module, name=name))
    assert done.returncode == 70, done.stderr
    assert "RuntimeError at" in " ".join(done.stderr.decode().split())
    require_nothing(places)


def test_the_search_finds_what_is_there(tmp_path: Path) -> None:
    places = planted(tmp_path)
    (places.folder("prefect") / "prefect.db").write_bytes(b"\x00" + TURN.encode() + b"\x00")
    (places.folder("tmp") / "left").write_text(MEMO, encoding="utf-8")
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(20)", TOKEN])
    try:
        until = threading.Event()
        watcher = threading.Thread(target=places.watch, args=(until,))
        watcher.start()
        time.sleep(0.5)
        until.set()
        watcher.join()
    finally:
        process.kill()
        process.wait()
    found = places.found()
    assert {line.split(": ")[0] for line in found} >= {"prefect/prefect.db", "tmp/left", "command line"}
