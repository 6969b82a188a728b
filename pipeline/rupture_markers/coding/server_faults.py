"""What a Label Studio's refusals and faults mean, and how what may pass is tried again.

An error names the request and its status, never what a body held, since it may hold a task's text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from rupture_markers.errors import LabelStudioError, LabelStudioFault


def tried_again(once: Callable[[], Any], *, attempts: int, pause_s: float, longest_s: float) -> Any:
    """Do it; after a fault that may pass do it again, with growing pauses or those that the server asks for.

    Parameters
    ----------
    once : callable
        Raises `LabelStudioFault` for what may pass.
    attempts : int
    pause_s, longest_s : float
        First and longest pause.

    Raises
    ------
    LabelStudioFault
        Of the last attempt.
    """
    backoff = wait_exponential_jitter(multiplier=pause_s, max=longest_s, jitter=pause_s)

    def wait(state: RetryCallState) -> float:
        told = getattr(state.outcome.exception() if state.outcome else None, "retry_after_s", None)
        return min(float(told), longest_s) if told is not None else backoff(state)

    for attempt in Retrying(
        stop=stop_after_attempt(attempts), wait=wait, retry=retry_if_exception_type(LabelStudioFault), reraise=True
    ):
        with attempt:
            return once()
    return None


def unreadable(what: str) -> LabelStudioFault:
    """An answer that is none of Label Studio's."""
    return LabelStudioFault(
        f"Label Studio's answer cannot be read (at {what}).", "Run again; if it stays, check the address."
    )


def fault_of(what: str, code: int, headers: Mapping[str, str]) -> LabelStudioError:
    """Our error for a status: a `LabelStudioFault` where another try may help."""
    if code < httpx.codes.BAD_REQUEST:
        return unreadable(what)
    if code in (401, 403):
        return LabelStudioError(
            f"Label Studio refuses the token ({code} at {what}).", "Make a new access token in its account settings."
        )
    if code in (408, 425, 429) or code >= httpx.codes.INTERNAL_SERVER_ERROR:
        error = LabelStudioFault(f"Label Studio has a fault ({code} at {what}).", "Run again: nothing is lost.")
        after = headers.get("retry-after", "")
        if str(after).isdecimal():
            error.retry_after_s = float(after)
        return error
    return LabelStudioError(
        f"Label Studio refuses the request ({code} at {what}).", "Its own page and log say more; run 'rupture check'."
    )
