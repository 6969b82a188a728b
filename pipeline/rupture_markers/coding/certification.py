"""Training coders: segments whose codes are known, a criterion, and known segments mixed in later to watch for drift.

A known segment is given as an ordinary blind task: the coder's page and queue show nothing of it. Its assignment has the
role ``known``, so that it counts for no agreement between coders, no prevalence and no recall.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from rupture_markers.coding.agreement_figures import binary_columns, binary_figures
from rupture_markers.coding.assigned import Assignment, opaque_task_id
from rupture_markers.coding.case_bootstrap import DRAWS, Figure, figures_over_cases
from rupture_markers.coding.coded_units import Label, Speakers, coded_turns
from rupture_markers.errors import StudyError
from rupture_markers.learning.random_numbers import uniform
from rupture_markers.markers.codebook import Codebook
from rupture_markers.markers.coded_segment import CodedSegment
from rupture_markers.markers.marker import Coding, Family, Gold

KnownCodes = Mapping[tuple[str, int], frozenset[Family]]
"""Families that a turn is known to carry, by session and turn; a turn that is listed with none is known to have none."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """When a coder is certified: Cohen's kappa with the known codes, on enough turns and enough marked ones."""

    kappa: float = 0.70
    turns: int = 100
    marked: int = 10


@dataclass(frozen=True, slots=True)
class CoderReport:
    """How one coder did on known segments.

    Attributes
    ----------
    coder, label, part : str
        ``part`` is 'all', or 'first half' and 'second half' in the order of coding, for drift.
    segments, turns, marked, cases : int
        ``marked``: turns that carry the label by the known codes.
    kappa, positive : Figure
    verdict : str
        'certified', 'not yet', or 'too little: …'.
    """

    coder: str
    label: str
    part: str
    segments: int
    turns: int
    marked: int
    cases: int
    kappa: Figure
    positive: Figure
    verdict: str


def known_from_gold(gold: Iterable[Gold]) -> dict[tuple[str, int], frozenset[Family]]:
    """Known codes of turns that are settled: adjudicated, or unanimous among two blind coders or more."""
    out: dict[tuple[str, int], set[Family]] = {}
    for turn in gold:
        if turn.blind and (turn.rule == "adjudicated" or (turn.rule == "unanimous" and turn.coders > 1)):
            families = out.setdefault((turn.session_id, turn.turn), set())
            if turn.share >= 0.5:
                families.add(turn.family)
    return {key: frozenset(families) for key, families in out.items()}


def known_from_codings(
    codings: Iterable[Coding], turns_of: Mapping[str, Collection[int]], codebook: Codebook
) -> dict[tuple[str, int], frozenset[Family]]:
    """Known codes from a file that codes sessions in full: an unlisted turn of a listed session has none."""
    found: dict[tuple[str, int], set[Family]] = defaultdict(set)
    sessions = set()
    for coding in codings:
        sessions.add(coding.session_id)
        found[coding.session_id, coding.turn] |= {codebook.code(c).family for c in coding.codes if c in codebook}
    return {
        (session, turn): frozenset(found.get((session, turn), ()))
        for session in sessions
        for turn in turns_of.get(session, ())
    }


def practice_tasks(
    assignments: Sequence[Assignment],
    known: KnownCodes,
    *,
    study: str,
    coders: Sequence[str],
    number: Mapping[str, int],
    first: bool,
    seed: int,
) -> tuple[Assignment, ...]:
    """Draw known segments for each coder from those that the coder does not have yet.

    Parameters
    ----------
    assignments : sequence of Assignment
        Current ones.
    known : KnownCodes
        A segment qualifies when all its turns are known.
    study : str
    coders : sequence of str
    number : mapping of coder to int
        How many to add.
    first : bool
        At the front of the queue (practice), else at random places in it (drift checks).
    seed : int

    Raises
    ------
    StudyError
        In whole_session mode.
    """
    if any(a.mode == "whole_session" for a in assignments):
        raise StudyError(
            "known segments are mixed in where segments are coded, not whole sessions.",
            "Use a practice study of its own with 'coding.mode: flagged_segments'.",
        )
    models = {a.segment_id: a for a in assignments if all((a.session_id, turn) in known for turn in a.turns)}
    have = {(a.segment_id, a.coder) for a in assignments}
    out = []
    for coder in coders:
        free = [segment for segment in models if (segment, coder) not in have]
        free.sort(key=lambda segment: uniform(seed, "known", coder, segment))
        for segment in free[: number.get(coder, 0)]:
            model = models[segment]
            place = uniform(seed, "queue", coder, segment)
            out.append(
                replace(
                    model,
                    task_id=opaque_task_id(study, coder, "blind", segment, model.content_sha256),
                    coder=coder,
                    arm="blind",
                    shown=False,
                    role="known",
                    order=place * 1e-6 if first else place,
                )
            )
    return tuple(out)


def drift_numbers(assignments: Iterable[Assignment], share: float) -> dict[str, int]:
    """How many known segments each coder lacks for them to be this share of all the coder's tasks."""
    ordinary: dict[str, int] = defaultdict(int)
    have: dict[str, int] = defaultdict(int)
    for assignment in assignments:
        (have if assignment.role == "known" else ordinary)[assignment.coder] += 1
    return {coder: max(0, int(share / (1 - share) * count) - have[coder]) for coder, count in ordinary.items()}


def coder_reports(
    answers: Iterable[CodedSegment],
    known: KnownCodes,
    labels: Iterable[Label],
    criterion: Criterion,
    *,
    speakers: Speakers | None = None,
    seed: int = 1,
    draws: int = DRAWS,
) -> tuple[CoderReport, ...]:
    """Compare each coder's answers to known segments with the known codes.

    Parameters
    ----------
    answers : iterable of CodedSegment
        To tasks with the role ``known`` alone.
    known : KnownCodes
    labels : iterable of Label
        Any rupture and families; the verdict is given on the first.
    criterion : Criterion
    """
    by_coder: dict[str, list[CodedSegment]] = defaultdict(list)
    for answer in answers:
        by_coder[answer.coder].append(answer)
    out = []
    for coder, mine in sorted(by_coder.items()):
        mine.sort(key=lambda a: (a.coded_at, a.annotation))
        half = len(mine) // 2
        parts = {"all": mine} | ({"first half": mine[:half], "second half": mine[half:]} if half >= 2 else {})
        for place, label in enumerate(labels):
            for part, of_part in parts.items():
                report = _report(coder, label, part, of_part, known, speakers, seed, draws)
                verdict = _verdict(report, criterion) if part == "all" and place == 0 else ""
                out.append(replace(report, verdict=verdict))
    return tuple(out)


def _report(
    coder: str, label: Label, part: str, answers: Sequence[CodedSegment], known: KnownCodes,
    speakers: Speakers | None, seed: int, draws: int,
) -> CoderReport:  # fmt: skip
    coded = coded_turns(answers, speakers=speakers)
    table, rows = coded.marks(label)
    rows_known = [k for k, row in enumerate(rows) if coded.turns[row] in known]
    truth = np.array([float(_carries(known[coded.turns[rows[k]]], label)) for k in rows_known])
    both = np.stack([truth, table[rows_known, 0]], axis=1) if rows_known else np.zeros((0, 2))
    cases = [coded.cases[rows[k]] for k in rows_known]
    found = (
        figures_over_cases(binary_columns(both), cases, binary_figures, seed=seed, draws=draws) if rows_known else {}
    )
    return CoderReport(
        coder, label.name, part, len(answers), len(both), int(truth.sum()), len(set(cases)),
        found.get("kappa", Figure(None)), found.get("positive", Figure(None)), "",
    )  # fmt: skip


def _carries(families: frozenset[Family], label: Label) -> bool:
    return label.name in families if label.kind == "family" else bool(families - {"repair"})


def _verdict(report: CoderReport, criterion: Criterion) -> str:
    if report.turns < criterion.turns or report.marked < criterion.marked:
        return (
            f"too little: {report.turns} of {criterion.turns} turns, {report.marked} of {criterion.marked} marked ones"
        )
    kappa = report.kappa.value
    return "certified" if kappa is not None and kappa >= criterion.kappa else "not yet"
