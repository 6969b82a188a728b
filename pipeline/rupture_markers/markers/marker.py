"""The types that carry markers through the house: suggestion, coding, gold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from pydantic import ConfigDict

Family = Literal["withdrawal", "confrontation", "repair"]
FAMILIES: tuple[Family, ...] = ("withdrawal", "confrontation", "repair")
CODED_SPEAKER: dict[Family, Literal["client", "therapist"]] = {
    "withdrawal": "client",
    "confrontation": "client",
    "repair": "therapist",
}
"""Whose turns the classifier gives a probability for."""

Arm = Literal["blind", "assisted"]
GoldRule = Literal["share", "majority", "dawid-skene"]
"""What makes one answer of several coders who differ."""
GOLD_RULES: tuple[GoldRule, ...] = get_args(GoldRule)


@dataclass(frozen=True, slots=True)
class Evidence:
    """A reason for a suggestion in words a coder understands.

    Attributes
    ----------
    reason : str
        The name a person can read: 'cue: if-you-say-so', 'short answer to an open question'. Never the transcript's words.
    weight : float
        How much it raised the score, on the log-odds scale.
    """

    reason: str
    weight: float


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A candidate marker: one turn, one family, its probability and why.

    Attributes
    ----------
    session_id, turn : str, int
    family : Family
    code : str
        Most likely code of that family; ``codes`` lists them from the likeliest.
    probability : float
        Of the family, in [0, 1].
    evidence : tuple of Evidence
        Strongest first.
    model_id : str
    """

    session_id: str
    turn: int
    family: Family
    code: str
    codes: tuple[str, ...]
    probability: float
    evidence: tuple[Evidence, ...]
    model_id: str


@dataclass(frozen=True, slots=True)
class Coding:
    """What one coder said of one turn; codings are only ever added.

    Attributes
    ----------
    codes : tuple of str
        Main code first.
    span : (int, int) or None
        Half-open code-point offsets in the turn's text; None for the whole turn.
    significance : int or None
        1 to 5, of this turn; None where not given.
    certainty : float or None
        0 to 1.
    strain_about : str
        What the strain is about (goal, task, bond, unclear; after Bordin); empty where not given.
    answers : str
        For a repair strategy: code of the marker it answers; empty where not given.
    collaboration : str
        For a repair strategy, whether collaboration returned: yes, partly, no, cannot tell; empty where not given.
    origin : str
        How the region came to be: manual, prediction, prediction-changed; empty where unknown.
    review : str
        What the coder said of the suggestion it came from: right, changed, mine; empty where not asked. One said to be
        wrong is no coding (`CodedSegment.rejected`).
    """

    session_id: str
    turn: int
    coder: str
    codes: tuple[str, ...]
    span: tuple[int, int] | None = None
    significance: int | None = None
    certainty: float | None = None
    memo: str = ""
    arm: Arm = "blind"
    codebook_version: str = ""
    coded_at: str = ""
    strain_about: str = ""
    answers: str = ""
    collaboration: str = ""
    origin: str = ""
    review: str = ""

    __pydantic_config__ = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True)
class Gold:
    """Share of the coders who marked the family in that turn, made from codings by a named rule.

    Attributes
    ----------
    share : float
        In [0, 1].
    rule : str
        ``adjudicated``, ``unanimous``, ``share``, ``single`` (one coder alone) or a model of the coders.
    case_id : str
    coders : int
        How many coded the turn.
    blind : bool
        Whether all of them coded it without suggestions in view.
    """

    session_id: str
    turn: int
    family: Family
    share: float
    rule: str
    case_id: str = ""
    coders: int = 0
    blind: bool = True
