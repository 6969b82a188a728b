"""Exports of a study: what leaves the folder passes the de-identification gate first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from rupture_markers.coding.codings_log import current_answers, read_coded_segments
from rupture_markers.coding.export_tables import (
    CODING_COLUMNS,
    MEMO_COLUMN,
    SESSION_COLUMNS,
    Column,
    Row,
    coding_rows,
    data_dictionary,
    session_row,
    write_rows,
)
from rupture_markers.learning.scores import COLUMNS as SCORE_COLUMNS
from rupture_markers.learning.scores import read_scores, write_scores
from rupture_markers.markers.coded_segment import CodedSegment
from rupture_markers.markers.marker import FAMILIES, Family
from rupture_markers.transcripts.whole_file import whole_text_file
from rupture_markers.workflow import reading, stages
from rupture_markers.workflow.gate import passed
from rupture_markers.workflow.study import Study

_SCORE_MEANINGS = (
    "session", "turn index", "who speaks: client, therapist, other, nobody",
    "probability of withdrawal; empty where it does not apply", "probability of confrontation",
    "probability of repair", "most likely code of the likeliest family",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export wrote; ``notice`` says what the gate held back, and is empty where it held nothing."""

    path: Path
    dictionary: Path
    rows: int
    notice: str


def _allowed(study: Study, names: Iterable[str]) -> tuple[tuple[str, ...], str]:
    passage = passed(study, sorted(names))
    return passage.allowed, passage.notice("exported")


def _finish(
    path: Path, title: str, columns: Iterable[Column], others: Iterable[str], rows: int, notice: str
) -> Exported:
    dictionary = path.with_suffix(".dictionary.md")
    with whole_text_file(dictionary) as out:
        out.write(data_dictionary(title, columns, others))
    return Exported(path, dictionary, rows, notice)


def _answers(study: Study) -> tuple[CodedSegment, ...]:
    return current_answers(read_coded_segments(study.codings))


def export_codings(study: Study, path: Path, *, memos: bool = False) -> Exported:
    """Write one row a coding."""
    answers = _answers(study)
    allowed, notice = _allowed(study, {a.session_id for a in answers} & set(reading.session_names(study)))
    columns = (*CODING_COLUMNS, MEMO_COLUMN) if memos else CODING_COLUMNS
    rows = coding_rows([a for a in answers if a.session_id in set(allowed)], study.codebook(), memos=memos)
    count = write_rows(path, [c.name for c in columns], rows)
    return _finish(path, "Codings: one row a coding", columns, (), count, notice)


def export_sessions(study: Study, path: Path) -> Exported:
    """Write one row a session."""
    by_session: dict[str, list[CodedSegment]] = {}
    for answer in _answers(study):
        by_session.setdefault(answer.session_id, []).append(answer)
    allowed, notice = _allowed(study, reading.session_names(study))
    codebook, model_id = study.codebook(), stages.model_id_of(study)
    rows: list[Row] = [
        session_row(
            reading.session(study, name), by_session.get(name, []), codebook, _expected(study, name), model_id
        )
        for name in allowed
    ]  # fmt: skip
    known = [column.name for column in SESSION_COLUMNS]
    others = sorted({name for row in rows for name in row} - set(known))
    count = write_rows(path, [*known, *others], rows)
    return _finish(path, "Sessions: one row a session", SESSION_COLUMNS, others, count, notice)


def _expected(study: Study, name: str) -> dict[Family, float] | None:
    path = study.session_file("scores", name, ".csv")
    if not path.exists():
        return None
    rows = next(read_scores(path)).rows
    return {family: sum(row.probability(family) or 0.0 for row in rows) for family in FAMILIES}


def export_scores(study: Study, path: Path) -> Exported:
    """Write one row a turn: the model's probabilities."""
    scored = [n for n in reading.session_names(study) if study.session_file("scores", n, ".csv").exists()]
    allowed, notice = _allowed(study, scored)
    count = write_scores(path, (next(read_scores(study.session_file("scores", name, ".csv"))) for name in allowed))
    columns = [Column(name, meaning, "") for name, meaning in zip(SCORE_COLUMNS, _SCORE_MEANINGS, strict=True)]
    return _finish(path, "Scores: one row a turn", columns, (), count, notice)
