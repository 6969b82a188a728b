from __future__ import annotations

import json
from pathlib import Path

import pytest

from rupture_markers.learning.dataset import CodedSet, CodingsError, join_sets, load_coded_set, read_codings
from rupture_markers.markers.codebook import Codebook
from rupture_markers.markers.marker import Coding
from rupture_markers.transcripts.transcript import Transcript, Turn

SESSION = Transcript(
    "s1", "c1", (Turn(0, "therapist", "How was it?"), Turn(1, "client", "Fine."), Turn(2, "client", "I said fine."))
)


def coding(turn: int, coder: str, *codes: str) -> Coding:
    return Coding("s1", turn, coder, codes)


def test_share_is_that_of_all_coders_also_of_those_who_left_the_turn_unmarked(codebook: Codebook) -> None:
    coded = load_coded_set([SESSION], [coding(1, "a", "W2"), coding(2, "b", "C6", "W1")], codebook)
    assert coded.shares["withdrawal"] == {("s1", 1): 0.5, ("s1", 2): 0.5}
    assert coded.shares["confrontation"] == {("s1", 2): 0.5}


def test_main_code_weighs_twice(codebook: Codebook) -> None:
    coded = load_coded_set([SESSION], [coding(2, "a", "C6", "W1")], codebook)
    assert coded.codes[("s1", 2)] == pytest.approx({"C6": 2 / 3, "W1": 1 / 3})


def test_repair_code_in_a_client_turn_gives_no_share(codebook: Codebook) -> None:
    coded = load_coded_set([SESSION], [coding(1, "a", "R3")], codebook)
    assert coded.shares["repair"] == {}


@pytest.mark.parametrize(
    ("bad", "word"),
    [
        (Coding("other", 1, "a", ("W2",)), "no transcript"),
        (coding(9, "a", "W2"), "no such turn"),
        (coding(1, "a", "X9"), "X9"),
    ],
)
def test_coding_of_what_is_not_there_is_refused(codebook: Codebook, bad: Coding, word: str) -> None:
    with pytest.raises(CodingsError, match=word):
        load_coded_set([SESSION], [bad], codebook)


def test_bad_line_is_named_without_its_text(tmp_path: Path) -> None:
    path = tmp_path / "codings.jsonl"
    good = json.dumps({"session_id": "s1", "turn": 1, "coder": "a", "codes": ["W2"]})
    path.write_text(good + "\n" + json.dumps({"session_id": "s1", "turn": 1, "codes": [], "memo": "secret"}) + "\n")
    with pytest.raises(CodingsError) as caught:
        read_codings(path)
    assert caught.value.line == 2
    assert "secret" not in str(caught.value)
    path.write_text(good + "\n" + json.dumps({**json.loads(good), "secret": 1}) + "\n")
    with pytest.raises(CodingsError, match="'the line'") as caught:
        read_codings(path)
    assert "secret" not in str(caught.value)


def test_same_session_in_two_sets_is_refused(codebook: Codebook) -> None:
    one = load_coded_set([SESSION], [], codebook, name="a")
    with pytest.raises(CodingsError, match="two sets"):
        join_sets([one, one])


def test_leaving_out_a_case_takes_all_its_sessions(sample_coded: CodedSet) -> None:
    left = sample_coded.without_cases(["invented-dyad-A"])
    assert len(sample_coded.transcripts) - len(left.transcripts) == 3
    assert "invented-dyad-A" not in left.cases
