"""Agreement on numbers: how many turns were marked, how significant they are, session ratings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rupture_markers.coding.case_bootstrap import FEW_CASES, Figure, Resampling, figures_over_cases
from rupture_markers.coding.coded_units import ANY_RUPTURE, CodedTurns, Label, Unit
from rupture_markers.coding.icc import one_way_columns, one_way_icc, two_way_columns, two_way_icc
from rupture_markers.markers.coded_segment import CodedSegment

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class NumberRow:
    """Agreement on numbers: intraclass correlations.

    Attributes
    ----------
    unit, label : str
    what : str
        'marked turns', 'significance', or a session rating's name.
    units, cases, coders : int
    figures : mapping of str to Figure
        ``icc2_1`` and ``icc2_k`` where the same coders rated all units, else ``icc1_1`` and ``icc1_k``.
    caution : str
    """

    unit: Unit
    label: str
    what: str
    units: int
    cases: int
    coders: int
    figures: Mapping[str, Figure]
    caution: str


def number_rows(
    coded: CodedTurns,
    sessions: CodedTurns,
    labels: Sequence[Label],
    answers: Sequence[CodedSegment],
    settings: Resampling,
) -> Iterable[NumberRow]:
    """Intraclass correlations of each label, and of the session ratings.

    Parameters
    ----------
    coded : CodedTurns
        Turns that two coders or more coded.
    sessions : CodedTurns
        Those of sessions that were given out whole and coded in full.
    labels : sequence of Label
    answers : sequence of CodedSegment
        For the session ratings.
    settings : Resampling
    """
    for label in labels:
        table, rows = coded.significance(label)
        yield from _icc(
            table, tuple(coded.cases[r] for r in rows), coded.weights, "turn", label.name, "significance", settings
        )
        yield from _icc(*coded.totals(label, "segment"), "segment", label.name, "marked turns", settings)
        if len(sessions.turns):
            yield from _icc(*sessions.totals(label, "session"), "session", label.name, "marked turns", settings)
    rated: dict[str, dict[tuple[str, str], dict[str, int]]] = {}
    for answer in answers:
        for name, value in answer.ratings if answer.whole_session else ():
            rated.setdefault(name, {}).setdefault((answer.session_id, answer.case_id), {})[answer.coder] = value
    for name, of_session in sorted(rated.items()):
        table = np.array([[who.get(c, np.nan) for c in coded.coders] for who in of_session.values()], dtype=float)
        cases = tuple(case for _, case in of_session)
        yield from _icc(table, cases, np.ones(len(cases)), "session", ANY_RUPTURE, name, settings)


def _icc(
    table: Array, cases: tuple[str, ...], weights: Array, unit: Unit, label: str, what: str, settings: Resampling
) -> Iterable[NumberRow]:
    """ICC(2) where the same coders rated every unit, else ICC(1)."""
    seen = ~np.isnan(table)
    use = seen.sum(axis=1) >= 2
    if use.sum() < 3:
        return
    table, weights, seen = table[use], weights[use], seen[use]
    kept = tuple(case for case, inside in zip(cases, use, strict=True) if inside)
    present = seen.any(axis=0)
    fixed = bool((seen[:, present]).all())
    columns: Array
    figures: Callable[[Array], Mapping[str, Array]]
    if fixed:
        columns, figures = two_way_columns(table[:, present], weights), two_way_icc
    else:
        columns, figures = one_way_columns(table, weights), one_way_icc
    found = figures_over_cases(columns, kept, figures, seed=settings.seed, draws=settings.draws)
    words = [] if fixed else ["The coders change from unit to unit: ICC(1), in which their levels count as error."]
    if len(table) < 20:
        words.append(f"Only {len(table)} units: the figure is loose.")
    if len(set(kept)) < FEW_CASES:
        words.append(f"Few cases ({len(set(kept))}): the intervals are too narrow.")
    if all(figure.value is None for figure in found.values()):
        words.append("Nothing varies: there is no correlation.")
    yield NumberRow(unit, label, what, len(table), len(set(kept)), int(present.sum()), found, " ".join(words))
