"""A large study against a real Label Studio: time and memory to push, to collect, and to read what was collected.

    python -m benchmarks.load --folder FOLDER [--segments 10000] [--coders 20] [--codings 200000]

One coder gets every segment, the others an equal share of the rest, five codings a segment. The tasks of the one
project that `push` fills are pushed as `rupture run` does; those that are collected from are imported in bulk with their
annotations, since making them one by one would take the server hours. Each step runs in a process of its own, whose
peak memory is printed.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.coding.page_results import answer, region

from rupture_markers.coding.assigned import (
    Assignment,
    SegmentToCode,
    append_assignments,
    opaque_task_id,
    read_assignments,
    segment_to_code,
)
from rupture_markers.coding.codings_log import current_answers, read_coded_segments
from rupture_markers.coding.ledger import Ledger
from rupture_markers.coding.push import push
from rupture_markers.coding.tasks import build_tasks
from rupture_markers.markers.marker import Arm
from rupture_markers.transcripts.interchange import write_transcripts
from rupture_markers.transcripts.transcript import Transcript, Turn
from rupture_markers.workflow import collecting, reading, stages
from rupture_markers.workflow.queue import client_of, local_server, plan_of
from rupture_markers.workflow.study import Study, open_study

PER_SEGMENT, TURNS, WORDS, PER_SESSION = 5, 10, 12, 20
BATCH = 250


def sessions(segments: int) -> Iterator[Transcript]:
    """Invented sessions of twenty segments each."""
    for number in range(-(-segments // PER_SESSION)):
        turns = tuple(
            Turn(i, ("therapist", "client")[i % 2], f"turn {number} {i} " + "word " * WORDS)
            for i in range(PER_SESSION * TURNS)
        )
        yield Transcript(
            session_id=f"s{number:04}",
            case_id=f"c{number:04}",
            turns=turns,
            source_name="sessions.jsonl",
            source_sha256="0" * 64,
        )


def assignment(part: SegmentToCode, coder: str, arm: Arm, place: int) -> Assignment:
    """A task of a coder as the draw would put it down."""
    return Assignment(
        task_id=opaque_task_id("load", coder, arm, part.segment_id, part.content_sha256), segment_id=part.segment_id,
        session_id=part.session_id, case_id=part.case_id, coder=coder, arm=arm, shown=arm == "assisted", role="primary",
        session_end=False, unit=part.segment_id, mode="flagged_segments", order=place / 1e6, position=0, flagged=False,
        content_sha256=part.content_sha256, turns=part.turns, context=(),
    )  # fmt: skip


def make(folder: Path, segments: int, coders: int, codings: int) -> None:
    """Lay the study out: its sessions read, and who codes what."""
    names = [f"coder{n:02}" for n in range(1, coders + 1)]
    folder.mkdir(parents=True, exist_ok=True)
    write_transcripts(folder / "transcripts" / "sessions.jsonl", sessions(segments))
    (folder / "study.yaml").write_text(
        f"study: load\ntranscripts: transcripts\nsessions: null\npublic_data: true\ncoding: {{coders: [{', '.join(names)}]}}\n"
        f"segments: {{by: turns, turns: {TURNS}, context_turns: 0}}\n",
        encoding="utf-8",
    )
    study = open_study(folder)
    reading.read_batch(study, reading.source_files(study))
    parts = [
        segment_to_code(transcript, segment, flagged=False)
        for transcript in map(lambda name: reading.session(study, name), reading.session_names(study))  # noqa: C417
        for segment in stages.study_segments(study, transcript)
    ][:segments]
    share = max(0, codings // PER_SEGMENT - segments) // max(1, coders - 1)
    drawn = [assignment(part, names[0], "blind", n) for n, part in enumerate(parts)]
    for number, name in enumerate(names[1:]):
        mine = [parts[(number * share // 2 + n) % len(parts)] for n in range(share)]
        drawn += [assignment(part, name, "blind", n) for n, part in enumerate(mine)]
    drawn += [assignment(part, names[0], "assisted", n) for n, part in enumerate(parts)]
    append_assignments(study.assignments, drawn)
    print(f"{len(parts):,} segments, {len(drawn) - len(parts):,} tasks with codings in {coders} projects")


def fill(study: Study) -> None:
    """Make the coders' projects with tasks that carry their annotations."""
    codebook = study.codebook()
    drawn = [a for a in read_assignments(study.assignments) if a.arm == "blind"]
    transcripts = stages.Sessions(study, reading.session_names(study))
    with client_of(study) as client:
        number_of = {user.email.split("@")[0]: user.id for user in client.users()}
        for coder in sorted({a.coder for a in drawn}):
            plan = plan_of(study, coder, "blind", codebook)
            project = client.create_project(plan.title, plan.key, plan.label_config, plan.instruction).number
            mine = sorted((a for a in drawn if a.coder == coder), key=lambda a: a.session_id)
            payloads: list[dict[str, Any]] = []
            for task in build_tasks(mine, transcripts, codebook):
                payloads.append({"data": task.data, "annotations": [_annotation(task.data, number_of.get(coder))]})
                if len(payloads) == BATCH:
                    client.create_tasks(project, payloads)
                    payloads = []
            if payloads:
                client.create_tasks(project, payloads)


def _annotation(data: dict[str, Any], user: int | None) -> dict[str, Any]:
    said = [turn["text"] for turn in data["dialogue"]]
    regions = [region(said, 2 * n + 1, ("W2", "C1", "W5", "R1", "C3")[n], significance="3") for n in range(PER_SEGMENT)]
    by = {"completed_by": user} if user is not None else {}
    return {"result": answer("markers_coded", *regions), "ground_truth": False, "lead_time": 40.0, **by}


def push_one(study: Study) -> None:
    """Push every segment into one project, as `rupture run` does."""
    codebook = study.codebook()
    mine = [a for a in read_assignments(study.assignments) if a.arm == "assisted"]
    with client_of(study) as client:
        for when in ("first", "again"):
            start = time.perf_counter()
            report = push(
                plan_of(study, mine[0].coder, "assisted", codebook), list(stages.tasks(study, mine, codebook, "load")),
                codebook, client, Ledger.open(study.projects, client.url), batch=BATCH,
            )  # fmt: skip
            print(f"push, {when}: {report.created:,} created, {report.unchanged:,} unchanged, {_since(start)}")


def collect(study: Study) -> None:
    """Collect from every project, as the flow does."""
    start = time.perf_counter()
    done = []
    for coder, arm in collecting.projects_of(study):
        begun = time.perf_counter()
        done.append(collecting.collect_project(study, coder, arm))
        print(
            f"  {coder}, {arm}: {done[-1].report.new:,} new, {done[-1].report.looked_at:,} looked at, {_since(begun)}"
        )
    summary = collecting.summarise(study, done, [])
    print(
        f"collect: {summary.new:,} new answers of {summary.answers:,} in {summary.projects} projects, {_since(start)}"
    )


def read(study: Study) -> None:
    """Read the log of codings, as every command after collecting does."""
    start = time.perf_counter()
    answers = current_answers(read_coded_segments(study.codings))
    codings = sum(len(answer.codings) for answer in answers)
    size = study.codings.stat().st_size / 1e6
    print(f"log: {len(answers):,} answers, {codings:,} codings, {size:.0f} MB, read in {_since(start)}")


def _since(start: float) -> str:
    return f"{time.perf_counter() - start:.1f} s"


STEPS = {"fill": fill, "push": push_one, "collect": collect, "again": collect, "read": read}


def main() -> None:
    """Run the steps, each in its own process."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, help="for the study and a Label Studio; made anew")
    parser.add_argument("--segments", type=int, default=10_000)
    parser.add_argument("--coders", type=int, default=20)
    parser.add_argument("--codings", type=int, default=200_000)
    parser.add_argument("--step", choices=STEPS, help="one step alone, in this process")
    asked = parser.parse_args()
    if asked.step is not None:
        study = open_study(asked.folder)
        began = time.process_time()
        STEPS[asked.step](study)
        used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{asked.step}: {time.process_time() - began:.1f} s of our processor time, {used:.0f} MB at most",
            flush=True,
        )
        return
    make(asked.folder, asked.segments, asked.coders, asked.codings)
    server = local_server(open_study(asked.folder))
    server.start(open_study(asked.folder).config.coding.coders)
    try:
        for step in STEPS:
            began = time.perf_counter()
            subprocess.run(
                [sys.executable, "-m", "benchmarks.load", "--folder", str(asked.folder), "--step", step], check=True
            )
            print(f"{step} took {_since(began)}; load of the machine {os.getloadavg()[0]:.1f}", flush=True)
        pid = server.status().pid
        status = Path(f"/proc/{pid}/status")
        if status.exists():
            peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
            print(json.dumps({"Label Studio's peak": peak.split(":")[1].strip()}))
    finally:
        server.stop()


if __name__ == "__main__":
    main()
