"""The client of a Label Studio: the one place that knows its SDK.

Faults that may pass are tried again with growing pauses; an error names the request and its status, never what a
body held, since it may hold a task's text.
"""

from __future__ import annotations

import ipaddress
import json
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeVar, cast
from urllib.parse import urlsplit

import httpx
from label_studio_sdk.client import LabelStudio
from label_studio_sdk.core.api_error import ApiError
from pydantic import SecretStr
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from rupture_markers.coding.answer import AnsweredTask, RemoteUser
from rupture_markers.errors import LabelStudioError, LabelStudioFault

TOKEN_VARIABLE = "RUPTURE_LABEL_STUDIO_TOKEN"  # noqa: S105 - a variable's name
_ATTEMPTS = 5
_TIMEOUT_S = 60.0
_PAGE = 500
_LONGEST_WAIT_S = 30.0
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class RemoteTask:
    """A task as the server has it.

    Attributes
    ----------
    number : int
        The server's own id; it is used again after a deletion and identifies nothing.
    task_id : str
        Ours; empty where the task is none of ours.
    annotations : int
    data : dict
    """

    number: int
    task_id: str
    annotations: int
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class RemotePrediction:
    """A prediction as the server has it."""

    number: int
    task: int
    model_version: str
    score: float | None
    result: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class RemoteProject:
    """A project as the server has it."""

    number: int
    title: str
    description: str
    label_config: str
    model_version: str


def read_token(path: Path | None = None) -> SecretStr:
    """Token from the environment, else from a file that its owner alone can read.

    Raises
    ------
    LabelStudioError
        If there is none, or others can read the file.
    """
    given = os.environ.get(TOKEN_VARIABLE)
    if given:
        return SecretStr(given.strip())
    if path is None:
        raise LabelStudioError(
            "there is no token for Label Studio.", f"Set {TOKEN_VARIABLE}, or name a 'token_file' in study.yaml."
        )
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise LabelStudioError("others can read the token.", f"Run 'chmod 600 {path.name}'.", path=path)
        return SecretStr(path.read_text(encoding="utf-8").strip())
    except OSError:
        raise LabelStudioError("the token file cannot be read.", "Check 'token_file'.", path=path) from None


def require_safe(url: str) -> None:
    """Refuse plain http to anything but this machine.

    Raises
    ------
    LabelStudioError
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "https" and host:
        return
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = host == "localhost"
    if parts.scheme != "http" or not loopback:
        raise LabelStudioError(
            "transcripts may not travel in the clear.", "Use an https address, or a Label Studio on this machine."
        )


class LabelStudioClient:
    """Requests to one Label Studio.

    Parameters
    ----------
    url : str
    token : SecretStr
        Personal access token or legacy token.
    pause_s : float
        First pause before another try, doubled each time.
    """

    def __init__(self, url: str, token: SecretStr, *, pause_s: float = 0.5, timeout_s: float = _TIMEOUT_S) -> None:
        require_safe(url)
        self.url = url.rstrip("/")
        self._http = httpx.Client(timeout=timeout_s, trust_env=False)  # a redirect could carry a transcript elsewhere
        self._token = token
        self._sdk: LabelStudio | None = None
        self._pause_s = pause_s

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def _api(self) -> LabelStudio:
        # Made on first use: with an access token the SDK asks the server for a session at once.
        if self._sdk is None:
            secret = self._token.get_secret_value()
            self._sdk = LabelStudio(base_url=self.url, api_key=secret, httpx_client=self._http)  # type: ignore[no-untyped-call]
        return self._sdk

    def version(self) -> str:
        """Version of the server."""
        answer = self._ask("version", self._api.versions.get)
        return str(getattr(answer, "release", "") or "")

    def find_project(self, key: str, number: int | None = None) -> RemoteProject | None:
        """Find the project with our key in its description; ``number`` is where it was the last time."""
        if number is not None:
            try:
                project = self._project(self._ask("project", lambda: self._api.projects.get(id=number)))
                if key in project.description:
                    return project
            except LabelStudioError as fault:
                if isinstance(fault, LabelStudioFault) or "404" not in fault.what:
                    raise
        found = self._ask("projects", lambda: list(self._api.projects.list(page_size=_PAGE)))
        return next((p for p in map(self._project, found) if key in p.description), None)

    def create_project(self, title: str, description: str, label_config: str, instruction: str) -> RemoteProject:
        """Make a project; not tried again, since a lost answer may have been a yes (the caller looks)."""
        made = self._ask(
            "new project",
            lambda: self._api.projects.create(
                title=title, description=description, label_config=label_config, expert_instruction=instruction,
                show_instruction=False, show_skip_button=True, maximum_annotations=1, show_collab_predictions=True,
                sampling="Sequential sampling", enable_empty_annotation=True, request_options={"max_retries": 0},
            ),
            attempts=1,
        )  # fmt: skip
        found = self.find_project(description, made.id)
        if found is None:
            raise LabelStudioFault("the new project is not there.", "Run again.")
        return found

    def update_project(self, number: int, **fields: Any) -> None:
        """Change fields of a project."""
        self._ask("project update", lambda: self._api.projects.update(id=number, **fields))

    def tasks(self, project: int) -> list[RemoteTask]:
        """Every task of a project."""
        found = self._ask(
            "tasks", lambda: list(self._api.tasks.list(project=project, page_size=_PAGE, fields="task_only"))
        )
        return [
            RemoteTask(
                int(t.id or 0), str((t.data or {}).get("task_id", "")), int(getattr(t, "total_annotations", 0) or 0),
                dict(t.data or {}),
            )
            for t in found
        ]  # fmt: skip

    def has_work(self, task: RemoteTask) -> bool:
        """Whether a person has begun with a task: an annotation, a skip or a draft."""
        if task.annotations:
            return True
        full = self._ask("task", lambda: self._api.tasks.get(id=str(task.number)))
        drafts = self._ask("drafts", lambda: self._drafts(task.number))
        annotations = getattr(full, "annotations", None) or []
        skipped = int(getattr(full, "cancelled_annotations", 0) or 0)
        return bool(drafts or annotations or skipped or task.annotations)

    def _drafts(self, number: int) -> list[Any]:
        """Drafts of everybody: the ones within a task are the asking user's alone."""
        return list(self._get(f"api/tasks/{number}/drafts"))

    def _get(self, path: str, **params: Any) -> Any:
        """Ask for what the SDK has no method for, or whose answer it cuts down to what it knows."""
        answer = self._api._client_wrapper.httpx_client.request(path, method="GET", params=params)
        if not answer.is_success:
            raise ApiError(status_code=answer.status_code, headers=dict(answer.headers))
        return answer.json()

    def answered_tasks(self, project: int, *, since: str = "") -> Iterator[AnsweredTask]:
        """Tasks with their annotations, page by page; with ``since`` those alone that changed after that time."""
        changed = {
            "filter": "filter:tasks:updated_at", "operator": "greater", "type": "Datetime", "value": since,
        }  # fmt: skip
        asked: dict[str, Any] = {"project": project, "page_size": _PAGE, "fields": "all"}
        if since:
            asked["query"] = json.dumps({"filters": {"conjunction": "and", "items": [changed]}})
        seen, page, total = 0, 1, 1
        while seen < total:
            found = self._ask("annotations", partial(self._get, "api/tasks", **asked, page=page))
            tasks = [AnsweredTask.model_validate(task) for task in found["tasks"]]
            yield from tasks
            if not tasks:
                return
            seen, page, total = seen + len(tasks), page + 1, int(found["total"])

    def count_annotations(self, project: int) -> int:
        """How many annotations a project has, skips apart."""
        return int(
            self._ask("count", lambda: self._get("api/tasks", project=project, page_size=1)["total_annotations"])
        )

    def users(self) -> list[RemoteUser]:
        """Accounts of the server."""
        return [RemoteUser.model_validate(user) for user in self._ask("users", lambda: self._get("api/users"))]

    def create_tasks(self, project: int, payloads: Sequence[dict[str, Any]]) -> None:
        """Import tasks in one request; not tried again, since a lost answer may have been a yes (the caller looks)."""
        self._ask(
            "import",
            lambda: self._api.projects.import_tasks(
                id=project, request=cast(Any, list(payloads)), request_options={"max_retries": 0}
            ),
            attempts=1,
        )

    def delete_tasks(self, numbers: Iterable[int]) -> None:
        """Delete tasks that nobody has worked on."""
        for number in numbers:
            self._ask("deletion", partial(self._api.tasks.delete, id=str(number)), missing_is_done=True)

    def predictions(self, project: int) -> list[RemotePrediction]:
        """Every prediction of a project."""
        found = self._ask("predictions", lambda: self._api.predictions.list(project=project))
        return [
            RemotePrediction(int(p.id or 0), p.task, str(p.model_version or ""), p.score, list(p.result)) for p in found
        ]

    def create_predictions(self, project: int, payloads: Sequence[dict[str, Any]]) -> None:
        """Import predictions in one request; not tried again (the caller looks)."""
        self._ask(
            "predictions",
            lambda: self._api.projects.import_predictions(
                id=project, request=cast(Any, list(payloads)), request_options={"max_retries": 0}
            ),
            attempts=1,
        )

    def delete_predictions(self, numbers: Iterable[int]) -> None:
        """Delete predictions."""
        for number in numbers:
            self._ask("deletion", partial(self._api.predictions.delete, id=number), missing_is_done=True)

    @staticmethod
    def _project(found: Any) -> RemoteProject:
        return RemoteProject(
            int(found.id), str(found.title or ""), str(getattr(found, "description", "") or ""),
            str(getattr(found, "label_config", "") or ""), str(getattr(found, "model_version", "") or ""),
        )  # fmt: skip

    def _ask(
        self, what: str, request: Callable[[], Result], *, attempts: int = _ATTEMPTS, missing_is_done: bool = False
    ) -> Any:
        def once() -> Any:
            try:
                return request()
            except ApiError as fault:
                if missing_is_done and fault.status_code == httpx.codes.NOT_FOUND:
                    return None
                raise _as_ours(what, fault) from None
            except httpx.HTTPError as fault:
                raise LabelStudioFault(
                    f"Label Studio does not answer ({type(fault).__name__} at {what}).",
                    "Check that it runs ('rupture label-studio status'), then run again: nothing is lost.",
                ) from None
            except (ValueError, KeyError, TypeError):
                raise LabelStudioFault(
                    f"Label Studio's answer cannot be read (at {what}).", "Run again; if it stays, check the address."
                ) from None

        backoff = wait_exponential_jitter(multiplier=self._pause_s, max=_LONGEST_WAIT_S, jitter=self._pause_s)

        def wait(state: RetryCallState) -> float:
            told = getattr(state.outcome.exception() if state.outcome else None, "retry_after_s", None)
            return min(float(told), _LONGEST_WAIT_S) if told is not None else backoff(state)

        for attempt in Retrying(
            stop=stop_after_attempt(attempts), wait=wait, retry=retry_if_exception_type(LabelStudioFault), reraise=True
        ):
            with attempt:
                return once()
        return None


def _as_ours(what: str, fault: ApiError) -> LabelStudioError:
    code = int(fault.status_code or 0)
    if code in (401, 403):
        return LabelStudioError(
            f"Label Studio refuses the token ({code} at {what}).", "Make a new access token in its account settings."
        )
    if code in (408, 425, 429) or code >= httpx.codes.INTERNAL_SERVER_ERROR:
        error = LabelStudioFault(f"Label Studio has a fault ({code} at {what}).", "Run again: nothing is lost.")
        after = (fault.headers or {}).get("retry-after", "")
        if str(after).isdecimal():
            error.retry_after_s = float(after)
        return error
    return LabelStudioError(
        f"Label Studio refuses the request ({code} at {what}).", "Its own page and log say more; run 'rupture check'."
    )
