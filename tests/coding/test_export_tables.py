from __future__ import annotations

import csv
import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from rupture_markers.coding.export_tables import (
    CODING_COLUMNS,
    MEMO_COLUMN,
    SESSION_COLUMNS,
    coding_rows,
    data_dictionary,
    session_row,
    write_rows,
)
from rupture_markers.markers.codebook import load_codebook
from rupture_markers.markers.coded_segment import CodedSegment
from rupture_markers.markers.marker import Coding
from rupture_markers.transcripts.sessions import read_sessions
from rupture_markers.transcripts.spreadsheet_safety import original_cell
from rupture_markers.transcripts.transcript import Transcript, Turn

BOOK = load_codebook()


def coded(coder: str, *marks: tuple[int, tuple[str, ...]], arm: str = "blind", last: int = 3) -> CodedSegment:
    return CodedSegment(
        f"t:{coder}", "t", "s1/0", "s1", "c1", 0, last, coder, arm, "markers" if marks else "no_marker",  # type: ignore[arg-type]
        codings=tuple(Coding("s1", turn, coder, codes, memo="=quoted") for turn, codes in marks),
    )  # fmt: skip


def test_a_segment_without_a_marker_is_a_row_and_each_code_is_one() -> None:
    rows = coding_rows([coded("ana", (1, ("W2", "W5")), (1, ("C3",))), coded("ben")], BOOK)
    assert [(r["coder"], r.get("turn"), r.get("code"), r.get("rank")) for r in rows] == [
        ("ana", 1, "W2", 1), ("ana", 1, "W5", 2), ("ana", 1, "C3", 1), ("ben", None, None, None),
    ]  # fmt: skip
    assert {r.get("family") for r in rows} == {"withdrawal", "confrontation", None}


def test_every_column_is_in_the_dictionary_and_every_cell_in_a_column() -> None:
    columns = (*CODING_COLUMNS, MEMO_COLUMN)
    names = [c.name for c in columns]
    page = data_dictionary("Codings", columns)
    assert all(f"| {name} |" in page for name in names)
    for row in coding_rows([coded("ana", (1, ("W2",)))], BOOK, memos=True):
        assert set(row) == set(names)
    turns = (Turn(0, "therapist", "So?"), Turn(1, "client", "Fine."))
    row = session_row(Transcript("s1", "c1", turns), [coded("ana", (1, ("W2",)), last=1)], BOOK, None, "m")
    assert set(row) == {c.name for c in SESSION_COLUMNS}


def test_memos_are_left_out_unless_asked_for() -> None:
    assert all("memo" not in row for row in coding_rows([coded("ana", (1, ("W2",)))], BOOK))


def test_a_session_counts_marked_turns_as_the_mean_over_the_coders_of_each_turn() -> None:
    turns = tuple(Turn(i, "client" if i % 2 else "therapist", "x") for i in range(4))
    answers = [coded("ana", (1, ("W2",)), (3, ("W5",))), coded("ben", (1, ("W4",)), arm="assisted")]
    row = session_row(
        Transcript("s1", "c1", turns), answers, BOOK, {"withdrawal": 1.25, "confrontation": 0, "repair": 0}, "m"
    )
    assert (row["withdrawal_coded"], row["withdrawal_blind"], row["confrontation_coded"]) == (1.5, 2.0, 0)
    assert (row["coders"], row["turns_coded"], row["withdrawal_expected"]) == (2, 4, 1.25)


def test_what_was_not_coded_is_missing_and_not_zero() -> None:
    row = session_row(Transcript("s1", "c1", (Turn(0, "client", "x"),)), [], BOOK, None, "m")
    assert row["withdrawal_coded"] is None
    assert row["withdrawal_expected"] is None


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00\r"), max_size=20))
def test_no_text_cell_is_a_formula_and_each_comes_back(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "t.csv"
        write_rows(file, ["a", "b", text], [{"a": text, "b": 1}])
        with file.open(encoding="utf-8", newline="") as lines:
            names, row = csv.reader(lines)
    for cell in (names[2], row[0]):
        assert cell[:1] not in ("=", "+", "-", "@")
        assert original_cell(cell) == text


def test_a_group_named_like_a_formula_is_exported_as_text_and_read_back(tmp_path: Path) -> None:
    name = '=HYPERLINK("http://x.example","setting")'
    row = session_row(Transcript("-s1", "c1", (Turn(0, "client", "x"),), groups={name: "+clinic"}), [], BOOK, None, "m")
    assert row[name] == "+clinic"
    write_rows(tmp_path / "sessions.csv", list(row), [row])
    assert "\"'=HYPERLINK" in (tmp_path / "sessions.csv").read_text(encoding="utf-8")
    found = read_sessions(tmp_path / "sessions.csv")["-s1"]
    assert found.groups[name] == "+clinic"
