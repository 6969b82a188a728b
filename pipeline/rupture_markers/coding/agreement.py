"""Agreement of coders: per code, family and any rupture; per turn, segment and session; with what must not be trusted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rupture_markers.coding.agreement_figures import binary_columns, binary_figures, pairs_of
from rupture_markers.coding.case_bootstrap import DRAWS, FEW_CASES, Figure, Resampling, figures_over_cases
from rupture_markers.coding.coded_units import (
    UNITS,
    CodedTurns,
    Label,
    Speakers,
    Unit,
    coded_turns,
    labels_of,
)
from rupture_markers.coding.number_agreement import NumberRow, number_rows
from rupture_markers.markers.codebook import Codebook
from rupture_markers.markers.coded_segment import CodedSegment

Array = NDArray[np.float64]
FEW_MARKS = 10
"""Units with a mark below which no figure of a label is worth reading."""
_RARE = 0.05
_BLOCKS = 4


@dataclass(frozen=True, slots=True)
class AgreementRow:
    """Agreement on one label in one kind of unit.

    Attributes
    ----------
    unit, label, kind : str
    coders : str
        'all', a pair ('ana, ben'), or one coder against the others.
    period : str
        Empty, or the part of the time ('2 of 4, until 2026-03-01').
    units, cases, marked : int
        Units that two coders or more coded, their cases, and how many of them at least one coder marked.
    figures : mapping of str to Figure
        By the names of `BINARY_FIGURES`.
    caution : str
        What must not be trusted and why; empty where nothing speaks against the figures.
    """

    unit: Unit
    label: str
    kind: str
    coders: str
    period: str
    units: int
    cases: int
    marked: int
    figures: Mapping[str, Figure]
    caution: str


@dataclass(frozen=True, slots=True)
class Agreement:
    """All that agreement says of a study.

    Attributes
    ----------
    rows, pairs, coders, periods : tuple of AgreementRow
        Over all coders; of each pair; of each coder against the others; over time.
    numbers : tuple of NumberRow
    notes : tuple of str
        What was left out, and why.
    """

    rows: tuple[AgreementRow, ...]
    pairs: tuple[AgreementRow, ...]
    coders: tuple[AgreementRow, ...]
    periods: tuple[AgreementRow, ...]
    numbers: tuple[NumberRow, ...]
    notes: tuple[str, ...] = ()


def agreement(
    answers: Iterable[CodedSegment],
    codebook: Codebook,
    *,
    weights: Mapping[str, float] | None = None,
    speakers: Speakers | None = None,
    leave_out: Iterable[str] = (),
    seed: int = 1,
    draws: int = DRAWS,
) -> Agreement:
    """Agreement of blind codings, before adjudication.

    Parameters
    ----------
    answers : iterable of CodedSegment
        Current answers; assisted ones are left out.
    codebook : Codebook
    weights : mapping of segment id to float, optional
        Inverse selection probabilities: the figures then speak of all segments, not of the selected ones. A segment
        without one is left out, and the notes say so. None: unweighted.
    speakers : Speakers, optional
        A label is then looked for only in turns in which the codebook lets it be coded.
    leave_out : iterable of str
        Task ids that are no part of the design: practice and drift checks.
    seed, draws : int
        Of the bootstrap over cases.
    """
    known = frozenset(leave_out)
    blind = [a for a in answers if a.arm == "blind"]
    designed = [a for a in blind if a.task_id not in known or not a.task_id]
    used = designed
    notes = []
    if len(blind) > len(designed):
        notes.append(f"{len(blind) - len(designed)} answers to practice and drift checks are left out.")
    if weights is not None:
        used = [a for a in designed if a.whole_session or a.segment_id in weights]
        if missing := len({a.segment_id for a in designed} - {a.segment_id for a in used}):
            notes.append(
                f"{missing} {'segment is' if missing == 1 else 'segments are'} left out: flagged in a later round, so that the "
                "controls of an earlier one stand for them, or of unknown selection probability (--unweighted counts them, "
                "and then speaks of the coded segments alone)."
            )
    coded = coded_turns(used, weights=weights, speakers=speakers)
    twice = coded.keep(coded.seen.sum(axis=1) >= 2)
    if not len(twice.turns):
        notes.append("No turn was coded blind by two coders: there is no agreement to speak of yet.")
        return Agreement((), (), (), (), (), tuple(notes))
    if not twice.whole.any():
        notes.append("No session was coded whole by two coders: there are no figures per session.")
    settings = Resampling(seed, draws)
    labels = labels_of(codebook)
    shown = [label for label in labels if label.kind != "code"]
    sessions = _whole_sessions(twice, speakers)
    rows = [
        _row(twice if unit != "session" else sessions, label, unit, settings)
        for unit in UNITS
        for label in labels
        if unit != "session" or len(sessions.turns)
    ]
    return Agreement(
        rows=tuple(row for row in rows if row.units),
        pairs=tuple(_pairs(twice, shown, settings)),
        coders=tuple(_each_coder(twice, shown, settings)),
        periods=tuple(_periods(twice, shown, settings)),
        numbers=tuple(number_rows(twice, sessions, shown, used, settings)),
        notes=tuple(notes),
    )


def _whole_sessions(coded: CodedTurns, speakers: Speakers | None) -> CodedTurns:
    """Sessions given out whole; where the transcript is at hand, only those of which every turn was coded twice."""
    found: dict[str, int] = {}
    for (session, _), whole in zip(coded.turns, coded.whole, strict=True):
        found[session] = found.get(session, 0) + int(whole)
    full = {s for s, n in found.items() if n and (speakers is None or s not in speakers or n == len(speakers[s]))}
    return coded.keep(np.array([session in full for session, _ in coded.turns], dtype=bool))


def _table(coded: CodedTurns, label: Label, unit: Unit) -> tuple[Array, tuple[str, ...], Array]:
    """Marked or not, of each unit and coder."""
    if unit == "turn":
        table, rows = coded.marks(label)
        return table, tuple(coded.cases[r] for r in rows), coded.weights[rows]
    totals, cases, weights = coded.totals(label, unit)
    return np.where(np.isnan(totals), np.nan, (totals > 0) * 1.0), cases, weights


def _row(
    coded: CodedTurns, label: Label, unit: Unit, settings: Resampling, *, coders: str = "all", period: str = ""
) -> AgreementRow:
    table, cases, weights = _table(coded, label, unit)
    use = (~np.isnan(table)).sum(axis=1) >= 2
    table, weights = table[use], weights[use]
    cases = tuple(case for case, kept in zip(cases, use, strict=True) if kept)
    found = figures_over_cases(
        binary_columns(table, weights), cases, binary_figures, seed=settings.seed, draws=settings.draws
    )
    marked = int((np.nan_to_num(table).sum(axis=1) > 0).sum())
    caution = _caution(marked, len(set(cases)), weights, found["prevalence"].value)
    return AgreementRow(
        unit, label.name, label.kind, coders, period, len(table), len(set(cases)), marked, found, caution
    )


def _caution(marked: int, cases: int, weights: Array, prevalence: float | None) -> str:
    out = []
    if marked < FEW_MARKS:
        out.append(f"Rare: marked in {marked} units, too few for any figure to be trusted.")
    if cases < FEW_CASES:
        out.append(f"Few cases ({cases}): the intervals are too narrow.")
    if prevalence is not None and min(prevalence, 1 - prevalence) < _RARE:
        out.append("AC1 and raw agreement flatter at this prevalence: read alpha, kappa and positive agreement.")
    if len(weights) and weights.sum() ** 2 / (weights**2).sum() < len(weights) / 3:
        out.append("A few control segments carry most of the weight.")
    return " ".join(out)


def _pairs(coded: CodedTurns, labels: list[Label], settings: Resampling) -> Iterable[AgreementRow]:
    if len(coded.coders) < 3:
        return
    for first, second in pairs_of(len(coded.coders)):
        both = coded.seen[:, first] & coded.seen[:, second]
        if both.any():
            two = _of_coders(coded.keep(both), (first, second))
            for label in labels:
                yield _row(two, label, "turn", settings, coders=", ".join(two.coders))


def _of_coders(coded: CodedTurns, columns: tuple[int, ...]) -> CodedTurns:
    """These coders alone."""
    place = {old: new for new, old in enumerate(columns)}
    return CodedTurns(
        coded.turns, coded.segments, coded.cases, tuple(coded.coders[c] for c in columns), coded.seen[:, columns],
        {(r, place[c]): said for (r, c), said in coded.codes.items() if c in place},
        coded.speakers, coded.weights, coded.order, coded.whole,
    )  # fmt: skip


def _each_coder(coded: CodedTurns, labels: list[Label], settings: Resampling) -> Iterable[AgreementRow]:
    """Each coder against the others: every unit the coder coded, as the pairs of the coder and one other."""
    for place, coder in enumerate(coded.coders):
        mine = coded.keep(coded.seen[:, place])
        for label in labels:
            table, rows = mine.marks(label)
            others = [c for c in range(len(coded.coders)) if c != place]
            stacked = np.concatenate([table[:, [place, other]] for other in others])
            use = ~np.isnan(stacked).any(axis=1)
            cases = tuple(mine.cases[r] for r in rows) * len(others)
            kept = tuple(case for case, inside in zip(cases, use, strict=True) if inside)
            weights = np.tile(mine.weights[rows], len(others))[use]
            if not kept:
                continue
            found = figures_over_cases(
                binary_columns(stacked[use], weights), kept, _with_own_share, seed=settings.seed, draws=settings.draws
            )
            marked = int((stacked[use].sum(axis=1) > 0).sum())
            caution = _caution(marked, len(set(kept)), weights, found["prevalence"].value)
            yield AgreementRow(
                "turn", label.name, label.kind, coder, "", len(kept), len(set(kept)), marked, found, caution
            )


def _with_own_share(sums: Array) -> dict[str, Array]:
    """Figures, with the share of marks of the first coder (``own``) and of the other (``others``)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        shared, first, second = (sums[..., place] for place in (-4, -3, -2))
        return binary_figures(sums) | {"own": first / shared, "others": second / shared}


def _periods(coded: CodedTurns, labels: list[Label], settings: Resampling) -> Iterable[AgreementRow]:
    """Up to four parts of equal numbers of segments, in the order in which they were coded."""
    when: dict[str, str] = {}
    for segment, day in zip(coded.segments, coded.order, strict=True):
        when[segment] = max(when.get(segment, ""), day)
    known = sorted((day, segment) for segment, day in when.items() if day)
    blocks = min(_BLOCKS, len(known) // 10)
    if blocks < 2:
        return
    for number, part in enumerate(np.array_split(np.arange(len(known)), blocks), start=1):
        inside = {known[place][1] for place in part}
        rows = np.array([segment in inside for segment in coded.segments], dtype=bool)
        period = f"{number} of {blocks}, until {known[part[-1]][0][:10]}"
        for label in labels:
            yield _row(coded.keep(rows), label, "turn", settings, period=period)
