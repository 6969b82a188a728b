"""Fuzzing of the readers: a worker a format, in a process of its own, with limits of time and memory.

Documents are drawn by hypothesis from the grammar of the format; they and real files are then changed: bytes, lines and
pieces of one another, and elements, attributes and values, so that most stay XML or JSON (mutations.py). An input is a find if anything but
a Transcript or an IngestError comes of it, if it takes more than two seconds of processor time or 500 MB of memory, if
the transcript does not survive writing and reading, or if the error's message repeats words of the file.

    python -m tests.faults.reader_fuzzing .vtt --inputs 100000 --seeds DIR ... --out DIR
"""

from __future__ import annotations

import argparse
import faulthandler
import hashlib
import itertools
import json
import os
import random
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import FrameType

import yaml
from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis import seed as hypothesis_seed
from tests.faults.hostile_documents import documents
from tests.faults.mutations import CANARY, ROOT, SAMPLE, Seeds, changed, seeds_of

from rupture_markers.errors import ConfigError, IngestError, UnmappedSpeakerError
from rupture_markers.transcripts.interchange import read_interchange, write_transcripts
from rupture_markers.transcripts.options import ReadOptions
from rupture_markers.transcripts.read import SUFFIXES, read_transcripts
from rupture_markers.transcripts.sessions import read_sessions
from rupture_markers.transcripts.transcript import Speaker
from rupture_markers.workflow.config import load_config
from rupture_markers.workflow.study import open_study

FORMATS = (*SUFFIXES, "sessions.csv", "study.yaml")
_SECONDS = 2.0
_MEMORY = 500_000_000
_STUCK_S = 3600.0  # by the wall, on a machine that may be busy
_STRUCTURED = 0.02
_KEPT = 500
_OF_DRAWN = 0.3
_AGAIN = 4


class Hang(BaseException):
    """An input took too long; no reader may catch it."""


@dataclass
class Result:
    """What a worker saw."""

    format: str
    inputs: int = 0
    structured: int = 0
    transcripts: int = 0
    refused: int = 0
    finds: int = 0
    slowest_s: float = 0.0
    peak_mb: float = 0.0
    kinds: dict[str, int] = field(default_factory=dict)


class Worker:
    """Tries inputs of one format and keeps the finds."""

    def __init__(self, name: str, out: Path) -> None:
        self.result = Result(name)
        self._out = out
        self._options = open_study(SAMPLE).read_options
        self._folder = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None))
        self._path = self._folder / (f"input{name}" if name.startswith(".") else name)
        self._again = self._folder / "again.jsonl"
        out.mkdir(parents=True, exist_ok=True)

    def attempt(self, data: bytes) -> None:
        """Read one input as a study would, and write and read again what came of it."""
        self._path.write_bytes(data)
        self.result.inputs += 1
        before = time.process_time()
        signal.setitimer(signal.ITIMER_PROF, _SECONDS)
        if self.result.inputs % 200 == 1:  # each setting costs milliseconds
            faulthandler.dump_traceback_later(_STUCK_S, exit=True)
        kind = ""
        try:
            self._read()
        except (IngestError, ConfigError) as fault:
            self.result.refused += 1
            kind = "message repeats the file" if CANARY in str(fault) and isinstance(fault, IngestError) else ""
        except Hang:
            kind = "hang"
        except KeyboardInterrupt:
            raise
        except BaseException as fault:  # noqa: BLE001 - that is what is looked for, a panic of Rust code included
            last = traceback.extract_tb(fault.__traceback__)[-1]
            ours = next(
                (f for f in reversed(traceback.extract_tb(fault.__traceback__)) if "rupture_markers" in f.filename),
                last,
            )
            kind = f"{type(fault).__name__} in {Path(ours.filename).name}:{ours.lineno}"
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        took = time.process_time() - before
        self.result.slowest_s = max(self.result.slowest_s, took)
        if took > _SECONDS:
            kind = kind or "slow"
        if kind:
            self._keep(kind, data)

    def _read(self) -> None:
        if self.result.format == "sessions.csv":
            read_sessions(self._path)
        elif self.result.format == "study.yaml":
            load_config(self._path)
        else:
            try:
                found = list(read_transcripts(self._path, self._options))
            except UnmappedSpeakerError as fault:
                found = list(read_transcripts(self._path, _as_advised(self._options, fault)))
            if self.result.inputs % _AGAIN == 0:
                write_transcripts(self._again, found)
                if list(read_interchange(self._again)) != found and found:
                    raise AssertionError("not the same after writing and reading")
        self.result.transcripts += 1

    def _keep(self, kind: str, data: bytes) -> None:
        self.result.finds += 1
        self.result.kinds[kind] = self.result.kinds.get(kind, 0) + 1
        if self.result.kinds[kind] <= 3:
            digest = hashlib.sha256(data).hexdigest()[:12]
            (self._out / f"{digest}{self.result.format}").write_bytes(data)
            with (self._out / "finds.jsonl").open("a") as log:
                log.write(json.dumps({"format": self.result.format, "kind": kind, "file": digest}) + "\n")


def _as_advised(options: ReadOptions, fault: UnmappedSpeakerError) -> ReadOptions:
    """Map the labels as the error's own advice says, every other one to the client."""
    advice = fault.terminal_only.partition("speakers:\n")[2]
    who = itertools.cycle(("client", "therapist"))
    filled = re.sub(r"client\|therapist\|other", lambda _: next(who), advice)
    speakers: dict[str, Speaker] = {str(label): role for label, role in (yaml.safe_load(filled) or {}).items()}
    return replace(options, speakers={**options.speakers, **speakers})


def fuzz(name: str, inputs: int, start: int, folders: Sequence[Path], out: Path) -> Result:
    """Try so many inputs of a format in this process."""
    worker = Worker(name, out)
    signal.signal(signal.SIGPROF, _stop)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + _MEMORY, used + _MEMORY))
    baseline = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    drawn: deque[bytes] = deque(maxlen=_KEPT)

    def each(data: bytes) -> None:
        drawn.append(data)
        worker.attempt(data)

    _draw_documents(name, int(inputs * _STRUCTURED), start, each)
    worker.result.structured = worker.result.inputs
    real, seeds = seeds_of(name, folders), Seeds(list(drawn), list(drawn))
    number = start
    while worker.result.inputs < inputs:
        number += 1
        draw = random.Random(f"{name} {number}")
        worker.attempt(changed(name, seeds if draw.random() < _OF_DRAWN else real, draw))
    worker.result.peak_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - baseline) / 1024
    return worker.result


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise Hang


def _draw_documents(name: str, number: int, start: int, attempt: Callable[[bytes], None]) -> None:
    @hypothesis_seed(start)
    @settings(
        max_examples=max(number, 1), database=None, deadline=None, phases=[Phase.generate], verbosity=Verbosity.quiet,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(documents(name))
    def each(data: bytes) -> None:
        attempt(data)

    each()


def together(name: str, parts: Iterable[Result]) -> Result:
    """Sum of results of one format."""
    total = Result(name)
    for part in parts:
        for key in ("inputs", "structured", "transcripts", "refused", "finds"):
            setattr(total, key, getattr(total, key) + getattr(part, key))
        total.kinds = dict(Counter(total.kinds) + Counter(part.kinds))
        total.slowest_s = max(total.slowest_s, part.slowest_s)
        total.peak_mb = max(total.peak_mb, part.peak_mb)
    return total


def fuzz_apart(
    name: str, inputs: int, folders: Sequence[Path], out: Path, *, start: int = 0, share: int = 10_000
) -> Result:
    """Try inputs in worker processes, one after the other; one that dies is a find of its own."""
    done = range(0, inputs, share)
    return together(name, (_worker(name, min(share, inputs - at), folders, out, start + at) for at in done))


def _worker(name: str, inputs: int, folders: Sequence[Path], out: Path, start: int) -> Result:
    process = subprocess.run(
        [
            sys.executable, "-m", "tests.faults.reader_fuzzing", name, "--inputs", str(inputs), "--start", str(start),
            "--out", str(out), "--seeds", *map(str, folders),
        ],
        cwd=ROOT, capture_output=True, text=True, check=False,
        env=dict(os.environ) | {"OMP_NUM_THREADS": "1", "RUST_BACKTRACE": "0"},
    )  # fmt: skip
    if process.returncode != 0:
        kind = f"the worker died ({process.returncode}): {process.stderr[-1500:]}"
        return Result(name, finds=1, kinds={kind: 1})
    result = Result(**json.loads(process.stdout.splitlines()[-1]))
    if CANARY in process.stderr:
        result.finds += 1
        result.kinds["words of the file on standard error"] = 1
        (out / f"stderr-{start}{name}.txt").write_text(process.stderr, encoding="utf-8")
    return result


def main() -> None:
    """Run one worker; the result is the last line of standard output."""
    parser = argparse.ArgumentParser()
    parser.add_argument("format", choices=FORMATS)
    parser.add_argument("--inputs", type=int, default=1000)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=Path, nargs="+", default=[SAMPLE / "transcripts"])
    asked = parser.parse_args()
    faulthandler.enable()
    print(json.dumps(asdict(fuzz(asked.format, asked.inputs, asked.start, asked.seeds, asked.out))))


if __name__ == "__main__":
    main()
