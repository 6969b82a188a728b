"""How often the code of a marked turn is guessed: python benchmarks/code_accuracy.py DATA [--folds N]

DATA holds annomi/, mibot/ and invented/; the lifelike sessions are learnt from, too. For the turns of the shared sets
that both coders marked with a common code of a family: share whose likeliest code (top 1), or one of the three likeliest
(top 3), is a code that both gave, beside the majority code and the three commonest codes of the training folds. Folds are grouped by case; vocabulary and ranking are learnt inside them. The two
coders are automated. Nothing is printed for fewer than 30 turns.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

import numpy as np

from rupture_markers.learning.code_ranker import fit_ranker
from rupture_markers.learning.dataset import read_codings
from rupture_markers.learning.evaluation import FOLDS, sets_of
from rupture_markers.learning.fit_config import FitConfig
from rupture_markers.learning.folds import fold_of_cases
from rupture_markers.learning.rupture_model import ranker_inputs
from rupture_markers.learning.terms import choose_vocabulary
from rupture_markers.learning.training import SHARED_SETS, baseline_sets, sample_study_cases
from rupture_markers.learning.turn_featuriser import turn_featuriser
from rupture_markers.learning.turn_table import build_table
from rupture_markers.learning.word_model import columns_of
from rupture_markers.markers.codebook import load_codebook

LEAST = 30
RELATIONAL = ("R4", "R5", "R6", "R7")


def codes_of_both(folder: Path) -> dict[tuple[str, int], set[str]]:
    given: dict[tuple[str, int], dict[str, set[str]]] = {}
    for coding in read_codings(folder / "codings.jsonl"):
        given.setdefault((coding.session_id, coding.turn), {})[coding.coder] = set(coding.codes)
    return {key: set.intersection(*by.values()) for key, by in given.items() if len(by) == 2}


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("data", type=Path)
    ask.add_argument("--folds", type=int, default=FOLDS)
    args = ask.parse_args()
    codebook = load_codebook(None)
    coded = baseline_sets(args.data, codebook).without_cases(sample_study_cases())
    agreed = {key: codes for name in SHARED_SETS for key, codes in codes_of_both(args.data / name).items()}
    table = build_table(coded.transcripts, turn_featuriser(codebook))
    sets = sets_of(table, coded)
    fold = fold_of_cases(table.cases, args.folds, FitConfig().seed + 1, strata=sets)
    found: dict[tuple[str, str], list[tuple[bool, bool, bool, bool]]] = {}
    words = FitConfig().words
    for number in range(args.folds):
        inside, held = table.take(fold != number), table.take(fold == number)
        assert inside.terms is not None
        _, case = np.unique(inside.cases, return_inverse=True)
        vocabulary, columns = choose_vocabulary(
            inside.counts, inside.terms, case, most_words=words.most_words, most_characters=words.most_characters
        )
        train = ranker_inputs(inside, vocabulary.weigh(inside.counts[:, columns].tocsr())[0])
        test = ranker_inputs(held, vocabulary.weigh(columns_of(held, vocabulary))[0])
        held_sets = sets[fold == number]
        for family in codebook.families:
            known = tuple(code.id for code in codebook.of_family(family))
            ranker = fit_ranker(family, inside, train, coded.codes, known)
            usual = Counter(
                code for key in inside.keys for code in coded.codes.get(key, {}) if code in known
            ).most_common(3)
            common = [code for code, _ in usual]
            rows = [r for r in held.rows_of(family) if agreed.get(held.keys[r], set()) & set(known)]
            for row, order in zip(rows, ranker.rank(test[rows]) if rows else (), strict=True):
                right = agreed[held.keys[row]] & set(known)
                hit = (order[0] in right, bool(right & set(order[:3])), common[0] in right, bool(right & set(common)))
                names = [family, "R4-R7 alone"] if right & set(RELATIONAL) else [family]
                for name in names:
                    found.setdefault((str(held_sets[row]), name), []).append(hit)
    print(f"{'set':10}{'codes':16}{'turns':>6}{'top 1':>8}{'top 3':>8}{'majority':>10}{'majority 3':>12}")
    for (name, what), hits in sorted(found.items()):
        if len(hits) < LEAST:
            print(f"{name:10}{what:16}{len(hits):6}   fewer than {LEAST}: nothing is claimed")
            continue
        top1, top3, one, three = np.mean(hits, axis=0)
        print(f"{name:10}{what:16}{len(hits):6}{top1:8.2f}{top3:8.2f}{one:10.2f}{three:12.2f}")


if __name__ == "__main__":
    main()
