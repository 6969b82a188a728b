"""Does it pay? python benchmarks/active_learning.py DATA [--seeds 20] [--out FOLDER] [--cache FOLDER]

DATA holds annomi/, mibot/ and invented/. The loop of coding and retraining is simulated on each set: coder_a (an automated
coder, not a person) codes segments of 20 turns, a third of the cases is held out, and after every round a cheap learner
is fitted: logistic regression on TF-IDF of the turn's words, beside the log-odds of a baseline that never saw the set
(the shipped procedure trained on the two other sets and the lifelike sessions, with their degrees), or without it
("from nothing"). Four ways of choosing segments are compared, ours once more without its control share, and ranked by the chance of a marker
with the control share of a tenth of all segments or a fifth of those coded. Written: a table in Markdown and a plot.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, load_npz, save_npz

from rupture_markers.learning.calibration import probability
from rupture_markers.learning.dataset import CodedSet, join_sets, load_coded_set, read_codings
from rupture_markers.learning.degrees import read_degrees, with_degrees
from rupture_markers.learning.estimator import fit_model
from rupture_markers.learning.figures import soft_average_precision
from rupture_markers.learning.fit_config import FitConfig
from rupture_markers.learning.own_model import Choice, GoldTurns, OwnModel, fit_choice, vocabulary_of
from rupture_markers.learning.terms import count_sorted
from rupture_markers.learning.training import BASELINE_ID, DEGREES, LIFELIKE, SET_WEIGHTS, SHARED_SETS
from rupture_markers.learning.turn_featuriser import turn_featuriser
from rupture_markers.learning.turn_table import build_table, share_columns
from rupture_markers.markers.codebook import load_codebook
from rupture_markers.markers.defaults import default_file
from rupture_markers.markers.marker import FAMILIES
from rupture_markers.transcripts.interchange import read_interchange
from rupture_markers.transcripts.segments import segments_of

ROUNDS = 8
ROUND_SHARE = 0.06
"""Of the segments that may be coded, in each round: after the last, 48 % are coded."""
LIKELY, UNCERTAIN, CONTROL = 0.3, 0.1, 0.1
"""The shares of configs/study.yaml. The controls are drawn from what is not flagged: .06 of all, 13 % of what is coded."""
RUPTURE = (0, 1)
"""Columns of withdrawal and confrontation: the figure is their mean average precision."""


@dataclass(frozen=True)
class SetData:
    """One set, one row a turn."""

    turns: GoldTurns
    segment: NDArray[np.int64]
    scored: NDArray[np.bool_]


@dataclass(frozen=True)
class Curve:
    """One run: after each round, segments coded, average precision on held-out cases, share of the marked turns (withdrawal or
    confrontation) that were coded, of the cases that may be coded.
    """

    coded: tuple[int, ...]
    precision: tuple[float, ...]
    recall: tuple[float, ...]


def read_set(folder: Path, coders: Sequence[str]) -> CodedSet:
    codebook = load_codebook(None)
    codings = [c for c in read_codings(folder / "codings.jsonl") if c.coder in coders]
    return load_coded_set(list(read_interchange(folder / "transcripts.jsonl")), codings, codebook, name=folder.name)


def prepare(data: Path, name: str, cache: Path) -> SetData:
    """Score a set by the baseline's procedure trained without it; kept in the cache, without any text."""
    kept = cache / f"{name}-{BASELINE_ID}.npz"
    if not kept.exists():
        codebook = load_codebook(None)
        families = {family: tuple(code.id for code in codebook.of_family(family)) for family in codebook.families}
        featurise = turn_featuriser(codebook)
        folders = [*(data / other for other in SHARED_SETS if other != name), default_file(LIFELIKE)]
        others = join_sets(read_set(folder, ("coder_a", "coder_b")) for folder in folders)
        others = with_degrees(others, read_degrees(default_file(DEGREES)))
        config = FitConfig(set_weights=SET_WEIGHTS)
        model, _ = fit_model(build_table(others.transcripts, featurise), others, families, config)
        coded = read_set(data / name, ("coder_a",))
        table = build_table(coded.transcripts, featurise, counter=model.counter)
        given = model.score_table(table).probabilities
        segment, first = np.zeros(len(table), dtype=np.int64), 0
        row = 0
        for transcript in coded.transcripts:
            place = {turn.index: row + n for n, turn in enumerate(transcript.turns)}
            for part in segments_of(transcript, "turns", turns=20, minutes=5, context_turns=6):
                for turn in part.turns_of(transcript):
                    segment[place[turn.index]] = first
                first += 1
            row += len(transcript.turns)
        counts, _, terms = count_sorted([turn.spoken for t in coded.transcripts for turn in t.turns], characters=False)
        cache.mkdir(parents=True, exist_ok=True)
        save_npz(cache / f"{name}-counts.npz", counts)
        np.savez(
            kept, base=np.log(given / (1 - given)), terms=terms, share=share_columns(table, coded.shares),
            cases=table.cases, segment=segment,
        )  # fmt: skip
    found = np.load(kept, allow_pickle=False)
    counts = csr_matrix(load_npz(cache / f"{name}-counts.npz"))
    turns = GoldTurns(found["base"], counts, found["terms"], found["share"], found["cases"])
    return SetData(turns, found["segment"], ~np.isnan(found["base"]).all(axis=1))


@dataclass(frozen=True)
class Ranking:
    """What segments are ranked by, one value a segment.

    Attributes
    ----------
    chance : array
        Of at least one marker, by noisy-or.
    expected : array
        Expected markers: the sum of the probabilities.
    spread : array
        Variance of the number of markers, were they independent: the sum of p (1 - p).
    """

    chance: NDArray[np.float64]
    expected: NDArray[np.float64]
    spread: NDArray[np.float64]


def ranking(log_odds: NDArray[np.float64], segment: NDArray[np.int64], number: int) -> Ranking:
    """Rank every segment, as `score_segment` does it."""
    p = np.nan_to_num(probability(log_odds))

    def by_segment(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.bincount(segment, values.sum(axis=1), number), dtype=np.float64)

    chance = 1 - np.exp(by_segment(np.log1p(-np.clip(p, 0, 1 - 1e-9))))
    return Ranking(chance, by_segment(p), by_segment(p * (1 - p)))


Chooser = Callable[[NDArray[np.int64], Ranking, int, np.random.Generator], NDArray[np.int64]]
Values = Callable[[Ranking], NDArray[np.float64]]


def highest(
    open_: NDArray[np.int64], value: NDArray[np.float64], number: int, draw: np.random.Generator
) -> NDArray[np.int64]:
    order = draw.permutation(open_)
    return order[np.argsort(-value[order], kind="stable")][:number]


def mixed(likely: float, uncertain: float, first_by: Values, then_by: Values) -> Chooser:
    """Shares of a round: likely, uncertain, and the rest by chance."""

    def choose(open_: NDArray[np.int64], ranked: Ranking, number: int, draw: np.random.Generator) -> NDArray[np.int64]:
        first = highest(open_, first_by(ranked), round(number * likely), draw)
        left = np.setdiff1d(open_, first)
        second = highest(left, then_by(ranked), round(number * uncertain), draw)
        rest = draw.permutation(np.setdiff1d(left, second))[: max(0, number - len(first) - len(second))]
        return np.concatenate([first, second, rest])

    return choose


def _expected(ranked: Ranking) -> NDArray[np.float64]:
    return ranked.expected


def _spread(ranked: Ranking) -> NDArray[np.float64]:
    return ranked.spread


def _chance(ranked: Ranking) -> NDArray[np.float64]:
    return ranked.chance


def _nearness(ranked: Ranking) -> NDArray[np.float64]:
    return -np.abs(ranked.chance - 0.5)


FLAGS = LIKELY + UNCERTAIN
CODED = FLAGS + CONTROL * (1 - FLAGS)
at_random = mixed(0.0, 0.0, _expected, _spread)
WAYS: dict[str, Chooser] = {
    "ours": mixed(LIKELY / CODED, UNCERTAIN / CODED, _expected, _spread),
    "ours without control": mixed(LIKELY / FLAGS, UNCERTAIN / FLAGS, _expected, _spread),
    "ours, by chance of a marker": mixed(LIKELY / CODED, UNCERTAIN / CODED, _chance, _nearness),
    "the same, a fifth control": mixed(0.6, 0.2, _chance, _nearness),
    "likeliest first": mixed(1.0, 0.0, _expected, _spread),
    "uncertainty alone": mixed(0.0, 1.0, _expected, _spread),
    "random": at_random,
}


def simulate(data: SetData, way: str, start: Choice, seed: int) -> Curve:
    """One run of the loop."""
    draw = np.random.default_rng([seed, 7])
    turns = data.turns
    names = np.unique(turns.cases)
    held_cases = np.random.default_rng([seed, 1]).permutation(names)[: round(len(names) / 3)]
    held = np.isin(turns.cases, held_cases)
    number = int(data.segment.max()) + 1
    pool = np.unique(data.segment[~held])
    is_marked = (np.nan_to_num(turns.share[:, RUPTURE]) > 0).any(axis=1)
    markers = np.bincount(data.segment, weights=is_marked, minlength=number)
    is_coded = np.zeros(number, dtype=bool)
    each = max(2, round(ROUND_SHARE * len(pool)))
    log_odds = turns.base if start == "both" else np.zeros_like(turns.base)
    coded, precision, recall = [0], [_precision(turns, log_odds, held)], [0.0]
    for turn in range(ROUNDS):
        open_ = pool[~is_coded[pool]]
        chooser = at_random if start == "own" and turn == 0 else WAYS[way]
        is_coded[chooser(open_, ranking(log_odds, data.segment, number), each, draw)] = True
        learnt = turns.take(is_coded[data.segment])
        vocabulary, columns = vocabulary_of(learnt)
        model: OwnModel = fit_choice(learnt, vocabulary, columns, dict.fromkeys(FAMILIES, start), seed)
        log_odds = model.log_odds(turns.base, turns.counts[:, columns].tocsr())
        coded.append(int(is_coded.sum()))
        precision.append(_precision(turns, log_odds, held))
        recall.append(float(markers[pool][is_coded[pool]].sum() / markers[pool].sum()))
    return Curve(tuple(coded), tuple(precision), tuple(recall))


def bound(data: SetData, seed: int) -> float:
    """Share of random's segments that one who knew every marked turn would need for random's expected share of them."""
    turns = data.turns
    names = np.unique(turns.cases)
    held_cases = np.random.default_rng([seed, 1]).permutation(names)[: round(len(names) / 3)]
    pool = np.unique(data.segment[~np.isin(turns.cases, held_cases)])
    is_marked = (np.nan_to_num(turns.share[:, RUPTURE]) > 0).any(axis=1)
    markers = np.sort(np.bincount(data.segment, weights=is_marked)[pool])[::-1]
    coded = ROUNDS * max(2, round(ROUND_SHARE * len(pool)))
    found = np.cumsum(markers) / markers.sum()
    return float((np.argmax(found >= coded / len(pool)) + 1) / coded)


def _precision(turns: GoldTurns, log_odds: NDArray[np.float64], held: NDArray[np.bool_]) -> float:
    found = []
    for column in RUPTURE:
        rows = held & ~np.isnan(turns.base[:, column])
        if turns.share[rows, column].sum() > 0:
            found.append(soft_average_precision(turns.share[rows, column], log_odds[rows, column]))
    return float(np.mean(found))


def reached(mean: NDArray[np.float64], coded: NDArray[np.float64], target: float) -> float:
    """Segments, interpolated, at which a mean curve first reaches the target; NaN where it does not."""
    above = np.flatnonzero(mean >= target - 1e-9)
    if not len(above):
        return float("nan")
    n = int(above[0])
    if n == 0:
        return 0.0
    step = (target - mean[n - 1]) / (mean[n] - mean[n - 1])
    return float(coded[n - 1] + step * (coded[n] - coded[n - 1]))


def table(results: dict[tuple[str, Choice, str], list[Curve]]) -> str:
    """Mean figures, and the segments that each way needs for random's final figure."""
    rows = [
        "| set | start | way | AP at half | AP at the end | recall at half | recall at the end "
        "| segments for random's last AP | for random's last recall |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, start in dict.fromkeys((key[0], key[1]) for key in results):
        random = results[name, start, "random"]
        last_ap, last_recall = (
            float(np.mean([getattr(c, kind)[-1] for c in random])) for kind in ("precision", "recall")
        )
        for way in WAYS:
            curves = results[name, start, way]
            coded = np.mean([c.coded for c in curves], axis=0)
            ap, recall = (np.mean([getattr(c, kind) for c in curves], axis=0) for kind in ("precision", "recall"))
            half = ROUNDS // 2

            def cell(mean: NDArray[np.float64], target: float, coded: NDArray[np.float64] = coded) -> str:
                needed = reached(mean, coded, target)
                return (
                    "not reached" if np.isnan(needed) else f"{needed:.0f} of {coded[-1]:.0f} ({needed / coded[-1]:.0%})"
                )

            rows.append(
                f"| {name} | {'baseline' if start == 'both' else 'nothing'} | {way} | {ap[half]:.3f} | {ap[-1]:.3f} "
                f"| {recall[half]:.3f} | {recall[-1]:.3f} | {cell(ap, last_ap)} | {cell(recall, last_recall)} |"
            )
    return "\n".join(rows)


def plot(results: dict[tuple[str, Choice, str], list[Curve]], path: Path) -> None:
    """Average precision and recall by segments coded, mean over the seeds."""
    mpl.use("Agg")
    import matplotlib.pyplot as plt  # noqa: PLC0415 - after the backend is chosen

    panels = list(dict.fromkeys((key[0], key[1]) for key in results))
    figure, axes = plt.subplots(2, len(panels), figsize=(3.1 * len(panels), 6), squeeze=False, sharex="col")
    for column, (name, start) in enumerate(panels):
        for way in WAYS:
            curves = results[name, start, way]
            coded = np.mean([c.coded for c in curves], axis=0)
            for row, kind in enumerate(("precision", "recall")):
                axes[row, column].plot(coded, np.mean([getattr(c, kind) for c in curves], axis=0), label=way, lw=1.4)
        axes[0, column].set_title(f"{name}, from {'the baseline' if start == 'both' else 'nothing'}", fontsize=9)
        axes[1, column].set_xlabel("segments coded")
    axes[0, 0].set_ylabel("average precision, held-out cases")
    axes[1, 0].set_ylabel("share of the marked turns coded")
    axes[1, -1].legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("data", type=Path)
    ask.add_argument("--seeds", type=int, default=20)
    ask.add_argument("--sets", nargs="+", default=list(SHARED_SETS))
    ask.add_argument("--out", type=Path, default=Path("active-learning"))
    ask.add_argument("--bound-only", action="store_true", help="Only what perfect knowledge would need, of each set.")
    ask.add_argument("--cache", type=Path, default=Path("active-learning-cache"))
    args = ask.parse_args()
    began = time.perf_counter()
    args.out.mkdir(parents=True, exist_ok=True)
    results: dict[tuple[str, Choice, str], list[Curve]] = {}
    starts: tuple[Choice, ...] = ("both", "own")
    for name in args.sets:
        data = prepare(args.data, name, args.cache)
        print(f"{name} prepared, {time.perf_counter() - began:.0f} s", flush=True)
        needed = np.mean([bound(data, seed) for seed in range(args.seeds)])
        print(f"{name}: with perfect knowledge {needed:.0%} of random's segments for random's last recall", flush=True)
        if args.bound_only:
            continue
        for start in starts:
            for way in WAYS:
                results[name, start, way] = [simulate(data, way, start, seed) for seed in range(args.seeds)]
                print(f"{name}, {start}, {way}: {time.perf_counter() - began:.0f} s", flush=True)
        (args.out / "curves.json").write_text(
            json.dumps([[*key, [[c.coded, c.precision, c.recall] for c in curves]] for key, curves in results.items()])
        )
        (args.out / "table.md").write_text(table(results) + "\n")
        plot(results, args.out / "active-learning.png")
    if not args.bound_only:
        print(table(results))
    print(f"{time.perf_counter() - began:.0f} s; {args.out}")


if __name__ == "__main__":
    main()
