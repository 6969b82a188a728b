"""The score of a segment: the chance of at least one marker, how many are expected, and how unsure their number is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from rupture_markers.markers.marker import FAMILIES, Family
from rupture_markers.transcripts.segments import Segment


class TurnProbabilities(Protocol):
    """Calibrated probabilities of a session's turns, None (or NaN) where a family does not apply."""

    @property
    def turns(self) -> Sequence[int]:
        """Turn indices, in the order of the three below."""

    @property
    def withdrawal(self) -> Sequence[float | None]:
        """Probability of withdrawal."""

    @property
    def confrontation(self) -> Sequence[float | None]:
        """Probability of confrontation."""

    @property
    def repair(self) -> Sequence[float | None]:
        """Probability of repair."""


@dataclass(frozen=True, slots=True)
class SegmentScore:
    """What the model says of a segment as a whole.

    Attributes
    ----------
    segment_id, session_id, case_id, model_id : str
    probability : float or None
        Chance of at least one marker; None where no turn of the segment has a probability.
    expected_markers : float
        Expected number of (turn, family) marks: the sum of their probabilities.
    spread : float
        Variance of that number, were marks independent: the sum of p (1 - p). What coding the segment would tell.
    strongest_family : Family or None
    strongest_turn : int or None
    strongest_probability : float
        Highest probability of a single turn and family.
    """

    segment_id: str
    session_id: str
    case_id: str
    model_id: str
    probability: float | None
    expected_markers: float = 0.0
    spread: float = 0.0
    strongest_family: Family | None = None
    strongest_turn: int | None = None
    strongest_probability: float = 0.0

    @property
    def in_words(self) -> str:
        """The score for people who choose, not for those who code."""
        if self.probability is None:
            return "no turn has a score"
        words = f"chance of a marker {self.probability:.2f}, {self.expected_markers:.1f} expected"
        if self.strongest_family is None:
            return words
        return f"{words}, most of all {self.strongest_family} in turn {self.strongest_turn}"


def score_segment(
    segment: Segment,
    scores: TurnProbabilities,
    model_id: str,
    *,
    families: Sequence[Family] = FAMILIES,
) -> SegmentScore:
    """Score a segment by noisy-or: 1 - prod(1 - p) over its turns and families.

    The chance of at least one marker if marks were independent given the text (Pearl, 1988, ch. 4). They are
    not quite, so it runs high in segments of many middling turns; no probability of selection rests on it. In
    twenty turns it is near 1 almost everywhere: what ranks segments is the expected number of marks, which
    needs no independence.

    Parameters
    ----------
    segment : Segment
        Its context turns do not count.
    scores : TurnProbabilities
        Of the segment's session.
    model_id : str
    families : sequence of Family
        Those that count.
    """
    columns = {
        "withdrawal": scores.withdrawal,
        "confrontation": scores.confrontation,
        "repair": scores.repair,
    }
    marks = [
        (float(chance), family, int(turn))
        for family in families
        for turn, chance in zip(scores.turns, columns[family], strict=True)
        if segment.first_turn <= turn <= segment.last_turn and chance is not None and not math.isnan(chance)
    ]
    names = (segment.segment_id, segment.session_id, segment.case_id, model_id)
    if not marks:
        return SegmentScore(*names, probability=None)
    top, family, turn = max(marks, key=lambda mark: mark[0])
    return SegmentScore(
        *names,
        probability=1.0 - math.prod(1.0 - chance for chance, _, _ in marks),
        expected_markers=math.fsum(chance for chance, _, _ in marks),
        spread=math.fsum(chance * (1.0 - chance) for chance, _, _ in marks),
        strongest_family=family,
        strongest_turn=turn,
        strongest_probability=top,
    )
