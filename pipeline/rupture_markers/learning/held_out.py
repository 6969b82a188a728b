"""Held-out cases: drawn by chance once, before anything of them is scored for coding, and never learnt from."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from rupture_markers.errors import StudyError
from rupture_markers.learning.random_numbers import uniform
from rupture_markers.transcripts.whole_file import whole_text_file

LEAST_CASES_TO_DRAW = 6
"""With fewer cases at hand nothing is held out yet: a comparison on one case would say nothing."""
LEAST_HELD_OUT = 2


class HeldOut(BaseModel):
    """The draw, as it is kept.

    Attributes
    ----------
    cases : tuple of str
    share : float
        Of the cases at hand that was asked for.
    of_cases : int
        How many cases were at hand.
    seed : int
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    cases: tuple[str, ...]
    share: float
    of_cases: int
    seed: int


def draw_held_out(cases: Iterable[str], share: float, seed: int) -> HeldOut | None:
    """Draw cases by chance; the same seed and cases give the same draw.

    Parameters
    ----------
    cases : iterable of str
        Cases of which nothing was selected yet.
    share : float
        In [0, 1]; 0 holds nothing out.

    Returns
    -------
    HeldOut or None
        None while fewer than ``LEAST_CASES_TO_DRAW`` cases are at hand.
    """
    able = sorted(set(cases), key=lambda case: (uniform(seed, "held-out", case), case))
    if share <= 0 or len(able) < LEAST_CASES_TO_DRAW:
        return None
    number = max(LEAST_HELD_OUT, round(share * len(able)))
    return HeldOut(cases=tuple(sorted(able[:number])), share=share, of_cases=len(able), seed=seed)


def read_held_out(path: Path) -> HeldOut | None:
    """Read the draw; None where there is none yet.

    Raises
    ------
    StudyError
        If the file is damaged: it must not be drawn again.
    """
    try:
        return HeldOut.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError):
        raise StudyError(
            "the file of held-out cases is damaged.",
            "Put it back from a backup; another draw would hold out cases that were learnt from.",
            path=path,
        ) from None


def keep_held_out(path: Path, drawn: HeldOut) -> None:
    """Write the draw once, whole or not at all.

    Raises
    ------
    StudyError
        If there is one already.
    """
    if path.exists():
        raise StudyError("the held-out cases are drawn already.", "They stay as they are.", path=path)
    with whole_text_file(path) as out:
        out.write(drawn.model_dump_json(indent=1) + "\n")


def held_out_cases(
    path: Path, cases: Iterable[str], decided: Collection[str], share: float, seed: int
) -> frozenset[str]:
    """Held-out cases of a study, drawn now if they were not before.

    Parameters
    ----------
    cases : iterable of str
        At hand.
    decided : collection of str
        Cases with a segment that was decided before: they can no longer be held out.
    """
    kept = read_held_out(path)
    if kept is None:
        kept = draw_held_out((case for case in cases if case not in decided), share, seed)
        if kept is not None:
            keep_held_out(path, kept)
    return frozenset() if kept is None else frozenset(kept.cases)
