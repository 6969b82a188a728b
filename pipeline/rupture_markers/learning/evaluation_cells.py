"""Figures with intervals from out-of-fold scores: by set, family, group, code; curves; the worst misses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve

from rupture_markers.learning.baselines import TFIDF
from rupture_markers.learning.bootstrap import Figures, Weights, estimates
from rupture_markers.learning.dataset import TurnKey
from rupture_markers.learning.evaluation_report import (
    Cell,
    CodeAccuracy,
    CodeFigures,
    Curves,
    Estimate,
    GroupCell,
    Miss,
)
from rupture_markers.learning.turn_table import TurnTable
from rupture_markers.learning.weighted_figures import (
    Array,
    average_precision,
    calibration_bins,
    segment_figures,
    turn_figures,
)
from rupture_markers.markers.codebook import Codebook
from rupture_markers.markers.marker import FAMILIES, Family
from rupture_markers.transcripts.segments import segments_of

LEAST_POSITIVE = 30
"""Nothing is claimed of fewer marked turns."""
LEAST_GROUP_CASES = 5
"""A group of fewer cases could point to a person: it is left out."""
_POINTS = 60
RELATIONAL = ("R4", "R5", "R6", "R7", "R10")
"""Repair that speaks of the relationship itself; the other strategies are everyday technique too."""


@dataclass(frozen=True)
class Judged:
    """Scored turns with what the coders said, and how intervals are drawn.

    Attributes
    ----------
    scores : sequence of arrays, turns x families
        One for each repeat of the cross-validation.
    """

    table: TurnTable
    share: Array
    scores: Sequence[Array]
    baselines: Mapping[str, Array]
    sets: NDArray[np.str_]
    replicates: int
    seed: int

    def estimates(self, rows: NDArray[np.int64], figures: Figures) -> dict[str, Estimate]:
        """Figures of these rows."""
        return estimates(figures, self.table.cases[rows], replicates=self.replicates, seed=self.seed)


def cell(judged: Judged, family: Family, inside: NDArray[np.bool_]) -> Cell | None:
    """Figures of a family on some turns; None where the family is not coded in any of them."""
    column = FAMILIES.index(family)
    rows = judged.table.rows_of(family)
    rows = rows[inside[rows] & ~np.isnan(judged.scores[0][rows, column])]
    if not len(rows):
        return None
    share = judged.share[rows, column]
    sure = (share == 0) | (share == 1)
    positive = int((share == 1).sum())
    counts = {
        "turns": len(rows),
        "cases": len(np.unique(judged.table.cases[rows])),
        "positive": positive,
        "disputed": int((~sure).sum()),
        "base_rate": positive / max(int(sure.sum()), 1),
        "too_few": positive < LEAST_POSITIVE,
    }
    if not positive or positive == sure.sum():
        return Cell.model_validate({**counts, "figures": {}, "baselines": {}})
    scores = [each[rows, column] for each in judged.scores]

    def model(weight: Weights) -> dict[str, Array]:
        parts = [turn_figures(share, score, weight) for score in scores]
        return {name: np.mean([part[name] for part in parts], axis=0) for name in parts[0]}

    figures = judged.estimates(rows, model)
    figures |= _by_segments(judged, family, rows)
    baselines = {}
    for name, given in judged.baselines.items():
        score = given[rows, column]

        def simple(weight: Weights, score: Array = score) -> dict[str, Array]:
            found = turn_figures(share, score, weight)
            return {key: found[key] for key in ("ap", "ap_all", "auc", "recall_20", "brier_skill")}

        baselines[name] = judged.estimates(rows, simple)
    return Cell.model_validate({**counts, "figures": figures, "baselines": baselines})


def _by_segments(judged: Judged, family: Family, rows: NDArray[np.int64]) -> dict[str, Estimate]:
    """Recall where segments of 20 turns are read whole, by the chance that they hold a marker of the family."""
    column = FAMILIES.index(family)
    place = {judged.table.keys[row]: row for row in rows}
    size, found, cases = [], [], []
    chances: list[list[float]] = [[] for _ in judged.scores]
    for transcript in judged.table.transcripts:
        for segment in segments_of(transcript):
            held = [
                place[key] for t in segment.turns_of(transcript) if (key := (transcript.session_id, t.index)) in place
            ]
            if not held:
                continue
            size.append(float(len(segment.turns_of(transcript))))
            found.append(float((judged.share[held, column] > 0).sum()))
            cases.append(transcript.case_id)
            for chance, scores in zip(chances, judged.scores, strict=True):
                chance.append(float(1 - np.prod(1 - scores[held, column])))
    sizes, marks = np.array(size), np.array(found)

    def figures(weight: Weights) -> dict[str, Array]:
        parts = [segment_figures(sizes, marks, np.array(chance), weight) for chance in chances]
        return {name: np.mean([part[name] for part in parts], axis=0) for name in parts[0]}

    return estimates(figures, np.array(cases), replicates=judged.replicates, seed=judged.seed)


def cells_by_set(judged: Judged) -> dict[str, dict[Family, Cell]]:
    """Figures of every set and family."""
    out: dict[str, dict[Family, Cell]] = {}
    for name in sorted(set(judged.sets.tolist())):
        for family in FAMILIES:
            found = cell(judged, family, judged.sets == name)
            if found is not None:
                out.setdefault(name, {})[family] = found
    return out


def group_cells(judged: Judged) -> tuple[list[GroupCell], int]:
    """Figures of each value of each group column, and how many values were left out as too small."""
    transcripts = judged.table.transcripts
    values = sorted({(key, value) for t in transcripts for key, value in t.groups.items() if value})
    out, suppressed = [], 0
    for column, value in values:
        inside = np.array([t.groups.get(column) == value for t in transcripts])
        cases = {t.case_id for t, kept in zip(transcripts, inside, strict=True) if kept}
        if len(cases) < LEAST_GROUP_CASES:
            suppressed += 1
            continue
        rows = inside[judged.table.session]
        families = {family: found for family in FAMILIES if (found := cell(judged, family, rows)) is not None}
        out.append(GroupCell(column=column, value=value, sessions=int(inside.sum()), families=families))
    return out, suppressed


def code_figures(
    judged: Judged,
    ranked: Sequence[Mapping[Family, tuple[str, ...]]],
    agreed: Mapping[TurnKey, frozenset[str]],
    codebook: Codebook,
) -> tuple[list[CodeFigures], list[CodeAccuracy]]:
    """Figures of every code that a coder gave, and the accuracy of the likeliest codes of each family."""
    codes: list[CodeFigures] = []
    accuracy: list[CodeAccuracy] = []
    for column, family in enumerate(FAMILIES):
        of_family = [code.id for code in codebook.of_family(family)]
        rows = judged.table.rows_of(family)
        both = [
            (int(row), agreed.get(judged.table.keys[row], frozenset()).intersection(of_family))
            for row in rows
            if judged.share[row, column] == 1
        ]
        both = [(row, given) for row, given in both if given]
        score = judged.scores[0][rows, column]
        cut = np.quantile(score, 0.8) if len(score) else 1.0
        for code in of_family:
            held = [row for row, given in both if code in given]
            if held:
                codes.append(_one_code(judged, code, family, held, float(cut), ranked))
        groups = [of_family]
        if family == "repair":
            groups.append([code for code in of_family if code in RELATIONAL])
        accuracy.extend(_accuracy(judged, family, group, both, ranked) for group in groups)
    return codes, accuracy


def _one_code(
    judged: Judged, code: str, family: Family, held: list[int], cut: float,
    ranked: Sequence[Mapping[Family, tuple[str, ...]]],
) -> CodeFigures:  # fmt: skip
    counts = {"code": code, "family": family, "turns": len(held), "too_few": len(held) < LEAST_POSITIVE}
    if len(held) < LEAST_POSITIVE:
        return CodeFigures.model_validate(counts)
    order = [ranked[row].get(family, ()) for row in held]
    hits = {
        "found_at_20": np.array([judged.scores[0][row, FAMILIES.index(family)] >= cut for row in held], dtype=float),
        "first": np.array([given[:1] == (code,) for given in order], dtype=float),
        "among_three": np.array([code in given[:3] for given in order], dtype=float),
    }
    return CodeFigures.model_validate({**counts, **_shares(judged, held, hits)})


def _accuracy(
    judged: Judged, family: Family, group: list[str], both: list[tuple[int, frozenset[str]]],
    ranked: Sequence[Mapping[Family, tuple[str, ...]]],
) -> CodeAccuracy:  # fmt: skip
    kept = [(row, given.intersection(group)) for row, given in both if given.intersection(group)]
    commonest = [code for code, _ in Counter(code for _, given in kept for code in sorted(given)).most_common(3)]
    counts = {
        "family": family, "codes": group, "turns": len(kept), "too_few": len(kept) < LEAST_POSITIVE,
        "majority": commonest,
    }  # fmt: skip
    if len(kept) < LEAST_POSITIVE:
        return CodeAccuracy.model_validate(counts)
    order = [[code for code in ranked[row].get(family, ()) if code in group] for row, _ in kept]
    hits = {
        "top_1": np.array([bool(given & set(o[:1])) for o, (_, given) in zip(order, kept, strict=True)], dtype=float),
        "top_3": np.array([bool(given & set(o[:3])) for o, (_, given) in zip(order, kept, strict=True)], dtype=float),
        "majority_1": np.array([bool(given & set(commonest[:1])) for _, given in kept], dtype=float),
        "majority_3": np.array([bool(given & set(commonest)) for _, given in kept], dtype=float),
    }
    return CodeAccuracy.model_validate({**counts, **_shares(judged, [row for row, _ in kept], hits)})


def _shares(judged: Judged, rows: list[int], hits: Mapping[str, Array]) -> dict[str, Estimate]:
    def figures(weight: Weights) -> dict[str, Array]:
        with np.errstate(divide="ignore", invalid="ignore"):
            return {name: np.asarray(weight @ hit / weight.sum(axis=1)) for name, hit in hits.items()}

    return judged.estimates(np.array(rows), figures)


def curves(judged: Judged) -> dict[str, dict[Family, Curves]]:
    """Points for the plots of every set and family, of the first repeat."""
    out: dict[str, dict[Family, Curves]] = {}
    for name in sorted(set(judged.sets.tolist())):
        for column, family in enumerate(FAMILIES):
            rows = judged.table.rows_of(family)
            share = judged.share[rows, column]
            rows = rows[(judged.sets[rows] == name) & ((share == 0) | (share == 1))]
            rows = rows[~np.isnan(judged.scores[0][rows, column])]
            marked, score = judged.share[rows, column] == 1, judged.scores[0][rows, column]
            if not marked.any() or marked.all():
                continue
            tfidf = judged.baselines.get(TFIDF)
            bins = calibration_bins(score)
            out.setdefault(name, {})[family] = Curves(
                precision_recall=_points(marked, score),
                baseline_precision_recall=[] if tfidf is None else _points(marked, tfidf[rows, column]),
                calibration=[
                    (float(score[bins == b].mean()), float(marked[bins == b].mean()), int((bins == b).sum()))
                    for b in np.unique(bins)
                ],
            )
    return out


def _points(marked: NDArray[np.bool_], score: Array) -> list[tuple[float, float]]:
    precision, recall, _ = precision_recall_curve(marked, score)
    precision, recall = precision[:-1], recall[:-1]  # the last point, (0, 1), is a convention and no turn's
    wanted = np.linspace(0, 1, _POINTS)
    # Best precision at or above each recall: the upper edge of the curve's teeth.
    best = np.maximum.accumulate(precision)
    places = np.maximum(np.searchsorted(-recall, -wanted, side="right") - 1, 0)
    return [(round(float(r), 4), round(float(best[p]), 4)) for r, p in zip(wanted, places, strict=True)]


def worst_misses(judged: Judged, agreed: Mapping[TurnKey, frozenset[str]], most: int = 8) -> list[Miss]:
    """Turns that all coders marked with the lowest probabilities, and that none did with the highest."""
    out: list[Miss] = []
    for name in sorted(set(judged.sets.tolist())):
        for column, family in enumerate(FAMILIES):
            rows = judged.table.rows_of(family)
            rows = rows[(judged.sets[rows] == name) & ~np.isnan(judged.scores[0][rows, column])]
            score, share = judged.scores[0][rows, column], judged.share[rows, column]
            for kind, wanted, sign in (("missed", 1.0, 1), ("false alarm", 0.0, -1)):
                held = np.flatnonzero(share == wanted)
                for n in held[np.argsort(sign * score[held], kind="stable")][:most]:
                    session_id, turn = judged.table.keys[rows[n]]
                    out.append(
                        Miss(
                            kind=kind, set=name, family=family, session_id=session_id, turn=turn,
                            probability=round(float(score[n]), 4), ahead=round(float((score > score[n]).mean()), 4),
                            codes=sorted(agreed.get((session_id, turn), ())),
                        )
                    )  # fmt: skip
    return out


def precision_and_difference(
    judged: Judged, other: Array, among: NDArray[np.bool_] | None = None
) -> tuple[dict[str, dict[Family, Estimate]], dict[str, dict[Family, Estimate]]]:
    """Average precision of other scores of the same turns by set and family, and how much more it is than ours."""
    ap: dict[str, dict[Family, Estimate]] = {}
    more: dict[str, dict[Family, Estimate]] = {}
    for name in sorted(set(judged.sets.tolist())):
        for column, family in enumerate(FAMILIES):
            rows = judged.table.rows_of(family)
            share = judged.share[rows, column]
            rows = rows[(judged.sets[rows] == name) & ((share == 0) | (share == 1)) & ~np.isnan(other[rows, column])]
            if among is not None:
                rows = rows[among[rows]]
            marked = judged.share[rows, column]
            if len(np.unique(marked)) < 2:
                continue

            def both(
                weight: Weights,
                marked: Array = marked,
                a: Array = other[rows, column],
                b: Array = judged.scores[0][rows, column],
            ) -> dict[str, Array]:
                here = average_precision(marked, a, weight)
                return {"ap": here, "difference": here - average_precision(marked, b, weight)}

            found = judged.estimates(rows, both)
            ap.setdefault(name, {})[family] = found["ap"]
            more.setdefault(name, {})[family] = found["difference"]
    return ap, more
