"""A code on the other party's turn stays in the log and counts nowhere."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from rupture_markers.cli import app
from rupture_markers.coding.codings_log import append_coded_segments, current_answers, read_coded_segments
from rupture_markers.coding.gold import gold_turns
from rupture_markers.coding.other_party import set_aside_other_party
from rupture_markers.markers.codebook import load_codebook
from rupture_markers.markers.coded_segment import CodedSegment
from rupture_markers.markers.marker import Coding
from rupture_markers.transcripts.transcript import Speaker
from rupture_markers.workflow import reading
from rupture_markers.workflow.coded_study import open_coded
from rupture_markers.workflow.judging import study_recall
from rupture_markers.workflow.study import Study, open_study
from rupture_markers.workflow.study_gold import study_gold

BOOK = load_codebook()
WHO: dict[str, dict[int, Speaker]] = {"s": {0: "therapist", 1: "client", 2: "nobody", 3: "other"}}


def answer(*marks: tuple[int, str], coder: str = "ana") -> CodedSegment:
    codings = tuple(Coding("s", turn, coder, tuple(codes.split())) for turn, codes in marks)
    return CodedSegment(f"t:{coder}", "t", "s/0-4", "s", "case", 0, 4, coder, "blind", "markers", codings)


@pytest.mark.parametrize(
    ("turn", "codes", "kept", "gone"),
    [
        (0, "W2", [], 1),
        (0, "R1", ["R1"], 0),
        (1, "R1", [], 1),
        (1, "C3 W2", ["C3", "W2"], 0),
        (0, "W2 R1 C3", ["R1"], 2),
        (2, "W2", ["W2"], 0),
        (2, "C3", [], 1),
        (3, "W2", [], 1),
        (1, "W99 R1", ["W99"], 1),
        (4, "R1 W2", ["R1", "W2"], 0),
    ],
)
def test_the_codebook_says_in_whose_turn_a_code_counts(turn: int, codes: str, kept: list[str], gone: int) -> None:
    found = set_aside_other_party([answer((turn, codes))], BOOK, WHO)
    assert [code for coding in found.answers[0].codings for code in coding.codes] == kept
    assert found.set_aside == gone
    assert found.answers[0].outcome == "markers"


def test_every_coder_turn_and_code_is_counted_once() -> None:
    answers = [answer((0, "W2"), (0, "W2"), (1, "R1")), answer((0, "W2"), coder="ben"), answer((1, "W2"), coder="cem")]
    found = set_aside_other_party(answers, BOOK, WHO)
    assert found.notice == "3 codings set aside: code of the other party."
    assert found.answers[2] == answers[2]
    assert set_aside_other_party(found.answers, BOOK, WHO).notice == ""


def mark_wrongly(study: Study) -> int:
    """Let every coder give a client's code to the first therapist's turn of every segment, and a repair to a client's."""
    edited, wrong = [], 0
    for given in current_answers(read_coded_segments(study.codings)):
        speaker = {turn.index: turn.speaker for turn in reading.session(study, given.session_id).turns}
        codings = list(given.codings)
        for party, code in (("therapist", "C3"), ("client", "R1")):
            turns = range(given.first_turn, given.last_turn + 1)
            turn = next((t for t in turns if speaker[t] == party), None)
            if turn is not None:
                codings.append(Coding(given.session_id, turn, given.coder, (code,), arm=given.arm))
                wrong += 1
        edited.append(replace(given, codings=tuple(codings), outcome="markers"))
    append_coded_segments(study.codings, edited)
    return wrong


def test_gold_agreement_recall_and_training_are_what_they_were(coded_study: Path, tmp_path: Path) -> None:
    def call(*words: str) -> Any:
        done = CliRunner().invoke(app, [*words, "--json"])
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    def figures() -> list[Any]:
        coded = open_coded(study)
        gold = gold_turns(coded.answers, coded.adjudicated, BOOK, blind_only=False)
        learnt = study_gold(study, BOOK)
        rows = call("agreement", str(coded_study), "--draws", "200")["rows"]
        return [gold, learnt.training, learnt.held_out, study_recall(coded), rows]

    study = open_study(coded_study)
    before = figures()
    wrong = mark_wrongly(study)
    line = f"{wrong} codings set aside: code of the other party."
    assert figures() == before
    assert call("agreement", str(coded_study), "--draws", "200")["notes"][-1] == line
    assert call("recall", str(coded_study))["set_aside"] == line
    assert call("export", "gold", str(coded_study), "--out", str(tmp_path / "gold.csv"))["set_aside"] == line
    assert call("export", "sessions", str(coded_study), "--out", str(tmp_path / "sessions.csv"))["set_aside"] == line
    for words in (["agreement", "--draws", "200"], ["recall"], ["anchoring"]):
        done = CliRunner().invoke(app, [words[0], str(coded_study), *words[1:]])
        assert line in done.output
    assert call("export", "codings", str(coded_study), "--out", str(tmp_path / "codings.csv"))["set_aside"] == ""
    assert (tmp_path / "codings.csv").read_text(encoding="utf-8").count("C3,") >= wrong // 2
