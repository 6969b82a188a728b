"""The second half of the demo: two scripted coders code the sample study's queue with its own codings, a third decides.

The codings came from two automated coders (large language models), not from people; the referee's rule is nobody's judgement.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

from rupture_markers.coding.adjudication import ADJUDICATOR, disagreements, read_adjudication_tasks
from rupture_markers.coding.assignment import current_assignments, read_assignments
from rupture_markers.coding.gold import AdjudicationReason
from rupture_markers.coding.ledger import Ledger
from rupture_markers.coding.predictions import shown_text
from rupture_markers.coding.scripted_coder import CoderSession, page_answer, verdict_answer
from rupture_markers.errors import StudyError
from rupture_markers.learning.dataset import read_codings
from rupture_markers.markers.codebook import Codebook
from rupture_markers.markers.defaults import default_file
from rupture_markers.markers.marker import Coding
from rupture_markers.workflow import reading
from rupture_markers.workflow.coded_study import open_coded
from rupture_markers.workflow.progress import observer
from rupture_markers.workflow.queue import client_of, local_server
from rupture_markers.workflow.study import Study

REFEREE = "referee"
_SECONDS_A_TURN = 4.0
"""Time that a scripted coder is said to have taken; it says nothing of a person's."""


def sample_codings(codebook: Codebook) -> dict[str, dict[tuple[str, int], Coding]]:
    """Codings of the sample study by coder, then by session and turn, in the codes of the codebook."""
    guide = {old: code.id for code in reversed(codebook.codes) for old in code.guide_codes}
    out: dict[str, dict[tuple[str, int], Coding]] = defaultdict(dict)
    for coding in read_codings(default_file("annotations/sample-codings.jsonl")):
        codes = tuple(dict.fromkeys(guide.get(code, code) for code in coding.codes))
        out[coding.coder][coding.session_id, coding.turn] = replace(coding, codes=codes)
    return dict(out)


def code_queue(study: Study) -> int:
    """Let the study's coders answer every task that nobody has begun; the first coder as coder_a, the second as coder_b.

    Returns
    -------
    int
        Answers given; 0 where everything was answered before.

    Raises
    ------
    StudyError
        If the study has no local Label Studio, or is not the sample study.
    """
    said = sample_codings(study.codebook())
    scripts: Mapping[str, dict[tuple[str, int], Coding]] = dict(
        zip(study.config.coding.coders, (said[name] for name in sorted(said)), strict=False)
    )
    if study.config.label_studio.url is not None or set(scripts) != set(study.config.coding.coders):
        raise StudyError(
            "scripted coders work in the demo alone: its own local Label Studio and two coders.",
            "Run 'rupture demo' first.",
            path=study.folder,
        )
    tasks = current_assignments(read_assignments(study.assignments)).values()
    transcripts = {name: reading.session(study, name) for name in sorted({task.session_id for task in tasks})}
    server = local_server(study)
    observer().begin("code", len(tasks))
    given = 0
    with client_of(study) as client:
        ledger = Ledger.open(study.projects, client.url)
        for coder, arm in sorted({(task.coder, task.arm) for task in tasks}):
            number = ledger.number(coder, arm)
            mine = {task.task_id: task for task in tasks if (task.coder, task.arm) == (coder, arm)}
            if number is None:
                continue
            suggested = {p.task: p.result for p in client.predictions(number)}
            with CoderSession(client.url, server.account(coder)) as session:
                for remote in client.tasks(number):
                    task = mine.get(remote.task_id)
                    if task is not None and not client.has_work(remote):
                        turns = {turn.index: turn for turn in transcripts[task.session_id].turns}
                        script = scripts[coder]
                        codings = {
                            place: script[task.session_id, index]
                            for place, index in enumerate(task.turns)
                            if (task.session_id, index) in script
                        }
                        session.submit(
                            remote.number,
                            page_answer(
                                [shown_text(turns[index]) for index in task.turns],
                                codings,
                                suggested.get(remote.number, ()),
                                reviewed=arm == "assisted",
                            ),
                            _SECONDS_A_TURN * len(task.turns),
                        )
                        given += 1
                    observer().advance()
    return given


def decide_queue(study: Study) -> int:
    """Let a scripted referee decide every adjudication task that nobody has begun, through an account of its own.

    Where one coder marked the turn and the other did not, the mark stands (an oversight); where both marked it, the
    codes of the first coder stand (an edge case).

    Returns
    -------
    int
        Decisions given.
    """
    coded = open_coded(study)
    at_stake = {(d.session_id, d.turn): d for d in disagreements(coded.designed, coded.codebook)}
    known = read_adjudication_tasks(study.adjudication_tasks)
    server = local_server(study)
    server.start((*study.config.coding.coders, REFEREE))
    given = 0
    with client_of(study) as client:
        number = Ledger.open(study.work / "adjudication.json", client.url).number(ADJUDICATOR, "blind")
        if number is None:
            return 0
        tasks = client.tasks(number)
        observer().begin("decide", len(tasks))
        with CoderSession(client.url, server.account(REFEREE)) as session:
            for remote in tasks:
                made = known.get(remote.task_id)
                open_turn = None if made is None else at_stake.get((made.session_id, made.turn))
                if open_turn is not None and not client.has_work(remote):
                    marked = [codes for _, codes in open_turn.codes if codes]
                    reason: AdjudicationReason = "edge case" if len(marked) > 1 else "oversight"
                    session.submit(remote.number, verdict_answer(marked[0], reason), _SECONDS_A_TURN)
                    given += 1
                observer().advance()
    return given
