"""From codings to the counts that recall rests on: which segments were coded blind, and which of them hold a marker."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, t

from rupture_markers.coding.case_bootstrap import DRAWS, Figure, figures_over_cases
from rupture_markers.coding.recall import Share, StratumCount
from rupture_markers.learning.selection_design import DesignStratum
from rupture_markers.markers.coded_segment import CodedSegment
from rupture_markers.markers.marker import Family, Gold

Array = NDArray[np.float64]
FEWEST_CASES = 20
"""Cases below which nothing is said of new cases (docs/recall.md)."""


@dataclass(frozen=True, slots=True)
class BlindSegments:
    """Segments that at least one coder coded blind.

    Attributes
    ----------
    cases : mapping of segment id to str
        Every segment that was coded, with its case.
    positive : frozenset of str
        Those in which at least half of the blind coders marked one turn, or adjudication did. 'Not codable' counts as
        coded without a marker.
    ties : int
        Positive ones that rest on a tie of coders alone, and that adjudication could settle.
    """

    cases: Mapping[str, str]
    positive: frozenset[str]
    ties: int


def blind_segments(
    answers: Iterable[CodedSegment], gold: Iterable[Gold], families: Collection[Family]
) -> BlindSegments:
    """Segments coded blind, and those with a marker of these families.

    Parameters
    ----------
    answers : iterable of CodedSegment
        Current ones of the design, without practice and drift checks.
    gold : iterable of Gold
        Made with ``blind_only``.
    families : collection of Family
    """
    highest: dict[tuple[str, int], float] = defaultdict(float)
    for turn in gold:
        if turn.family in families:
            key = (turn.session_id, turn.turn)
            highest[key] = max(highest[key], turn.share)
    cases, positive, ties = {}, set(), 0
    for answer in answers:
        if answer.arm != "blind" or answer.outcome == "skipped" or answer.segment_id in cases:
            continue
        cases[answer.segment_id] = answer.case_id
        turns = range(answer.first_turn, answer.last_turn + 1)
        best = max((highest[answer.session_id, turn] for turn in turns), default=0.0)
        if best >= 0.5:
            positive.add(answer.segment_id)
            ties += best == 0.5
    return BlindSegments(cases, frozenset(positive), ties)


def count_strata(
    strata: Iterable[DesignStratum], blind: BlindSegments, *, only: Collection[str] | None = None
) -> tuple[StratumCount, ...]:
    """Counts of each stratum.

    Parameters
    ----------
    strata : iterable of DesignStratum
    blind : BlindSegments
    only : collection of str, optional
        Segments that count, of one group.
    """
    out = []
    for stratum in strata:
        members = [s for s in stratum.members if only is None or s in only]
        drawn = set(stratum.drawn).intersection(members)
        coded = [segment for segment in drawn if segment in blind.cases]
        out.append(
            StratumCount(
                name=stratum.name, flagged=stratum.flagged, size=len(members), coded=len(coded),
                positive=sum(segment in blind.positive for segment in coded), within=stratum.within,
                by_session=stratum.name.startswith("whole sessions"),
            )
        )  # fmt: skip
    return tuple(out)


@dataclass(frozen=True, slots=True)
class NewCases:
    """Recall in new cases like these: a statement beyond this corpus.

    Attributes
    ----------
    recall : Figure or None
        With an interval from a bootstrap over cases; None where there is too little to say it.
    missing : str
        What is missing; empty where there is a figure.
    """

    recall: Figure | None
    missing: str = ""


def recall_of_new_cases(
    strata: Sequence[DesignStratum], blind: BlindSegments, corpus: Share | None, *, seed: int = 1, draws: int = DRAWS
) -> NewCases:
    """Recall with an interval for new cases: weighted by the design, cases resampled.

    Parameters
    ----------
    strata : sequence of DesignStratum
    blind : BlindSegments
    corpus : Share or None
        Recall in this corpus, by `estimate_recall`.
    """
    if any(s.within for s in strata):
        return NewCases(None, "New cases: some segments were flagged later, in a round without new controls.")
    rows, cases = [], []
    missed = set()
    for stratum in strata:
        coded = [segment for segment in stratum.drawn if segment in blind.cases]
        for segment in coded:
            marker = len(stratum.members) / len(coded) * (segment in blind.positive)
            rows.append([marker * stratum.flagged, marker])
            cases.append(blind.cases[segment])
            if marker and not stratum.flagged:
                missed.add(blind.cases[segment])
    table = np.array(rows, dtype=float).reshape(-1, 2)
    return new_cases_figure(table, cases, len(missed), corpus, seed=seed, draws=draws)


def new_cases_figure(
    rows: Array, cases: Sequence[str], missed: int, corpus: Share | None, *, seed: int = 1, draws: int = DRAWS
) -> NewCases:
    """Recall of new cases.

    The interval spans both the exact bounds of this corpus and the expanded percentile interval of the bootstrap, whose
    tails are those of a t distribution with as many degrees as cases with a missed marker less one (docs/recall.md).

    Parameters
    ----------
    rows : array, coded segments x 2
        Weight of each marker segment where it was caught, and of each marker segment.
    cases : sequence of str
        Of the rows.
    missed : int
        Cases with a marker segment among the controls.
    corpus : Share or None

    References
    ----------
    Hesterberg, T. C. (2015). What teachers should know about the bootstrap. Am. Stat. 69(4), 371-386 (expanded
    percentile interval).
    """
    number = len(set(cases))
    if number < FEWEST_CASES:
        return NewCases(None, f"New cases: {number} cases were coded blind; at least {FEWEST_CASES} are needed.")
    if corpus is None or corpus.high is None or missed < 2:
        return NewCases(None, "New cases: marker segments among the controls of fewer than two cases.")

    def ratio(sums: Array) -> dict[str, Array]:
        with np.errstate(divide="ignore", invalid="ignore"):
            return {"recall": sums[..., 0] / sums[..., 1]}

    tail = float(norm.cdf(t.ppf(0.025, missed - 1) * math.sqrt(missed / (missed - 1))))
    found = figures_over_cases(rows, cases, ratio, seed=seed, draws=draws, tail=tail)["recall"]
    if found.low is None or found.high is None:
        return NewCases(None, "New cases: too few marker segments to resample.")
    return NewCases(Figure(found.value, min(found.low, corpus.low), max(found.high, corpus.high)))
