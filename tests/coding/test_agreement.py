"""Agreement of a study: which codings count, with which weight, and what is said of figures that must not be trusted."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from rupture_markers.cli import app
from rupture_markers.coding.agreement import Agreement, agreement
from rupture_markers.coding.case_bootstrap import figures_over_cases
from rupture_markers.markers.codebook import load_codebook
from rupture_markers.markers.coded_segment import CodedSegment
from rupture_markers.markers.marker import Coding
from rupture_markers.transcripts.transcript import Speaker

BOOK = load_codebook()


def answer(coder: str, session: str, marks: dict[int, str], first: int = 0, last: int = 9, **more: Any) -> CodedSegment:
    codings = tuple(
        Coding(session, turn, coder, (code,), significance=3) for turn, codes in marks.items() for code in codes.split()
    )
    return CodedSegment(
        annotation=f"{session}/{first}:{coder}", task_id=more.pop("task_id", ""), segment_id=f"{session}/{first}-{last}",
        session_id=session, case_id=more.pop("case_id", f"case-{session}"), first_turn=first, last_turn=last,
        coder=coder, arm=more.pop("arm", "blind"), outcome="markers" if marks else "no_marker", codings=codings, **more,
    )  # fmt: skip


def row(found: Agreement, label: str = "withdrawal", unit: str = "turn", coders: str = "all") -> Any:
    return next(r for r in (*found.rows, *found.pairs) if (r.label, r.unit, r.coders) == (label, unit, coders))


def test_spans_and_codes_within_one_turn_are_the_same_turn() -> None:
    answers = [answer("ana", "s", {3: "W1 W2"}), answer("ben", "s", {3: "W2"})]
    found = agreement(answers, BOOK, draws=50)
    assert row(found).figures["raw"].value == 1.0
    assert row(found).marked == 1
    assert row(found, "W1").figures["raw"].value == pytest.approx(0.9)


def test_assisted_skipped_and_uncodable_answers_do_not_count() -> None:
    answers = [
        answer("ana", "s", {3: "W2"}),
        answer("ben", "s", {3: "W2"}, arm="assisted"),
        replace(answer("cem", "s", {}), outcome="not_codable"),
        replace(answer("dia", "s", {}), outcome="skipped"),
    ]
    assert agreement(answers, BOOK).rows == ()
    assert "no agreement to speak of" in agreement(answers, BOOK).notes[0]


def test_a_label_is_looked_for_only_where_it_can_be_coded() -> None:
    speakers: dict[str, dict[int, Speaker]] = {"s": {t: "client" if t % 2 else "therapist" for t in range(10)}}
    answers = [answer("ana", "s", {3: "W2"}), answer("ben", "s", {})]
    found = agreement(answers, BOOK, speakers=speakers, draws=50)
    assert row(found).units == 5
    assert row(found, "repair").units == 5


def test_not_every_coder_codes_every_unit() -> None:
    answers = [
        answer("ana", "s1", {1: "W2"}), answer("ben", "s1", {1: "W2"}),
        answer("ben", "s2", {2: "W2"}), answer("cem", "s2", {}),
        answer("ana", "s3", {1: "W2"}),
    ]  # fmt: skip
    found = agreement(answers, BOOK, draws=50)
    assert row(found).units == 20
    assert row(found).cases == 2
    assert {r.coders for r in found.pairs} == {"ana, ben", "ben, cem"}
    assert row(found, coders="ana, ben").figures["kappa"].value == 1.0


def test_controls_stand_for_the_segments_they_were_drawn_from() -> None:
    flagged = [answer(c, "s1", {1: "W2", 2: "W2"}) for c in ("ana", "ben")]
    control = [answer("ana", "s2", {1: "W2"}), answer("ben", "s2", {})]
    unknown = [answer(c, "s3", {}) for c in ("ana", "ben")]
    found = agreement([*flagged, *control, *unknown], BOOK, weights={"s1/0-9": 1.0, "s2/0-9": 10.0}, draws=50)
    assert row(found).figures["raw"].value == pytest.approx((10 + 10 * 9) / 110)
    assert row(found).figures["prevalence"].value == pytest.approx((4 + 10) / 220)
    assert "1 segment is left out" in found.notes[0]
    alone = agreement([*flagged, *control, *unknown], BOOK, draws=50)
    assert row(alone).units == 30


def test_practice_and_drift_checks_are_left_out() -> None:
    answers = [answer(c, "s", {1: "W2"}, task_id=f"{c}-known") for c in ("ana", "ben")]
    found = agreement(answers, BOOK, leave_out=["ana-known", "ben-known"])
    assert found.rows == ()
    assert "practice" in found.notes[0]


def test_figures_per_session_come_from_whole_sessions_coded_in_full_alone() -> None:
    parts = [
        answer(c, s, {1: "W2"} if s != "s3" else {}, first, first + 9, whole_session=True, ratings=(("r", n),))
        for s, n in (("s1", 2), ("s2", 4), ("s3", 5), ("s4", 1))
        for c in ("ana", "ben")
        for first in (0, 10)
        if not (s == "s4" and first == 10)
    ]
    speakers: dict[str, dict[int, Speaker]] = {s: dict.fromkeys(range(20), "client") for s in ("s1", "s2", "s3", "s4")}
    found = agreement(parts, BOOK, speakers=speakers, draws=50)
    assert row(found, unit="session").units == 3
    numbers = {(n.unit, n.label, n.what): n for n in found.numbers}
    assert numbers["session", "withdrawal", "marked turns"].units == 3
    assert set(numbers["session", "withdrawal", "marked turns"].figures) == {"icc2_1", "icc2_k"}
    selected = agreement([replace(a, whole_session=False) for a in parts], BOOK, speakers=speakers, draws=50)
    assert not [r for r in selected.rows if r.unit == "session"]
    assert not [n for n in selected.numbers if n.unit == "session"]
    assert any("no figures per session" in note for note in selected.notes)


def test_where_coder_pairs_rotate_the_icc_is_the_one_way_one() -> None:
    pairs = [("ana", "ben"), ("ben", "cem"), ("ana", "cem"), ("ana", "ben")]
    answers = [
        answer(coder, f"s{n}", dict.fromkeys(range(n + extra), "C3"), whole_session=True)
        for n, pair in enumerate(pairs)
        for extra, coder in enumerate(pair)
    ]
    found = agreement(answers, BOOK, draws=50)
    number = next(n for n in found.numbers if (n.unit, n.label, n.what) == ("session", "confrontation", "marked turns"))
    assert set(number.figures) == {"icc1_1", "icc1_k"}
    assert "The coders change" in number.caution


def test_rare_codes_few_cases_and_flattering_figures_are_said_in_words() -> None:
    answers = [answer(c, "s", {3: "W2"}, 0, 99) for c in ("ana", "ben")]
    caution = row(agreement(answers, BOOK, draws=50)).caution
    assert "Rare: marked in 1 units" in caution
    assert "Few cases (1)" in caution
    assert "AC1 and raw agreement flatter" in caution


def test_agreement_over_time_is_in_the_order_of_coding() -> None:
    answers = [
        answer(c, f"s{n}", {1: "W2"} if n < 20 or c == "ana" else {}, coded_at=f"2026-0{1 + n // 10}-01T00:00:00Z")
        for n in range(40)
        for c in ("ana", "ben")
    ]
    found = agreement(answers, BOOK, draws=50)
    drift = [r.figures["positive"].value for r in found.periods if r.label == "withdrawal"]
    assert drift == [1.0, 1.0, 0.0, 0.0]


def test_a_coder_who_marks_more_than_the_others_is_seen() -> None:
    answers = [answer("ana", f"s{n}", {1: "W2", 2: "W2"}) for n in range(12)]
    answers += [answer("ben", f"s{n}", {1: "W2"}) for n in range(12)]
    found = agreement(answers, BOOK, draws=50)
    ana = next(r for r in found.coders if (r.coders, r.label) == ("ana", "withdrawal"))
    assert ana.figures["own"].value == pytest.approx(0.2)
    assert ana.figures["others"].value == pytest.approx(0.1)


def test_the_interval_comes_from_cases_not_from_turns() -> None:
    random = np.random.default_rng(1)
    effect = np.repeat(random.random(12), 50)
    units = (random.random(600) < effect).astype(float)
    columns = np.stack([units, np.ones(600)], axis=1)

    def mean(sums: np.ndarray[Any, Any]) -> dict[str, Any]:
        return {"mean": sums[..., 0] / sums[..., 1]}

    by_case = figures_over_cases(columns, [str(i // 50) for i in range(600)], mean)
    by_turn = figures_over_cases(columns, [str(i) for i in range(600)], mean)
    wide, narrow = by_case["mean"], by_turn["mean"]
    assert wide.value == narrow.value
    assert wide.high is not None and wide.low is not None and narrow.high is not None and narrow.low is not None
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)


def test_the_command_writes_a_table_json_and_csv(coded_study: Path, tmp_path: Path) -> None:
    table = tmp_path / "agreement.csv"
    done = CliRunner().invoke(app, ["agreement", str(coded_study), "--json", "--csv", str(table), "--draws", "200"])
    assert done.exit_code == 0, done.output
    rows = json.loads(done.stdout)["rows"]
    assert {r["unit"] for r in rows} >= {"turn", "segment"}
    rupture = next(r for r in rows if (r["table"], r["unit"], r["label"]) == ("all", "turn", "any rupture"))
    assert rupture["raw_low"] <= rupture["raw"] <= rupture["raw_high"]
    assert rupture["alpha"] > 0.5
    with table.open(encoding="utf-8", newline="") as lines:
        assert len(list(csv.DictReader(lines))) == len(rows)
    shown = CliRunner().invoke(app, ["agreement", str(coded_study), "--draws", "200"])
    assert "Agreement per turn" in shown.stdout
    assert "per session" in shown.stdout
