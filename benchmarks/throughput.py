"""Speed of `rupture score` beside spaCy's tokeniser alone: python benchmarks/throughput.py FILES… [--repeat N]

Reads, featurises, scores and writes the sessions of the files, N times over (session ids made unique), and then
runs ``spacy.blank("en").pipe`` over the same turns in the same process. Prints turns/s, words/s, their ratio and peak memory.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import spacy

from rupture_markers.learning.registry import load_model
from rupture_markers.learning.scores import write_scores
from rupture_markers.learning.scoring import score_transcripts
from rupture_markers.transcripts.read import read_transcripts
from rupture_markers.transcripts.transcript import Transcript


def sessions(files: list[Path], repeat: int) -> Iterator[Transcript]:
    for number in range(repeat):
        for path in files:
            for transcript in read_transcripts(path):
                yield replace(transcript, session_id=f"{transcript.session_id}-{number}")


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("files", type=Path, nargs="+")
    ask.add_argument("--repeat", type=int, default=1)
    args = ask.parse_args()
    texts = [turn.text for transcript in sessions(args.files, 1) for turn in transcript.turns] * args.repeat
    words = sum(len(text.split()) for text in texts)
    loaded = load_model("baseline")
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        rows = write_scores(
            Path(folder) / "scores.csv",
            score_transcripts(loaded, sessions(args.files, args.repeat), detail=False),
        )
        ours = time.perf_counter() - start
    blank = spacy.blank("en")
    start = time.perf_counter()
    for _ in blank.pipe(texts):
        pass
    theirs = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{rows} turns, {words} words")
    print(f"rupture score       {rows / ours:10.0f} turns/s {words / ours:10.0f} words/s {ours:8.2f} s")
    print(f"spacy.blank().pipe  {rows / theirs:10.0f} turns/s {words / theirs:10.0f} words/s {theirs:8.2f} s")
    print(f"ratio {theirs / ours:.3f}; peak memory {peak:.0f} MB")


if __name__ == "__main__":
    main()
