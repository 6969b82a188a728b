"""Two models on the same turns of held-out cases: a paired bootstrap over cases, and the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rupture_markers.learning.manifest import FamilyComparison, HeldOutComparison
from rupture_markers.markers.marker import FAMILIES, Family

FamilyMeasure = Literal["ap", "brier_skill"]
RESAMPLES = 2000
LEVEL = 0.95


@dataclass(frozen=True)
class HeldOutTurns:
    """Gold of held-out cases with the scores of two models, one row a turn.

    Attributes
    ----------
    share, candidate, champion : arrays, turns x families
        Gold shares and probabilities; NaN where there is no gold, or the family is not coded.
    cases : array of str
        Case of each row.
    """

    share: NDArray[np.float64]
    candidate: NDArray[np.float64]
    champion: NDArray[np.float64]
    cases: NDArray[np.str_]


@dataclass(frozen=True)
class Verdict:
    """Whether the candidate takes over, and why."""

    promoted: bool
    reason: str


def family_measure(
    measure: FamilyMeasure, share: NDArray[np.float64], score: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Measure of a family for each way of weighing its turns.

    Average precision (soft: a turn counts as marked by its share), as scikit-learn has it, ties in one step; or Brier
    skill against the base rate.

    Parameters
    ----------
    share, score : arrays, turns
        Gold share and probability.
    weights : array, ways x turns
        How often each turn counts.

    Returns
    -------
    array, ways
        NaN where no turn, or every turn, is marked.
    """
    marked, total = weights @ share, weights.sum(axis=1)
    defined = (marked > 0) & (marked < total)
    with np.errstate(divide="ignore", invalid="ignore"):
        if measure == "ap":
            order = np.argsort(-score, kind="stable")
            last = np.flatnonzero(np.diff(score[order], append=-np.inf))
            found = np.cumsum(weights[:, order] * share[order], axis=1)[:, last]
            seen = np.cumsum(weights[:, order], axis=1)[:, last]
            precision = np.where(seen > 0, found / seen, 0.0)
            value = (np.diff(found, axis=1, prepend=0.0) * precision).sum(axis=1) / marked
        else:
            rate = marked / total
            # Of the base rate: the mean of (rate - share)^2 is mean(share^2) - rate^2.
            value = 1 - (weights @ (score - share) ** 2) / (weights @ share**2 - total * rate**2)
    return np.where(defined, value, np.nan)


def compare(
    turns: HeldOutTurns,
    measures: Mapping[Family, FamilyMeasure],
    *,
    champion: str,
    resamples: int = RESAMPLES,
    seed: int = 1,
) -> HeldOutComparison:
    """Compare candidate and champion by a paired bootstrap over cases (Efron and Tibshirani, 1993, ch. 10).

    Parameters
    ----------
    measures : Mapping of Family to measure
        Those that decide; a family whose gold has no marked turn is left out.
    champion : str
        Its id, for the record.
    """
    names, case = np.unique(turns.cases, return_inverse=True)
    draws = np.random.default_rng(seed).multinomial(len(names), np.full(len(names), 1 / max(len(names), 1)), resamples)
    families: dict[Family, FamilyComparison] = {}
    differences: list[NDArray[np.float64]] = []
    for family, measure in measures.items():
        column = FAMILIES.index(family)
        here = np.flatnonzero(~np.isnan(turns.share[:, column]))
        share = turns.share[here, column]
        # The first way of weighing is the sample as it is.
        weights = (
            np.vstack([np.ones(len(here)), draws[:, case[here]].astype(np.float64)]) if len(here) else np.zeros((1, 0))
        )
        new, old = (
            family_measure(measure, share, scores[here, column], weights)
            for scores in (turns.candidate, turns.champion)
        )
        if np.isnan(new[0]):
            continue
        lost = (new - old)[1:]
        differences.append(lost)
        low, high = _bounds(lost[~np.isnan(lost)])
        value_low, value_high = _bounds(new[1:][~np.isnan(new[1:])])
        families[family] = FamilyComparison(
            measure=measure, turns=len(here), marked=float(share.sum()),
            candidate=float(new[0]), candidate_low=value_low, candidate_high=value_high, champion=float(old[0]),
            difference=float(new[0] - old[0]), low=low, high=high, in_favour=_in_favour(lost[~np.isnan(lost)]),
        )  # fmt: skip
    # A resample without a marked turn of a family says nothing of it, nor of the mean.
    mean = np.mean(np.array(differences), axis=0) if differences else np.array([])
    return HeldOutComparison(
        champion=champion,
        cases=len(names),
        resamples=resamples,
        level=LEVEL,
        mean_difference=float(np.mean([f.difference for f in families.values()])) if families else 0.0,
        in_favour=_in_favour(mean[~np.isnan(mean)]),
        families=families,
    )


def _bounds(values: NDArray[np.float64]) -> tuple[float, float]:
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]) if len(values) else (0.0, 0.0)
    return float(low), float(high)


def _in_favour(differences: NDArray[np.float64]) -> float:
    if not len(differences):
        return 0.5
    return float(np.mean(differences > 0) + np.mean(differences == 0) / 2)


def judge(
    found: HeldOutComparison, measures: Mapping[Family, FamilyMeasure], *, certainty: float, allow_equal: bool
) -> Verdict:
    """Decide whether the candidate takes over.

    It is better where the mean difference over the deciding measures is above 0, the resamples favour it at least at
    ``certainty``, and no single measure is worse beyond its interval. It is not worse where the resamples do not favour
    the champion at ``certainty``, and no single measure is worse beyond its interval.
    """
    figures = ", ".join(
        f"{family} {f.measure} {f.champion:.3f} -> {f.candidate:.3f} (difference {f.difference:+.3f}, "
        f"{found.level:.0%} interval {f.low:+.3f} to {f.high:+.3f})"
        for family, f in found.families.items()
    )
    missing = [family for family in measures if family not in found.families]
    if missing:
        return Verdict(
            False,
            f"the held-out cases have no marked turn with gold for {' and '.join(missing)}, so it cannot be compared; "
            "code more of them",
        )
    favour = f"{found.in_favour:.0%} of {found.resamples} resamples of {found.cases} held-out cases favour it"
    worse = [family for family, f in found.families.items() if f.high < 0]
    if worse:
        return Verdict(False, f"{' and '.join(worse)} is worse beyond chance: {figures}")
    if found.mean_difference > 0 and found.in_favour >= certainty:
        return Verdict(True, f"better on held-out cases: {figures}; {favour}")
    if allow_equal and found.in_favour > 1 - certainty:
        return Verdict(True, f"not worse on held-out cases (equal is allowed): {figures}; {favour}")
    return Verdict(False, f"not better on held-out cases: {figures}; {favour}, and {certainty:.0%} are asked for")
