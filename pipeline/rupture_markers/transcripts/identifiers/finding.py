"""A finding: where something that may identify a person stands, and of what kind it is; never what it says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "name", "place", "address", "postcode", "date", "age", "phone", "email", "url", "ip", "national_id", "health_plan",
    "record", "account", "licence", "vehicle", "device", "listed",
]  # fmt: skip
"""Kinds of identifiers, after the eighteen of HIPAA's Safe Harbor (45 CFR 164.514(b)(2)) that a text can hold.

``listed`` is a name of the study's own list. Fax counts as ``phone``, a certificate as ``licence``, a user name as ``account``, any other unique number as
``record``; biometric identifiers and photographs are no text.
"""


@dataclass(frozen=True, slots=True, order=True)
class Hit:
    """A finding within one text.

    Attributes
    ----------
    start, end : int
        Half-open code-point offsets.
    kind : Kind
    """

    start: int
    end: int
    kind: Kind


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A finding of a session.

    Attributes
    ----------
    session_id : str
    where : str
        Index of the turn, or the name of a field: ``session_id``, ``source_name``, ``groups.site``.
    start, end : int
        Half-open code-point offsets in the turn's text or the field's value.
    kind : Kind
    """

    session_id: str
    where: str
    start: int
    end: int
    kind: Kind

    @property
    def reference(self) -> str:
        """How a person names it on the command line: ``s01:12:4-9``."""
        return f"{self.session_id}:{self.where}:{self.start}-{self.end}"


_GENERAL: dict[Kind, int] = {"name": 2, "phone": 2, "record": 1}
"""Kinds that give way where another kind explains the same words."""


def merged(hits: Iterable[Hit]) -> tuple[Hit, ...]:
    """Hits in order, those that overlap made one: listed before all, then of the kind of the longest, then of the most special."""
    out: list[tuple[Hit, tuple[bool, int, int]]] = []
    for hit in sorted(hits):
        weight = hit.kind == "listed", hit.end - hit.start, -_GENERAL.get(hit.kind, 0)
        if out and hit.start < out[-1][0].end:
            last, heaviest = out[-1]
            kind = hit.kind if weight > heaviest else last.kind
            out[-1] = (Hit(last.start, max(last.end, hit.end), kind), max(weight, heaviest))
        else:
            out.append((hit, weight))
    return tuple(hit for hit, _ in out)
