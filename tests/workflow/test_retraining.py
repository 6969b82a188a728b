"""Retraining on the sample study's own codings (two automated coders), without a server."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from tests.workflow.study_keys import set_keys
from typer.testing import CliRunner

from rupture_markers.cli import app
from rupture_markers.coding.assignment import current_assignments, read_assignments
from rupture_markers.coding.codings_log import append_coded_segments, current_answers, read_coded_segments
from rupture_markers.errors import ModelError, StudyError
from rupture_markers.learning.champion import champion_id, read_history
from rupture_markers.learning.held_out import read_held_out
from rupture_markers.learning.registry import load_model, read_manifest, save_model
from rupture_markers.learning.rupture_model import RuptureModel
from rupture_markers.learning.selection import SegmentDecision, read_decisions
from rupture_markers.workflow import retraining, stages, study_models
from rupture_markers.workflow.stages import round_number
from rupture_markers.workflow.study import Study, open_study
from rupture_markers.workflow.study_gold import study_gold


def turned_baseline(folder: Path) -> None:
    """The baseline with its scores turned around, so that a lab's own codings must help."""
    loaded = load_model("baseline")
    assert isinstance(loaded.model, RuptureModel)
    families = {f: replace(part, slope=-part.slope) for f, part in loaded.model.families.items()}
    save_model(
        folder / "turned", replace(loaded.model, families=families), loaded.manifest.model_copy(update={"id": "turned"})
    )


@pytest.fixture
def badly_served(fully_coded_study: Path) -> Study:
    """A coded study whose model is worse than nothing."""
    turned_baseline(fully_coded_study)
    return set_keys(fully_coded_study, model="turned")


def command(*words: str) -> Any:
    done = CliRunner().invoke(app, list(words))
    assert done.exit_code == 0, done.output
    return done


def held_out_of(study: Study) -> set[str]:
    drawn = read_held_out(study.held_out)
    assert drawn is not None
    return set(drawn.cases)


def test_held_out_cases_are_coded_blind_by_two_coders_and_never_selected_by_score(fully_coded_study: Path) -> None:
    study = open_study(fully_coded_study)
    held = held_out_of(study)
    assert len(held) == 3
    decisions = [d for d in read_decisions(study.decisions) if d.case_id in held]
    assert {d.stratum for d in decisions} == {"held_out"}
    assert all(d.held_out and d.probability_of_selection == 1 for d in decisions)
    assigned = [a for a in current_assignments(read_assignments(study.assignments)).values() if a.case_id in held]
    assert {a.arm for a in assigned} == {"blind"}
    by_segment: dict[str, set[str]] = {}
    for task in assigned:
        by_segment.setdefault(task.segment_id, set()).add(task.coder)
    assert set(by_segment) == {d.segment_id for d in decisions}
    assert all(coders == {"ana", "ben"} for coders in by_segment.values())


def test_gold_never_mixes_held_out_and_other_cases_and_takes_no_single_or_assisted_coding_there(
    fully_coded_study: Path,
) -> None:
    study = open_study(fully_coded_study)
    held = held_out_of(study)
    gold = study_gold(study, study.codebook())
    assert not {g.case_id for g in gold.training} & held
    assert {g.case_id for g in gold.held_out} == held
    assert all(g.coders == 2 and g.blind for g in gold.held_out)
    assert any(not g.blind for g in gold.training)
    answers = [a for a in current_answers(read_coded_segments(study.codings)) if a.case_id in held]
    gone, assisted = answers[0], next(a for a in answers if a.segment_id != answers[0].segment_id)
    append_coded_segments(study.codings, [replace(gone, deleted=True), replace(assisted, arm="assisted")])
    fewer = study_gold(study, study.codebook())
    lost = {(g.session_id, g.turn) for g in gold.held_out} - {(g.session_id, g.turn) for g in fewer.held_out}
    assert lost == {(a.session_id, turn) for a in (gone, assisted) for turn in range(a.first_turn, a.last_turn + 1)}


def test_a_better_model_is_promoted_used_by_the_next_run_and_taken_back(badly_served: Study, tmp_path: Path) -> None:
    study, folder = badly_served, str(badly_served.folder)
    done = json.loads(command("retrain", folder, "--json", "--to-file", str(tmp_path / "t")).stdout.splitlines()[-1])
    report = done["retrain"]
    assert report["promoted"]
    assert set(report["choices"].values()) <= {"both", "own"}
    assert report["comparison"]["mean_difference"] > 0.1
    assert done["renewal"]["scored"] == 16
    name = report["candidate"]
    assert (study.models / "current").read_text() == f"{name}\n"
    manifest = read_manifest(stages.model_reference(study))
    assert (manifest.id, manifest.parent, manifest.format) == (name, "turned", 3)
    assert manifest.own is not None
    assert manifest.own.base == "turned"
    held = held_out_of(study)
    assert held <= set(manifest.held_out_cases)
    assert not held & set(manifest.training_cases)
    assert {s.model_id for s in stages.read_suggestions(study, "invented-000")} == {name}
    command("models", "rollback", folder, "--reason", "a test", "--no-renew")
    assert stages.model_of(study, study.codebook()).id == "turned"
    again = retraining.retrain(study)
    assert not again.promoted
    assert "taken back" in again.reason
    command("models", "promote", folder, name, "--reason", "a test", "--no-renew")
    assert champion_id(study.models) == name
    assert [d.action for d in read_history(study.models)] == ["promote", "rollback", "promote"]


def test_the_next_round_is_chosen_and_its_probabilities_are_conditional(badly_served: Study, tmp_path: Path) -> None:
    before = {d.segment_id: d for d in read_decisions(badly_served.decisions)}
    study = set_keys(badly_served.folder, selection={"control": 0.4})
    command("retrain", str(study.folder), "--to-file", str(tmp_path / "t"))
    new = [d for d in read_decisions(study.decisions) if d.round == 2]
    assert new
    assert {d.segment_id for d in new} == {d.segment_id for d in before.values() if not d.selected}
    for decision in new:
        assert decision.control_floor == 0.15
        if decision.stratum in ("control", "rest"):
            assert decision.probability_of_selection == pytest.approx((0.4 - 0.15) / (1 - 0.15))
            assert (decision.stratum == "control") == (decision.random_number < 0.4)
    tasks = len(current_assignments(read_assignments(study.assignments)))
    command("run", str(study.folder), "--to-file", str(tmp_path / "t"))
    assert len(read_decisions(study.decisions)) == len(before) + len(new)
    assert len(current_assignments(read_assignments(study.assignments))) == tasks


def test_going_back_and_forth_between_models_in_use_before_adds_nothing_to_the_queue(
    badly_served: Study, tmp_path: Path
) -> None:
    folder, tasks = str(badly_served.folder), str(tmp_path / "t")
    command("run", folder, "--to-file", tasks)
    command("retrain", folder, "--to-file", tasks)
    decided = read_decisions(badly_served.decisions)
    assigned = read_assignments(badly_served.assignments)
    assert [(d.model_id, d.round) for d in decided[-1:]] == [(champion_id(badly_served.models), 3)]
    name = champion_id(badly_served.models)
    for step in (("rollback", folder), ("promote", folder, name), ("rollback", folder)):
        command("models", *step, "--reason", "a test", "--to-file", tasks)
        assert read_decisions(badly_served.decisions) == decided
        assert read_assignments(badly_served.assignments) == assigned


def test_a_model_opens_a_round_when_it_first_decides_and_never_again() -> None:
    def decided(*rounds: tuple[str, int]) -> list[SegmentDecision]:
        blank: dict[str, Any] = dict.fromkeys(f.name for f in fields(SegmentDecision))
        return [SegmentDecision(**(blank | {"model_id": model, "round": number})) for model, number in rounds]

    assert round_number([], "base") == 1
    assert round_number(decided(("base", 1)), "base") == 1
    assert round_number(decided(("base", 1)), "a") == 2
    assert round_number(decided(("base", 1), ("a", 2)), "base") == 2
    assert round_number(decided(("base", 1), ("a", 2), ("base", 3)), "b") == 4  # an older version's round by going back


def test_the_same_gold_is_not_tried_twice_and_more_gold_is_another_candidate(fully_coded_study: Path) -> None:
    study = open_study(fully_coded_study)
    first = retraining.retrain(study)
    assert not first.promoted
    assert retraining.retrain(study).candidate == first.candidate
    assert [d.action for d in read_history(study.models)] == ["keep"]
    equal = retraining.retrain(study, allow_equal=True)
    assert (equal.candidate, equal.promoted) == (first.candidate, first.comparison is not None and not any(
        f.high < 0 for f in first.comparison.families.values()
    ) and first.comparison.in_favour > 0.2)  # fmt: skip
    answers = current_answers(read_coded_segments(study.codings))
    learnt = next(a for a in answers if a.case_id not in held_out_of(study) and a.codings)
    append_coded_segments(study.codings, [replace(learnt, outcome="no_marker", codings=())])
    assert retraining.retrain(study).candidate != first.candidate


def test_a_candidate_comes_out_the_same_again(fully_coded_study: Path) -> None:
    study = open_study(fully_coded_study)
    first = read_manifest(study.models / retraining.retrain(study).candidate)
    (study.models / first.id / "manifest.json").unlink()
    second = read_manifest(study.models / retraining.retrain(study).candidate)
    assert (second.id, second.thresholds, second.own) == (first.id, first.thresholds, first.own)


@pytest.mark.parametrize(
    ("keys", "what", "least"),
    [
        ({"minimum_cases": 9}, "cases with codings", 9),
        ({"minimum_positives": 150}, "turns marked as withdrawal", 150),
        ({"measures": {"repair": "ap"}, "minimum_positives": 200}, "turns marked as repair", 200),
    ],
)
def test_too_little_gold_is_refused_with_how_much_more_is_needed(
    fully_coded_study: Path, keys: dict[str, Any], what: str, least: int
) -> None:
    study = set_keys(fully_coded_study, retraining=keys)
    with pytest.raises(StudyError) as refused:
        retraining.retrain(study)
    said = re.search(rf"(\d+) more {what} \(there are (\d+)\)", str(refused.value))
    assert said is not None
    # Which segments are coded, and so how many are marked, depends on the shipped model.
    assert int(said[1]) + int(said[2]) == least
    assert int(said[2]) > 0
    assert not study.models.exists() or read_history(study.models) == ()


def test_held_out_cases_coded_by_one_coder_alone_are_refused(fully_coded_study: Path) -> None:
    study = open_study(fully_coded_study)
    held = held_out_of(study)
    answers = current_answers(read_coded_segments(study.codings))
    append_coded_segments(
        study.codings, [replace(a, deleted=True) for a in answers if a.case_id in held and a.coder == "ben"]
    )
    with pytest.raises(StudyError, match="no gold yet"):
        retraining.retrain(study)


def test_a_study_that_holds_nothing_out_is_refused(fully_coded_study: Path) -> None:
    study = open_study(fully_coded_study)
    study.held_out.unlink()
    with pytest.raises(StudyError, match="no cases are held out"):
        retraining.retrain(study)


def test_a_model_that_learnt_from_held_out_cases_is_never_compared(fully_coded_study: Path) -> None:
    study = open_study(fully_coded_study)
    loaded = load_model("baseline")
    seen = [*loaded.manifest.training_cases, min(held_out_of(study))]
    save_model(fully_coded_study / "seen", loaded.model, loaded.manifest.model_copy(update={"training_cases": seen}))
    study = set_keys(fully_coded_study, model="seen")
    with pytest.raises(StudyError, match="learnt from 1 of the held-out cases"):
        retraining.retrain(study)


def test_a_candidate_of_another_study_is_imported_compared_and_not_in_use_until_promoted(
    badly_served: Study, tmp_path: Path
) -> None:
    study, folder = badly_served, str(badly_served.folder)
    name = retraining.retrain(study).candidate
    command("models", "export", folder, name, "--out", str(tmp_path / "m.zip"))
    command("models", "rollback", folder, "--reason", "a test", "--no-renew")
    for file in (study.models / name).iterdir():
        file.unlink()
    (study.models / name).rmdir()
    with pytest.raises(ModelError, match="no model"):
        study_models.promote_by_hand(study, name, "a test")
    command("models", "import", folder, str(tmp_path / "m.zip"))
    assert champion_id(study.models) == ""
    shown = json.loads(command("models", "compare", folder, name, "base", "--json").stdout)
    assert shown["mean_difference"] > 0.1
    listed = json.loads(command("models", "list", "--study", folder, "--json").stdout)
    assert [(m["id"], m["in_use"]) for m in listed] == [("turned", True), (name, False)]
    for words in ([folder], [str(study.path)], ["--study", str(study.path)]):
        assert json.loads(command("models", "list", *words, "--json").stdout) == listed


def findings_of(study: Study) -> list[Any]:
    found: list[Any] = json.loads(CliRunner().invoke(app, ["check", str(study.folder), "--json"]).stdout)["findings"]
    return found


def refusal(study: Study, name: str, out: Path) -> str:
    with pytest.raises(StudyError) as refused:
        study_models.export(study, name, out)
    return str(refused.value)


def test_a_model_leaves_only_if_the_gate_passes_the_texts_that_it_learnt_from(
    fully_coded_study: Path, tmp_path: Path
) -> None:
    study, out = open_study(fully_coded_study), tmp_path / "m.zip"
    held = held_out_of(study)
    learnt = next(g.session_id for g in study_gold(study, study.codebook()).training if g.case_id not in held)
    path = next(p for p in study.transcripts.iterdir() if p.stem == learnt)
    path.write_text(path.read_text(encoding="utf-8") + "T: Call 555-010-7788.\nC: Yes.\n", encoding="utf-8")
    command("check", str(study.folder))
    name = retraining.retrain(study).candidate
    study = set_keys(fully_coded_study, public_data=False, deidentification={"map_folder": str(tmp_path / "maps")})
    assert findings_of(study)
    assert "possible identifiers" in refusal(study, name, out)
    command("deidentify", str(study.folder), "--replace-all", "all")
    assert not findings_of(study)
    assert "1 of the" in refusal(study, name, out)
    again = retraining.retrain(study).candidate
    assert again != name
    study_models.export(study, again, out)
    path.rename(tmp_path / path.name)
    for gone in (name, again):
        assert "gone or not as they were" in refusal(study, gone, tmp_path / "other.zip")
    set_keys(fully_coded_study, public_data=True)
    study_models.export(open_study(fully_coded_study), again, tmp_path / "public.zip")


def test_a_model_from_before_its_texts_were_kept_leaves_a_public_study_alone(
    fully_coded_study: Path, tmp_path: Path
) -> None:
    study = open_study(fully_coded_study)
    name = retraining.retrain(study).candidate
    manifest = study.models / name / "manifest.json"
    old = json.loads(manifest.read_text(encoding="utf-8"))
    assert len(old["own"].pop("sessions")) == len({g.session_id for g in study_gold(study, study.codebook()).training})
    manifest.write_text(json.dumps(old), encoding="utf-8")
    study_models.export(study, name, tmp_path / "public.zip")
    study = set_keys(fully_coded_study, public_data=False)
    assert "does not say which texts" in refusal(study, name, tmp_path / "m.zip")
    study_models.import_into(study, tmp_path / "public.zip")  # it is there already: that makes it no other lab's
    assert "does not say which texts" in refusal(study, name, tmp_path / "m.zip")


def test_what_was_learnt_from_stays_in_the_study_that_trained(fully_coded_study: Path, tmp_path: Path) -> None:
    study = open_study(fully_coded_study)
    name = retraining.retrain(study).candidate
    study_models.export(study, name, tmp_path / "m.zip")
    shutil.rmtree(study.models)
    study = set_keys(fully_coded_study, public_data=False)
    study_models.import_into(study, tmp_path / "m.zip")
    own = read_manifest(study.models / name).own
    assert own is not None
    assert own.sessions is None
    study_models.export(study, name, tmp_path / "again.zip")  # it passed the gate where it was trained


def test_the_card_tells_choices_comparison_and_lineage(badly_served: Study) -> None:
    name = retraining.retrain(badly_served).candidate
    shown = command("models", "show", name, "--study", str(badly_served.folder)).stdout
    page = (badly_served.models / name / "card.html").read_text(encoding="utf-8")
    for words in ("from turned", "stands on turned", "held-out cases", "paired bootstrap"):
        assert words in shown
        assert words in page
    assert re.search(r"<table>.*</table>", page, re.DOTALL)
    assert "<script" not in page


def test_retraining_is_due_when_it_is_asked_for_or_enough_turns_have_got_gold(fully_coded_study: Path) -> None:
    from rupture_markers.workflow.asked import ask, done, is_asked
    from rupture_markers.workflow.flows import retrain_when_due

    study = set_keys(fully_coded_study, retraining={"new_turns": 1000})
    assert not retraining.is_due(study)
    assert not retrain_when_due(str(study.path))
    ask(study, "retrain")
    ask(study, "retrain")
    assert retraining.is_due(study)
    done(study, "retrain")
    assert not is_asked(study, "retrain")
    study = set_keys(fully_coded_study, retraining={"new_turns": 300})
    assert retrain_when_due(str(study.path))
    assert [d.action for d in read_history(study.models)] == ["keep"]
    assert not retrain_when_due(str(study.path))
