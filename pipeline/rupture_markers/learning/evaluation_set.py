"""What is evaluated: coded sessions, which turns were coded at all, and the codes that every coder gave."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from rupture_markers.learning.dataset import (
    CodedSet,
    CodingsError,
    TurnKey,
    join_sets,
    load_coded_set,
    read_codings,
)
from rupture_markers.learning.turn_table import TurnTable
from rupture_markers.markers.codebook import Codebook
from rupture_markers.markers.marker import Coding
from rupture_markers.transcripts.interchange import read_interchange
from rupture_markers.transcripts.sessions import read_sessions
from rupture_markers.transcripts.transcript import Transcript

_NOBODY = 2
LABELS_FILE = "labels.txt"


@dataclass(frozen=True)
class EvaluationSet:
    """Coded sessions as an evaluation takes them.

    Attributes
    ----------
    coded : CodedSet
    agreed : Mapping of TurnKey to frozenset of str
        Codes that every coder of the turn gave.
    seen : frozenset of TurnKey or None
        Turns that were coded, with a marker or without; None where all were.
    labels : str
        Whose the codes are.
    """

    coded: CodedSet
    agreed: Mapping[TurnKey, frozenset[str]]
    seen: frozenset[TurnKey] | None
    labels: str

    def without_cases(self, cases: Iterable[str]) -> EvaluationSet:
        """The set less every session of these cases."""
        return replace(self, coded=self.coded.without_cases(cases))

    def masked(self, table: TurnTable) -> TurnTable:
        """The table with turns that nobody coded kept as context, neither learnt from nor scored."""
        if self.seen is None:
            return table
        inside = np.array([key in self.seen for key in table.keys])
        return replace(table, role=np.where(inside, table.role, _NOBODY))


def agreed_codes(
    transcripts: Sequence[Transcript], codings: Sequence[Coding], codebook: Codebook
) -> dict[TurnKey, frozenset[str]]:
    """Codes that every coder gave who marked the turn, where at least two did; of one coder alone, that coder's."""
    coders = sorted({coding.coder for coding in codings})
    per_coder = [
        load_coded_set(transcripts, [c for c in codings if c.coder == coder], codebook).codes for coder in coders
    ]
    votes: dict[TurnKey, Counter[str]] = {}
    marked: Counter[TurnKey] = Counter()
    for codes in per_coder:
        for key, given in codes.items():
            votes.setdefault(key, Counter()).update(given.keys())
            marked[key] += 1
    least = min(2, len(coders))
    return {
        key: frozenset(code for code, count in found.items() if count == marked[key])
        for key, found in votes.items()
        if marked[key] >= least
    }


def read_evaluation_folder(folder: Path, codebook: Codebook, labels: str = "") -> EvaluationSet:
    """Read ``transcripts.jsonl`` and ``codings.jsonl`` of a folder, with ``sessions.csv`` and ``labels.txt`` if any.

    Raises
    ------
    IngestError
        If a file is missing or not as it must be.
    """
    for needed in ("transcripts.jsonl", "codings.jsonl"):
        if not (folder / needed).exists():
            raise CodingsError(
                f"the folder has neither a study.yaml nor a {needed}.",
                "docs/evaluation.md tells the form.",
                path=folder,
            )
    rows = read_sessions(folder / "sessions.csv") if (folder / "sessions.csv").exists() else {}
    transcripts = [
        replace(t, groups=rows[t.session_id].groups) if t.session_id in rows else t
        for t in read_interchange(folder / "transcripts.jsonl")
    ]
    codings = read_codings(folder / "codings.jsonl")
    stated = folder / LABELS_FILE
    whose = labels or (stated.read_text(encoding="utf-8").strip() if stated.exists() else "")
    coders = len({coding.coder for coding in codings})
    return EvaluationSet(
        load_coded_set(transcripts, codings, codebook, name=folder.resolve().name),
        agreed_codes(transcripts, codings, codebook),
        None,
        whose or f"{coders} coders, not stated who they are",
    )


def join_evaluation_sets(sets: Sequence[EvaluationSet]) -> EvaluationSet:
    """Several sets as one; each session remembers its set."""
    seen: frozenset[TurnKey] | None = None
    if any(part.seen is not None for part in sets):
        seen = frozenset(
            key
            for part in sets
            for key in (part.seen or ((t.session_id, u.index) for t in part.coded.transcripts for u in t.turns))
        )
    agreed = {key: codes for part in sets for key, codes in part.agreed.items()}
    labels = "; ".join(dict.fromkeys(part.labels for part in sets))
    return EvaluationSet(join_sets(part.coded for part in sets), agreed, seen, labels)
