"""What suggestions did to the coders: the same coder's assisted segments against the blind ones.

Arms are drawn at random within coder and case, so a difference within a coder is due to the arm and to chance.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rupture_markers.coding.assigned import Assignment
from rupture_markers.coding.case_bootstrap import DRAWS, FEW_CASES, Figure, figures_over_cases
from rupture_markers.markers.codebook import Codebook
from rupture_markers.markers.coded_segment import CodedSegment
from rupture_markers.markers.marker import Family, Gold, Suggestion

Array = NDArray[np.float64]
MEASURES = ("marked", "uptake", "suggested", "seconds")
"""Turns marked per turn; suggestions that the coder has too; marks that were suggested; seconds a segment."""


@dataclass(frozen=True, slots=True)
class AnchoringRow:
    """Assisted less blind, within coders.

    Attributes
    ----------
    segments : str
        'flagged, suggestions shown', 'flagged, suggestions withheld' or 'not flagged'.
    measure : str
        One of `MEASURES`.
    assisted, blind : float or None
        Means over coders who have both.
    difference : Figure
        With an interval from a bootstrap over cases.
    coders, cases, assisted_segments, blind_segments : int
    """

    segments: str
    measure: str
    assisted: float | None
    blind: float | None
    difference: Figure
    coders: int
    cases: int
    assisted_segments: int
    blind_segments: int


@dataclass(frozen=True, slots=True)
class WrongSuggestions:
    """Suggestions against settled blind codes: adjudicated, or unanimous among two coders or more.

    Attributes
    ----------
    settled, wrong : int
        Suggestions whose turn and family are settled, and those of them that no such code bears out.
    shown : int
        Times that a wrong one was shown to a coder.
    taken : int
        Of these, times that the coder marked the family there.
    """

    settled: int
    wrong: int
    shown: int
    taken: int


@dataclass(frozen=True, slots=True)
class Anchoring:
    """What suggestions did.

    Attributes
    ----------
    rows : tuple of AnchoringRow
    wrong : WrongSuggestions
    sentence : str
        The main finding in plain words.
    notes : tuple of str
    """

    rows: tuple[AnchoringRow, ...]
    wrong: WrongSuggestions
    sentence: str
    notes: tuple[str, ...]


def anchoring(
    answers: Iterable[CodedSegment],
    assignments: Iterable[Assignment],
    suggestions: Mapping[str, Sequence[Suggestion]],
    gold: Iterable[Gold],
    codebook: Codebook,
    *,
    seed: int = 1,
    draws: int = DRAWS,
) -> Anchoring:
    """Compare assisted with blind segments of the same coder.

    Parameters
    ----------
    answers : iterable of CodedSegment
        Current ones of the design.
    assignments : iterable of Assignment
        Current ones; they say which segments had suggestions.
    suggestions : mapping of session id to suggestions
        As they stand now: those of a model since replaced are gone.
    gold : iterable of Gold
        Made with ``blind_only``.
    codebook : Codebook
    seed, draws : int
        Of the bootstrap.
    """
    given = tuple(a for a in answers if a.outcome not in ("not_codable", "skipped"))
    tasks = {a.task_id: a for a in assignments}
    proposed = {session: {(s.turn, s.family) for s in found} for session, found in suggestions.items()}
    sums: dict[str, list[tuple[str, str, bool, list[float]]]] = {}
    for answer in given:
        task = tasks.get(answer.task_id)
        if task is None:
            continue
        row = _sums(answer, proposed.get(answer.session_id, set()), codebook)
        for kind in _kinds(task):
            sums.setdefault(kind, []).append((answer.coder, answer.case_id, answer.arm == "assisted", row))
    rows = tuple(row for kind in sorted(sums) for row in _compare(kind, sums[kind], seed, draws))
    wrong = _wrong(given, tasks, proposed, gold, codebook)
    notes = []
    few = min((row.cases for row in rows), default=0)
    if rows and few < FEW_CASES:
        notes.append(f"Few cases ({few}): the intervals are too narrow.")
    return Anchoring(rows, wrong, _sentence(rows), tuple(notes))


def _kinds(task: Assignment) -> tuple[str, ...]:
    """Comparisons that a task enters; a blind one stands against both the shown and the withheld."""
    shown, withheld = "flagged, suggestions shown", "flagged, suggestions withheld"
    if not task.flagged:
        return ("not flagged",)
    if task.arm == "blind":
        return (shown, withheld)
    return (shown,) if task.shown else (withheld,)


def _marked(answer: CodedSegment, codebook: Codebook) -> set[tuple[int, Family]]:
    return {
        (coding.turn, codebook.code(code).family)
        for coding in answer.codings
        for code in coding.codes
        if code in codebook
    }


def _sums(answer: CodedSegment, proposed: set[tuple[int, Family]], codebook: Codebook) -> list[float]:
    """Segments, turns, turns marked, suggestions, suggestions that the coder has, marks, timed segments, seconds."""
    inside = {(turn, family) for turn, family in proposed if answer.first_turn <= turn <= answer.last_turn}
    marks = _marked(answer, codebook)
    turns = answer.last_turn - answer.first_turn + 1
    timed = answer.seconds is not None
    return [
        1.0, turns, len({turn for turn, _ in marks}), len(inside), len(inside & marks), len(marks), float(timed),
        answer.seconds or 0.0,
    ]  # fmt: skip


def _compare(
    kind: str, entries: list[tuple[str, str, bool, list[float]]], seed: int, draws: int
) -> Iterable[AnchoringRow]:
    coders = sorted(
        {coder for coder, _, assisted, _ in entries if assisted} & {c for c, _, assisted, _ in entries if not assisted}
    )
    used = [entry for entry in entries if entry[0] in coders]
    if not used:
        return
    columns = np.zeros((len(used), len(coders), 2, len(used[0][3])))
    for place, (coder, _, assisted, row) in enumerate(used):
        columns[place, coders.index(coder), int(assisted)] = row
    shape = columns.shape[1:]
    cases = [case for _, case, _, _ in used]

    def figures(sums: Array) -> dict[str, Array]:
        return _differences(sums.reshape(*sums.shape[:-1], *shape))

    found = figures_over_cases(columns.reshape(len(used), -1), cases, figures, seed=seed, draws=draws)
    count = sum(assisted for _, _, assisted, _ in used)
    for measure in MEASURES:
        yield AnchoringRow(
            kind, measure, found[f"{measure} assisted"].value, found[f"{measure} blind"].value, found[measure],
            len(coders), len(set(cases)), count, len(used) - count,
        )  # fmt: skip


def _differences(sums: Array) -> dict[str, Array]:
    """Means over coders, weighted by the smaller arm of each, and assisted less blind.

    Parameters
    ----------
    sums : array, ... x coders x (blind, assisted) x 8
    """
    segments, turns, marked, suggested, taken, marks, timed, seconds = (sums[..., k] for k in range(sums.shape[-1]))
    out: dict[str, Array] = {}
    for name, above, below in (
        ("marked", marked, turns), ("uptake", taken, suggested), ("suggested", taken, marks), ("seconds", seconds, timed),
    ):  # fmt: skip
        with np.errstate(divide="ignore", invalid="ignore"):
            rate = above / below
            known = np.isfinite(rate).all(axis=-1)
            weight = np.where(known, segments.min(axis=-1), 0.0)
            means = (np.nan_to_num(rate) * weight[..., None]).sum(axis=-2) / weight.sum(axis=-1)[..., None]
        out |= {f"{name} blind": means[..., 0], f"{name} assisted": means[..., 1], name: means[..., 1] - means[..., 0]}
    return out


def _wrong(
    answers: Iterable[CodedSegment],
    tasks: Mapping[str, Assignment],
    proposed: Mapping[str, set[tuple[int, Family]]],
    gold: Iterable[Gold],
    codebook: Codebook,
) -> WrongSuggestions:
    settled: dict[tuple[str, int, Family], bool] = {
        (g.session_id, g.turn, g.family): g.share >= 0.5
        for g in gold
        if g.blind and (g.rule == "adjudicated" or (g.rule == "unanimous" and g.coders > 1))
    }
    known = {(session, *one) for session, found in proposed.items() for one in found if (session, *one) in settled}
    wrong = {key for key in known if not settled[key]}
    shown = taken = 0
    for answer in answers:
        task = tasks.get(answer.task_id)
        if task is None or not task.shown:
            continue
        marks = _marked(answer, codebook)
        for session, turn, family in wrong:
            if session == answer.session_id and answer.first_turn <= turn <= answer.last_turn:
                shown += 1
                taken += (turn, family) in marks
    return WrongSuggestions(len(known), len(wrong), shown, taken)


def _sentence(rows: Sequence[AnchoringRow]) -> str:
    main = next((r for r in rows if (r.segments, r.measure) == ("flagged, suggestions shown", "marked")), None)
    value = main.difference.value if main is not None else None
    if main is None or value is None:
        return "No coder has both assisted and blind flagged segments yet: nothing can be said of anchoring."
    gap = main.difference
    size = f"{abs(value):.1%} of the turns {'more' if value > 0 else 'fewer'}"
    if gap.low is None or gap.high is None:
        return f"With suggestions in view the same coders marked {size}; no interval can be given."
    interval = f"95 % interval {gap.low:+.1%} to {gap.high:+.1%}"
    if gap.low <= 0 <= gap.high:
        return f"With suggestions in view the same coders marked {size} ({interval}): that may be chance."
    return f"With suggestions in view the same coders marked {size} ({interval}): the suggestions moved them."
