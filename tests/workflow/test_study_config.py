"""study.yaml is checked key by key, and its errors name file, line and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from rupture_markers.errors import ConfigError, StudyError
from rupture_markers.workflow.config import load_config
from rupture_markers.workflow.demo import new_study
from rupture_markers.workflow.study import open_study

ROOT = Path(__file__).resolve().parents[2]


def config(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "study.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("study: a\nsegmnts: {}\n", 2, "segmnts"),
        ("study: a\nselection:\n  budget: 1.5\n", 3, "budget"),
        ("study: a\nselection:\n  threshold: 0.5\n", 2, "either 'budget' or 'threshold'"),
        ("study: a\ncoding:\n  coders: [Ana Smith]\n", 3, "pseudonym"),
        ("study: a\n  b: [\n", 2, "YAML"),
        ("study: a b\n", 1, "study"),
    ],
)
def test_an_error_names_line_and_key(tmp_path: Path, text: str, line: int, word: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(config(tmp_path, text))
    assert caught.value.line == line
    assert word in str(caught.value)


def test_a_config_as_long_as_a_transcript_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text("speakers:\n" + "".join(f"  S{n}: other\n" for n in range(10_000)), encoding="utf-8")
    with pytest.raises(ConfigError, match="characters"):
        load_config(path)


def test_a_missing_config_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="rupture init"):
        load_config(tmp_path / "study.yaml")


def test_a_new_study_opens_and_is_not_overwritten(tmp_path: Path) -> None:
    new_study(tmp_path / "mine", "mine")
    assert open_study(tmp_path / "mine").config.study == "mine"
    with pytest.raises(StudyError, match="already"):
        new_study(tmp_path / "mine", "other")


def test_the_example_config_is_sound() -> None:
    assert load_config(ROOT / "configs" / "study.yaml").coding.coders


def test_a_held_study_refuses_a_second_run_and_says_who_holds_it(sample_study: Path) -> None:
    study = open_study(sample_study)
    with study.held(), pytest.raises(StudyError, match="another run"), open_study(sample_study).held():
        pytest.fail("two runs held the study")
