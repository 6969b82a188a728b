"""One small tree of errors; each is a situation, names where it is, and says what to do next.

No message ever holds a transcript's words: a message may reach a log, a terminal that is shared, or Prefect's
database. What may be shown on the researcher's own terminal alone stands in ``terminal_only``.
"""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Iterator
from pathlib import Path

_FRAMES_SHOWN = 5


class RuptureError(Exception):
    """Anything a user can mend.

    Parameters
    ----------
    what : str
        What is wrong, without a word of any transcript.
    todo : str
        What to do next.
    path : Path, optional
        The file at fault; its name is shown, since file names may identify a person only as far as the lab let them.
    line : int, optional
        Line in that file, counted from 1.
    turn : int, optional
        Index of the turn at fault.
    terminal_only : str, optional
        More for the terminal of the person who typed the command; never logged, never sent to Prefect.
    """

    exit_code = 1

    def __init__(
        self,
        what: str,
        todo: str,
        *,
        path: Path | None = None,
        line: int | None = None,
        turn: int | None = None,
        terminal_only: str = "",
    ) -> None:
        self.what = what
        self.todo = todo
        self.path = path
        self.line = line
        self.turn = turn
        self.terminal_only = terminal_only
        super().__init__(str(self))

    @property
    def where(self) -> str:
        """File, line and turn, as far as they are known: ``s01.vtt, line 12``."""
        parts = [
            str(self.path) if self.path is not None else "",
            f"line {self.line}" if self.line is not None else "",
            f"turn {self.turn}" if self.turn is not None else "",
        ]
        return ", ".join(part for part in parts if part)

    def __str__(self) -> str:
        head = f"{self.where}: {self.what}" if self.where else self.what
        return f"{head} {self.todo}".strip()

    def __reduce__(self) -> tuple[object, ...]:
        # Survives the way back from a worker process (keyword-only arguments do not by default).
        return _rebuild, (type(self), dict(self.__dict__))


def _rebuild(kind: type[RuptureError], state: dict[str, object]) -> RuptureError:
    error = kind.__new__(kind)
    error.__dict__.update(state)
    Exception.__init__(error, str(error))
    return error


class IngestError(RuptureError):
    """A transcript (or sessions.csv) that cannot be read as what it is meant to be."""

    exit_code = 3


class UnmappedSpeakerError(IngestError):
    """A speaker label that nobody said is the client, the therapist or another person."""


class ConfigError(RuptureError):
    """A study config, codebook or cue file that does not say what it must."""

    exit_code = 4


class StudyError(RuptureError):
    """A study folder that is missing, held by another run, or not in the state a command needs."""

    exit_code = 5


class ModelError(RuptureError):
    """A model that is missing, changed since it was saved, or made for another codebook."""

    exit_code = 6


class LabelStudioError(RuptureError):
    """Label Studio does not run, does not answer, or refuses what was sent."""

    exit_code = 7


class LabelStudioFault(LabelStudioError):
    """A fault that may pass (time-out, reset, 5xx, 429): worth another try.

    Attributes
    ----------
    retry_after_s : float or None
        Seconds after which the server wants to be asked again, where it says so.
    """

    retry_after_s: float | None = None


class LabelStudioSilence(LabelStudioFault):
    """No answer at all: the server is down, or is not where it is looked for."""


class Crash(RuptureError):
    """An error that nobody foresaw, told by its kind and place alone."""

    exit_code = 70


@contextlib.contextmanager
def without_words() -> Iterator[None]:
    """Turn an unforeseen error into a `Crash`: its own message may quote a transcript, and would be logged.

    Raises
    ------
    Crash
        In place of anything but an error of ours and one of the system, whose messages name files alone.
    """
    try:
        yield
    except (RuptureError, OSError):
        raise
    except Exception as fault:  # noqa: BLE001 - whatever it is, its words must not get out
        frames = traceback.extract_tb(fault.__traceback__)[-_FRAMES_SHOWN:]
        places = ", ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames)
        raise Crash(
            f"this is a fault of rupture-markers: {type(fault).__name__} at {places}.",
            "Please report this line; it holds nothing of your data. What was done stays done.",
        ) from None
