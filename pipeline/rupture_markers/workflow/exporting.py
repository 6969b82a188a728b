"""Exports of a study: what leaves the folder passes the de-identification gate first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from rupture_markers.coding.agreement import agreement
from rupture_markers.coding.agreement_files import BINARY_COLUMNS, ICC_COLUMNS, agreement_rows
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
from rupture_markers.coding.gold import gold_turns
from rupture_markers.learning.scores import COLUMNS as SCORE_COLUMNS
from rupture_markers.learning.scores import read_scores, write_scores
from rupture_markers.markers.coded_segment import CodedSegment
from rupture_markers.markers.marker import FAMILIES, Family, GoldRule
from rupture_markers.transcripts.whole_file import whole_text_file
from rupture_markers.workflow import reading, stages
from rupture_markers.workflow.coded_study import counted_answers, open_coded
from rupture_markers.workflow.gate import passed, require_study_passed, scanner_of
from rupture_markers.workflow.study import Study

_SCORE_MEANINGS = (
    "session", "turn index", "who speaks: client, therapist, other, nobody",
    "probability of withdrawal; empty where it does not apply", "probability of confrontation",
    "probability of repair", "most likely code of the likeliest family",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export wrote; ``notice`` says what the gate held back, ``set_aside`` which codings do not count; both may be empty."""

    path: Path
    dictionary: Path
    rows: int
    notice: str
    set_aside: str = ""


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


def export_codings(study: Study, path: Path, *, memos: bool = False) -> Exported:
    """Write one row a coding; those that count nowhere are among them."""
    answers = current_answers(read_coded_segments(study.codings))
    allowed, notice = _allowed(study, {a.session_id for a in answers} & set(reading.session_names(study)))
    kept = [a for a in answers if a.session_id in set(allowed)]
    columns = (*CODING_COLUMNS, MEMO_COLUMN) if memos else CODING_COLUMNS
    if memos:
        kept, held_back = _without_named_memos(study, kept)
        notice = " ".join(filter(None, (notice, held_back)))
    rows = coding_rows(kept, study.codebook(), memos=memos)
    count = write_rows(path, [c.name for c in columns], rows)
    return _finish(path, "Codings: one row a coding", columns, (), count, notice)


def _without_named_memos(study: Study, answers: Sequence[CodedSegment]) -> tuple[list[CodedSegment], str]:
    """Answers less the memos that the gate's scan finds something in, and a line with their number."""
    if study.config.public_data:
        return list(answers), ""
    scanner, gone = scanner_of(study), 0
    kept = []
    for answer in answers:
        codings = [replace(c, memo="") if c.memo and scanner.text(c.memo) else c for c in answer.codings]
        gone += sum(a.memo != b.memo for a, b in zip(answer.codings, codings, strict=True))
        kept.append(replace(answer, codings=tuple(codings)))
    return kept, f"{gone} memos with possible identifiers were left out." if gone else ""


def export_sessions(study: Study, path: Path) -> Exported:
    """Write one row a session."""
    codebook, model_id = study.codebook(), stages.model_id_of(study)
    counted = counted_answers(study, codebook)
    by_session: dict[str, list[CodedSegment]] = {}
    for answer in counted.answers:
        by_session.setdefault(answer.session_id, []).append(answer)
    allowed, notice = _allowed(study, reading.session_names(study))
    rows: list[Row] = [
        session_row(
            reading.session(study, name), by_session.get(name, []), codebook, _expected(study, name), model_id
        )
        for name in allowed
    ]  # fmt: skip
    known = [column.name for column in SESSION_COLUMNS]
    others = sorted({name for row in rows for name in row} - set(known))
    count = write_rows(path, [*known, *others], rows)
    done = _finish(path, "Sessions: one row a session", SESSION_COLUMNS, others, count, notice)
    return replace(done, set_aside=counted.notice)


_GOLD_COLUMNS = (
    Column("session_id", "session", "text"),
    Column("case_id", "client or dyad", "text"),
    Column("turn", "turn", "turn index"),
    Column("family", "family", "withdrawal, confrontation, repair"),
    Column("share", "of the coders who marked the family, as the rule has it", "0 to 1"),
    Column("rule", "that gave the share", "adjudicated, unanimous, share, single, majority, dawid-skene"),
    Column("coders", "who coded the turn", "count"),
    Column("blind", "whether all of them coded it without suggestions in view", "0, 1"),
)


def export_gold(study: Study, path: Path, *, rule: GoldRule = "share", blind_only: bool = False) -> Exported:
    """Write one row a turn and family: adjudicated, else unanimous, else by the rule."""
    coded = open_coded(study)
    gold = gold_turns(coded.answers, coded.adjudicated, coded.codebook, blind_only=blind_only, rule=rule)
    allowed, notice = _allowed(study, {g.session_id for g in gold} & set(reading.session_names(study)))
    kept = set(allowed)
    rows = (asdict(g) | {"blind": int(g.blind)} for g in gold if g.session_id in kept)
    count = write_rows(path, [c.name for c in _GOLD_COLUMNS], rows)
    done = _finish(path, "Gold: one row a turn and family", _GOLD_COLUMNS, (), count, notice)
    return replace(done, set_aside=coded.set_aside)


def export_agreement(study: Study, path: Path) -> Exported:
    """Write one row a label, unit and group of coders: every figure of agreement with its interval."""
    require_study_passed(study, "the table of agreement")
    coded = open_coded(study)
    rows = agreement_rows(
        agreement(
            coded.answers, coded.codebook, weights=coded.weights, speakers=coded.speakers, leave_out=coded.known_tasks
        )
    )
    figures = (*BINARY_COLUMNS, *ICC_COLUMNS)
    columns = [
        Column("table", "all coders, a pair, one coder, a period, or numbers", "all, pair, coder, period, numbers"),
        Column("unit", "what agreed or not", "turn, segment, session"),
        Column("label", "code, family or any rupture", "text"),
        Column("kind", "of the label", "code, family, any"),
        Column("what", "of the label: marked or not, significance, marked turns", "text"),
        Column("coders", "who", "text"),
        Column("period", "first or second half of the codings, where told apart", "text"),
        Column("units", "units with two coders or more", "count"),
        Column("cases", "their cases", "count"),
        Column("units_marked", "units that at least one coder marked", "count"),
        *(
            Column(f"{name}{end}", f"{name}{what}", "see docs/agreement.md")
            for name in figures
            for end, what in (("", ""), ("_low", ", lower bound of 95 %"), ("_high", ", upper bound of 95 %"))
        ),
        Column("caution", "why the row must not be trusted, where it must not", "text"),
    ]
    count = write_rows(path, [c.name for c in columns], rows)
    return _finish(path, "Agreement: one row a label, unit and group of coders", columns, (), count, "")


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
