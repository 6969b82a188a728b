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
from pydantic import BaseModel, ConfigDict, Field, SecretStr
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


class _Answer(BaseModel):
    """What we need of an answer. The SDK takes any JSON for an answer, so that a proxy's would read as 'no task'."""

    model_config = ConfigDict(from_attributes=True, extra="ignore", protected_namespaces=())

    id: int = Field(ge=1)


class _TaskAnswer(_Answer):
    data: dict[str, Any]
    total_annotations: int | None = None


class _WorkAnswer(_Answer):
    annotations: list[Any]
    cancelled_annotations: int | None = None


class _PredictionAnswer(_Answer):
    task: int
    model_version: str | None = None
    score: float | None = None
    result: list[dict[str, Any]]


class _ProjectAnswer(_Answer):
    title: str
    description: str | None = None
    label_config: str | None = None
    model_version: str | None = None


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
    timeout_s : float
        Longest wait for an answer.
    """

    def __init__(self, url: str, token: SecretStr, *, pause_s: float = 0.5, timeout_s: float = _TIMEOUT_S) -> None:
        require_safe(url)
        self.url = url.rstrip("/")
        self._http = httpx.Client(timeout=timeout_s, trust_env=False)  # a redirect could carry a transcript elsewhere
        self._token = token
        self._sdk: LabelStudio | None = None
        self.pause_s = pause_s

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
            self._sdk = LabelStudio(  # type: ignore[no-untyped-call]
                base_url=self.url,
                api_key=secret,
                httpx_client=self._http,
                max_retries=0,  # this client tries again itself
            )
        return self._sdk

    def version(self) -> str:
        """Version of the server."""
        answer = self._ask("version", lambda: self._api.versions.get())  # noqa: PLW0108 - the session is made when asked
        return str(getattr(answer, "release", "") or "")

    def find_project(self, key: str, number: int | None = None) -> RemoteProject | None:
        """Find the project with our key in its description; ``number`` is where it was the last time."""
        if number is not None:
            try:
                project: RemoteProject = self._ask("project", lambda: _project(self._api.projects.get(id=number)))
                if key in project.description:
                    return project
            except LabelStudioError as fault:
                if isinstance(fault, LabelStudioFault) or "404" not in fault.what:
                    raise
        return next(iter(self.find_projects(key)), None)

    def find_projects(self, key: str) -> list[RemoteProject]:
        """Every project with our key in its description, the oldest first; more than one after a lost answer."""
        found = self._every("projects", lambda: self._api.projects.list(page_size=_PAGE), "count", _project)
        return sorted((p for p in found if key in p.description), key=lambda p: p.number)

    def delete_project(self, number: int) -> None:
        """Delete a project that nobody has worked in."""
        self._ask("deletion", lambda: self._api.projects.delete(id=number), missing_is_done=True)

    def create_project(self, title: str, description: str, label_config: str, instruction: str) -> RemoteProject:
        """Make a project; not tried again, since a lost answer may have been a yes (the caller looks)."""
        made = self._ask(
            "new project",
            lambda: _Answer.model_validate(self._api.projects.create(
                title=title, description=description, label_config=label_config, expert_instruction=instruction,
                show_instruction=False, show_skip_button=True, maximum_annotations=1, show_collab_predictions=True,
                sampling="Sequential sampling", enable_empty_annotation=True,
            )),
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
        return self._every(
            "tasks",
            lambda: self._api.tasks.list(project=project, page_size=_PAGE, fields="task_only"),
            "total",
            _task,
        )

    def has_work(self, task: RemoteTask) -> bool:
        """Whether a person has begun with a task: an annotation, a skip or a draft."""
        if task.annotations:
            return True
        full = self._ask("task", lambda: _WorkAnswer.model_validate(self._api.tasks.get(id=str(task.number))))
        drafts = self._ask("drafts", lambda: self._drafts(task.number))
        return bool(drafts or full.annotations or full.cancelled_annotations)

    def _drafts(self, number: int) -> list[Any]:
        """Drafts of everybody: the ones within a task are the asking user's alone."""
        found = self._get(f"api/tasks/{number}/drafts")
        if not isinstance(found, list):
            raise ValueError("no list of drafts")
        return found

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
            lambda: self._api.projects.import_tasks(id=project, request=cast(Any, list(payloads))),
            attempts=1,
        )

    def delete_tasks(self, numbers: Iterable[int]) -> None:
        """Delete tasks that nobody has worked on."""
        for number in numbers:
            self._ask("deletion", partial(self._delete_task, number), missing_is_done=True)

    def _delete_task(self, number: int) -> None:
        self._api.tasks.delete(id=str(number))

    def predictions(self, project: int) -> list[RemotePrediction]:
        """Every prediction of a project."""
        found: list[RemotePrediction] = self._ask(
            "predictions", lambda: [_prediction(p) for p in self._api.predictions.list(project=project)]
        )
        return found

    def create_predictions(self, project: int, payloads: Sequence[dict[str, Any]]) -> None:
        """Import predictions in one request; not tried again (the caller looks)."""
        self._ask(
            "predictions",
            lambda: self._api.projects.import_predictions(id=project, request=cast(Any, list(payloads))),
            attempts=1,
        )

    def delete_predictions(self, numbers: Iterable[int]) -> None:
        """Delete predictions."""
        for number in numbers:
            self._ask("deletion", partial(self._delete_prediction, number), missing_is_done=True)

    def _delete_prediction(self, number: int) -> None:
        self._api.predictions.delete(id=number)

    def _every(self, what: str, first: Callable[[], Any], total: str, read: Callable[[Any], Result]) -> list[Result]:
        """Items of all pages: as many as the answer itself says there are, or it is a fault."""

        def everything() -> list[Result]:
            page = first()
            found: list[Result] = []
            while True:
                count = getattr(page.response, total)
                found += [read(item) for item in page.items]
                if len(found) >= int(count):
                    return found
                if not page.items:
                    raise ValueError("fewer items than counted")
                page = page.get_next()

        listed: list[Result] = self._ask(what, everything)
        return listed

    def _in_session(self, request: Callable[[], Result]) -> Result:
        """Ask; where the session has expired, or is one of before the server was restarted, ask in a new one."""
        try:
            return request()
        except ApiError as fault:
            if fault.status_code != httpx.codes.UNAUTHORIZED or self._sdk is None:
                raise
            self._sdk = None
            return request()

    def _ask(
        self, what: str, request: Callable[[], Result], *, attempts: int = _ATTEMPTS, missing_is_done: bool = False
    ) -> Any:
        def once() -> Any:
            try:
                return self._in_session(request)
            except ApiError as fault:
                if missing_is_done and fault.status_code == httpx.codes.NOT_FOUND:
                    return None
                raise _as_ours(what, fault) from None
            except httpx.HTTPError as fault:
                raise LabelStudioFault(
                    f"Label Studio does not answer ({type(fault).__name__} at {what}).",
                    "Check that it runs ('rupture label-studio status'), then run again: nothing is lost.",
                ) from None
            except (ValueError, KeyError, TypeError, AttributeError):  # the SDK reads what is no answer of its server
                raise _unreadable(what) from None

        backoff = wait_exponential_jitter(multiplier=self.pause_s, max=_LONGEST_WAIT_S, jitter=self.pause_s)

        def wait(state: RetryCallState) -> float:
            told = getattr(state.outcome.exception() if state.outcome else None, "retry_after_s", None)
            return min(float(told), _LONGEST_WAIT_S) if told is not None else backoff(state)

        for attempt in Retrying(
            stop=stop_after_attempt(attempts), wait=wait, retry=retry_if_exception_type(LabelStudioFault), reraise=True
        ):
            with attempt:
                return once()
        return None


def _task(found: Any) -> RemoteTask:
    answer = _TaskAnswer.model_validate(found)
    return RemoteTask(answer.id, str(answer.data.get("task_id", "")), answer.total_annotations or 0, dict(answer.data))


def _prediction(found: Any) -> RemotePrediction:
    answer = _PredictionAnswer.model_validate(found)
    return RemotePrediction(answer.id, answer.task, answer.model_version or "", answer.score, answer.result)


def _project(found: Any) -> RemoteProject:
    answer = _ProjectAnswer.model_validate(found)
    return RemoteProject(
        answer.id, answer.title, answer.description or "", answer.label_config or "", answer.model_version or ""
    )


def _unreadable(what: str) -> LabelStudioFault:
    return LabelStudioFault(
        f"Label Studio's answer cannot be read (at {what}).", "Run again; if it stays, check the address."
    )


def _as_ours(what: str, fault: ApiError) -> LabelStudioError:
    code = int(fault.status_code or 0)
    if code < httpx.codes.BAD_REQUEST:
        return _unreadable(what)
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
