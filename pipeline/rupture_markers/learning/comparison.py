"""Two models on the same turns of held-out cases: a paired bootstrap over cases, and the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rupture_markers.learning.figures import soft_average_precision
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


def family_measure(measure: FamilyMeasure, share: NDArray[np.float64], score: NDArray[np.float64]) -> float:
    """Average precision (soft), or Brier skill against the base rate; NaN where no turn, or every turn, is marked."""
    total = share.sum()
    if not len(share) or total <= 0 or total >= len(share):
        return float("nan")
    if measure == "ap":
        return soft_average_precision(share, score)
    base = np.mean((share.mean() - share) ** 2)
    return float(1 - np.mean((score - share) ** 2) / base) if base > 0 else float("nan")


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
    rows_of_case = [np.flatnonzero(case == n) for n in range(len(names))]
    numbers = np.random.default_rng(seed)
    draws = [numbers.integers(0, len(names), len(names)) for _ in range(resamples)] if len(names) else []
    drawn_rows = [np.concatenate([rows_of_case[n] for n in draw]) for draw in draws]
    families: dict[Family, FamilyComparison] = {}
    differences: list[NDArray[np.float64]] = []
    for family, measure in measures.items():
        column = FAMILIES.index(family)
        known = ~np.isnan(turns.share[:, column])

        def both(
            rows: NDArray[np.int64], column: int = column, measure: FamilyMeasure = measure
        ) -> tuple[float, float]:
            share = turns.share[rows, column]
            return (
                family_measure(measure, share, turns.candidate[rows, column]),
                family_measure(measure, share, turns.champion[rows, column]),
            )

        here = np.flatnonzero(known)
        value, old = both(here)
        if np.isnan(value):
            continue
        again = np.array([both(rows[known[rows]]) for rows in drawn_rows])
        lost = again[:, 0] - again[:, 1]
        differences.append(lost)
        kept, change = again[~np.isnan(again[:, 0]), 0], lost[~np.isnan(lost)]
        low, high = _bounds(change)
        value_low, value_high = _bounds(kept)
        families[family] = FamilyComparison(
            measure=measure, turns=len(here), marked=float(turns.share[here, column].sum()),
            candidate=value, candidate_low=value_low, candidate_high=value_high, champion=old,
            difference=value - old, low=low, high=high, in_favour=_in_favour(change),
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
