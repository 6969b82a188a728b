from __future__ import annotations

from pathlib import Path

import pytest

from rupture_markers.errors import StudyError
from rupture_markers.markers import defaults


def test_a_clone_gives_its_own_top_level_folders() -> None:
    top = Path(__file__).resolve().parents[2]
    assert defaults.default_file("annotations/codebook.yaml") == top / "annotations/codebook.yaml"


def test_an_installed_wheel_gives_the_copies_it_carries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    carried = tmp_path / "rupture_markers/_defaults/annotations/codebook.yaml"
    carried.parent.mkdir(parents=True)
    carried.write_text("name: x\n", encoding="utf-8")
    monkeypatch.setattr(defaults, "_PLACES", (tmp_path / "nowhere", tmp_path / "rupture_markers/_defaults"))
    assert defaults.default_file("annotations/codebook.yaml") == carried


def test_what_the_installation_lacks_is_named_with_what_to_do() -> None:
    with pytest.raises(StudyError, match=r"lacks 'annotations/nothing.yaml'.*Install"):
        defaults.default_file("annotations/nothing.yaml")
