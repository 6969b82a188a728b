"""Speed of `rupture score` beside spaCy's tokeniser alone: python benchmarks/throughput.py FILES… [--repeat N]

Reads, featurises, scores and writes the sessions of the files, N times over (session ids made unique), in ``--workers``
processes, and runs ``spacy.blank("en").pipe`` over the same turns in one process of the same run. Prints turns/s, words/s, their ratio
and the peak memory of this process and of its largest worker; run it with two values of --repeat to see that memory stays.
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

from rupture_markers.learning.parallel_scoring import score_in_processes
from rupture_markers.learning.registry import load_model
from rupture_markers.learning.scores import write_scores
from rupture_markers.markers.codebook import load_codebook
from rupture_markers.transcripts.read import read_transcripts
from rupture_markers.transcripts.transcript import Transcript


def sessions(files: list[Path], repeat: int) -> Iterator[Transcript]:
    for number in range(repeat):
        for path in files:
            for transcript in read_transcripts(path):
                yield replace(transcript, session_id=f"{transcript.session_id}-{number}")


def texts(files: list[Path], repeat: int) -> Iterator[str]:
    for transcript in sessions(files, repeat):
        for turn in transcript.turns:
            yield turn.text


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("files", type=Path, nargs="+")
    ask.add_argument("--repeat", type=int, default=1)
    ask.add_argument("--workers", type=int, default=2)
    ask.add_argument("--model", default="baseline")
    args = ask.parse_args()
    words = sum(len(text.split()) for text in texts(args.files, 1)) * args.repeat
    blank = spacy.blank("en")
    said = list(texts(args.files, 1))
    start = time.perf_counter()
    for _ in range(args.repeat):
        for _ in blank.pipe(said):
            pass
    theirs = time.perf_counter() - start
    del said
    codebook = load_codebook(None)
    loaded = load_model(args.model, codebook)
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        rows = write_scores(
            Path(folder) / "scores.csv",
            score_in_processes(
                loaded, args.model, codebook, sessions(args.files, args.repeat), workers=args.workers, fork=True
            ),
        )
        ours = time.perf_counter() - start
    own, worker = (resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(f"{rows} turns, {words} words, {args.workers} processes")
    print(f"rupture score       {rows / ours:10.0f} turns/s {words / ours:10.0f} words/s {ours:8.2f} s")
    print(f"spacy.blank().pipe  {rows / theirs:10.0f} turns/s {words / theirs:10.0f} words/s {theirs:8.2f} s")
    print(f"ratio {theirs / ours:.3f}; peak memory {own:.0f} MB, largest worker {worker:.0f} MB")


if __name__ == "__main__":
    main()
