"""Reproduce the table of average precision: python benchmarks/cross_validation.py DATA [--out FOLDER]

DATA holds annomi/, mibot/ and invented/; the lifelike sessions of the clone and the degrees are learnt from as well.
Writes one file of out-of-fold scores per set, of our model and of TF-IDF with logistic regression on the turn alone, in the form that
score_markers.py reads, and prints the figures of both.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from rupture_markers.learning.evaluation import FOLDS, cross_validate
from rupture_markers.learning.fit_config import FitConfig
from rupture_markers.learning.training import SET_WEIGHTS, baseline_sets, sample_study_cases
from rupture_markers.learning.turn_featuriser import turn_featuriser
from rupture_markers.learning.turn_table import build_table
from rupture_markers.markers.codebook import load_codebook


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("data", type=Path)
    ask.add_argument("--out", type=Path, default=Path("cross-validation"))
    ask.add_argument("--folds", type=int, default=FOLDS)
    ask.add_argument("--seed", type=int, default=20)
    ask.add_argument("--workers", type=int, default=2)
    args = ask.parse_args()
    start = time.perf_counter()
    codebook = load_codebook(None)
    coded = baseline_sets(args.data, codebook).without_cases(sample_study_cases())
    table = build_table(coded.transcripts, turn_featuriser(codebook))
    families = {family: tuple(code.id for code in codebook.of_family(family)) for family in codebook.families}
    config = FitConfig(seed=args.seed, set_weights=SET_WEIGHTS)
    found = cross_validate(
        table, coded, families, config, folds=args.folds, workers=args.workers, without_in_baseline=tuple(SET_WEIGHTS),
        progress=lambda _: print(f"fold done, {time.perf_counter() - start:.0f} s", flush=True),
    )  # fmt: skip
    found.write(args.out)
    print(f"{'set':10}{'family':16}{'AP':>7}{'TF-IDF':>8}{'APall':>7}{'TF-IDF':>8}{'AUC':>7}{'skill':>8}")
    for name, families_of_set in found.figures().items():
        for family, f in families_of_set.items():
            print(
                f"{name:10}{family:16}{f.ap:7.3f}{f.baseline_ap:8.3f}{f.ap_all:7.3f}{f.baseline_ap_all:8.3f}"
                f"{f.auc:7.3f}{f.brier_skill:+8.3f}"
            )
    print(f"{time.perf_counter() - start:.0f} s; scores in {args.out}")


if __name__ == "__main__":
    main()
