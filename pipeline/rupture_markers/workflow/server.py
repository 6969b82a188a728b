"""Our own server: the four routes of Label Studio's ML-backend protocol. It answers and enqueues; it never trains.

Requests carry transcripts, so nothing of a body is ever logged or sent back, and wrong requests get a bare status.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import ipaddress
import json
import os
import secrets
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import uvicorn
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from starlette.applications import Starlette
from starlette.background import BackgroundTask, BackgroundTasks
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from rupture_markers.errors import ConfigError, RuptureError
from rupture_markers.workflow.asked import Wish
from rupture_markers.workflow.backend_predictions import TaskPredictions
from rupture_markers.workflow.prompt_headers import within

SECRET_VARIABLE = "RUPTURE_BACKEND_SECRET"  # noqa: S105 - a variable's name
USER = "rupture"
MOST_BYTES = 20_000_000
"""Of a request: a batch of tasks carries their dialogues."""
MOST_TASKS = 2000
SECONDS = 20.0
"""For headers to arrive, for a body to arrive; and, apart, for an answer to be found."""
WISHES_OF_ACTION: dict[str, tuple[Wish, ...]] = {
    "ANNOTATION_CREATED": ("collect",),
    "ANNOTATIONS_CREATED": ("collect",),
    "ANNOTATION_UPDATED": ("collect",),
    "ANNOTATIONS_DELETED": ("collect",),
    "START_TRAINING": ("collect", "retrain"),
}
Body = TypeVar("Body", bound=BaseModel)


class _Sent(BaseModel):
    # Label Studio sends more, and more with every version; we read these alone and keep nothing.
    model_config = ConfigDict(extra="ignore")


class _Task(_Sent):
    id: int
    data: dict[str, Any]


class _Predict(_Sent):
    tasks: list[_Task] = Field(max_length=MOST_TASKS)
    project: str = Field(pattern=r"^\d{1,12}(\.\d{1,16})?$")


class _Setup(_Sent):
    project: str = Field(pattern=r"^\d{1,12}(\.\d{1,16})?$")


class _Webhook(_Sent):
    action: str = Field(max_length=80)


def read_secret(path: Path) -> SecretStr:
    """Secret from the environment, else from a file that its owner alone can read; made where there is none.

    Raises
    ------
    ConfigError
        If others can read the file, or the secret is short.
    """
    given = os.environ.get(SECRET_VARIABLE, "").strip()
    if not given:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
                out.write(secrets.token_urlsafe(32) + "\n")
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise ConfigError("others can read the secret.", f"Run 'chmod 600 {path.name}'.", path=path)
        given = path.read_text(encoding="utf-8").strip()
    if len(given) < 16:
        raise ConfigError("the shared secret is shorter than 16 characters.", f"Set a longer {SECRET_VARIABLE}.")
    return SecretStr(given)


def is_loopback(host: str) -> bool:
    """Whether an address is this machine's alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def make_app(predictions: TaskPredictions, secret: SecretStr, wish: Callable[[Wish], None]) -> Starlette:
    """Build the server.

    Parameters
    ----------
    predictions : TaskPredictions
    secret : SecretStr
        Password of HTTP Basic, with the user name ``rupture``.
    wish : callable
        Called with what a webhook asks for, after the answer, in a thread.
    """

    async def health(_: Request) -> Response:
        return JSONResponse({"status": "UP", "model_class": "rupture-markers"})

    async def setup(request: Request) -> Response:
        await _body(request, _Setup)
        return JSONResponse({"model_version": await run_in_threadpool(lambda: predictions.model_id)})

    async def predict(request: Request) -> Response:
        asked = await _body(request, _Predict)
        project = int(asked.project.partition(".")[0])
        found = await run_in_threadpool(predictions.predict, project, [task.data for task in asked.tasks])
        return JSONResponse({"results": found})

    async def webhook(request: Request) -> Response:
        asked = await _body(request, _Webhook)
        wanted = WISHES_OF_ACTION.get(asked.action, ())
        # After the answer: a coder who submits waits for it.
        asking = BackgroundTasks([BackgroundTask(wish, each) for each in wanted])
        return JSONResponse({"status": "ok"}, status_code=202 if wanted else 200, background=asking)

    routes = [
        Route(path, _guarded(secret, answer), methods=[method])
        for path, answer, method in (
            ("/health", health, "GET"),
            ("/setup", setup, "POST"),
            ("/predict", predict, "POST"),
            ("/webhook", webhook, "POST"),
        )
    ]
    return Starlette(routes=routes, exception_handlers={Exception: _failed})


def _guarded(
    secret: SecretStr, answer: Callable[[Request], Awaitable[Response]]
) -> Callable[[Request], Awaitable[Response]]:
    async def guarded(request: Request) -> Response:
        if not _may(request.headers.get("authorization", ""), secret):
            return Response(status_code=401, headers={"WWW-Authenticate": 'Basic realm="rupture-markers"'})
        try:
            async with asyncio.timeout(2 * SECONDS):
                return await answer(request)
        except TimeoutError:
            return Response(status_code=503, headers={"Retry-After": "30"})
        except RuptureError as fault:
            # Our messages hold no transcript's words; which study file is at fault is for the terminal, not the caller.
            return JSONResponse({"error": type(fault).__name__}, status_code=503)

    return guarded


def _may(header: str, secret: SecretStr) -> bool:
    kind, _, packed = header.partition(" ")
    if kind.lower() != "basic":
        return False
    try:
        user, _, given = base64.b64decode(packed.strip(), validate=True).partition(b":")
    except (binascii.Error, ValueError):
        return False
    right = hmac.compare_digest(given, secret.get_secret_value().encode())
    return hmac.compare_digest(user, USER.encode()) and right


async def _body(request: Request, kind: type[Body]) -> Body:
    """Body of a request, bounded in size and time.

    Raises
    ------
    HTTPException
        408, 413, 415 or 400.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise HTTPException(415)
    length = request.headers.get("content-length", "0")
    if not length.isdigit() or int(length) > MOST_BYTES:
        raise HTTPException(413 if length.isdigit() else 400)
    content = bytearray()
    try:
        async with asyncio.timeout(SECONDS):
            async for chunk in request.stream():
                content += chunk
                if len(content) > MOST_BYTES:
                    raise HTTPException(413)
    except TimeoutError:
        raise HTTPException(408) from None
    except ClientDisconnect:
        raise HTTPException(400) from None
    try:
        return kind.model_validate(json.loads(bytes(content)))
    except (ValueError, RecursionError, ValidationError):
        raise HTTPException(400) from None


async def _failed(_: Request, __: Exception) -> Response:
    return Response(status_code=500)


def backend_config(app: Starlette, host: str, port: int, *, header_seconds: float = SECONDS) -> uvicorn.Config:
    """How the server runs: bounded in connections, in the size of headers and in the time that they may take."""
    return uvicorn.Config(
        app, host=host, port=port, http=within(header_seconds), access_log=False, log_level="critical",
        server_header=False, proxy_headers=False, timeout_keep_alive=5, limit_concurrency=64,
        h11_max_incomplete_event_size=64_000,
    )  # fmt: skip


def serve_backend(app: Starlette, host: str, port: int) -> None:
    """Serve until stopped; requests are not logged.

    Raises
    ------
    ConfigError
        If the port is taken or the address is not this machine's.
    """
    server = uvicorn.Server(backend_config(app, host, port))
    try:
        server.run()
    except SystemExit:
        raise ConfigError(
            f"the server could not listen on {host}, port {port}.", "Name another with --host or --port."
        ) from None
