from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from rupture_markers.errors import ConfigError
from rupture_markers.learning.behaviour import pass_rates, read_floors, read_pairs, run_pairs
from rupture_markers.learning.registry import load_model
from rupture_markers.markers.marker import FAMILIES, Family
from rupture_markers.transcripts.transcript import Transcript
from rupture_markers.workflow.evaluating import check_behaviour

FOLDER = Path(__file__).resolve().parents[1] / "behaviour"


def by_length(transcripts: Sequence[Transcript]) -> list[Mapping[int, Mapping[Family, float]]]:
    """A toy model: the more words, the likelier."""
    return [
        {turn.index: dict.fromkeys(FAMILIES, min(0.99, len(turn.words) / 100)) for turn in t.turns} for t in transcripts
    ]


def written(folder: Path, kind: str, a: str, b: str) -> Path:
    path = folder / "pairs.yaml"
    path.write_text(
        f"before: ['T: Hello.']\nafter: []\nchecks:\n- check: length\n  kind: {kind}\n  pairs:\n"
        f"  - family: withdrawal\n    a: ['{a}']\n    b: ['{b}']\n",
        encoding="utf-8",
    )
    return path


@pytest.mark.parametrize(
    ("kind", "a", "b", "passes"),
    [
        ("invariance", "> C: one two", "> C: one", True),
        ("invariance", "> C: one two three four five six seven", "> C: one", False),
        ("direction", "> C: one two", "> C: one", True),
        ("direction", "> C: one", "> C: one", False),
        ("minimal pair", "> C: one", "> C: one two", False),
    ],
)
def test_a_pair_passes_as_its_kind_asks(tmp_path: Path, kind: str, a: str, b: str, passes: bool) -> None:
    results = run_pairs(read_pairs(written(tmp_path, kind, a, b)), by_length)
    assert [result.passed for result in results] == [passes]
    assert [rate.passed for rate in pass_rates(results)] == [int(passes)]


@pytest.mark.parametrize("line", ["C: nothing marked", "> T: a turn withdrawal is not coded in", "> nobody said this"])
def test_a_pair_that_marks_no_fit_turn_is_refused_with_its_name(tmp_path: Path, line: str) -> None:
    with pytest.raises(ConfigError, match="length 1a"):
        read_pairs(written(tmp_path, "direction", line, "> C: fine"))


def test_there_are_two_hundred_pairs_of_every_kind_and_no_pair_stands_twice() -> None:
    pairs = read_pairs(FOLDER / "pairs.yaml")
    assert len(pairs) >= 200
    assert {pair.kind for pair in pairs} == {"invariance", "direction", "minimal pair"}
    seen = {tuple((t.speaker, t.text) for side in (pair.a, pair.b) for t in side.transcript.turns) for pair in pairs}
    assert len(seen) == len(pairs)
    assert all(pair.a.transcript.turns != pair.b.transcript.turns for pair in pairs)


def test_the_shipped_model_stays_above_the_floor_of_every_check() -> None:
    floors = read_floors(FOLDER / "floors.yaml")
    rates = pass_rates(check_behaviour(load_model("baseline"), read_pairs(FOLDER / "pairs.yaml")))
    assert set(floors) == {rate.check for rate in rates}
    low = {rate.check: rate.passed / rate.pairs for rate in rates if rate.passed / rate.pairs < floors[rate.check]}
    assert low == {}
