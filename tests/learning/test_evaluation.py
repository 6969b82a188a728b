from __future__ import annotations

from pathlib import Path

from rupture_markers.learning.dataset import CodedSet
from rupture_markers.learning.evaluation import cross_validate
from rupture_markers.learning.fit_config import FitConfig
from rupture_markers.learning.scores import read_scores
from rupture_markers.learning.turn_table import TurnTable
from rupture_markers.markers.codebook import Codebook
from rupture_markers.markers.marker import FAMILIES


def test_every_turn_is_scored_once_out_of_its_fold_and_written(
    sample_table: TurnTable, sample_coded: CodedSet, codebook: Codebook, tmp_path: Path
) -> None:
    families = {family: tuple(c.id for c in codebook.of_family(family)) for family in FAMILIES}
    seen: list[int] = []
    config = FitConfig(inner_folds=2, trees=4, least_in_leaf=10)
    found = cross_validate(sample_table, sample_coded, families, config, folds=2, progress=seen.append)
    assert seen == [1, 1]
    for fold in (0, 1):
        inside = set(sample_table.cases[found.fold == fold].tolist())
        assert not inside & set(sample_table.cases[found.fold != fold].tolist())
    scores, tfidf = found.write(tmp_path)
    assert {scores.name, tfidf.name} == {"sample-scores.csv", "sample-tfidf.csv"}
    written = {(s.session_id, turn) for s in read_scores(scores) for turn in s.turns}
    assert written == set(sample_table.keys)
    figures = found.figures()["sample"]
    assert set(figures) == set(FAMILIES)
    assert all(f.baseline_ap is not None and 0 <= f.ap <= 1 for f in figures.values())
