"""Progress of long work: stages tell an observer, the command line draws it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol


class Observer(Protocol):
    """Somebody who watches."""

    def begin(self, what: str, total: int) -> None:
        """A stage begins."""

    def advance(self, number: int = 1) -> None:
        """So much of the stage is done."""

    def say(self, what: str) -> None:
        """Something worth telling; never a transcript's words."""


class Silent:
    """Nobody watches."""

    def begin(self, what: str, total: int) -> None:
        """Do nothing."""

    def advance(self, number: int = 1) -> None:
        """Do nothing."""

    def say(self, what: str) -> None:
        """Do nothing."""


_OBSERVER: ContextVar[Observer] = ContextVar("observer", default=Silent())  # noqa: B039 - it has no state


def observer() -> Observer:
    """Who watches now."""
    return _OBSERVER.get()


@contextmanager
def watched_by(who: Observer) -> Iterator[None]:
    """Let somebody watch what runs within."""
    token = _OBSERVER.set(who)
    try:
        yield
    finally:
        _OBSERVER.reset(token)
