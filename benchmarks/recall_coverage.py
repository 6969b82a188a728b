"""Coverage of the 95 % bounds on recall, with known truth: python benchmarks/recall_coverage.py DATA [--out FILE]

DATA holds annomi/ and mibot/. A corpus is drawn from their cases (10, 20 or 50 of the 147, or all); its segments of 20
turns hold a marker where coder_a, an automated coder, marked a rupture, thinned or added to until the asked prevalence
is met, so that cases differ as they do in the data. In the form 'five' each case has five sessions' worth of segments.
Flags catch each marker segment with the asked recall, and other segments so that a third is flagged. Controls are drawn
at the asked rate; 'blind' is the share of the selected segments that is coded blind. Each repetition draws all anew.
A last part draws flags, controls, coders and arms by the program's own functions instead, over two rounds as well.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rupture_markers.coding.assigned import SegmentToCode
from rupture_markers.coding.assignment import AssignmentRule, assign
from rupture_markers.coding.recall import RecallEstimate, StratumCount, estimate_recall
from rupture_markers.coding.recall_design import BlindSegments, NewCases, count_strata, new_cases_figure
from rupture_markers.learning.dataset import read_codings
from rupture_markers.learning.segment_score import SegmentScore
from rupture_markers.learning.selection import SegmentDecision, SelectionRule, current_decisions, select_segments
from rupture_markers.learning.selection_design import design_strata
from rupture_markers.markers.codebook import load_codebook
from rupture_markers.transcripts.interchange import read_interchange
from rupture_markers.transcripts.segments import segments_of

CASES, CONTROLS = (10, 20, 50, 147), (0.05, 0.1, 0.2)
PREVALENCES, RECALLS, BLIND = (0.05, 0.15, 0.3, 0.5), (0.5, 0.7, 0.9, 1.0), (0.6, 1.0)
FORMS = ("as coded", "five")


def segments_with_markers(data: Path) -> dict[str, NDArray[np.bool_]]:
    """Whether each segment holds a rupture, by case."""
    book = load_codebook()
    out: dict[str, list[bool]] = defaultdict(list)
    for name in ("annomi", "mibot"):
        marked = {
            (c.session_id, c.turn)
            for c in read_codings(data / name / "codings.jsonl")
            if c.coder == "coder_a" and any(code in book and book.code(code).family != "repair" for code in c.codes)
        }
        for transcript in read_interchange(data / name / "transcripts.jsonl"):
            for segment in segments_of(transcript, turns=20):
                inside = range(segment.first_turn, segment.last_turn + 1)
                out[transcript.case_id].append(any((transcript.session_id, t) in marked for t in inside))
    return {case: np.array(found) for case, found in out.items()}


class Corpus:
    """Segments of some cases, as one run of rows."""

    def __init__(self, by_case: list[NDArray[np.bool_]], form: str, cases: int, random: np.random.Generator) -> None:
        chosen = random.permutation(len(by_case))[:cases]
        sessions = [[by_case[c]] for c in chosen]
        if form == "five":
            # Further sessions of a case are alike: they come from the cases next to it when sorted by their rate.
            order = np.argsort([part.mean() + random.random() * 1e-6 for part in by_case])
            place = {int(c): k for k, c in enumerate(order)}
            for mine, c in zip(sessions, chosen, strict=True):
                near = np.clip(place[int(c)] + random.integers(-8, 9, size=4), 0, len(order) - 1)
                mine += [by_case[order[k]] for k in near]
        self.marked = np.concatenate([part for mine in sessions for part in mine])
        lengths = [sum(len(part) for part in mine) for mine in sessions]
        self.case = np.repeat(np.arange(cases), lengths)

    def with_prevalence(self, prevalence: float, random: np.random.Generator) -> NDArray[np.bool_]:
        """Marks, thinned or added to until this share is met on average."""
        base = self.marked.mean()
        draw = random.random(len(self.marked))
        if prevalence <= base:
            return np.asarray(self.marked & (draw < prevalence / base))
        return np.asarray(self.marked | (draw < (prevalence - base) / (1 - base)))


def one_draw(
    corpus: Corpus, prevalence: float, recall: float, control: float, blind: float, random: np.random.Generator
) -> tuple[float | None, RecallEstimate, NewCases]:
    marked = corpus.with_prevalence(prevalence, random)
    size = len(marked)
    false_rate = max(0.02, (1 / 3 - prevalence * recall) / (1 - prevalence))
    flagged = random.random(size) < np.where(marked, recall, false_rate)
    drawn = flagged | (random.random(size) < control)
    coded = drawn & (random.random(size) < blind)
    strata = []
    weight = np.zeros(size)
    for name, inside in (("flagged", flagged), ("not flagged", ~flagged)):
        n = int((inside & coded).sum())
        weight[inside] = inside.sum() / max(n, 1)
        strata.append(StratumCount(name, name == "flagged", int(inside.sum()), n, int((inside & coded & marked).sum())))
    truth = None if not marked.any() else float((marked & flagged).sum() / marked.sum())
    rows = (weight * marked)[coded][:, None] * np.stack([flagged[coded], np.ones(int(coded.sum()))], axis=1)
    found = estimate_recall(strata)
    missed = len(set(corpus.case[coded & marked & ~flagged].tolist()))
    new = new_cases_figure(rows, corpus.case[coded].astype(str).tolist(), missed, found.recall, seed=1, draws=200)
    return truth, found, new


def cell(
    by_case: list[NDArray[np.bool_]], key: tuple[str, int, float, float, float, float], repetitions: int, seed: int
) -> dict[str, Any]:
    form, cases, control, prevalence, recall, blind = key
    random = np.random.default_rng([seed, *(int(1000 * x) for x in key[1:]), FORMS.index(form)])
    corpus = Corpus(by_case, form, cases, random)
    given = covered = two_sided = covered_two = refused = new_given = new_covered = 0
    widths, lows, new_widths = [], [], []
    for number in range(repetitions):
        if number % 20 == 0:
            corpus = Corpus(by_case, form, cases, random)
        truth, found, new = one_draw(corpus, prevalence, recall, control, blind, random)
        if found.recall is None or truth is None:
            refused += 1
            continue
        given += 1
        inside = found.recall.low <= truth and (found.recall.high is None or truth <= found.recall.high)
        covered += inside
        lows.append(found.recall.low)
        if found.recall.high is not None:
            two_sided += 1
            covered_two += inside
            widths.append(found.recall.high - found.recall.low)
        if new.recall is not None and new.recall.low is not None and new.recall.high is not None:
            new_given += 1
            new_covered += new.recall.low <= recall <= new.recall.high
            new_widths.append(new.recall.high - new.recall.low)
    return {
        "form": form, "cases": cases, "segments": len(corpus.marked), "control": control, "prevalence": prevalence,
        "recall": recall, "blind": blind, "repetitions": repetitions, "refused": refused, "given": given,
        "coverage": covered / given if given else float("nan"), "two_sided": two_sided,
        "coverage_two_sided": covered_two / two_sided if two_sided else float("nan"),
        "median_width": float(np.median(widths)) if widths else float("nan"),
        "median_low": float(np.median(lows)) if lows else float("nan"),
        "new_given": new_given, "new_coverage": new_covered / new_given if new_given else float("nan"),
        "new_width": float(np.median(new_widths)) if new_widths else float("nan"),
    }  # fmt: skip


def own_draws(
    by_case: list[NDArray[np.bool_]], rounds: int, growth: float, control: float, repetitions: int, seed: int
) -> None:
    """Coverage where flags, controls and arms are drawn by the program itself, blocks and all."""
    given = covered = refused = two_sided = 0
    for number in range(repetitions):
        random = np.random.default_rng([seed, rounds, number])
        corpus = Corpus(by_case, "as coded", 147, random)
        marked = dict(zip((f"s{k}/0-19" for k in range(len(corpus.case))), corpus.marked.tolist(), strict=True))
        case = dict(zip(marked, corpus.case.astype(str).tolist(), strict=True))
        log: tuple[SegmentDecision, ...] = ()
        for round_number in range(1, rounds + 1):
            chances = {n: float(1 / (1 + np.exp(1.0 - 2.0 * m - random.normal()))) for n, m in marked.items()}
            rule = SelectionRule(
                budget=0.25, uncertain=0.05, control=control * growth ** (round_number - 1), seed=number
            )
            scores = [
                SegmentScore(n, n.partition("/")[0], case[n], "m", chance, chance, chance * (1 - chance))
                for n, chance in chances.items()
            ]
            log += select_segments(scores, rule, decided=log, round_number=round_number, reopen=True)
        selected = [d for d in current_decisions(log).values() if d.selected]
        segments = [
            SegmentToCode(d.segment_id, d.session_id, d.case_id, 0, tuple(range(20)), (), d.segment_id, d.flagged)
            for d in selected
        ]
        tasks = assign(segments, AssignmentRule("sim", ("ana", "ben"), seed=number))
        coded = {t.segment_id: t.case_id for t in tasks if t.arm == "blind"}
        blind = BlindSegments(coded, frozenset(n for n in coded if marked[n]), 0)
        found = estimate_recall(count_strata(design_strata(log), blind))
        if found.recall is None:
            refused += 1
            continue
        flagged = {d.segment_id for d in selected if d.flagged}
        truth = sum(marked[n] for n in flagged) / sum(marked.values())
        given += 1
        two_sided += found.recall.high is not None
        covered += found.recall.low <= truth <= (1.0 if found.recall.high is None else found.recall.high)
    print(
        f"own draws, {rounds} rounds, control {control:g}, then {growth:g} times that: coverage {covered / max(given, 1):.3f} of {given} given "
        f"({two_sided} two-sided), {refused} refused",
        flush=True,
    )


def summary(rows: list[dict[str, Any]]) -> str:
    """Markdown: one row a form, number of cases and control rate, over prevalence, recall and blind share."""
    out = [
        "| form | cases | control | refused | lower bound only | least coverage | least, two-sided | median width | "
        "new cases: given | least coverage | median width |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for form, cases, control in itertools.product(FORMS, CASES, CONTROLS):
        cells = [r for r in rows if (r["form"], r["cases"], r["control"]) == (form, cases, control)]
        total, given = sum(r["repetitions"] for r in cells), sum(r["given"] for r in cells)
        two = sum(r["two_sided"] for r in cells)
        new = sum(r["new_given"] for r in cells)

        def least(name: str, number: str, cells: list[dict[str, Any]] = cells) -> str:
            # A share of fewer than 100 repetitions says little of a coverage.
            known = [r[name] for r in cells if r[number] >= 100]
            return f"{min(known):.3f}" if known else "-"

        def median(name: str, cells: list[dict[str, Any]] = cells) -> str:
            known = [r[name] for r in cells if r[name] == r[name]]
            return f"{np.median(known):.2f}" if known else "-"

        out.append(
            f"| {form} | {cases} | {control:g} | {1 - given / total:.0%} | {(given - two) / total:.0%} | "
            f"{least('coverage', 'given')} | {least('coverage_two_sided', 'two_sided')} | {median('median_width')} | "
            f"{new / total:.0%} | {least('new_coverage', 'new_given')} | {median('new_width')} |"
        )
    return "\n".join(out)


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("data", type=Path)
    ask.add_argument("--out", type=Path, default=Path("recall-coverage.csv"))
    ask.add_argument("--repetitions", type=int, default=500)
    ask.add_argument("--seed", type=int, default=20)
    ask.add_argument("--own-draws-only", action="store_true")
    args = ask.parse_args()
    start = time.perf_counter()
    found = segments_with_markers(args.data)
    by_case = [found[case] for case in sorted(found)]
    print(
        f"{len(by_case)} cases, {sum(map(len, by_case))} segments, {np.concatenate(by_case).mean():.2f} marked",
        flush=True,
    )
    keys = list(itertools.product(FORMS, CASES, CONTROLS, PREVALENCES, RECALLS, BLIND))
    keys = [] if args.own_draws_only else keys
    done = []
    with args.out.open("w", encoding="utf-8", newline="") as out:
        writer = None
        for number, key in enumerate(keys, start=1):
            row = cell(by_case, key, args.repetitions, args.seed)
            if writer is None:
                writer = csv.DictWriter(out, list(row), lineterminator="\n")
                writer.writeheader()
            writer.writerow(row)
            done.append(row)
            out.flush()
            if number % 24 == 0:
                print(f"{number} of {len(keys)} cells, {time.perf_counter() - start:.0f} s", flush=True)
    if done:
        print(summary(done), flush=True)
    for (rounds, growth), control in itertools.product(((1, 1), (2, 1), (2, 2)), CONTROLS):
        own_draws(by_case, rounds, growth, control, args.repetitions, args.seed)


if __name__ == "__main__":
    main()
