"""The readers' campaign in shares, so that it can be stopped, goes on where it was, and all formats grow alike.

    python -m tests.faults.reader_campaign --out DIR --inputs 100000 --seeds FOLDER ...

Each share's result is a line of DIR/shares.jsonl, the inputs that found something stand beside it; the table of
docs/reliability.md is printed after each round. RUPTURE_FUZZ_FORMATS (".vtt .srt") restricts it to some formats.
"""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import asdict
from pathlib import Path

from tests.faults.mutations import SAMPLE
from tests.faults.reader_fuzzing import FORMATS, Result, fuzz_apart, together

_SHARE = 20_000


def results(log: Path) -> dict[str, list[Result]]:
    """Each format's shares so far."""
    shares: dict[str, list[Result]] = {}
    if log.exists():
        for line in log.read_text(encoding="utf-8").splitlines():
            share = Result(**json.loads(line))
            shares.setdefault(share.format, []).append(share)
    return shares


def table(found: dict[str, Result]) -> str:
    """The figures as Markdown."""
    rows = [
        f"| {r.format} | {r.inputs:,} | {r.structured:,} | {r.transcripts:,} | {r.refused:,} | {r.finds} | {r.slowest_s:.2f} s | {r.peak_mb:.0f} MB |"
        for r in found.values()
    ]
    head = "| format | inputs | by grammar | transcripts | refused | finds | slowest | memory |\n|---|---|---|---|---|---|---|---|"
    return "\n".join([head, *rows])


def main() -> None:
    """Run what is left of the campaign."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seeds", type=Path, nargs="*", default=[])
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    log = asked.out / "shares.jsonl"
    names = os.environ.get("RUPTURE_FUZZ_FORMATS", " ".join(FORMATS)).split()
    while left := [n for n in names if len(results(log).get(n, ())) * _SHARE < asked.inputs]:
        for name in left:
            done = len(results(log).get(name, ())) * _SHARE
            size = min(_SHARE, asked.inputs - done)
            share = fuzz_apart(name, size, [SAMPLE / "transcripts", *asked.seeds], asked.out, start=1_000_000 + done)
            with log.open("a", encoding="utf-8") as out:
                out.write(json.dumps(asdict(share)) + "\n")
        print(table({name: together(name, parts) for name, parts in results(log).items()}), flush=True)


if __name__ == "__main__":
    main()
