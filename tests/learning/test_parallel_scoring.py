from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rupture_markers.learning.dataset import CodedSet
from rupture_markers.learning.parallel_scoring import WORTH_LOADING, score_in_processes
from rupture_markers.learning.registry import LoadedModel
from rupture_markers.learning.scoring import score_transcripts
from rupture_markers.markers.codebook import Codebook
from rupture_markers.markers.marker import FAMILIES


@pytest.mark.parametrize("fork", [False, True])
def test_two_processes_give_the_scores_of_one_in_the_same_order(
    fork: bool, tiny_model: tuple[Path, LoadedModel], sample_coded: CodedSet, codebook: Codebook
) -> None:
    folder, loaded = tiny_model
    few = [replace(t, turns=t.turns[:4]) for t in sample_coded.transcripts]
    many = [replace(few[n % len(few)], session_id=f"s{n}") for n in range(WORTH_LOADING + 3)]
    one = list(score_transcripts(loaded, many, detail=False))
    two = list(score_in_processes(loaded, folder, codebook, many, workers=2, fork=fork))
    assert [s.session_id for s in two] == [s.session_id for s in one]
    for a, b in zip(one, two, strict=True):
        for family in FAMILIES:
            assert a.probabilities(family) == pytest.approx(b.probabilities(family), abs=1e-9)
