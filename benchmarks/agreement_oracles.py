"""Largest difference between our figures of agreement and those of other programs: python benchmarks/agreement_oracles.py

Needs krippendorff, pingouin and statsmodels (the development environment); irrCAC and crowd-kit by their committed tables.
"""

from __future__ import annotations

import json
import warnings
from itertools import combinations
from pathlib import Path
from typing import Any

import krippendorff
import numpy as np
import pandas as pd  # type: ignore[import-untyped]
import pingouin  # type: ignore[import-untyped]
from numpy.typing import NDArray
from statsmodels.stats.inter_rater import cohens_kappa, fleiss_kappa  # type: ignore[import-untyped]

from rupture_markers.coding.agreement_figures import binary_columns, binary_figures
from rupture_markers.coding.dawid_skene import dawid_skene
from rupture_markers.coding.icc import one_way_columns, one_way_icc, two_way_columns, two_way_icc

FIXTURES = Path(__file__).resolve().parents[1] / "tests" / "fixtures"
TABLES, ICC_TABLES = 1000, 200


def random_table(random: np.random.Generator, gaps: float) -> NDArray[np.float64]:
    units, coders = int(random.integers(6, 50)), int(random.integers(2, 6))
    marked = random.random(units) < random.choice([0.1, 0.4, 0.8])
    table = (random.random((units, coders)) < np.where(marked, 0.85, 0.1)[:, None]).astype(float)
    table[:2] = [[0.0] * coders, [1.0] * coders]
    table[2:][random.random((units - 2, coders)) < gaps] = np.nan
    return table


def figures(table: NDArray[np.float64]) -> dict[str, Any]:
    return binary_figures(binary_columns(table).sum(axis=0))


def main() -> None:
    warnings.simplefilter("ignore")
    largest: dict[str, float] = {}

    def compare(name: str, ours: Any, theirs: Any) -> None:
        largest[name] = max(largest.get(name, 0.0), float(np.abs(np.asarray(ours) - np.asarray(theirs)).max()))

    random = np.random.default_rng(20)
    for _ in range(TABLES):
        for gaps in (0.0, 0.25):
            table = random_table(random, gaps)
            alpha = krippendorff.alpha(table.T, value_domain=[0, 1], level_of_measurement="nominal")
            compare("alpha, krippendorff", figures(table)["alpha"], alpha)
        table = random_table(random, 0.0)
        kappas = []
        for first, second in combinations(range(table.shape[1]), 2):
            counts = np.zeros((2, 2))
            np.add.at(counts, (table[:, first].astype(int), table[:, second].astype(int)), 1)
            kappas.append(cohens_kappa(counts).kappa)
        compare("kappa, statsmodels", figures(table)["kappa"], np.mean(kappas))
        counts = np.stack([(table == 0).sum(axis=1), (table == 1).sum(axis=1)], axis=1)
        chance = ((counts.sum(axis=0) / counts.sum()) ** 2).sum()
        compare("raw, statsmodels", figures(table)["raw"], fleiss_kappa(counts) * (1 - chance) + chance)
    for _ in range(ICC_TABLES):
        units, coders = int(random.integers(5, 40)), int(random.integers(2, 6))
        table = random.normal(size=(units, 1)) + random.normal(size=(units, coders)) + random.normal(size=(1, coders))
        rows = [(u, c, table[u, c]) for u in range(units) for c in range(coders)]
        data = pd.DataFrame(rows, columns=["unit", "coder", "x"])
        theirs = pingouin.intraclass_corr(data, "unit", "coder", "x").set_index("Type")["ICC"]
        ours = two_way_icc(two_way_columns(table).sum(axis=0)) | one_way_icc(one_way_columns(table).sum(axis=0))
        names = {"icc2_1": "ICC(A,1)", "icc2_k": "ICC(A,k)", "icc1_1": "ICC(1,1)", "icc1_k": "ICC(1,k)"}
        for name, of_theirs in names.items():
            compare(f"{name}, pingouin", ours[name], theirs[of_theirs])
    for case in json.loads((FIXTURES / "irrcac.json").read_text(encoding="utf-8")):
        found = figures(np.array(case["table"], dtype=float))
        for name in ("raw", "ac1", "alpha"):
            compare(f"{name}, irrCAC", found[name], case[name])
    for case in json.loads((FIXTURES / "crowdkit.json").read_text(encoding="utf-8")):
        found_truth = dawid_skene(np.array(case["table"], dtype=float), iterations=200, tolerance=-1.0)
        compare("Dawid-Skene, crowd-kit", found_truth, case["probabilities"])
    for name, difference in largest.items():
        print(f"{name:26}{difference:.1e}")


if __name__ == "__main__":
    main()
