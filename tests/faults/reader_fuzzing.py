"""Fuzzing of the readers: a worker a format, in a process of its own, with limits of time and memory.

Half bytes, half structure: real files are mutated (their bytes, their lines, the parts of their archives, pieces of
other files), and documents are drawn by hypothesis from the grammar of the format. An input is a find if anything but
a Transcript or an IngestError comes of it, if it takes more than two seconds of processor time or 500 MB of memory, if
the transcript does not survive writing and reading, or if the error's message repeats words of the file.

    python -m tests.faults.reader_fuzzing .vtt --inputs 100000 --seeds DIR ... --out DIR
"""

from __future__ import annotations

import argparse
import faulthandler
import hashlib
import io
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
import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import FrameType

import yaml
from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis import seed as hypothesis_seed
from tests.faults.hostile_documents import DOCUMENTS

from rupture_markers.errors import ConfigError, IngestError, UnmappedSpeakerError
from rupture_markers.transcripts.interchange import read_interchange, write_transcripts
from rupture_markers.transcripts.options import ReadOptions
from rupture_markers.transcripts.read import SUFFIXES, read_transcripts
from rupture_markers.transcripts.sessions import read_sessions
from rupture_markers.transcripts.transcript import Speaker
from rupture_markers.workflow.config import load_config
from rupture_markers.workflow.study import open_study

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "configs" / "sample-study"
FORMATS = (*SUFFIXES, "sessions.csv", "study.yaml")
CANARY = "qzxcanaryqzx"
_SECONDS = 2.0
_MEMORY = 500_000_000
_STUCK_S = 300.0
_STRUCTURED = 0.2
_LONGEST_INPUT = 400_000
_TOKENS = (
    b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\xe2\x80\xae", b"\xf0\x9f\x98\x80", b"\xed\xa0\x80", b"\r", b"\n\n", b"\t", b" " * 999,
    b"-->", b"00:00:00.000 --> 00:00:01.000\n", b"00:00:00,000 --> 00:00:01,000\n", b"99:99:99,999", b"WEBVTT\n\n", b"<v T>", b"</v>",
    b"NOTE ", b"STYLE\n", b"T: ", b"C: ", b"[00:01:02] ", b"(pause 5 seconds)", b"[", b"]", b"(", b")", b"<", b">", b"*", b"\"", b"'",
    b",", b";", b":", b"{", b"}", b"&", b"&#55296;", b"&lt;", b"<!DOCTYPE x [<!ENTITY a \"b\">]>", b"<![CDATA[", b"null", b"true", b"NaN",
    b"Infinity", b"1e999", b"-1", b"9" * 30, b"9" * 5000, b"[" * 2000, b"{\"a\":" * 2000, b"\"\\ud800\"", b"\\u0000", b"@Begin\n", b"@End\n",
    b"*PAR:\t", b"%mor:\t", b"\x15100_200\x15", b"[: a]", b"[/]", b"+//.", b"xxx", b"&=laughs", b"TIME_VALUE=\"\"", b"PARENT_REF=\"x\"",
    b"speaker", b"text", b"start", b"\x1a", b"\x85", b"\xc2\x85", b"\xe2\x80\xa8", b"gridSpan", b"PK\x03\x04", b"PK\x05\x06", b"!!python/x ",
)  # fmt: skip


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


def seeds_of(name: str, folders: Sequence[Path]) -> list[bytes]:
    """Real files of a format, each also shortened to its head."""
    if name in ("sessions.csv", "study.yaml"):
        files = [SAMPLE / name, *([ROOT / "configs" / name] if name == "study.yaml" else [])]
    else:
        files = sorted(p for folder in folders for p in folder.rglob(f"*{name}") if p.stat().st_size < 300_000)
    found = [path.read_bytes() for path in files]
    heads = [b"\n".join(data.split(b"\n")[:25]) for data in found if name not in (".docx", ".eaf")]
    return [*heads, *found]


def mutate(data: bytes, others: Sequence[bytes], draw: random.Random) -> bytes:
    """Change bytes, lines, numbers, or splice in a piece of another file."""
    out = bytearray(data)
    for _ in range(draw.randint(1, 5)):
        size = len(out)
        at = draw.randrange(size + 1)
        end = min(size, at + int(draw.expovariate(1 / 40)))
        what = draw.randrange(10)
        if what == 0 and at < size:
            out[at] ^= 1 << draw.randrange(8)
        elif what == 1:
            out[at:at] = draw.randbytes(draw.randint(1, 8))
        elif what == 2:
            del out[at:end]
        elif what == 3:
            out[at:at] = out[at:end] * draw.choice((1, 1, 2, 30, 1000))
        elif what == 4:
            out[at:end] = draw.choice(_TOKENS)
        elif what == 5:
            out[at:at] = draw.choice(_TOKENS) * draw.choice((1, 1, 1, 3, 500))
        elif what == 6:
            other = draw.choice(others)
            start = draw.randrange(len(other) + 1)
            out[at:end] = other[start : start + draw.randint(1, 400)]
        elif what == 7:
            del out[at:]
        elif what == 8:
            lines = bytes(out).split(b"\n")
            first, second = draw.randrange(len(lines)), draw.randrange(len(lines))
            lines[first], lines[second] = lines[second], lines[first]
            out = bytearray(b"\n".join(lines))
        else:
            digits = [i for i in range(at, min(size, at + 300)) if 48 <= out[i] <= 57]
            for i in digits[: draw.randint(1, 12)]:
                out[i] = draw.choice(b"0123456789-.")
    return bytes(out[:_LONGEST_INPUT])


def mutate_archive(data: bytes, others: Sequence[bytes], draw: random.Random) -> bytes:
    """Change the bytes of an archive, or of one of its parts and pack them again."""
    if draw.random() < 0.3:
        return mutate(data, others, draw)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist() if not name.endswith((".jpeg", ".bin"))}
    likely = [n for n in parts if n.endswith(("document.xml", "Types].xml", ".rels", "styles.xml"))]
    name = "word/document.xml" if draw.random() < 0.6 and "word/document.xml" in parts else draw.choice(likely)
    if draw.random() < 0.1:
        del parts[name]
    elif draw.random() < 0.1:
        parts[f"../{name}"] = parts.pop(name)
    else:
        parts[name] = mutate(parts[name], [parts[name]], draw)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for each, content in parts.items():
            archive.writestr(each, content)
    return out.getvalue()


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
    structured = int(inputs * _STRUCTURED)
    _draw_documents(name, structured, start, worker.attempt)
    worker.result.structured = worker.result.inputs
    seeds = seeds_of(name, folders)
    change = mutate_archive if name == ".docx" else mutate
    number = start
    while worker.result.inputs < inputs:
        number += 1
        draw = random.Random(f"{name} {number}")
        seed = draw.choice(seeds)
        if name not in (".docx",) and draw.random() < 0.5:
            at = draw.randrange(len(seed) + 1)
            seed = seed[:at] + CANARY.encode() + seed[at:]
        worker.attempt(change(seed, seeds, draw))
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
    @given(DOCUMENTS[name]())
    def each(data: bytes) -> None:
        attempt(data)

    each()


def fuzz_apart(
    name: str, inputs: int, folders: Sequence[Path], out: Path, *, start: int = 0, share: int = 10_000
) -> Result:
    """Try inputs in worker processes, one after the other; one that dies is a find of its own."""
    total = Result(name)
    done = 0
    while done < inputs:
        wave = min(share, inputs - done)
        process = subprocess.run(
            [
                sys.executable, "-m", "tests.faults.reader_fuzzing", name, "--inputs", str(wave), "--start", str(start + done),
                "--out", str(out), "--seeds", *map(str, folders),
            ],
            cwd=ROOT, capture_output=True, text=True, check=False, env=dict(os.environ) | {"OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        done += wave
        if process.returncode != 0:
            total.finds += 1
            total.kinds[f"the worker died ({process.returncode}): {process.stderr[-1500:]}"] = 1
            continue
        part = json.loads(process.stdout.splitlines()[-1])
        for key in ("inputs", "structured", "transcripts", "refused", "finds"):
            setattr(total, key, getattr(total, key) + part[key])
        total.kinds = dict(Counter(total.kinds) + Counter(part["kinds"]))
        total.slowest_s = max(total.slowest_s, part["slowest_s"])
        total.peak_mb = max(total.peak_mb, part["peak_mb"])
    return total


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
