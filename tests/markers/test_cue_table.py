"""The table of cues on coded sessions, by hand-counted sessions."""

from __future__ import annotations

from pathlib import Path

import pytest

from rupture_markers.markers.codebook import load_codebook
from rupture_markers.markers.cue_component import build_pipeline
from rupture_markers.markers.cue_table import CueStatistics, cue_statistics
from rupture_markers.markers.cues import load_cues
from rupture_markers.markers.marker import Coding
from rupture_markers.transcripts.transcript import Transcript, Turn

CUES = """version: "1"
cues:
  - {id: w2-red, code: W2, phrases: ["red"], why: test}
  - {id: w5-blue, code: W5, phrases: ["blue"], why: test}
  - {id: r7-green, code: R7, phrases: ["green"], why: test}
  - {id: c1-none, code: C1, phrases: ["unheard"], why: test}
"""


@pytest.fixture
def table(tmp_path: Path) -> dict[str, CueStatistics]:
    path = tmp_path / "cues.yaml"
    path.write_text(CUES, encoding="utf-8")
    codebook = load_codebook()
    lines = ("red", "red blue", "red", "nothing")
    client = tuple(Turn(index * 2, "client", text) for index, text in enumerate(lines))
    therapist = tuple(Turn(index * 2 + 1, "therapist", "green red") for index in range(2))
    coded = Transcript("coded", "a", (client[0], therapist[0], client[1], therapist[1], *client[2:]))
    uncoded = Transcript("uncoded", "b", (Turn(0, "client", "red"),))
    codings = [
        Coding("coded", 0, "ann", ("W2",)),
        Coding("coded", 0, "bob", ("W5",)),
        Coding("coded", 2, "ann", ("W5", "C1")),
        Coding("coded", 4, "ann", ("C2",)),
        Coding("coded", 1, "bob", ("R10",)),
        Coding("coded", 3, "bob", ("R7",)),
    ]
    done: list[int] = []
    rows = cue_statistics(
        [coded, uncoded], build_pipeline("blank", load_cues(path, codebook)), codebook, codings, done.append
    )
    assert done == [1, 2]
    return {row.cue_id: row for row in rows}


def test_turns_sessions_and_coverage_count_the_speakers_turns_only(table: dict[str, CueStatistics]) -> None:
    red = table["w2-red"]
    assert (red.turns, red.sessions, red.coded) == (4, 2, 3)
    assert red.coverage == pytest.approx(4 / 5)
    assert red.overlap == pytest.approx(1 / 4)


def test_precision_is_the_share_of_coders_and_conflicts_are_told_apart(table: dict[str, CueStatistics]) -> None:
    red = table["w2-red"]
    assert red.precision == pytest.approx((1 + 0.5 + 0) / 3)
    assert red.code_precision == pytest.approx((0.5 + 0 + 0) / 3)
    assert (red.other_family, red.unmarked) == (1, 0)
    assert red.base_rate == pytest.approx((1 + 0.5 + 0 + 0) / 4)
    assert red.lift == pytest.approx(0.5 / 0.375)


def test_the_guides_r7_counts_for_a_cue_of_r7(table: dict[str, CueStatistics]) -> None:
    green = table["r7-green"]
    assert green.precision == pytest.approx(0.5)
    assert green.code_precision == pytest.approx(0.25)


def test_a_cue_never_heard_has_no_precision(table: dict[str, CueStatistics]) -> None:
    none = table["c1-none"]
    assert (none.turns, none.overlap, none.precision, none.lift) == (0, None, None, None)
