"""The design of a selection, read back from its log: the strata, and what each coded segment stands for.

Within a round the controls are a simple random sample of the segments without a flag. When a later round tries the rest
again, either it draws new controls from it (conditional probability above 0): then the earlier controls stand for
themselves alone and the new ones for the rest. Or its control rate is no higher than before (probability 0): then the
earlier controls go on standing for all that had no flag in their round, those flagged later included.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass

from rupture_markers.learning.selection import SegmentDecision


@dataclass(frozen=True, slots=True)
class DesignStratum:
    """Segments of which some were drawn at random, or all taken.

    Attributes
    ----------
    name : str
        'flagged, round 1', 'not flagged, round 1 (rate 0.1)'.
    flagged : bool
        Whether the machine asked for them.
    members, drawn : tuple of str
        Segment ids: all of the stratum, and those that people were given.
    probability : float
        With which each member was drawn.
    within : str
        Name of the stratum that holds the members already: flagged later, while an earlier round's controls stand for
        them too. Empty for a stratum that is a part of the corpus of its own.
    held_out : bool
        Of held-out cases, where no score selects: it says nothing of what flags caught.
    """

    name: str
    flagged: bool
    members: tuple[str, ...]
    drawn: tuple[str, ...]
    probability: float
    within: str = ""
    held_out: bool = False

    @property
    def census(self) -> bool:
        """Whether all members were given to people."""
        return len(self.drawn) == len(self.members)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where one segment stands: its last round that drew, and the round that flagged it, if another."""

    base: SegmentDecision
    flag: SegmentDecision | None
    moved_from: tuple[str, ...]


def design_strata(
    decisions: Iterable[SegmentDecision],
    *,
    at_hand: Container[str] | None = None,
    suggested: Mapping[str, bool] | None = None,
) -> tuple[DesignStratum, ...]:
    """Strata of all segments that were decided.

    Parameters
    ----------
    decisions : iterable of SegmentDecision
        The log, oldest first.
    at_hand : container of str, optional
        Segment ids that still exist; others (of changed transcripts) do not count.
    suggested : mapping of segment id to bool, optional
        For whole sessions, where no segment is flagged by selection: whether the machine had suggestions.

    Returns
    -------
    tuple of DesignStratum
        Those without ``within`` cover every segment once.
    """
    history: dict[str, list[SegmentDecision]] = defaultdict(list)
    for decision in decisions:
        if at_hand is None or decision.segment_id in at_hand:
            history[decision.segment_id].append(decision)
    places = {segment: _place(log) for segment, log in history.items()}
    reopened = {name for place in places.values() for name in place.moved_from}
    members: dict[str, list[str]] = defaultdict(list)
    drawn: dict[str, list[str]] = defaultdict(list)
    facts: dict[str, tuple[bool, float]] = {}
    later: dict[tuple[str, str], list[str]] = defaultdict(list)
    for segment, place in sorted(places.items()):
        base = place.base
        flagged = base.flagged or (base.stratum == "whole_session" and bool((suggested or {}).get(segment)))
        name = _name(base, flagged)
        by_chance = base.stratum in ("control", "held_out", "rest")
        probability = base.probability_of_selection if by_chance else 1.0
        if name in reopened:
            # What is left of a round whose rest was drawn from again.
            name, probability = (f"{name}, drawn", 1.0) if base.selected else (f"{name}, left out", 0.0)
        members[name].append(segment)
        facts[name] = (flagged, probability)
        if base.selected:
            drawn[name].append(segment)
        if place.flag is not None:
            later[f"flagged, round {place.flag.round}, of: {name}", name].append(segment)
    apart = {_name(place.base, False) for place in places.values() if _held_out(place.base)}
    own = [
        DesignStratum(n, facts[n][0], tuple(members[n]), tuple(drawn[n]), facts[n][1], held_out=n in apart)
        for n in sorted(members)
    ]
    return (
        *own,
        *(DesignStratum(n, True, tuple(found), tuple(found), 1.0, of) for (n, of), found in sorted(later.items())),
    )


def _place(log: Sequence[SegmentDecision]) -> _Place:
    base, flag, moved = log[0], None, []
    for decision in log[1:]:
        drew_again = decision.control_rate > decision.control_floor
        if drew_again or base.stratum == "whole_session":
            moved.append(_name(base, base.flagged))
            base = decision
        elif decision.flagged:
            flag = decision
    return _Place(base, flag, tuple(moved))


def _held_out(decision: SegmentDecision) -> bool:
    return decision.held_out and decision.stratum != "whole_session"


def _name(decision: SegmentDecision, flagged: bool) -> str:
    if _held_out(decision):
        return f"held-out cases (rate {decision.control_rate:g})"
    if decision.stratum == "whole_session":
        return f"whole sessions, {'with' if flagged else 'without'} suggestions"
    if flagged:
        return f"flagged, round {decision.round}"
    since = f" since {decision.control_floor:g}" if decision.control_floor else ""
    return f"not flagged, round {decision.round} (rate {decision.control_rate:g}{since})"


def selection_weights(strata: Iterable[DesignStratum]) -> dict[str, float]:
    """Inverse selection probability of each segment that people were given.

    Segments that a later round flagged while earlier controls stand for them are left out, since they would count twice.

    Parameters
    ----------
    strata : iterable of DesignStratum

    Returns
    -------
    dict of str to float
    """
    own = [stratum for stratum in strata if not stratum.within]
    return {segment: 1.0 / s.probability for s in own for segment in s.drawn if s.probability > 0}
