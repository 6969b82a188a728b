from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rupture_markers.errors import ModelError
from rupture_markers.learning.champion import (
    HISTORY,
    POINTER,
    Decision,
    before_champion,
    champion_changes,
    champion_folder,
    champion_id,
    record,
    settle,
    study_model,
)


def promote(models: Path, name: str) -> None:
    (models / name).mkdir(parents=True, exist_ok=True)
    (models / name / "manifest.json").touch()
    record(models, Decision("promote", name, name, "better", "2026-01-01T00:00:00+00:00"))


def roll_back(models: Path) -> None:
    record(models, Decision("rollback", champion_id(models), before_champion(models) or "", "worse", ""))


def test_without_a_history_the_model_of_study_yaml_is_in_use(tmp_path: Path) -> None:
    assert champion_folder(tmp_path) is None
    assert before_champion(tmp_path) is None


def test_going_back_goes_the_way_of_the_promotions(tmp_path: Path) -> None:
    promote(tmp_path, "a")
    promote(tmp_path, "b")
    assert champion_folder(tmp_path) == tmp_path / "b"
    roll_back(tmp_path)
    assert champion_id(tmp_path) == "a"
    promote(tmp_path, "c")
    assert before_champion(tmp_path) == "a"
    roll_back(tmp_path)
    roll_back(tmp_path)
    assert champion_id(tmp_path) == ""
    assert not (tmp_path / POINTER).exists()
    assert before_champion(tmp_path) is None


@given(st.lists(st.sampled_from(["p", "r"]), max_size=12))
def test_any_sequence_of_promotions_and_rollbacks_is_a_stack(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str]
) -> None:
    models = tmp_path_factory.mktemp("models")
    stack = [""]
    for number, step in enumerate(steps):
        if step == "p":
            promote(models, f"m{number}")
            stack.append(f"m{number}")
        elif len(stack) > 1:
            roll_back(models)
            stack.pop()
        assert champion_id(models) == stack[-1]
        assert before_champion(models) == (stack[-2] if len(stack) > 1 else None)


def test_what_is_kept_back_or_imported_changes_nothing(tmp_path: Path) -> None:
    promote(tmp_path, "a")
    record(tmp_path, Decision("keep", "b", "a", "not better", ""))
    record(tmp_path, Decision("import", "c", "a", "from c.zip", ""))
    assert champion_id(tmp_path) == "a"
    assert len(champion_changes(tmp_path)) == 1
    assert (tmp_path / POINTER).read_text() == "a\n"


def test_a_run_killed_between_log_and_pointer_is_finished(tmp_path: Path) -> None:
    promote(tmp_path, "a")
    promote(tmp_path, "b")
    (tmp_path / POINTER).write_text("a\n")
    settle(tmp_path)
    assert (tmp_path / POINTER).read_text() == "b\n"
    assert len((tmp_path / HISTORY).read_text().splitlines()) == 2


@pytest.mark.parametrize("name", ["", "..", "a/b", "../a", ".import-x", "no-such"])
def test_a_name_that_is_no_model_of_the_study_is_refused(tmp_path: Path, name: str) -> None:
    promote(tmp_path, "a")
    with pytest.raises(ModelError, match="no model"):
        study_model(tmp_path, name)
