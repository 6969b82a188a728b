"""Time to collect annotated tasks from a Label Studio, for the first time and when nothing or little changed.

python benchmarks/collecting.py --tasks 5000 --folder FOLDER
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from rupture_markers.coding.assigned import Assignment
from rupture_markers.coding.codebook_history import CodebookInUse
from rupture_markers.coding.coded_task import Accounts, StudyFacts
from rupture_markers.coding.codings_log import append_coded_segments, read_coded_segments
from rupture_markers.coding.collect import Polled, PollReport, last_records, poll_project
from rupture_markers.coding.label_studio import LabelStudioClient
from rupture_markers.coding.labeling_config import CODES, DIALOGUE, labeling_config
from rupture_markers.coding.local_server import LocalLabelStudio
from rupture_markers.markers.codebook import load_codebook

TURNS, WORDS = 20, 15


def task(number: int) -> dict[str, Any]:
    text = "word " * WORDS
    marked = {"start": "1", "end": "1", "startOffset": 0, "endOffset": len(text), "text": text}
    result = [
        {
            "id": "r", "from_name": CODES, "to_name": DIALOGUE, "type": "paragraphlabels", "origin": "manual",
            "value": {**marked, "paragraphlabels": ["W2"]},
        },
        {
            "id": "o", "from_name": "outcome", "to_name": DIALOGUE, "type": "choices", "origin": "manual",
            "value": {"choices": ["markers_coded"]},
        },
    ]  # fmt: skip
    dialogue = [{"speaker": "Client", "text": text} for _ in range(TURNS)]
    data = {"task_id": f"{number:032x}", "dialogue": dialogue, "context": []}
    return {"data": data, "annotations": [{"result": result, "ground_truth": False, "lead_time": 30.0}]}


def assignment(number: int) -> Assignment:
    return Assignment(
        task_id=f"{number:032x}", segment_id=f"s{number}/0-{TURNS - 1}", session_id=f"s{number}", case_id=f"c{number}",
        coder="ana", arm="blind", shown=False, role="primary", session_end=False, unit=f"s{number}",
        mode="flagged_segments", order=0.5, position=0, flagged=False, content_sha256="", context=(),
        turns=tuple(range(TURNS)),
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=5000)
    parser.add_argument("--folder", type=Path, required=True, help="For a Label Studio and the log.")
    asked = parser.parse_args()
    server = LocalLabelStudio(asked.folder / "label-studio")
    url = server.start(["ana"]).url
    book = load_codebook()
    assignments = {a.task_id: a for a in map(assignment, range(asked.tasks))}
    facts = StudyFacts(book, (CodebookInUse(book, book.sha256, ""),), {}, frozenset(), {}, Accounts())
    log = asked.folder / "codings.jsonl"
    try:
        with LabelStudioClient(url, server.token()) as client:
            key = f"benchmark {time.time()}"
            project = client.create_project("benchmark", key, labeling_config(book, arm="blind"), "").number
            for first in range(0, asked.tasks, 250):
                client.create_tasks(project, [task(n) for n in range(first, min(first + 250, asked.tasks))])

            def poll(before: Polled) -> tuple[PollReport, Polled]:
                start = time.perf_counter()
                standing = last_records(read_coded_segments(log))
                done = poll_project(
                    client, project, assignments, standing, facts, before, lambda r: append_coded_segments(log, r)
                )
                print(f"{done[0].new} new, {done[0].looked_at} looked at: {time.perf_counter() - start:.1f} s")
                return done

            log.unlink(missing_ok=True)
            _, polled = poll(Polled())
            poll(Polled())
            # As it is once ten minutes have passed without a change.
            poll(Polled("2100-01-01T00:00:00.000000Z", polled.answers))
    finally:
        server.stop()


if __name__ == "__main__":
    main()
