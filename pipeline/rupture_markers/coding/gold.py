"""Gold: what codings and adjudication come to, turn by turn, by a named rule; a share, not a forced yes or no."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from pydantic import ConfigDict, TypeAdapter

from rupture_markers.coding.dawid_skene import dawid_skene
from rupture_markers.errors import StudyError
from rupture_markers.learning.record_log import append_records, read_records
from rupture_markers.markers.codebook import Codebook
from rupture_markers.markers.coded_segment import CodedSegment
from rupture_markers.markers.marker import FAMILIES, Family, Gold, GoldRule

AdjudicationReason = Literal["oversight", "guideline gap", "edge case", "unclear text"]
REASONS: tuple[AdjudicationReason, ...] = get_args(AdjudicationReason)
_FEWEST_CODERS = 3
Turn = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Adjudication:
    """What adjudication decided of one turn; a later record of the same turn replaces the earlier one.

    Attributes
    ----------
    session_id, turn, case_id : str, int, str
    codes : tuple of str
        Main code first; empty for 'no marker'.
    reason : AdjudicationReason
        Why the coders differed.
    adjudicator, decided_at, codebook_version : str
    task_id : str
        Of the adjudication task; empty for one decided elsewhere.
    blind : bool
        Whether the codings that were laid before the adjudicator were all blind.
    withdrawn : bool
        The decision no longer stands: its task was opened again.
    """

    session_id: str
    turn: int
    case_id: str
    codes: tuple[str, ...]
    reason: AdjudicationReason
    adjudicator: str
    decided_at: str = ""
    codebook_version: str = ""
    task_id: str = ""
    blind: bool = True
    withdrawn: bool = False

    __pydantic_config__ = ConfigDict(extra="forbid")


_RECORD = TypeAdapter(Adjudication)


def read_adjudications(path: Path) -> tuple[Adjudication, ...]:
    """Every record of adjudications.jsonl, oldest first; empty where there is none yet."""
    return read_records(path, _RECORD)


def append_adjudications(path: Path, records: Iterable[Adjudication]) -> int:
    """Add records to adjudications.jsonl; nothing there is ever changed."""
    return append_records(path, records, _RECORD)


def current_adjudications(records: Iterable[Adjudication]) -> tuple[Adjudication, ...]:
    """Last record of each turn, less those withdrawn."""
    last = {(record.session_id, record.turn): record for record in records}
    return tuple(record for record in last.values() if not record.withdrawn)


def gold_turns(
    answers: Iterable[CodedSegment],
    adjudicated: Iterable[Adjudication],
    codebook: Codebook,
    *,
    blind_only: bool,
    rule: GoldRule = "share",
    held_out: Collection[str] = (),
) -> tuple[Gold, ...]:
    """Gold of every turn that was coded: adjudicated where it was, else unanimous, else by the rule.

    Parameters
    ----------
    answers : iterable of CodedSegment
        Current answers; ``not_codable`` and ``skipped`` ones say nothing of any turn.
    adjudicated : iterable of Adjudication
    codebook : Codebook
    blind_only : bool
        Leave out every answer given with suggestions in view, and every adjudication that rests on one: for agreement,
        prevalence, recall and promotion.
    rule : {"share", "majority", "dawid-skene"}
        What a turn is where coders differ: the share of them who marked it; 1 or 0 by majority, a tie staying one half;
        the probability by Dawid and Skene's model, which also weighs unanimous turns.
    held_out : collection of str
        Cases whose gold must not rest on one coder: their turns with a single coding are left out unless adjudicated.

    Returns
    -------
    tuple of Gold
        One a turn and family, by session and turn; turns coded without a marker have share 0.

    Raises
    ------
    StudyError
        If Dawid and Skene's model is asked for with fewer than three coders.
    """
    decided = {(a.session_id, a.turn): a for a in current_adjudications(adjudicated) if a.blind or not blind_only}
    coders: dict[Turn, set[str]] = defaultdict(set)
    marked: dict[tuple[Turn, Family], set[str]] = defaultdict(set)
    blind: dict[Turn, bool] = defaultdict(lambda: True)
    cases: dict[str, str] = {}
    for answer in answers:
        if answer.outcome in ("not_codable", "skipped") or (blind_only and answer.arm != "blind"):
            continue
        cases[answer.session_id] = answer.case_id
        for turn in range(answer.first_turn, answer.last_turn + 1):
            coders[answer.session_id, turn].add(answer.coder)
            blind[answer.session_id, turn] &= answer.arm == "blind"
        for coding in answer.codings:
            for code in coding.codes:
                if code in codebook:
                    marked[(answer.session_id, coding.turn), codebook.code(code).family].add(answer.coder)
    modelled = _modelled(coders, marked) if rule == "dawid-skene" else {}
    out = []
    for turn_key, who in sorted(coders.items()):
        session_id, turn = turn_key
        verdict = decided.get(turn_key)
        if verdict is None and len(who) == 1 and cases[session_id] in held_out:
            continue
        for family in FAMILIES:
            if verdict is not None:
                share = float(family in {codebook.code(code).family for code in verdict.codes if code in codebook})
                name = "adjudicated"
            else:
                share, name = _by_rule(len(marked[turn_key, family] & who), len(who), rule)
                if (turn_key, family) in modelled:
                    share, name = modelled[turn_key, family], "dawid-skene"
            out.append(Gold(session_id, turn, family, share, name, cases[session_id], len(who), blind[turn_key]))
    return tuple(out)


def _by_rule(marks: int, coders: int, rule: GoldRule) -> tuple[float, str]:
    share = marks / coders
    if coders == 1:
        return share, "single"
    if share in (0.0, 1.0):
        return share, "unanimous"
    if rule == "majority" and share != 0.5:
        return float(share > 0.5), "majority"
    return share, "share"


def _modelled(
    coders: Mapping[Turn, set[str]], marked: Mapping[tuple[Turn, Family], set[str]]
) -> dict[tuple[Turn, Family], float]:
    """Probability of each family in each turn that two coders or more coded."""
    names = sorted({coder for who in coders.values() for coder in who})
    if len(names) < _FEWEST_CODERS:
        raise StudyError(
            f"Dawid and Skene's model needs {_FEWEST_CODERS} coders or more; this study has {len(names)}.",
            "Take the rule 'share' or 'majority'.",
        )
    turns = [turn for turn, who in sorted(coders.items()) if len(who) > 1]
    out = {}
    for family in FAMILIES if turns else ():
        table = np.array(
            [[float(n in marked.get((t, family), ())) if n in coders[t] else np.nan for n in names] for t in turns]
        )
        for turn, probability in zip(turns, dawid_skene(table), strict=True):
            out[turn, family] = float(probability)
    return out
