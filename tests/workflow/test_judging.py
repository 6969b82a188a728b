"""Recall, anchoring and the training of coders on a coded study, as a researcher calls them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from rupture_markers.cli import app
from rupture_markers.coding.anchoring import Anchoring
from rupture_markers.coding.assignment import (
    Assignment,
    append_assignments,
    assign,
    current_assignments,
    read_assignments,
)
from rupture_markers.coding.coded_units import coded_turns
from rupture_markers.coding.codings_log import append_coded_segments, current_answers, read_coded_segments
from rupture_markers.errors import ConfigError
from rupture_markers.markers.codebook import load_codebook
from rupture_markers.markers.coded_segment import CodedSegment
from rupture_markers.markers.defaults import default_file
from rupture_markers.markers.marker import Coding
from rupture_markers.workflow import reading, stages
from rupture_markers.workflow.coded_study import open_coded
from rupture_markers.workflow.judging import known_codes, mix_in_drift_checks, study_anchoring, study_recall
from rupture_markers.workflow.study import open_study

BOOK = load_codebook()


def call(*arguments: str) -> Any:
    done = CliRunner().invoke(app, [*arguments, "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_recall_has_bounds_and_speaks_of_every_segment_at_hand(coded_study: Path) -> None:
    coded = open_coded(open_study(coded_study))
    rows = study_recall(coded)
    rupture = next(r for r in rows if r.label == "any rupture")
    assert rupture.found is not None
    held_out = sum(len(s.members) for s in coded.strata if s.held_out)
    assert sum(s.size for s in rupture.found.strata if not s.within) == 48 - held_out
    assert held_out < 16
    assert rupture.found.recall is not None
    assert 0 < rupture.found.recall.low < 1
    assert rupture.new_cases is not None
    assert "at least 20 are needed" in rupture.new_cases.missing


def test_recall_rests_on_blind_answers_alone(coded_study: Path) -> None:
    study = open_study(coded_study)
    answers = current_answers(read_coded_segments(study.codings))
    append_coded_segments(study.codings, [replace(a, arm="assisted") for a in answers])
    rows = study_recall(open_coded(study))
    assert rows[0].coded == 0
    assert rows[0].found is not None
    assert rows[0].found.recall is None


def test_groups_are_shown_with_their_numbers_and_small_ones_suppressed(coded_study: Path) -> None:
    found = call("recall", str(coded_study), "--group", "setting")
    groups = {r["group"]: r for r in found["rows"] if r["label"] == "any rupture"}
    assert groups["setting=clinic"]["found"]["recall"]["low"] > 0
    assert groups["setting=online chat"]["found"] is None
    assert "neither bias of the machine nor culture" in found["groups"]


@pytest.mark.parametrize("column", ["therapist_id", "case_id"])
def test_therapists_and_cases_are_not_compared(coded_study: Path, column: str) -> None:
    with pytest.raises(ConfigError, match="no group"):
        study_recall(open_coded(open_study(coded_study)), group=column)


def anchored(folder: Path, extra: bool) -> Anchoring:
    """Anchoring where every suggestion that was shown is taken (or none of them has any effect)."""
    study = open_study(folder)
    tasks = {a.task_id: a for a in current_assignments(read_assignments(study.assignments)).values()}
    edited = []
    for answer in current_answers(read_coded_segments(study.codings)):
        task = tasks[answer.task_id]
        if extra and task.shown:
            inside = [s for s in stages.read_suggestions(study, answer.session_id) if s.turn in task.turns]
            codings = tuple(Coding(answer.session_id, s.turn, answer.coder, (s.code,)) for s in inside)
            edited.append(replace(answer, codings=answer.codings + codings, outcome="markers", seconds=10.0))
    append_coded_segments(study.codings, edited)
    return study_anchoring(open_coded(study))


def test_coders_who_take_every_suggestion_are_seen(coded_study: Path) -> None:
    found = anchored(coded_study, extra=True)
    rows = {(r.segments, r.measure): r for r in found.rows}
    uptake = rows["flagged, suggestions shown", "uptake"]
    assert uptake.assisted == 1.0
    assert uptake.difference.value is not None and uptake.difference.value > 0.2
    assert rows["flagged, suggestions shown", "seconds"].difference.value == pytest.approx(
        10.0 - (rows["flagged, suggestions shown", "seconds"].blind or 0)
    )
    assert "more" in found.sentence


def test_without_assisted_segments_nothing_is_said_of_anchoring(coded_study: Path) -> None:
    study = open_study(coded_study)
    answers = current_answers(read_coded_segments(study.codings))
    append_coded_segments(study.codings, [replace(a, deleted=True) for a in answers if a.arm == "assisted"])
    assert "nothing can be said" in study_anchoring(open_coded(study)).sentence


def test_a_suggestion_is_wrong_only_against_settled_blind_codes(coded_study: Path) -> None:
    study = open_study(coded_study)
    answers = current_answers(read_coded_segments(study.codings))
    some = study_anchoring(open_coded(study)).wrong
    assert 0 < some.wrong < some.settled
    append_coded_segments(study.codings, [replace(a, deleted=True) for a in answers if a.coder == "ben"])
    assert study_anchoring(open_coded(study)).wrong.settled == 0


def test_practice_is_given_blind_answered_and_judged_and_counts_for_no_agreement(
    coded_study: Path, scripted: Callable[[Assignment], CodedSegment]
) -> None:
    study = open_study(coded_study)
    path = study.path
    path.write_text(path.read_text(encoding="utf-8").replace("- ben", "- ben\n  - cem"), encoding="utf-8")
    study = open_study(coded_study)
    before = read_assignments(study.assignments)
    added = call("train-coders", str(coded_study), "--practice", "8", "--coder", "cem")["added"]
    assert added == {"cem": 8}
    new = read_assignments(study.assignments)[len(before) :]
    assert {(a.role, a.arm, a.shown, a.coder) for a in new} == {("known", "blind", False, "cem")}
    known = known_codes(study, None)
    assert all((a.session_id, turn) in known for a in new for turn in a.turns)
    # The tasks look like any other, and what was drawn before stays as it was.
    names = reading.session_names(study)
    built = list(stages.tasks(study, new, study.codebook(), "m"))
    assert {frozenset(task.data) for task in built} == {frozenset({"task_id", "dialogue", "context"})}
    assert stages.draw(study, names) == ()

    as_ana = [replace(scripted(replace(t, coder="ana")), coder="cem", annotation=f"{t.task_id}:cem")
              for t in new]  # fmt: skip
    units_before = len(coded_turns(open_coded(study).designed).turns)
    append_coded_segments(study.codings, as_ana)
    coded = open_coded(study)
    assert len(coded_turns(coded.designed).turns) == units_before
    report = call("train-coders", str(coded_study), "--turns", "60", "--marked", "5")["reports"]
    first = next(r for r in report if (r["coder"], r["label"], r["part"]) == ("cem", "any rupture", "all"))
    assert first["segments"] == 8
    assert first["verdict"] in ("certified", "not yet")
    assert (first["kappa"]["value"] >= 0.7) == (first["verdict"] == "certified")
    strict = call("train-coders", str(coded_study), "--turns", "9000")["reports"]
    assert strict[0]["verdict"].startswith("too little: ")
    assert {r["part"] for r in report} == {"all", "first half", "second half"}


def test_drift_checks_are_a_share_of_the_queue_and_a_second_call_adds_none(coded_study: Path) -> None:
    path = open_study(coded_study).path
    path.write_text(path.read_text(encoding="utf-8").replace("- ben", "- ben\n  - cem"), encoding="utf-8")
    study = open_study(coded_study)
    ana = [a for a in read_assignments(study.assignments) if a.coder == "ana"]
    own = [replace(a, coder="cem", task_id=f"{n:032x}") for n, a in enumerate(ana[:10])]
    append_assignments(study.assignments, own)
    first = call("train-coders", str(coded_study), "--drift", "0.2", "--coder", "cem")["added"]
    assert first == {"cem": 2}
    assert call("train-coders", str(coded_study), "--drift", "0.2", "--coder", "cem")["added"] == {"cem": 0}


def test_a_study_that_asks_for_drift_checks_gets_its_share_with_every_run(coded_study: Path) -> None:
    path = open_study(coded_study).path
    text = path.read_text(encoding="utf-8").replace("- ben", "- ben\n  - cem")
    path.write_text(text, encoding="utf-8")
    study = open_study(coded_study)
    ana = [a for a in read_assignments(study.assignments) if a.coder == "ana"]
    own = [replace(a, coder="cem", task_id=f"{n:032x}") for n, a in enumerate(ana[:10])]
    append_assignments(study.assignments, own)
    assert mix_in_drift_checks(study) == 0, "none was asked for"
    path.write_text(text.replace("coding:\n", "coding:\n  drift: 0.2\n"), encoding="utf-8")
    study = open_study(coded_study)
    added = mix_in_drift_checks(study)
    known = [a for a in read_assignments(study.assignments) if a.role == "known"]
    assert added == len(known) >= 2
    assert sum(a.coder == "cem" for a in known) == 2
    assert {(a.arm, a.shown) for a in known} == {("blind", False)}
    assert mix_in_drift_checks(study) == 0
    study.codings.unlink()
    assert mix_in_drift_checks(study) == 0, "nothing is known where nothing was coded"


def test_known_segments_change_no_later_draw(coded_study: Path) -> None:
    study = open_study(coded_study)
    before = read_assignments(study.assignments)
    call(
        "train-coders",
        str(coded_study),
        "--practice",
        "3",
        "--known",
        str(default_file("annotations/sample-codings.jsonl")),
    )
    after = read_assignments(study.assignments)
    rule = stages.assignment_rule(study)
    segments = stages._to_code(study, reading.session_names(study))
    more = [replace(s, segment_id=f"x{n}/0-1", session_id=f"x{n}", turns=(0, 1)) for n, s in enumerate(segments[:9])]
    assert assign([*segments, *more], rule, before) == assign([*segments, *more], rule, after)
