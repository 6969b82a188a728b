"""Gold by a named rule: what counts, and what never does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from rupture_markers.cli import app
from rupture_markers.coding.agreement import agreement
from rupture_markers.coding.agreement_files import agreement_rows
from rupture_markers.coding.gold import (
    Adjudication,
    append_adjudications,
    current_adjudications,
    gold_turns,
    read_adjudications,
)
from rupture_markers.errors import StudyError
from rupture_markers.markers.codebook import load_codebook
from rupture_markers.markers.coded_segment import CodedSegment
from rupture_markers.markers.marker import Arm, Coding, Gold
from rupture_markers.workflow.coded_study import open_coded
from rupture_markers.workflow.study import open_study

BOOK = load_codebook()


def answer(coder: str, marks: dict[int, str], arm: Arm = "blind", **more: Any) -> CodedSegment:
    codings = tuple(Coding("s", turn, coder, tuple(codes.split()), arm=arm) for turn, codes in marks.items())
    return CodedSegment(
        f"s/0:{coder}", "", "s/0-4", "s", "case", 0, 4, coder, arm, "markers" if marks else "no_marker", codings, **more
    )


def found(gold: tuple[Gold, ...], turn: int, family: str = "withdrawal") -> tuple[float, str]:
    one = next(g for g in gold if (g.turn, g.family) == (turn, family))
    return one.share, one.rule


def test_adjudicated_else_unanimous_else_the_share() -> None:
    answers = [answer("ana", {0: "W2", 1: "W2", 2: "C3"}), answer("ben", {0: "W1", 2: "W2"})]
    verdict = Adjudication("s", 2, "case", ("W2", "C3"), "edge case", "user-1")
    gold = gold_turns(answers, [verdict], BOOK, blind_only=True)
    assert found(gold, 0) == (1.0, "unanimous")
    assert found(gold, 1) == (0.5, "share")
    assert found(gold, 2) == found(gold, 2, "confrontation") == (1.0, "adjudicated")
    assert found(gold, 2, "repair") == (0.0, "adjudicated")
    assert found(gold, 4) == (0.0, "unanimous")


def test_a_later_adjudication_replaces_an_earlier_one_and_may_be_withdrawn(tmp_path: Path) -> None:
    first = Adjudication("s", 2, "case", ("W2",), "edge case", "user-1")
    path = tmp_path / "adjudications.jsonl"
    append_adjudications(path, [first, replace(first, codes=()), replace(first, turn=3)])
    append_adjudications(path, [replace(first, turn=3, withdrawn=True)])
    assert current_adjudications(read_adjudications(path)) == (replace(first, codes=()),)


def test_assisted_codings_and_what_was_adjudicated_from_them_are_no_blind_gold() -> None:
    answers = [answer("ana", {1: "W2"}), answer("ben", {}, "assisted"), answer("cem", {1: "W2"}, "assisted")]
    verdict = Adjudication("s", 1, "case", (), "oversight", "user-1", blind=False)
    blind = gold_turns(answers, [verdict], BOOK, blind_only=True)
    assert found(blind, 1) == (1.0, "single")
    every = gold_turns(answers, [verdict], BOOK, blind_only=False)
    assert found(every, 1) == (0.0, "adjudicated")
    assert not next(g for g in every if g.turn == 1).blind


def test_in_held_out_cases_a_single_coding_is_never_gold_unless_adjudicated() -> None:
    verdict = Adjudication("s", 1, "case", ("W2",), "oversight", "user-1")
    gold = gold_turns([answer("ana", {0: "W2"})], [verdict], BOOK, blind_only=True, held_out=["case"])
    assert {(g.turn, g.rule) for g in gold} == {(1, "adjudicated")}
    assert gold_turns([answer("ana", {0: "W2"})], [], BOOK, blind_only=True, held_out=["other"])


def test_majority_forces_all_but_a_tie() -> None:
    answers = [answer("ana", {0: "W2", 1: "W2"}), answer("ben", {0: "W2", 1: "W2"}), answer("cem", {})]
    assert found(gold_turns(answers, [], BOOK, blind_only=True, rule="majority"), 0) == (1.0, "majority")
    assert found(gold_turns(answers[1:], [], BOOK, blind_only=True, rule="majority"), 0) == (0.5, "share")


def test_dawid_and_skene_needs_three_coders_and_weighs_them_by_their_errors() -> None:
    answers = []
    for coder, marks in (("ana", {0: "W2", 1: "W2"}), ("ben", {0: "W2", 1: "W2"}), ("cem", {2: "W2", 1: "W2"})):
        for number in range(8):
            one = answer(coder, marks)
            answers.append(replace(one, session_id=f"s{number}", annotation=f"{number}{coder}",
                                   codings=tuple(replace(c, session_id=f"s{number}") for c in one.codings)))  # fmt: skip
    gold = gold_turns(answers, [], BOOK, blind_only=True, rule="dawid-skene")
    assert found(gold, 0)[0] > 0.95
    assert found(gold, 2)[0] < 0.05
    assert found(gold, 2)[1] == "dawid-skene"
    with pytest.raises(StudyError, match="needs 3 coders"):
        gold_turns(answers[:16], [], BOOK, blind_only=True, rule="dawid-skene")


def test_skipped_uncodable_and_codes_no_longer_in_the_codebook_say_nothing() -> None:
    answers = [answer("ana", {0: "W99"}), replace(answer("ben", {}), outcome="not_codable")]
    gold = gold_turns(answers, [], BOOK, blind_only=True)
    assert found(gold, 0) == (0.0, "single")


def test_the_command_writes_one_row_a_turn_and_family(coded_study: Path, tmp_path: Path) -> None:
    out = tmp_path / "gold.csv"
    done = CliRunner().invoke(app, ["export", "gold", str(coded_study), "--out", str(out), "--blind-only"])
    assert done.exit_code == 0, done.output
    lines = out.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "session_id,case_id,turn,family,share,rule,coders,blind"
    assert len(lines) > 500
    assert CliRunner().invoke(app, ["export", "gold", str(coded_study), "--rule", "vote"]).exit_code != 0


def test_every_cell_of_the_agreement_table_has_its_column(coded_study: Path, tmp_path: Path) -> None:
    out = tmp_path / "agreement.csv"
    done = CliRunner().invoke(app, ["export", "agreement", str(coded_study), "--out", str(out)])
    assert done.exit_code == 0, done.output
    rows = agreement_rows(agreement(open_coded(open_study(coded_study)).answers, BOOK, draws=200))
    header = out.read_text(encoding="utf-8").splitlines()[0].split(",")
    assert set(rows[0]) == set(header)
