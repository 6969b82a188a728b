"""Degrees: read, brought to a coded set, learnt from training turns alone."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score
from tests.learning.small_fit import TINY, families_of

from rupture_markers.learning.dataset import CodedSet, CodingsError, join_sets, load_coded_set
from rupture_markers.learning.degrees import GradedSession, read_degrees, with_degrees
from rupture_markers.learning.estimator import fit_model
from rupture_markers.learning.evaluation import cross_validate
from rupture_markers.learning.registry import read_manifest
from rupture_markers.learning.training import DEGREES, LIFELIKE, SHARED_SETS
from rupture_markers.learning.turn_table import TurnTable, degree_columns
from rupture_markers.learning.word_model import LEAST_GRADED
from rupture_markers.markers.codebook import Codebook
from rupture_markers.markers.defaults import default_file
from rupture_markers.markers.marker import CODED_SPEAKER, FAMILIES, Family
from rupture_markers.transcripts.interchange import read_interchange
from rupture_markers.transcripts.transcript import Transcript, Turn

SESSION = Transcript(
    "s1", "c1", (Turn(0, "therapist", "How was it?"), Turn(1, "client", "Fine."), Turn(4, "client", "I said fine."))
)
GRADED = {
    "session_id": "s1",
    "grader": "g1",
    "withdrawal": {1: 3, 4: 1},
    "confrontation": {1: 0, 4: 6},
    "repair": {0: 0},
}


def written(path: Path, *lines: object) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def graded_by_rule(coded: CodedSet) -> CodedSet:
    """Degrees that a model can learn: short turns are withdrawal, long ones confrontation and repair."""
    sessions = []
    for t in coded.transcripts:
        words = {turn.index: len(turn.text.split()) for turn in t.turns}
        client = [turn.index for turn in t.turns if turn.speaker == "client"]
        therapist = [turn.index for turn in t.turns if turn.speaker == "therapist"]
        degrees: dict[Family, dict[int, int]] = {
            "withdrawal": {n: max(0, 9 - words[n]) for n in client},
            "confrontation": {n: min(9, words[n] // 4) for n in client},
            "repair": {n: min(9, words[n] // 5) for n in therapist},
        }
        sessions.append(GradedSession(t.session_id, "rule", degrees))
    return with_degrees(coded, sessions)


def test_degrees_of_two_graders_are_averaged_and_other_sessions_passed_over(tmp_path: Path, codebook: Codebook) -> None:
    second = {**GRADED, "grader": "g2", "withdrawal": {1: 6, 4: 1}}
    path = written(tmp_path / "degrees.jsonl", GRADED, second, {**GRADED, "session_id": "elsewhere"})
    coded = with_degrees(load_coded_set([SESSION], [], codebook), read_degrees(path))
    assert coded.degrees["withdrawal"] == {("s1", 1): 4.5, ("s1", 4): 1.0}
    assert coded.degrees["confrontation"][("s1", 4)] == 6.0
    assert coded.degrees["repair"] == {("s1", 0): 0.0}


@pytest.mark.parametrize(
    ("bad", "word"),
    [
        ({**GRADED, "withdrawal": {1: 10, 4: 0}}, "withdrawal"),
        ({**GRADED, "withdrawal": {-1: 3}}, "withdrawal"),
        ({**GRADED, "withdrawal": {"secret": 3}}, "withdrawal"),
        ({**GRADED, "secret": 1}, "the line"),
        ({**GRADED, "note": "secret"}, "extra forbidden"),
        (GRADED, "twice"),
    ],
)
def test_bad_line_is_named_without_its_content(tmp_path: Path, bad: object, word: str) -> None:
    path = written(tmp_path / "degrees.jsonl", GRADED, bad)
    with pytest.raises(CodingsError, match=word) as caught:
        read_degrees(path)
    assert caught.value.line == 2
    assert "secret" not in str(caught.value)


def test_line_that_is_no_json_is_named(tmp_path: Path) -> None:
    path = tmp_path / "degrees.jsonl"
    path.write_text(json.dumps(GRADED) + "\n{\n", encoding="utf-8")
    with pytest.raises(CodingsError, match="not JSON") as caught:
        read_degrees(path)
    assert caught.value.line == 2


def test_blank_lines_and_a_byte_order_mark_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "degrees.jsonl"
    path.write_text("\ufeff" + json.dumps(GRADED) + "\n\n", encoding="utf-8")
    (session,) = read_degrees(path)
    assert (session.session_id, session.path, session.line) == ("s1", path, 1)


@pytest.mark.parametrize("turns", [{1: 3}, {1: 3, 4: 0, 9: 0}, {0: 3, 1: 3, 4: 0}])
def test_session_with_other_turns_than_were_graded_is_refused(
    turns: dict[int, int], codebook: Codebook, tmp_path: Path
) -> None:
    path = written(tmp_path / "degrees.jsonl", {**GRADED, "session_id": "s0"}, {**GRADED, "withdrawal": turns})
    with pytest.raises(CodingsError, match="other turns") as caught:
        with_degrees(load_coded_set([SESSION], [], codebook), read_degrees(path))
    assert (caught.value.path, caught.value.line) == (path, 2)


def test_sets_keep_their_degrees_when_joined_and_count_those_of_their_sessions(codebook: Codebook) -> None:
    graded = GradedSession("s1", "g", {"withdrawal": {1: 3, 4: 1}, "confrontation": {1: 0, 4: 6}, "repair": {0: 0}})
    one = with_degrees(load_coded_set([SESSION], [], codebook), [graded])
    other = load_coded_set([replace(SESSION, session_id="s2", case_id="c2")], [], codebook)
    joined = join_sets([other, one])
    assert joined.degrees["confrontation"] == one.degrees["confrontation"]
    assert joined.graded_turns == 3
    assert joined.without_cases(["c1"]).graded_turns == 0


def test_a_handful_of_graded_turns_is_not_learnt(
    sample_table: TurnTable, sample_coded: CodedSet, codebook: Codebook
) -> None:
    keys = [sample_table.keys[row] for row in sample_table.rows_of("withdrawal")[: LEAST_GRADED - 1]]
    few = replace(sample_coded, degrees={"withdrawal": dict.fromkeys(keys, 9.0)})
    plain, handful = (fit_model(sample_table, given, families_of(codebook), TINY)[0] for given in (sample_coded, few))
    before, after = (model.score_table(sample_table).probabilities for model in (plain, handful))
    assert np.array_equal(before, after, equal_nan=True)


def test_columns_are_logs_in_the_speakers_turns_and_missing_elsewhere(
    sample_table: TurnTable, sample_coded: CodedSet
) -> None:
    graded = graded_by_rule(sample_coded)
    columns = degree_columns(sample_table, graded.degrees)
    assert np.isnan(degree_columns(sample_table, sample_coded.degrees)).all()
    for number, family in enumerate(FAMILIES):
        rows = sample_table.rows_of(family)
        assert not np.isnan(columns[rows, number]).any()
        assert np.isnan(np.delete(columns[:, number], rows)).all()
        assert columns[rows[0], number] == np.log1p(graded.degrees[family][sample_table.keys[rows[0]]])


def test_what_is_graded_higher_is_scored_higher(
    sample_table: TurnTable, sample_coded: CodedSet, codebook: Codebook
) -> None:
    """Degrees are learnt beside the marks: those that rise with a turn's length lift the long turns' scores."""
    without, _ = fit_model(sample_table, sample_coded, families_of(codebook), TINY)
    graded = graded_by_rule(sample_coded)
    with_, _ = fit_model(sample_table, graded, families_of(codebook), TINY)
    before, after = (m.score_table(sample_table).probabilities for m in (without, with_))
    columns = degree_columns(sample_table, graded.degrees)
    for number, family in enumerate(FAMILIES):
        rows = sample_table.rows_of(family)
        alike = [float(np.corrcoef(found[rows, number], columns[rows, number])[0, 1]) for found in (before, after)]
        assert alike[1] > alike[0] + 0.02, (family, alike)


def test_degrees_of_held_out_sessions_change_nothing_in_their_fold(
    sample_table: TurnTable, sample_coded: CodedSet, codebook: Codebook
) -> None:
    graded = graded_by_rule(sample_coded)
    before = cross_validate(sample_table, graded, families_of(codebook), TINY, folds=3)
    held = {key for key, fold in zip(sample_table.keys, before.fold, strict=True) if fold == 0}
    turned: dict[Family, dict[tuple[str, int], float]] = {
        family: {key: 9.0 - degree if key in held else degree for key, degree in given.items()}
        for family, given in graded.degrees.items()
    }
    after = cross_validate(sample_table, replace(graded, degrees=turned), families_of(codebook), TINY, folds=3)
    rows = before.fold == 0
    assert np.array_equal(before.probabilities[rows], after.probabilities[rows], equal_nan=True)
    assert not np.array_equal(before.probabilities[~rows], after.probabilities[~rows], equal_nan=True)


def turns_of(sessions: dict[str, GradedSession]) -> int:
    return sum(len(g.degrees["withdrawal"]) + len(g.degrees["repair"]) for g in sessions.values())


def test_the_readme_tells_how_many_turns_were_graded_and_how_well_the_graders_agree() -> None:
    path = default_file(DEGREES)
    told = (path.parent / "README.md").read_text(encoding="utf-8")
    graded = read_degrees(path)
    first = {g.session_id: g for g in graded if g.grader == "grader_1"}
    second = {g.session_id: g for g in graded if g.grader == "grader_2"}
    assert f"{turns_of(first):,} turns" in told
    assert f"{turns_of(second):,} of the two real sets" in told
    sets = ("annomi", "mibot")
    assert {name.split("-")[0] for name in second} == set(sets)
    kappas = []
    for name in sets:
        for family in FAMILIES:
            pairs = [
                (first[session].degrees[family][turn], degree)
                for session, given in second.items()
                if session.startswith(name)
                for turn, degree in given.degrees[family].items()
            ]
            kappas.append(cohen_kappa_score(*zip(*pairs, strict=True), weights="quadratic"))
    found = re.search(r"kappa of \.(\d\d) to \.(\d\d)", told)
    assert found is not None
    assert [int(found[1]), int(found[2])] == [round(100 * min(kappas)), round(100 * max(kappas))]


def test_every_lifelike_session_is_graded_as_it_stands(codebook: Codebook) -> None:
    sessions = list(read_interchange(default_file(LIFELIKE) / "transcripts.jsonl"))
    coded = with_degrees(load_coded_set(sessions, [], codebook), read_degrees(default_file(DEGREES)))
    for family in FAMILIES:
        turns = {(t.session_id, u.index) for t in sessions for u in t.turns if u.speaker == CODED_SPEAKER[family]}
        assert coded.degrees[family].keys() == turns


def test_the_shipped_model_says_that_it_learnt_degrees() -> None:
    shipped = read_manifest("baseline")
    assert any("degrees" in source for source in shipped.data_sources)
    assert shipped.graded_turns > 20_000
    assert {*SHARED_SETS, "lifelike"} == set(shipped.training_sets)
