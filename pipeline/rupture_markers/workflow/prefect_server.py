"""A study's own Prefect server, for as long as its flows are served.

The server that Prefect starts for a single run has no scheduler: on it nothing ever happens by itself. Where no server is
named (PREFECT_API_URL), `rupture serve` keeps one on this machine, with a database in the study's work folder and a
secret of its own, and writes down where it is, so that `rupture backend` can ask it for a run.
"""

from __future__ import annotations

import base64
import contextlib
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
from filelock import FileLock, Timeout
from pydantic import SecretStr

from rupture_markers.coding.own_process import born, free_port
from rupture_markers.errors import StudyError
from rupture_markers.workflow.study import make_folder, read_json, write_json

_START_LIMIT_S = 300.0
_STOP_LIMIT_S = 20.0
_USER = "rupture"


@dataclass(frozen=True)
class PrefectAddress:
    """Where a Prefect server is, and what it asks of its clients.

    Attributes
    ----------
    api : str
        Its API's URL.
    auth : SecretStr
        User and password, joined by a colon.
    """

    api: str
    auth: SecretStr

    @property
    def answers(self) -> bool:
        """Whether it is up, and ours."""
        packed = base64.b64encode(self.auth.get_secret_value().encode()).decode()
        try:
            found = httpx.get(
                f"{self.api}/version", headers={"Authorization": f"Basic {packed}"}, timeout=2.0, trust_env=False
            )
        except httpx.HTTPError:
            return False
        return found.status_code == httpx.codes.OK


def known_server(folder: Path) -> PrefectAddress | None:
    """Server that `rupture serve` keeps for a study now; None where there is none.

    Parameters
    ----------
    folder : Path
        ``prefect`` in the study's work folder.
    """
    state = read_json(folder / "server.json") or {}
    if _live(state) is None:
        return None
    address = PrefectAddress(str(state.get("api")), SecretStr(str(state.get("auth"))))
    return address if address.answers else None


@contextlib.contextmanager
def kept_server(folder: Path, say: Callable[[str], None] = lambda _: None) -> Iterator[PrefectAddress]:
    """Start a server, and stop it at the end.

    Parameters
    ----------
    folder : Path
        For its database, its log and its address.
    say : callable
        Told what takes long.

    Raises
    ------
    StudyError
        If the study is served already, or the server does not come up.
    """
    make_folder(folder)
    lock = FileLock(folder / "lock", timeout=0, mode=0o600)
    try:
        lock.acquire()
    except Timeout:
        raise StudyError(
            "this study is served already.", "Stop the other 'rupture serve' first.", path=folder.parent.parent
        ) from None
    try:
        _stop(folder)  # one that was left when its 'rupture serve' was killed
        say("starting a Prefect server (half a minute the first time)")
        address, process = _start(folder)
        try:
            _await(address, process, folder)
            yield address
        finally:
            _stop(folder)
            process.wait()
    finally:
        lock.release()


def _start(folder: Path) -> tuple[PrefectAddress, subprocess.Popen[bytes]]:
    port = free_port()
    address = PrefectAddress(f"http://127.0.0.1:{port}/api", SecretStr(f"{_USER}:{secrets.token_urlsafe(32)}"))
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT") or k == "PREFECT_HOME"}
    environment = kept | {
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{folder / 'prefect.db'}",
        "PREFECT_SERVER_API_AUTH_STRING": address.auth.get_secret_value(),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_LOGGING_LEVEL": "ERROR",
        "DO_NOT_TRACK": "1",
    }
    log = os.open(folder / "server.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        process = subprocess.Popen(  # noqa: S603 - our own environment's program
            [
                sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port), "--no-ui",
            ],
            env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd=folder,
            umask=0o077,
        )  # fmt: skip
    finally:
        os.close(log)
    write_json(
        folder / "server.json",
        {
            "api": address.api, "auth": address.auth.get_secret_value(), "pid": process.pid, "born": born(process.pid),
        },
    )  # fmt: skip
    return address, process


def _await(address: PrefectAddress, process: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + _START_LIMIT_S
    while not address.answers:
        if process.poll() is not None or time.monotonic() > deadline:
            raise StudyError("the Prefect server did not come up.", "Its log says why.", path=folder / "server.log")
        time.sleep(0.3)


def _live(state: dict[str, object]) -> int | None:
    """Process of a server that was started by us and still is that one."""
    pid = state.get("pid")
    return pid if isinstance(pid, int) and state.get("born") and born(pid) == state["born"] else None


def _stop(folder: Path) -> None:
    state = read_json(folder / "server.json") or {}
    pid = _live(state)
    if pid is not None:
        os.killpg(pid, signal.SIGTERM)
        deadline = time.monotonic() + _STOP_LIMIT_S
        while _live(state) is not None:
            if time.monotonic() > deadline:
                os.killpg(pid, signal.SIGKILL)
                break
            time.sleep(0.1)
    (folder / "server.json").unlink(missing_ok=True)
