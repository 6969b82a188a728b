"""What coders said, as tables of units by coders: turns, segments and sessions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rupture_markers.markers.codebook import Codebook
from rupture_markers.markers.coded_segment import CodedSegment
from rupture_markers.transcripts.transcript import Speaker

Array = NDArray[np.float64]
Unit = Literal["turn", "segment", "session"]
UNITS: tuple[Unit, ...] = ("turn", "segment", "session")
ANY_RUPTURE = "any rupture"
Speakers = Mapping[str, Mapping[int, Speaker]]
"""Speaker of each turn, by session and turn index."""


@dataclass(frozen=True)
class Label:
    """What is agreed on: a code, a family, or any rupture (withdrawal or confrontation).

    Attributes
    ----------
    name : str
    kind : {"code", "family", "any"}
    codes : frozenset of str
    speakers : frozenset of Speaker
        In whose turns it can be coded.
    """

    name: str
    kind: Literal["code", "family", "any"]
    codes: frozenset[str]
    speakers: frozenset[Speaker]


def labels_of(codebook: Codebook) -> tuple[Label, ...]:
    """Any rupture, each family, each code."""

    def label(name: str, kind: Literal["code", "family", "any"], codes: Collection[str]) -> Label:
        who = frozenset(speaker for code in codes for speaker in codebook.code(code).coded)
        return Label(name, kind, frozenset(codes), who)

    families = [label(f, "family", [c.id for c in codebook.of_family(f)]) for f in codebook.families]
    rupture = [c.id for c in codebook.codes if c.family != "repair"]
    whole = [label(ANY_RUPTURE, "any", rupture)] if rupture else []
    return (*whole, *families, *(label(c.id, "code", [c.id]) for c in codebook.codes))


@dataclass(frozen=True)
class CodedTurns:
    """Turns that at least one coder coded, with what each said of them.

    Attributes
    ----------
    turns : tuple of (str, int)
        Session and turn index of each row, in order.
    segments, cases : tuple of str
        Of each row.
    coders : tuple of str
        Of each column, sorted.
    seen : array of bool, turns x coders
        Whether the coder coded the turn.
    codes : dict of (row, column) to dict of code to significance
        Marks alone; significance 0 where none was given.
    speakers : tuple of Speaker or None
        None for every row where the transcripts are not at hand: then a label is looked for in all turns.
    weights : array, turns
        Inverse selection probability of the turn's segment.
    order : array of str, turns
        When the last of the coders coded the turn (ISO 8601).
    whole : array of bool, turns
        Whether the turn belongs to a session that was given out whole.
    """

    turns: tuple[tuple[str, int], ...]
    segments: tuple[str, ...]
    cases: tuple[str, ...]
    coders: tuple[str, ...]
    seen: NDArray[np.bool_]
    codes: Mapping[tuple[int, int], Mapping[str, int]]
    speakers: tuple[Speaker | None, ...]
    weights: Array
    order: tuple[str, ...]
    whole: NDArray[np.bool_]

    def marks(self, label: Label) -> tuple[Array, NDArray[np.int64]]:
        """Marks of a label, and the rows in which it can be coded.

        Returns
        -------
        array, rows x coders
            1, 0 or NaN. Spans within one turn are one mark.
        rows : array of int
        """
        table = np.where(self.seen, 0.0, np.nan)
        for (row, column), codes in self.codes.items():
            if label.codes & codes.keys():
                table[row, column] = 1.0
        rows = [r for r, who in enumerate(self.speakers) if who is None or who in label.speakers]
        return table[rows], np.array(rows, dtype=np.int64)

    def significance(self, label: Label) -> tuple[Array, NDArray[np.int64]]:
        """Significance (1-5, the highest of a turn's codes) where the coder marked the label; NaN elsewhere."""
        table = np.full(self.seen.shape, np.nan)
        for (row, column), codes in self.codes.items():
            given = [codes[code] for code in label.codes & codes.keys() if codes[code]]
            if given:
                table[row, column] = max(given)
        return table, np.arange(len(self.turns))

    def totals(self, label: Label, unit: Unit) -> tuple[Array, tuple[str, ...], Array]:
        """How many turns each coder marked in each segment or session.

        Returns
        -------
        array, units x coders
            NaN where the coder did not code all of the unit that anybody coded.
        cases : tuple of str
        weights : array, units
        """
        table, rows = self.marks(label)
        names = [self.segments[r] if unit == "segment" else self.turns[r][0] for r in rows]
        places = {name: place for place, name in enumerate(dict.fromkeys(names))}
        out = np.zeros((len(places), len(self.coders)))
        of_unit = np.array([places[name] for name in names], dtype=np.int64)
        np.add.at(out, of_unit, table)
        first = {names[k]: r for k, r in reversed(list(enumerate(rows)))}
        cases = tuple(self.cases[first[name]] for name in places)
        weights = np.array([self.weights[first[name]] if unit == "segment" else 1.0 for name in places])
        return out, cases, weights

    def keep(self, rows: NDArray[np.bool_]) -> CodedTurns:
        """These rows alone."""
        place = {old: new for new, old in enumerate(np.flatnonzero(rows).tolist())}
        return CodedTurns(
            turns=tuple(self.turns[r] for r in place), segments=tuple(self.segments[r] for r in place),
            cases=tuple(self.cases[r] for r in place), coders=self.coders, seen=self.seen[rows],
            codes={(place[r], c): said for (r, c), said in self.codes.items() if r in place},
            speakers=tuple(self.speakers[r] for r in place), weights=self.weights[rows],
            order=tuple(self.order[r] for r in place), whole=self.whole[rows],
        )  # fmt: skip


def coded_turns(
    answers: Iterable[CodedSegment], *, weights: Mapping[str, float] | None = None, speakers: Speakers | None = None
) -> CodedTurns:
    """Table of the turns that answers speak of; 'not codable' and skipped ones speak of none.

    Parameters
    ----------
    answers : iterable of CodedSegment
    weights : mapping of segment id to float, optional
        Inverse selection probabilities; 1 where not given.
    speakers : Speakers, optional
        Turns that a transcript does not have are left out.
    """
    said: dict[tuple[str, int], dict[str, dict[str, int]]] = defaultdict(dict)
    facts: dict[tuple[str, int], tuple[str, str, bool]] = {}
    order: dict[tuple[str, int], str] = defaultdict(str)
    for answer in answers:
        if answer.outcome in ("not_codable", "skipped"):
            continue
        known = None if speakers is None else speakers.get(answer.session_id)
        for turn in range(answer.first_turn, answer.last_turn + 1):
            if known is not None and turn not in known:
                continue
            key = (answer.session_id, turn)
            said[key].setdefault(answer.coder, {})
            facts.setdefault(key, (answer.segment_id, answer.case_id, answer.whole_session))
            order[key] = max(order[key], answer.coded_at)
        for coding in answer.codings:
            marks = said.get((answer.session_id, coding.turn), {}).get(answer.coder)
            if marks is not None:
                for code in coding.codes:
                    marks[code] = max(marks.get(code, 0), coding.significance or 0)
    turns = tuple(sorted(said))
    coders = tuple(sorted({coder for who in said.values() for coder in who}))
    column = {coder: place for place, coder in enumerate(coders)}
    seen = np.zeros((len(turns), len(coders)), dtype=bool)
    codes = {}
    for row, key in enumerate(turns):
        for coder, marks in said[key].items():
            seen[row, column[coder]] = True
            if marks:
                codes[row, column[coder]] = marks
    segments = tuple(facts[key][0] for key in turns)
    return CodedTurns(
        turns=turns, segments=segments, cases=tuple(facts[key][1] for key in turns), coders=coders, seen=seen,
        codes=codes, speakers=tuple((speakers or {}).get(s, {}).get(t) for s, t in turns),
        weights=np.array([(weights or {}).get(segment, 1.0) for segment in segments]),
        order=tuple(order[key] for key in turns), whole=np.array([facts[key][2] for key in turns], dtype=bool),
    )  # fmt: skip
