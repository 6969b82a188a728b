"""The local Label Studio that rupture keeps: loopback only, embedded SQLite, no telemetry, its own folder."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
from filelock import FileLock, Timeout
from pydantic import SecretStr

from rupture_markers.coding.local_accounts import Account, ensure_accounts, read_accounts
from rupture_markers.coding.local_environment import ensure_environment
from rupture_markers.coding.own_process import born, free_port, is_free
from rupture_markers.errors import LabelStudioError
from rupture_markers.transcripts.whole_file import private_folder, whole_text_file

ADMIN = "admin@rupture.local"
_START_LIMIT_S = 180.0
_WAIT_S = 240.0
_STOP_LIMIT_S = 20.0
_TO_THIS_MACHINE = {"ML_BLOCK_LOCAL_IP": "false", "SSRF_PROTECTION_ENABLED": "false"}
"""Its proxies point at a closed port and pass loopback by, so loopback is all that these two open."""
_CLOSED_PORT = 9  # discard: nothing listens there, so what would go out through it goes nowhere


@dataclass(frozen=True)
class ServerStatus:
    """What the local Label Studio does.

    Attributes
    ----------
    running : bool
    url : str
        Empty where it was never started.
    pid : int or None
    users : tuple of str
        User names of the coders and the administrator.
    passwords : Path
        The file that holds their passwords, readable by its owner alone.
    """

    running: bool
    url: str
    pid: int | None
    users: tuple[str, ...]
    passwords: Path


class LocalLabelStudio:
    """A Label Studio in a folder of its own.

    Parameters
    ----------
    folder : Path
        Its database, files, log, accounts and token.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self._state = self.folder / "server.json"
        self.accounts_file = self.folder / "accounts.json"

    def start(
        self,
        coders: Sequence[str] = (),
        *,
        port: int | None = None,
        ml_backend: bool = False,
        say: Callable[[str], None] = lambda _: None,
    ) -> ServerStatus:
        """Start it if it does not run, and make the accounts that are missing; it goes on after the command ends.

        Parameters
        ----------
        ml_backend : bool
            Let it talk to backends and webhooks on this machine, which it refuses otherwise.

        Raises
        ------
        LabelStudioError
            If it cannot be installed, does not come up, or another process is starting it and does not end.
        """
        environment = ensure_environment(say)
        with self.alone(_WAIT_S):
            if self.is_running and ml_backend and not self._read_state().get("ml_backend"):
                raise LabelStudioError(
                    "Label Studio runs already, and would refuse a backend on this machine.",
                    "Stop it ('rupture label-studio stop'), then start it with --ml-backend.",
                )
            if not self.is_running:
                self._launch(environment, port or self._known_port() or free_port(), say, ml_backend)
            url = self._read_state()["url"]
            wanted = [ADMIN, *(user_name(coder) for coder in coders)]
            if not {account.user for account in read_accounts(self.accounts_file)} >= set(wanted):
                say("making the accounts")
            ensure_accounts(self.accounts_file, wanted, ADMIN, environment, self._environ(str(url)))
            return self.status()

    @contextlib.contextmanager
    def alone(self, wait_s: float = 0.0) -> Iterator[None]:
        """Let nobody else start it meanwhile.

        Parameters
        ----------
        wait_s : float
            Seconds to wait for another that starts it.

        Raises
        ------
        LabelStudioError
            If another process starts it all that time.
        """
        lock = FileLock(private_folder(self.folder) / "lock", mode=0o600)
        try:
            lock.acquire(timeout=wait_s)
        except Timeout:
            raise LabelStudioError(
                "another process is starting this Label Studio.",
                "Wait until it ends, then try again.",
                path=self.folder,
            ) from None
        try:
            yield
        finally:
            lock.release()

    def stop(self) -> bool:
        """Stop it; False where it did not run."""
        pid = self._live_pid()
        if pid is None:
            return False
        os.killpg(pid, signal.SIGTERM)
        deadline = time.monotonic() + _STOP_LIMIT_S
        while self._live_pid() is not None:
            if time.monotonic() > deadline:
                os.killpg(pid, signal.SIGKILL)
                break
            time.sleep(0.1)
        return True

    @property
    def is_running(self) -> bool:
        """Whether it runs, by its process alone: its accounts may be damaged."""
        return self._live_pid() is not None

    def status(self) -> ServerStatus:
        """Whether it runs, where, and for whom."""
        state = self._read_state()
        pid = self._live_pid()
        users = tuple(account.user for account in read_accounts(self.accounts_file))
        return ServerStatus(pid is not None, str(state.get("url", "")), pid, users, self.accounts_file)

    def token(self) -> SecretStr:
        """Access token of the administrator.

        Raises
        ------
        LabelStudioError
            If it was never started.
        """
        admin = next((a for a in read_accounts(self.accounts_file) if a.user == ADMIN), None)
        if admin is None or admin.token is None:
            raise LabelStudioError(
                "the local Label Studio has no account yet.", "Run 'rupture label-studio start'.", path=self.folder
            )
        return admin.token

    def account(self, coder: str) -> Account:
        """Account of a coder, with the password."""
        return next(a for a in read_accounts(self.accounts_file) if a.user == user_name(coder))

    def _environ(self, url: str) -> dict[str, str]:
        port = url.rsplit(":", 1)[-1]
        nowhere = f"http://127.0.0.1:{_CLOSED_PORT}"
        kept = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG", "TZ", "TMPDIR")}
        return kept | {
            "LABEL_STUDIO_BASE_DATA_DIR": str(self.folder / "data"),
            "LABEL_STUDIO_HOST": url,
            "LABEL_STUDIO_PORT": port,
            "DJANGO_DB": "sqlite",
            "SECRET_KEY": _secret(self.folder / "secret-key"),
            "COLLECT_ANALYTICS": "false",
            "SENTRY_DSN": "",
            "FRONTEND_SENTRY_DSN": "",
            "LATEST_VERSION_CHECK": "false",
            "FEATURE_FLAGS_OFFLINE": "true",
            "LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK": "true",
            "LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED": "false",
            "LOG_LEVEL": "WARNING",
            "HTTPS_PROXY": nowhere,
            "HTTP_PROXY": nowhere,
            "NO_PROXY": "127.0.0.1,localhost",
        }

    def _launch(self, environment: Path, port: int, say: Callable[[str], None], ml_backend: bool) -> None:
        private_folder(self.folder / "data")
        url = f"http://127.0.0.1:{port}"
        say("starting Label Studio (half a minute the first time)")
        log = os.open(self.folder / "server.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            process = subprocess.Popen(  # noqa: S603 - the program of our own environment
                [
                    str(environment / "bin" / "label-studio"), "start", "--no-browser",
                    "--internal-host", "127.0.0.1", "--port", str(port),
                ],
                env=self._environ(url) | (_TO_THIS_MACHINE if ml_backend else {}), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                cwd=self.folder, umask=0o077,
            )  # fmt: skip
        finally:
            os.close(log)
        state = {"url": url, "pid": process.pid, "born": born(process.pid), "ml_backend": ml_backend}
        with whole_text_file(self._state) as out:
            json.dump(state, out)
        deadline = time.monotonic() + _START_LIMIT_S
        while not _answers(url):
            if process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise LabelStudioError(
                    "Label Studio did not come up.", "Its log says why.", path=self.folder / "server.log"
                )
            time.sleep(0.3)

    def _read_state(self) -> dict[str, object]:
        try:
            state = json.loads(self._state.read_text())
        except (OSError, ValueError):
            return {}
        return state if isinstance(state, dict) else {}

    def _known_port(self) -> int | None:
        url = str(self._read_state().get("url", ""))
        port = int(url.rsplit(":", 1)[-1]) if url else None
        return port if port is not None and is_free(port) else None

    def _live_pid(self) -> int | None:
        """Process id of our server; None where it ended or the number now belongs to another process."""
        state = self._read_state()
        pid = state.get("pid")
        return pid if isinstance(pid, int) and state.get("born") and born(pid) == state["born"] else None


def user_name(coder: str) -> str:
    """User name with which a coder logs in."""
    return f"{coder}@coders.local"


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", timeout=2.0, trust_env=False).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def _secret(path: Path) -> str:
    if not path.exists():
        private_folder(path.parent)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(secrets.token_urlsafe(48))
    return path.read_text()
