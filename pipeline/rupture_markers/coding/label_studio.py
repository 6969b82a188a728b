"""The client of a Label Studio: the one place that knows its SDK.

Faults that may pass are tried again with growing pauses; an error names the request and its status, never what a
body held, since it may hold a task's text.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Self, TypeVar, cast

import httpx
from label_studio_sdk.client import LabelStudio
from label_studio_sdk.core.api_error import ApiError
from pydantic import SecretStr

from rupture_markers.coding.answer import AnsweredTask, RemoteUser
from rupture_markers.coding.server_access import require_safe
from rupture_markers.coding.server_answers import (
    Answer,
    RemotePrediction,
    RemoteProject,
    RemoteTask,
    WorkAnswer,
    read_prediction,
    read_project,
    read_task,
)
from rupture_markers.coding.server_faults import fault_of, tried_again, unreadable
from rupture_markers.errors import LabelStudioError, LabelStudioFault, LabelStudioSilence

_ATTEMPTS = 5
_TIMEOUT_S = 60.0
_PAGE = 500
_LONGEST_WAIT_S = 30.0
Result = TypeVar("Result")


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
                project: RemoteProject = self._ask("project", lambda: read_project(self._api.projects.get(id=number)))
                if key in project.description:
                    return project
            except LabelStudioError as fault:
                if isinstance(fault, LabelStudioFault) or "404" not in fault.what:
                    raise
        return next(iter(self.find_projects(key)), None)

    def find_projects(self, key: str) -> list[RemoteProject]:
        """Every project with our key in its description, the oldest first; more than one after a lost answer."""
        found = self._every("projects", lambda: self._api.projects.list(page_size=_PAGE), "count", read_project)
        return sorted((p for p in found if key in p.description), key=lambda p: p.number)

    def delete_project(self, number: int) -> None:
        """Delete a project that nobody has worked in."""
        self._ask("deletion", lambda: self._api.projects.delete(id=number), missing_is_done=True)

    def create_project(self, title: str, description: str, label_config: str, instruction: str) -> RemoteProject:
        """Make a project; not tried again, since a lost answer may have been a yes (the caller looks)."""
        made = self._ask(
            "new project",
            lambda: Answer.model_validate(self._api.projects.create(
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
            read_task,
        )

    def count_tasks(self, project: int) -> int:
        """How many tasks a project has."""
        found: int = self._ask(
            "count of tasks", lambda: int(self._get("api/tasks", project=project, page_size=1)["total"])
        )
        return found

    def has_work(self, task: RemoteTask) -> bool:
        """Whether a person has begun with a task: an annotation, a skip or a draft."""
        if task.annotations:
            return True
        full = self._ask("task", lambda: WorkAnswer.model_validate(self._api.tasks.get(id=str(task.number))))
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
            tasks, total = self._ask("annotations", partial(self._answered_page, {**asked, "page": page}))
            yield from tasks
            seen, page = seen + len(tasks), page + 1

    def _answered_page(self, asked: dict[str, Any]) -> tuple[list[AnsweredTask], int]:
        found = self._get("api/tasks", **asked)
        tasks, total = [AnsweredTask.model_validate(task) for task in found["tasks"]], int(found["total"])
        if not tasks and total > (asked["page"] - 1) * _PAGE:
            raise ValueError("fewer items than counted")
        return tasks, total

    def count_annotations(self, project: int) -> int:
        """How many annotations a project has, skips apart."""
        found: int = self._ask(
            "count", lambda: int(self._get("api/tasks", project=project, page_size=1)["total_annotations"])
        )
        return found

    def users(self) -> list[RemoteUser]:
        """Accounts of the server; at least the one that asks."""
        found: list[RemoteUser] = self._ask("users", self._users)
        return found

    def _users(self) -> list[RemoteUser]:
        found = [RemoteUser.model_validate(user) for user in self._get("api/users")]
        if not found:
            raise ValueError("no account, though one asks")
        return found

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
            "predictions", lambda: [read_prediction(p) for p in self._api.predictions.list(project=project)]
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
                raise fault_of(what, int(fault.status_code or 0), fault.headers or {}) from None
            except httpx.HTTPError as fault:
                raise LabelStudioSilence(
                    f"Label Studio does not answer ({type(fault).__name__} at {what}).",
                    "Check that it runs ('rupture label-studio status'), then run again: nothing is lost.",
                ) from None
            except (ValueError, KeyError, TypeError, AttributeError):  # the SDK reads what is no answer of its server
                raise unreadable(what) from None

        return tried_again(once, attempts=attempts, pause_s=self.pause_s, longest_s=_LONGEST_WAIT_S)
