"""Plain tables for R, SPSS and pandas, and the data dictionary that says what each column holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rupture_markers.markers.codebook import Codebook
from rupture_markers.markers.coded_segment import CodedSegment
from rupture_markers.markers.marker import FAMILIES, Coding, Family
from rupture_markers.transcripts.spreadsheet_safety import Cell, write_table
from rupture_markers.transcripts.transcript import Transcript

Row = dict[str, Cell]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its name (short, lower case, ASCII), what it holds, and its unit or values."""

    name: str
    meaning: str
    values: str


CODING_COLUMNS = (
    Column("session_id", "session", "text"),
    Column("case_id", "client or dyad; the unit of resampling", "text"),
    Column("segment_id", "segment that was coded", "text"),
    Column("first_turn", "first turn that was to be coded", "turn index"),
    Column("last_turn", "last turn that was to be coded", "turn index"),
    Column("coder", "pseudonym of the coder", "text"),
    Column("arm", "whether suggestions could be shown", "blind, assisted"),
    Column("shown", "whether suggestions were shown", "0, 1"),
    Column("round", "round of the selection", "from 1"),
    Column("whole_session", "whether the coder had all segments of the session", "0, 1"),
    Column("outcome", "of the segment", "markers, no_marker, not_codable, skipped"),
    Column("turn", "turn of the marker; empty where the segment has none", "turn index"),
    Column("code", "code of the marker", "codebook id"),
    Column(
        "family", "family of the code; empty where the codebook no longer has it", "withdrawal, confrontation, repair"
    ),
    Column("rank", "place of the code among those of one marker, the main one first", "from 1"),
    Column("span_start", "first code point of the words; empty for the whole turn", "code points"),
    Column("span_end", "end of the words, not included", "code points"),
    Column("significance", "of this turn for the alliance; our rating, not the 3RS session rating", "1 to 5"),
    Column("certainty", "how sure the coder was", "0 to 1"),
    Column("strain", "what the strain is about, after Bordin", "goal, task, bond, unclear"),
    Column("answers", "for a repair: code of the marker it answers", "codebook id"),
    Column("returned", "for a repair: whether collaboration returned", "yes, partly, no, cannot_tell"),
    Column("origin", "how the region came to be", "manual, prediction, prediction-changed"),
    Column("review", "what the coder said of the suggestion", "right, changed, mine"),
    Column("seconds", "time on the task", "seconds"),
    Column("codebook", "version of the codebook it was coded under", "text"),
    Column("coded_at", "time of the last change", "ISO 8601, UTC"),
)
MEMO_COLUMN = Column("memo", "the coder's memo; may quote the session", "text")

SESSION_COLUMNS = (
    Column("session_id", "session", "text"),
    Column("case_id", "client or dyad", "text"),
    Column("session_number", "of the case", "from 1"),
    Column("therapist_id", "as in sessions.csv", "text"),
    Column("medium", "as the study says", "text"),
    Column("turns", "turns of client and therapist", "count"),
    Column("client_turns", "turns of the client", "count"),
    Column("therapist_turns", "turns of the therapist", "count"),
    Column("segments_coded", "segments with at least one answer", "count"),
    Column("turns_coded", "turns with at least one answer", "count"),
    Column("coders", "coders with an answer", "count"),
    *(Column(f"{family}_coded", f"turns marked {family}, mean over the coders of each turn", "turns") for family in FAMILIES),
    *(Column(f"{family}_blind", "the same from blind answers alone", "turns") for family in FAMILIES),
    *(Column(f"{family}_expected", f"sum of the model's probabilities of {family}", "turns") for family in FAMILIES),
    Column("model", "model of the expected counts", "text"),
)  # fmt: skip
RATING_MEANING = "session rating of the 3RS tradition, mean over coders"


def coding_rows(answers: Iterable[CodedSegment], codebook: Codebook, *, memos: bool = False) -> list[Row]:
    """One row a code of a coding, and one for each answered segment without any.

    Parameters
    ----------
    answers : iterable of CodedSegment
        Current ones.
    memos : bool
        With the coders' memos, which may quote the session.
    """
    rows = []
    for answer in sorted(answers, key=lambda a: (a.session_id, a.first_turn, a.coder)):
        facts: Row = {
            "session_id": answer.session_id, "case_id": answer.case_id, "segment_id": answer.segment_id,
            "first_turn": answer.first_turn, "last_turn": answer.last_turn, "coder": answer.coder, "arm": answer.arm,
            "shown": int(answer.shown), "round": answer.round, "whole_session": int(answer.whole_session),
            "outcome": answer.outcome,
        }  # fmt: skip
        last: Row = {"seconds": answer.seconds, "codebook": answer.codebook_version, "coded_at": answer.coded_at}
        marked = [(coding, rank) for coding in answer.codings for rank in range(len(coding.codes))]
        if not marked:
            rows.append(facts | last)
        for coding, rank in marked:
            row = facts | _marker(coding, rank, codebook) | last
            rows.append(row | ({"memo": coding.memo} if memos else {}))
    return rows


def _marker(coding: Coding, rank: int, codebook: Codebook) -> Row:
    code = coding.codes[rank]
    start, end = coding.span or (None, None)
    return {
        "turn": coding.turn, "code": code, "family": codebook.code(code).family if code in codebook else None,
        "rank": rank + 1, "span_start": start, "span_end": end, "significance": coding.significance,
        "certainty": coding.certainty, "strain": coding.strain_about or None, "answers": coding.answers or None,
        "returned": coding.collaboration or None, "origin": coding.origin or None, "review": coding.review or None,
    }  # fmt: skip


def session_row(
    transcript: Transcript,
    answers: Sequence[CodedSegment],
    codebook: Codebook,
    expected: Mapping[Family, float] | None,
    model_id: str,
) -> Row:
    """Row of one session: who it is, how much was coded, and what people and the model found.

    Parameters
    ----------
    answers : sequence of CodedSegment
        Current ones, of this session.
    expected : mapping of Family to float, or None
        Sum of the model's probabilities; None where the session is not scored.
    """
    usable = [a for a in answers if a.outcome in ("markers", "no_marker")]
    blind = [a for a in usable if a.arm == "blind"]
    ratings: dict[str, list[int]] = {}
    for answer in usable:
        for name, value in answer.ratings:
            ratings.setdefault(name, []).append(value)
    speakers = [turn.speaker for turn in transcript.turns]
    row: Row = {
        "session_id": transcript.session_id, "case_id": transcript.case_id,
        "session_number": transcript.session_number, "therapist_id": transcript.therapist_id,
        "medium": transcript.medium,
        "turns": speakers.count("client") + speakers.count("therapist"),
        "client_turns": speakers.count("client"), "therapist_turns": speakers.count("therapist"),
        "segments_coded": len({a.segment_id for a in usable}), "turns_coded": len(_coded(usable)),
        "coders": len({a.coder for a in usable}),
    }  # fmt: skip
    for family in FAMILIES:
        row[f"{family}_coded"] = _marked(usable, family, codebook)
    for family in FAMILIES:
        row[f"{family}_blind"] = _marked(blind, family, codebook)
    for family in FAMILIES:
        row[f"{family}_expected"] = None if expected is None else round(expected[family], 4)
    row["model"] = model_id if expected is not None else None
    row |= {name: sum(given) / len(given) for name, given in sorted(ratings.items())}
    return row | {name: value for name, value in transcript.groups.items() if name not in row}


def _coded(answers: Iterable[CodedSegment]) -> dict[int, set[str]]:
    """Coders of each turn."""
    out: dict[int, set[str]] = {}
    for answer in answers:
        for turn in range(answer.first_turn, answer.last_turn + 1):
            out.setdefault(turn, set()).add(answer.coder)
    return out


def _marked(answers: Sequence[CodedSegment], family: Family, codebook: Codebook) -> float | None:
    """Sum over the turns of the share of their coders who marked the family; None where nothing was coded."""
    coders = _coded(answers)
    if not coders:
        return None
    marks: dict[int, set[str]] = {}
    for answer in answers:
        for coding in answer.codings:
            if any(code in codebook and codebook.code(code).family == family for code in coding.codes):
                marks.setdefault(coding.turn, set()).add(answer.coder)
    return sum(len(who) / len(coders[turn]) for turn, who in marks.items() if turn in coders)


def write_rows(path: Path, names: Sequence[str], rows: Iterable[Mapping[str, Cell]]) -> int:
    """Write a table as CSV: UTF-8, missing is empty, and no cell that a spreadsheet would run as a formula.

    Returns
    -------
    int
        Rows written.
    """
    return write_table(path, names, ([row.get(name) for name in names] for row in rows))


def data_dictionary(title: str, columns: Iterable[Column], others: Iterable[str] = ()) -> str:
    """Data dictionary in Markdown: one row a column."""
    lines = [f"# {title}", "", "| column | what it holds | values |", "|---|---|---|"]
    lines += [f"| {c.name} | {c.meaning} | {c.values} |" for c in columns]
    lines += [
        f"| {name} | {RATING_MEANING if name.startswith('session_') else 'group column of sessions.csv'} | |"
        for name in others
    ]
    lines += [
        "",
        "Missing is empty. UTF-8, comma, a header. A cell that a spreadsheet would run as a formula begins with an",
        "apostrophe; taking it away gives the value back. The machine's figures are candidates, not findings.",
    ]
    return "\n".join(lines) + "\n"
