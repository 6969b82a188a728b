"""A server between us and Label Studio that does to answers what networks and servers do to them.

It forwards each request to the real server and, by a seeded plan, spoils some: before the real server saw it, or after
it did the work.
"""

from __future__ import annotations

import asyncio
import json
import random
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import httpx

KINDS = (
    "500 before", "500 after", "502 before", "502 after", "429", "429 at once", "time-out before", "time-out after", "reset in the body",
    "reset before", "late", "truncated", "truncated JSON", "wrong JSON", "not JSON", "empty list", "slow", "401",
)  # fmt: skip
_HELD_S = 1.6
_WRONG = (
    b'{"detail": "no"}',
    b"[]",
    b"null",
    b'"ok"',
    b"{}",
    b"[1, 2]",
    b'{"id": null}',
    b'{"results": null, "tasks": null}',
)


@dataclass
class FaultPlan:
    """Which requests are spoilt, and how.

    Attributes
    ----------
    rate : float
        Share of the requests, in [0, 1].
    kinds : tuple of str
        Drawn from with equal chances.
    most : int
        After so many faults the server is well.
    """

    seed: int = 0
    rate: float = 0.0
    kinds: tuple[str, ...] = KINDS
    most: int = 10**9
    done: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._draw = random.Random(self.seed)

    def next_fault(self) -> str | None:
        """What becomes of the request that has just come in."""
        spoilt = self._draw.random() < self.rate
        kind = self._draw.choice(self.kinds)
        if not spoilt or sum(self.done.values()) >= self.most:
            return None
        self.done[kind] += 1
        return kind


class FaultServer:
    """Forwards to ``upstream`` from a port of its own.

    Attributes
    ----------
    plan : FaultPlan
    before_request : callable or None
        Called with the number of each request before it is forwarded; what a disaster is hung on.
    down : bool
        Whether every request is answered with 502, as a proxy does while its server is away.
    pending : int
        Requests that are being worked on, those of clients that have gone included.
    """

    def __init__(self, upstream: str) -> None:
        self.upstream = upstream
        self.plan = FaultPlan()
        self.before_request: Callable[[int], None] | None = None
        self.requests = 0
        self.down = False
        self.pending = 0
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self.url = ""

    def stop_after(self, requests: int) -> None:
        """Let so many requests pass, then be down, as when Label Studio stops in the middle."""
        last = self.requests + requests

        def count(number: int) -> None:
            self.down = self.down or number > last

        self.before_request = count

    def start_again(self) -> None:
        """Be well again."""
        self.before_request = None
        self.down = False

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._http = httpx.AsyncClient(timeout=60, trust_env=False)
        server = self._loop.run_until_complete(asyncio.start_server(self._connection, "127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._ready.set()
        self._loop.run_forever()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._exchange(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its answer; False where the connection ends."""
        head = await reader.readuntil(b"\r\n\r\n")
        first, *rest = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ", 2)
        headers = dict(line.split(": ", 1) for line in rest if ": " in line)
        named = {key.lower(): value for key, value in headers.items()}
        body = await reader.readexactly(int(named.get("content-length", "0")))
        fault = self.plan.next_fault()
        self.requests += 1
        if self.before_request is not None:
            await asyncio.to_thread(self.before_request, self.requests)
        if fault is not None and await self._before(fault, writer):
            return False
        self.pending += 1
        try:
            if fault == "late":
                await asyncio.sleep(_HELD_S)
            answer = await self._forward(method, target, headers, body)
        except httpx.HTTPError:
            return await _answer(writer, 502, b"<h1>Bad Gateway</h1>")
        finally:
            self.pending -= 1
        return await self._after(fault, answer, writer)

    async def _forward(self, method: str, target: str, headers: dict[str, str], body: bytes) -> httpx.Response:
        if self.down:
            raise httpx.ConnectError("down")
        kept = {k: v for k, v in headers.items() if k.lower() not in ("host", "connection", "accept-encoding")}
        return await self._http.request(method, self.upstream + target, headers=kept, content=body)

    async def _before(self, fault: str, writer: asyncio.StreamWriter) -> bool:
        """What needs no real server; True where that was all."""
        if fault == "time-out before":
            await asyncio.sleep(_HELD_S)
        elif fault == "reset before":
            _reset(writer)
        elif fault in ("500 before", "502 before"):
            await _answer(writer, int(fault[:3]), b"<h1>Server Error</h1>")
        elif fault == "429":
            await _answer(writer, 429, b'{"detail": "slow down"}', "Retry-After: 1")
        elif fault == "429 at once":
            await _answer(writer, 429, b'{"detail": "slow down"}', "Retry-After: 0")
        elif fault == "401":
            await _answer(writer, 401, b'{"detail": "Given token not valid for any token type"}')
        else:
            return False
        return True

    async def _after(self, fault: str | None, answer: httpx.Response, writer: asyncio.StreamWriter) -> bool:
        body = answer.content
        half = body[: len(body) // 2]
        if fault == "time-out after":
            await asyncio.sleep(_HELD_S)
            return False
        if fault in ("500 after", "502 after"):
            return await _answer(writer, int(fault[:3]), b"<h1>Server Error</h1>")
        if fault in ("reset in the body", "truncated"):
            await _answer(writer, answer.status_code, half, length=max(len(body), 1))
            if fault == "reset in the body":
                _reset(writer)
            return False
        if fault == "truncated JSON" and body:
            return await _answer(writer, answer.status_code, half)
        if fault == "wrong JSON" and body:
            return await _answer(writer, 200, random.Random(len(body)).choice(_WRONG))
        if fault == "empty list" and body.startswith((b"[", b'{"tasks"', b'{"total_annotations"', b'{"count"')):
            return await _answer(writer, 200, _emptied(body))
        if fault == "not JSON" and body:
            return await _answer(writer, 200, b"<html>Please log in to the network.</html>", kind="text/html")
        if fault == "slow":
            await asyncio.sleep(0.3)
        kind = answer.headers.get("content-type", "application/json")
        return await _answer(writer, answer.status_code, body, kind=kind)


def _emptied(body: bytes) -> bytes:
    """Return the list without its items, its own count left as it was."""
    content = json.loads(body)
    if isinstance(content, list):
        return b"[]"
    return json.dumps({key: [] if isinstance(value, list) else value for key, value in content.items()}).encode()


def _reset(writer: asyncio.StreamWriter) -> None:
    plug: socket.socket = writer.get_extra_info("socket")
    plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _answer(
    writer: asyncio.StreamWriter,
    status: int,
    body: bytes,
    *more: str,
    kind: str = "application/json",
    length: int | None = None,
) -> bool:
    lines = [
        f"HTTP/1.1 {status} X",
        *(
            (f"Content-Type: {kind}", f"Content-Length: {len(body) if length is None else length}")
            if status != 204
            else ()
        ),
        *more,
    ]
    writer.write("\r\n".join([*lines, "", ""]).encode() + body)
    await writer.drain()
    return True
