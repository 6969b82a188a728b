"""Where a campaign leaves its figures: a JSON line each in the file that RUPTURE_CAMPAIGN_OUT names."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any


def keep_figures(campaign: str, what: str, figures: Any) -> None:
    """Add a line of figures."""
    named = os.environ.get("RUPTURE_CAMPAIGN_OUT")
    if named:
        values = figures if isinstance(figures, dict) else asdict(figures)
        with Path(named).open("a", encoding="utf-8") as out:
            out.write(json.dumps({"campaign": campaign, "what": what, **values}) + "\n")


def tables(lines: list[dict[str, Any]]) -> str:
    """The tables of docs/reliability.md, from the figures of the campaigns."""
    out = ["| format | inputs | by grammar | transcripts | refused | finds | slowest s | memory MB |", "|---" * 8 + "|"]
    out += [
        f"| {r['format']} | {r['inputs']:,} | {r['structured']:,} | {r['transcripts']:,} | {r['refused']:,} | {r['finds']} "
        f"| {r['slowest_s']:.2f} | {r['peak_mb']:.0f} |"
        for r in lines
        if r["campaign"] == "readers"
    ]
    for campaign in ("server", "disasters"):
        runs = [r for r in lines if r["campaign"] == campaign and "state" in r]
        faults = Counter[str]()
        with_it: Counter[str] = Counter()
        for run in runs:
            faults.update(run["faults"])
            with_it.update(run["faults"].keys())
        sums = {key: sum(r[key] for r in runs) for key in ("lost", "twice", "wrong", "touched")}
        finished = sum(r["ended"] == "finished" for r in runs)
        out += [
            "",
            f"{campaign}: {len(runs)} runs, {sum(faults.values())} faults, {finished} finished in spite of them; {sums}",
        ]
        out += ["", "| fault | runs | faults |", "|---|---|---|"]
        out += [f"| {kind} | {with_it[kind]} | {number} |" for kind, number in sorted(faults.items())]
    out += ["", *(f"kills, {r['what']}: {r}" for r in lines if r["campaign"] == "kills")]
    return "\n".join(out)


if __name__ == "__main__":
    print(tables([json.loads(line) for name in sys.argv[1:] for line in Path(name).read_text().splitlines()]))
