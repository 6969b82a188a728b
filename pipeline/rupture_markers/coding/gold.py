"""Gold: what codings and adjudication come to, turn by turn, by a named rule; a share, not a forced yes or no."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from pydantic import ConfigDict

from rupture_markers.markers.codebook import Codebook
from rupture_markers.markers.coded_segment import CodedSegment
from rupture_markers.markers.marker import FAMILIES, Gold

AdjudicationReason = Literal["oversight", "guideline gap", "edge case", "unclear text"]


@dataclass(frozen=True, slots=True)
class Adjudication:
    """What adjudication decided of one turn; a later record of the same turn replaces the earlier one.

    Attributes
    ----------
    session_id, turn, case_id : str, int, str
    codes : tuple of str
        Main code first; empty for 'no marker'.
    reason : AdjudicationReason
    adjudicator, decided_at, codebook_version : str
    """

    session_id: str
    turn: int
    case_id: str
    codes: tuple[str, ...]
    reason: AdjudicationReason
    adjudicator: str
    decided_at: str = ""
    codebook_version: str = ""

    __pydantic_config__ = ConfigDict(extra="forbid")


def gold_turns(
    answers: Iterable[CodedSegment], adjudicated: Iterable[Adjudication], codebook: Codebook, *, blind_only: bool
) -> tuple[Gold, ...]:
    """Gold of every turn that was coded: adjudicated, else unanimous, else the share of the coders.

    Parameters
    ----------
    answers : iterable of CodedSegment
        Current answers; ``not_codable`` and ``skipped`` ones say nothing of any turn.
    blind_only : bool
        Leave out every answer given with suggestions in view: for agreement, prevalence, recall and promotion.

    Returns
    -------
    tuple of Gold
        One a turn and family, by session and turn; turns coded without a marker have share 0.
    """
    decided = {(a.session_id, a.turn): a for a in adjudicated}
    coders: dict[tuple[str, int], set[str]] = defaultdict(set)
    marked: dict[tuple[str, int, str], set[str]] = defaultdict(set)
    blind: dict[tuple[str, int], bool] = defaultdict(lambda: True)
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
                    marked[answer.session_id, coding.turn, codebook.code(code).family].add(answer.coder)
    out = []
    for (session_id, turn), who in sorted(coders.items()):
        verdict = decided.get((session_id, turn))
        for family in FAMILIES:
            share = len(marked[session_id, turn, family] & who) / len(who)
            rule = "single" if len(who) == 1 else "unanimous" if share in (0.0, 1.0) else "share"
            if verdict is not None:
                families = {codebook.code(code).family for code in verdict.codes if code in codebook}
                share, rule = float(family in families), "adjudicated"
            out.append(
                Gold(session_id, turn, family, share, rule, cases[session_id], len(who), blind[session_id, turn])
            )
    return tuple(out)
