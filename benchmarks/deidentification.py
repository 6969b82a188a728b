"""What the de-identification gate finds and stops: planted identifiers, real sessions, speed.

    python -m benchmarks.deidentification --data ../shared/data [--misses]

Recall is measured on planted_identifiers.py, invented throughout. Real sessions are those of annomi and mibot: real people
in demonstrations and chats, whose given names are often said aloud; in none of them anything was planted.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

from benchmarks.planted_identifiers import LATER, PATTERNED, Planted, fresh, planted

from rupture_markers.transcripts.deidentify import Scanner
from rupture_markers.transcripts.read import read_transcripts

FALSE_ALARMS_ALONE = frozenset(
    {
        "annomi-003", "annomi-039", "annomi-059", "annomi-060", "annomi-088", "annomi-103", "annomi-110",
        "mibot-D071", "mibot-D090", "mibot-D103",
    }
)  # fmt: skip
"""Sessions whose findings we read and found to be false alarms, all of them; in every other stopped session we read at
least one name or place of a person."""


def recall(items: Iterable[Planted], scanner: Scanner) -> tuple[dict[str, Counter[str]], dict[str, list[Planted]]]:
    """Counts by kind: planted, found, found as its kind, digits wholly covered; and what was missed."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    missed: dict[str, list[Planted]] = defaultdict(list)
    for item in items:
        hits = [hit for hit in scanner.text(item.text) if hit.start < item.end and item.start < hit.end]
        covered = {at for hit in hits for at in range(hit.start, hit.end)}
        count = counts[item.kind]
        count["planted"] += 1
        count["found"] += bool(hits)
        count["kind"] += any(hit.kind == item.kind for hit in hits)
        count["covered"] += bool(hits) and all(
            at in covered for at in range(item.start, item.end) if item.text[at].isdecimal()
        )
        if not hits:
            missed[item.kind].append(item)
    return counts, missed


def show(title: str, counts: dict[str, Counter[str]]) -> None:
    """Print a table of recall by kind, with patterned kinds together."""
    print(f"\n{title}\n| kind | planted | found | as its kind | digits wholly covered |\n|---|---|---|---|---|")
    together: Counter[str] = Counter()
    for kind, count in counts.items():
        if kind in PATTERNED:
            together.update(count)
        else:
            continue
        _row(kind, count)
    _row("**patterned, together**", together)
    for kind in ("name", "place"):
        _row(kind, counts[kind])


def _row(name: str, count: Counter[str]) -> None:
    of = count["planted"]
    print(
        f"| {name} | {of} | " + " | ".join(f"{100 * count[k] / of:.1f} %" for k in ("found", "kind", "covered")) + " |"
    )


def real(data: Path, scanner: Scanner) -> None:
    """Findings on sessions in which nothing was planted."""
    kinds: Counter[str] = Counter()
    words = sessions = turns = 0
    stopped: set[str] = set()
    seconds = 0.0
    for corpus in ("annomi", "mibot"):
        for transcript in read_transcripts(data / corpus / "transcripts.jsonl"):
            began = time.perf_counter()
            found = scanner.session(transcript)
            seconds += time.perf_counter() - began
            kinds.update(finding.kind for finding in found if finding.where.isdecimal())
            sessions, turns = sessions + 1, turns + len(transcript.turns)
            words += sum(len(turn.words) for turn in transcript.turns)
            if found:
                stopped.add(transcript.session_id)
    others = sum(count for kind, count in kinds.items() if kind not in {"name", "place", "date"})
    identifying = stopped - FALSE_ALARMS_ALONE
    clean = sessions - len(identifying)
    print(f"\nReal sessions: {sessions}, {turns:,} turns, {words:,} words; findings: {dict(kinds)}")
    print(f"Neither name, place nor date: {1000 * others / words:.3f} per 1,000 words")
    print(f"Stopped: {len(stopped)}; {len(identifying)} of them hold a name or place that we read as one")
    print(
        f"Clean sessions stopped: {len(stopped) - len(identifying)} of {clean} ({100 * (len(stopped) - len(identifying)) / clean:.1f} %)"
    )
    print(f"Speed: {turns / seconds:,.0f} turns a second, {seconds / sessions * 1000:.0f} ms a session")


def main() -> None:
    """Print the figures of docs/privacy.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder with annomi and mibot")
    parser.add_argument("--misses", action="store_true", help="list what was missed of held-out and last notations")
    options = parser.parse_args()
    scanner = Scanner()
    items = list(planted())
    show("Notations that the patterns were made on", recall((p for p in items if not p.held_out), scanner)[0])
    held, missed = recall((p for p in items if p.held_out), scanner)
    show("Held-out notations", held)
    show("All", recall(items, scanner)[0])
    later, missed_later = recall(planted(kinds=LATER), scanner)
    show("Written last", later)
    last, missed_last = recall(fresh(), scanner)
    show("Written after that, by somebody who had not seen the patterns", last)
    for kind, texts in (*missed_later.items(), *missed_last.items()):
        missed.setdefault(kind, []).extend(texts)
    if options.misses:
        for kind, texts in missed.items():
            for notation, count in Counter(item.notation for item in texts).most_common():
                print(f"  {kind}: {notation} missed {count} times")
    rates = []
    for seed in range(1, 11):  # other draws of the same notations
        counts, _ = recall(planted(seed=seed), scanner)
        of = sum(counts[k]["planted"] for k in PATTERNED)
        rates.append(
            (sum(counts[k]["found"] for k in PATTERNED) / of, counts["name"]["found"] / counts["name"]["planted"])
        )
    print("\nTen other draws, patterned and names:", json.dumps(
        [[round(min(r), 4), round(statistics.mean(r), 4)] for r in zip(*rates, strict=True)]
    ))  # fmt: skip
    if options.data is not None:
        real(options.data, scanner)


if __name__ == "__main__":
    main()
