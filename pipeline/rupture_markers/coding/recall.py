"""Recall of the flags, and prevalence, in this corpus: exact bounds from segments coded blind.

The estimand is the share of this corpus's marker segments, as coded blind, that the flags caught. The marker segments
among the flagged are known as far as these were coded blind, those among the others through the controls.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rupture_markers.coding.hypergeometric import stopping_p_value, total_bounds

TARGETS = (0.80, 0.90, 0.95)
RISK = 0.05
_SHARE_OF_UNFLAGGED = 0.8
"""Of the risk of error: the controls are fewer, so their bounds get the larger part. Fixed before any data."""


@dataclass(frozen=True, slots=True)
class StratumCount:
    """A stratum of the selection, as far as it was coded blind.

    Attributes
    ----------
    name : str
    flagged : bool
    size : int
        Segments in it.
    coded : int
        Of them, drawn by chance and coded blind.
    positive : int
        Of the coded, those with a marker.
    within : str
        Name of the stratum that these segments are part of already (`DesignStratum.within`).
    by_session : bool
        Whether whole sessions were drawn to be coded blind, so that their segments are no simple random sample.
    """

    name: str
    flagged: bool
    size: int
    coded: int
    positive: int
    within: str = ""
    by_session: bool = False

    @property
    def open(self) -> bool:
        """Whether some of it is not coded blind."""
        return self.coded < self.size


@dataclass(frozen=True, slots=True)
class Share:
    """A share of this corpus, with exact 95 % bounds.

    Attributes
    ----------
    estimate : float or None
        None where only a bound can be given.
    low : float
    high : float or None
        None: a lower bound only.
    """

    estimate: float | None
    low: float
    high: float | None


@dataclass(frozen=True, slots=True)
class MoreSegments:
    """What it takes to have coded a share of all marker segments.

    Attributes
    ----------
    target : float
    expected, cautious : int or None
        Segments to draw by chance from those not selected: by the estimate, and by the upper bound on what was missed;
        None where there is no estimate, or the bound asks for more than there are.
    p_value : float or None
        Of the stopping rule; None where every segment is flagged, or strata without a flag are too many.
    stop : bool
        Whether the rule says that the target is reached (p below 0.05).
    """

    target: float
    expected: int | None
    cautious: int | None
    p_value: float | None
    stop: bool


@dataclass(frozen=True, slots=True)
class RecallEstimate:
    """Recall and prevalence, or why there are none.

    Attributes
    ----------
    strata : tuple of StratumCount
    recall : Share or None
    more : tuple of MoreSegments
    missing : tuple of str
        Why there is no recall, and what would give one; empty where there is one.
    notes : tuple of str
    """

    strata: tuple[StratumCount, ...]
    recall: Share | None
    more: tuple[MoreSegments, ...] = ()
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def prevalence(self) -> Share | None:
        """Share of all segments that hold a marker; None where it cannot be said."""
        return _share([s for s in self.strata if not s.within])

    @property
    def precision(self) -> Share | None:
        """Share of the flagged segments that hold a marker; None where it cannot be said."""
        return _share([s for s in self.strata if s.flagged])


@dataclass(frozen=True, slots=True)
class _Total:
    """Positives of some strata: bounds and estimate."""

    low: int
    high: int
    estimate: float

    def __add__(self, other: _Total) -> _Total:
        return _Total(self.low + other.low, self.high + other.high, self.estimate + other.estimate)


_NOTHING = _Total(0, 0, 0.0)


def estimate_recall(strata: Sequence[StratumCount]) -> RecallEstimate:
    """Estimate recall from the counts of the strata.

    Parameters
    ----------
    strata : sequence of StratumCount

    Returns
    -------
    RecallEstimate
        With a lower bound only where no control holds a marker; refused, with what is missing, where nothing can be said.

    Notes
    -----
    Recall = C / (C + M) rises with C, the marker segments caught, and falls with M, those missed. Each stratum's number
    gets one-sided hypergeometric bounds, the risk of 2.5 % a side split over the strata that were not coded in full
    (Bonferroni): four fifths for those without a flag, one fifth for the flagged. So the bounds hold at 95 % or more
    whatever the numbers are, given that the coded segments are a simple random sample of their stratum. The upper bound
    is given only where a control holds a marker, and holds at its level among such samples too.

    References
    ----------
    Cochran, W. G. (1977). Sampling Techniques, 3rd ed., ch. 3 and 5A (finite populations, stratified proportions).
    """
    counts = tuple(s for s in strata if s.size)
    own = [s for s in counts if not s.within]
    flagged = [s for s in counts if s.flagged]
    unflagged = [s for s in own if not s.flagged]
    missing = _missing(flagged, unflagged)
    if missing:
        return RecallEstimate(counts, None, missing=missing)
    caught_risk, missed_risk = _split(flagged, unflagged)
    caught = _total(flagged, caught_risk)
    # Segments that a later round flagged are counted within the stratum whose controls stand for them too.
    apart = _total([s for s in flagged if not s.within], caught_risk)
    others = _total(unflagged, missed_risk, given_some=True)
    low = caught.low / max(apart.low + others.high, caught.low, 1)
    high = min(1.0, caught.high / max(apart.high + others.low, 1))
    estimated_total = apart.estimate + others.estimate
    seen = sum(s.positive for s in unflagged)
    recall = Share(min(1.0, caught.estimate / estimated_total), low, high) if seen else Share(None, low, None)
    notes = () if seen else ("No marker was found among the controls: there is a lower bound only.",)
    return RecallEstimate(counts, recall, _more(flagged, unflagged, caught, others), notes=notes)


def _missing(flagged: Sequence[StratumCount], unflagged: Sequence[StratumCount]) -> tuple[str, ...]:
    out = []
    if any(s.by_session and s.open for s in (*flagged, *unflagged)):
        out.append("Whole sessions are drawn to be blind: recall needs all of them coded blind (set 'blind: 1').")
    if not any(s.coded for s in flagged):
        out.append("No flagged segment was coded blind: raise 'blind', or wait for the coders.")
    if unflagged and not any(s.coded for s in unflagged):
        out.append("No control was coded blind: set 'control' above 0, raise 'blind', or wait for the coders.")
    if not any(s.positive for s in (*flagged, *unflagged)):
        out.append("No blind coding holds a marker yet: recall of nothing is not defined.")
    return tuple(out)


def _split(flagged: Sequence[StratumCount], unflagged: Sequence[StratumCount]) -> tuple[float, float]:
    """Risk a side of each flagged and of each other stratum; one coded in full needs none."""
    open_flagged, open_unflagged = sum(s.open for s in flagged), sum(s.open for s in unflagged)
    part = _SHARE_OF_UNFLAGGED if open_flagged else 1.0
    rest = 1 - part if open_unflagged else 1.0
    return RISK / 2 * rest / max(open_flagged, 1), RISK / 2 * part / max(open_unflagged, 1)


def _total(strata: Sequence[StratumCount], risk: float, *, given_some: bool = False) -> _Total:
    """Positives of strata together; a stratum of which nothing was coded may hold any number, and has no estimate."""
    out = _NOTHING
    for s in strata:
        low, high = total_bounds(s.size, s.coded, s.positive, risk, risk, given_some=given_some)
        out += _Total(low, high, s.size * s.positive / s.coded if s.coded else 0.0)
    return out


def _share(strata: Sequence[StratumCount]) -> Share | None:
    if not any(s.coded for s in strata) or any(s.by_session and s.open for s in strata):
        return None
    size = sum(s.size for s in strata)
    total = _total(strata, RISK / 2 / max(sum(s.open for s in strata), 1))
    return Share(total.estimate / size, total.low / size, total.high / size)


def _more(
    flagged: Sequence[StratumCount], unflagged: Sequence[StratumCount], caught: _Total, others: _Total
) -> tuple[MoreSegments, ...]:
    """Marker segments found by coding all that was selected, against targets."""
    in_controls = sum(s.positive for s in unflagged)
    rest = sum(s.size - s.coded for s in unflagged)
    samples = [(s.size, s.coded, s.positive) for s in unflagged]
    found_flagged = sum(s.positive for s in flagged)
    out = []
    for target in TARGETS:
        expected = None
        if in_controls:
            expected = _draws(target, caught.estimate + in_controls, others.estimate - in_controls, rest)
        cautious = _draws(target, caught.low + in_controls, others.high - in_controls, rest)
        p = stopping_p_value(samples, found_flagged, target) if samples else None
        out.append(MoreSegments(target, expected, cautious, p, p is not None and p < RISK))
    return tuple(out)


def _draws(target: float, found: float, missed: float, rest: int) -> int | None:
    """Expected number of draws from the rest until the target is met: x (rest + 1) / (missed + 1) for the x-th positive."""
    needed = math.ceil(target * (found + missed) - found - 1e-9)
    if needed <= 0:
        return 0
    if missed < needed:
        return None
    return min(rest, math.ceil(needed * (rest + 1) / (missed + 1)))
