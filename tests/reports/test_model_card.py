from __future__ import annotations

from rupture_markers.learning.registry import model_folder, read_manifest
from rupture_markers.reports.model_card import model_card


def test_shipped_card_is_the_one_its_manifest_gives() -> None:
    card = (model_folder("baseline") / "card.md").read_text(encoding="utf-8")
    assert card == model_card(read_manifest("baseline"))


def test_card_gives_both_figures_of_every_set_and_family() -> None:
    manifest = read_manifest("baseline")
    card = model_card(manifest)
    assert manifest.metrics is not None
    assert {"annomi", "mibot"} <= set(manifest.metrics.by_set)
    for families in manifest.metrics.by_set.values():
        for figures in families.values():
            assert f"{figures.ap:.3f}" in card
            assert f"{figures.baseline_ap:.3f}" in card
            assert f"{figures.brier_skill:+.3f}" in card


def test_card_says_what_the_model_is_not_for_and_whose_the_labels_are() -> None:
    card = model_card(read_manifest("baseline"))
    for words in ("clinical decisions", "ranking", "automated coders", "not people", "CC-BY-SA-4.0", "no licence"):
        assert words in card


def test_card_of_a_model_without_figures_says_so() -> None:
    manifest = read_manifest("baseline").model_copy(update={"metrics": None})
    assert "None were computed" in model_card(manifest)
