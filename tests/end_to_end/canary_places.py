"""A study with unique strings in it, on a machine of its own, and a search of every place that a command may write to.

Commands run in forks of one process that has imported everything, against one Prefect server: an import and an
ephemeral server a command would take most of the time.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import httpx
import yaml

ROOT = Path(__file__).resolve().parents[2]
TURN, NAME, GROUP, MEMO = "zqturncanary", "Zqnamecanary", "zqgroupcanary", "zqmemocanary"
TOKEN, FILE_TOKEN = "zqtokencanary0123456789", "zqfiletokencanary987654"
CANARIES = (TURN, NAME, NAME.upper(), GROUP, MEMO, TOKEN, FILE_TOKEN)
WITH_TURNS = ("invented-000.txt", "invented-004.txt")
_PREFECT_LIMIT_S = 400
PROGRAM = "from rupture_markers.cli import main; main()"
_FORKS = """
import json, os, sys
import rupture_markers.cli
import rupture_markers.workflow.flows
for line in sys.stdin:
    asked = json.loads(line)
    pid = os.fork()
    if not pid:
        for number, name in ((1, "out"), (2, "err")):
            os.dup2(os.open(asked[name], os.O_WRONLY | os.O_CREAT, 0o600), number)
        os.environ.update(asked["environ"])
        sys.argv = ["rupture", *asked["words"]]
        status = 1
        try:
            exec(asked["before"])
            rupture_markers.cli.main()
            status = 0
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else int(end.code is not None)
        except BaseException:
            import traceback
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    returncode: int
    stdout: bytes
    stderr: bytes


@dataclass
class Places:
    """A machine of its own: study, home, temporary folder, Prefect's home, and what the commands said.

    Attributes
    ----------
    seen : set of bytes
        Command lines of the commands and of all that they started.
    secrets : list of str
        Searched for beside the canaries: tokens of a real server.
    """

    root: Path
    seen: set[bytes] = field(default_factory=set)
    secrets: list[str] = field(default_factory=list)
    forks: subprocess.Popen[str] | None = None
    prefect: subprocess.Popen[bytes] | None = None

    def folder(self, name: str) -> Path:
        path = self.root / name
        path.mkdir(exist_ok=True)
        return path

    @property
    def study(self) -> Path:
        return self.root / "study"

    @property
    def environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT", "RUPTURE"))}
        return kept | {
            "HOME": str(self.folder("home")), "TMPDIR": str(self.folder("tmp")), "PREFECT_HOME": str(self.folder("prefect")),
            "PREFECT_LOGGING_LEVEL": "DEBUG", "PREFECT_SERVER_LOGGING_LEVEL": "DEBUG",
            "XDG_CACHE_HOME": str(self.folder("cache")), "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1",
        }  # fmt: skip

    def start(self) -> None:
        """Start the Prefect server and the process that forks."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        url = f"http://127.0.0.1:{port}/api"
        log = (self.folder("output") / "prefect.log").open("wb")
        self.prefect = subprocess.Popen(
            [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)],
            env=self.environment, cwd=self.folder("cwd"), stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
        log.close()
        self.forks = subprocess.Popen(
            [sys.executable, "-c", _FORKS], env=self.environment | {"PREFECT_API_URL": url}, cwd=self.folder("cwd"),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        deadline = time.monotonic() + _PREFECT_LIMIT_S
        while True:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"{url}/health", trust_env=False).is_success:
                    return
            assert self.prefect.poll() is None and time.monotonic() < deadline, "Prefect's server did not come up"
            time.sleep(0.2)

    def stop(self) -> None:
        """Stop both."""
        if self.forks is not None and self.forks.stdin is not None:
            self.forks.stdin.close()
            self.forks.wait(60)
        if self.prefect is not None:
            os.killpg(self.prefect.pid, signal.SIGTERM)
            self.prefect.wait(60)

    def run(self, *words: str, token: str = TOKEN, before: str = "", environ: Mapping[str, str] | None = None) -> Done:
        """Run a command; ``before`` is done first, such as putting a crash in its way."""
        assert self.forks is not None
        asking, answering = _pipes(self.forks)
        filled = [word.format(study=self.study, out=self.folder("out")) for word in words]
        number = len(list(self.folder("output").iterdir()))
        out, err = (self.folder("output") / f"{number:03}-{words[0]}.{name}" for name in ("out", "err"))
        secret = {"RUPTURE_LABEL_STUDIO_TOKEN": token} if token else {}
        asked = {
            "words": filled,
            "environ": {**secret, **(environ or {})},
            "before": before,
            "out": str(out),
            "err": str(err),
        }
        asking.write(json.dumps(asked) + "\n")
        asking.flush()
        return Done(int(answering.readline()), out.read_bytes(), err.read_bytes())

    def run_alone(self, *words: str) -> int:
        """Run a command as a process of its own, so that its command line is seen."""
        filled = [word.format(study=self.study, out=self.folder("out")) for word in words]
        with (self.folder("output") / "alone.log").open("ab") as log:
            done = subprocess.run(
                [sys.executable, "-c", PROGRAM, *filled], env=self.environment | {"RUPTURE_LABEL_STUDIO_TOKEN": TOKEN},
                cwd=self.folder("cwd"), stdout=log, stderr=log, check=False,
            )  # fmt: skip
        return done.returncode

    def configure(self, **values: Any) -> None:
        path = self.study / "study.yaml"
        config = yaml.safe_load(path.read_text(encoding="utf-8")) | values
        path.write_text(yaml.safe_dump(config), encoding="utf-8")

    def found(self) -> list[str]:
        """Files in which a canary stands, but for those that hold it by their nature."""
        study, out = self.study, self.folder("out")
        own = [
            study / "transcripts", study / "work" / "transcripts", study / "annotations", study / "backups",
            study / "sessions.csv", study / "study.yaml", study / "token", out / "tasks", out / "canary.jsonl",
        ]  # fmt: skip
        # What a person asks for by the lab's own groups names them.
        by_group = [
            out / "exported-sessions.csv",
            *(out / "evaluation" / f"evaluation.{kind}" for kind in ("html", "json")),
        ]
        found = []
        for path in sorted(self.root.rglob("*")):
            if path.is_file() and not any(path == o or o in path.parents for o in own):
                here = set(self._in(path.read_bytes())) - ({GROUP} if path in by_group else set())
                found += [f"{path.relative_to(self.root)}: {c}" for c in sorted(here)]
        return found + [f"command line: {c}" for line in self.seen for c in self._in(line)]

    def _in(self, content: bytes) -> Iterator[str]:
        """Canaries in a file, and in the files packed in it: a model is an archive."""
        yield from (c for c in (*CANARIES, *self.secrets) if c.encode() in content)
        if zipfile.is_zipfile(io.BytesIO(content)):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                for name in archive.namelist():
                    yield from self._in(archive.read(name))

    def watch(self, until: threading.Event) -> None:
        """Look at the command lines of all processes that have this home: the commands, and what they start."""
        home = f"HOME={self.folder('home')}".encode()
        while not until.wait(0.05):
            for path in Path("/proc").glob("[0-9]*"):
                with contextlib.suppress(OSError):
                    if home in (path / "environ").read_bytes().split(b"\0"):
                        self.seen.add((path / "cmdline").read_bytes())


def _pipes(process: subprocess.Popen[str]) -> tuple[IO[str], IO[str]]:
    assert process.stdin is not None
    assert process.stdout is not None
    return process.stdin, process.stdout


def plant(places: Places) -> None:
    """Lay the sample study out with canaries in it, in place of what was there."""
    for name in ("study", "out"):
        shutil.rmtree(places.root / name, ignore_errors=True)
    shutil.copytree(ROOT / "configs" / "sample-study", places.study)
    for name in WITH_TURNS:
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
    table = {"session_id": "canary", "turn": 0, "codes": ["W1"], "coder": "ana"}
    (places.folder("out") / "codings.jsonl").write_text(json.dumps(table) + "\n", encoding="utf-8")
    (places.folder("out") / "elsewhere.csv").write_text(
        "session,turn,coder,code\ninvented-002,1,ana,W2\n", encoding="utf-8"
    )
    token = places.study / "token"
    token.write_text(FILE_TOKEN, encoding="utf-8")
    token.chmod(0o600)
