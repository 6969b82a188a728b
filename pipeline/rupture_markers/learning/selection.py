"""Selection: which segments people code, each with its probability of being selected, decided once and kept.

Flags (likely and uncertain) are a function of the scores alone, controls of a permanent random number alone.
So within the segments without a flag the controls are a simple random sample, and ``is_control`` is one of
all segments: what exact bounds on recall and prevalence need (docs/selection.md).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from pydantic import ConfigDict, TypeAdapter

from rupture_markers.errors import ConfigError
from rupture_markers.learning.random_numbers import share_of, uniform
from rupture_markers.learning.record_log import append_records, read_records
from rupture_markers.learning.segment_score import SegmentScore

Stratum = Literal["likely", "uncertain", "control", "held_out", "rest", "whole_session"]
Mode = Literal["flagged_segments", "whole_session"]


@dataclass(frozen=True, slots=True)
class SelectionRule:
    """What is selected from the segments that are new in a round.

    Attributes
    ----------
    budget : float or None
        Share of the new segments that is taken as likely, those with the most expected markers first.
    budget_count : int or None
        The same as a number of segments for the whole round.
    threshold : float or None
        Likely is every segment whose chance of holding a marker is at least this. Exactly one of the three
        is given.
    uncertain : float
        Share of the new segments taken because the model is least sure of them: the number of their markers
        has the largest variance or, under a threshold, their chance lies closest to it.
    control : float
        Rate of the control sample: the probability with which a segment without a flag is selected.
    held_out : float
        Rate of the sample of a held-out case's segments (the control rate where that is higher).
    seed : int
        Of the study; fixes every segment's random number.
    mode : {"flagged_segments", "whole_session"}
        In the second every segment is selected, and the rest of the rule does nothing.
    """

    budget: float | None = 0.3
    budget_count: int | None = None
    threshold: float | None = None
    uncertain: float = 0.1
    control: float = 0.1
    held_out: float = 0.5
    seed: int = 1
    mode: Mode = "flagged_segments"

    def __post_init__(self) -> None:
        given = [value for value in (self.budget, self.budget_count, self.threshold) if value is not None]
        shares = [self.budget or 0.0, self.threshold or 0.0, self.uncertain, self.control, self.held_out]
        if len(given) != 1:
            raise ConfigError("the selection has no single rule.", "Give one of budget, budget_count, threshold.")
        if not all(0.0 <= share <= 1.0 for share in shares) or (self.budget_count or 0) < 0:
            raise ConfigError("a share of the selection is out of range.", "Shares lie between 0 and 1.")

    @property
    def in_words(self) -> str:
        """The rule as one line, stored with every decision."""
        if self.mode == "whole_session":
            return f"whole sessions, seed {self.seed}"
        if self.threshold is not None:
            likely = f"threshold {self.threshold:g}"
        else:
            likely = f"budget {self.budget:g}" if self.budget is not None else f"budget of {self.budget_count}"
            likely += " by expected markers"
        return f"{likely}, uncertain {self.uncertain:g}, control {self.control:g}, seed {self.seed}"


@dataclass(frozen=True, slots=True)
class SegmentDecision:
    """One segment, decided: taken or not, why, with which probability; never changed, only added to.

    Attributes
    ----------
    segment_id, session_id, case_id : str
    round : int
        From 1.
    stratum : Stratum
        ``rest``: not selected.
    probability_of_selection : float
        1 for flags and whole sessions. For control and rest the probability with which the random number
        selects, given the score and that no earlier round had selected the segment.
    random_number : float
        The segment's permanent number in [0, 1), drawn at first sight.
    is_control : bool
        ``random_number`` below the rule's control rate, for flagged segments and those of held-out cases too: a
        simple random sample of all segments.
    control_rate : float
        Rate of this round with which the segment was tried by chance.
    control_floor : float
        Highest control rate that the segment had been tried with before; its number is known to be at least
        this.
    rule, model_id, reason : str
        In words, none of them the transcript's.
    score : float or None
        Chance of at least one marker; None where no turn has a probability.
    expected_markers, spread : float
        What the likely and the uncertain were ranked by.
    held_out : bool
        Of a held-out case: no score had a part in the decision. Leave these out of what is said of flags.
    """

    segment_id: str
    session_id: str
    case_id: str
    round: int
    stratum: Stratum
    probability_of_selection: float
    random_number: float
    is_control: bool
    control_rate: float
    control_floor: float
    rule: str
    model_id: str
    reason: str
    score: float | None
    expected_markers: float
    held_out: bool = False
    spread: float = 0.0

    __pydantic_config__ = ConfigDict(extra="forbid")

    @property
    def selected(self) -> bool:
        """Whether people code it."""
        return self.stratum != "rest"

    @property
    def flagged(self) -> bool:
        """Whether the machine asked for it: likely or uncertain."""
        return self.stratum in ("likely", "uncertain")


_RECORD = TypeAdapter(SegmentDecision)


def current_decisions(decisions: Iterable[SegmentDecision]) -> dict[str, SegmentDecision]:
    """Last decision of each segment, by segment id."""
    return {decision.segment_id: decision for decision in decisions}


def select_segments(
    scores: Iterable[SegmentScore],
    rule: SelectionRule,
    *,
    decided: Sequence[SegmentDecision] = (),
    round_number: int = 1,
    reopen: bool = False,
    held_out: Collection[str] = (),
) -> tuple[SegmentDecision, ...]:
    """Decide the segments that have no decision yet.

    Parameters
    ----------
    scores : iterable of SegmentScore
        Of every segment at hand; their order does not matter. Segments already decided are passed over.
    rule : SelectionRule
    decided : sequence of SegmentDecision
        The log so far.
    round_number : int
        Shares count over all that is decided in one round, so a session that arrives alone gets its share
        too.
    reopen : bool
        Decide also, again, what an earlier round left in the rest: for a new round after a new model. What
        was selected stays selected. A segment tried at rate ``a`` before and at ``b`` now is selected as a
        control with the conditional probability (b - a) / (1 - a), or 0 where b <= a.
    held_out : collection of str
        Cases of which chance alone selects segments, at the rate ``rule.held_out``.

    Returns
    -------
    tuple of SegmentDecision
        The new decisions alone, by segment id; append them to the log before anything is built on them.

    Raises
    ------
    ConfigError
        If two segments have the same id.
    """
    before = current_decisions(decided)
    new = {}
    for score in scores:
        if score.segment_id in new:
            raise ConfigError(f"segment {score.segment_id!r} appears twice.", "Give every session an id of its own.")
        earlier = before.get(score.segment_id)
        again = reopen and earlier is not None and not earlier.selected and earlier.round < round_number
        if earlier is None or again:
            new[score.segment_id] = score
    by_score = [score for score in new.values() if rule.mode == "whole_session" or score.case_id not in held_out]
    this_round = [d for d in before.values() if d.round == round_number and not d.held_out]
    flags = _flags(by_score, rule, this_round)
    return tuple(
        _decide(new[name], rule, flags, before.get(name), round_number, held_out=new[name].case_id in held_out)
        for name in sorted(new)
    )


def _flags(
    new: list[SegmentScore], rule: SelectionRule, this_round: Sequence[SegmentDecision]
) -> Mapping[str, tuple[Stratum, str]]:
    """Stratum and reason of the segments that the scores ask for."""
    if rule.mode == "whole_session":
        return {score.segment_id: ("whole_session", "every segment of the session is coded") for score in new}
    scored = {score.segment_id: score for score in new if score.probability is not None}

    def highest(value: Mapping[str, float], number: int) -> list[str]:
        # Ties are broken by a number of their own: the permanent one must have no say in who is flagged.
        order = sorted(value, key=lambda name: (-value[name], uniform(rule.seed, "tie", name), name))
        return order[: max(0, number)]

    expected = {name: score.expected_markers for name, score in scored.items()}
    if rule.threshold is not None:
        likely = [name for name, score in scored.items() if (score.probability or 0.0) >= rule.threshold]
        why = f"at or above the threshold of {rule.threshold:g}"
    elif rule.budget is not None:
        likely = highest(expected, share_of(rule.budget, len(new), len(this_round)))
        why = f"within the budget of {rule.budget:.0%} of the new segments"
    else:
        taken = sum(decision.stratum == "likely" for decision in this_round)
        likely = highest(expected, (rule.budget_count or 0) - taken)
        why = f"within the budget of {rule.budget_count} segments"
    flags: dict[str, tuple[Stratum, str]] = dict.fromkeys(likely, ("likely", why))
    left = {name: score for name, score in scored.items() if name not in flags}
    if rule.threshold is not None:
        unsure = {name: -abs((score.probability or 0.0) - rule.threshold) for name, score in left.items()}
        why = f"among those closest to {rule.threshold:g}"
    else:
        unsure = {name: score.spread for name, score in left.items()}
        why = "among those whose number of markers is least sure"
    for name in highest(unsure, share_of(rule.uncertain, len(new), len(this_round))):
        flags[name] = ("uncertain", why)
    return flags


def _decide(
    score: SegmentScore,
    rule: SelectionRule,
    flags: Mapping[str, tuple[Stratum, str]],
    earlier: SegmentDecision | None,
    round_number: int,
    *,
    held_out: bool,
) -> SegmentDecision:
    number = uniform(rule.seed, "control", score.segment_id) if earlier is None else earlier.random_number
    floor = 0.0 if earlier is None else max(earlier.control_floor, earlier.control_rate)
    control = 0.0 if rule.mode == "whole_session" else rule.control
    rate = max(control, rule.held_out) if held_out and rule.mode != "whole_session" else control
    by_chance = (rate - floor) / (1.0 - floor) if floor < rate else 0.0
    decision = SegmentDecision(
        segment_id=score.segment_id,
        session_id=score.session_id,
        case_id=score.case_id,
        round=round_number,
        stratum="rest",
        probability_of_selection=by_chance,
        random_number=number,
        is_control=number < control,
        control_rate=rate,
        control_floor=floor,
        rule=rule.in_words,
        model_id=score.model_id,
        reason="not selected",
        score=score.probability,
        expected_markers=score.expected_markers,
        spread=score.spread,
        held_out=held_out,
    )
    if score.segment_id in flags:
        stratum, why = flags[score.segment_id]
        words = why if stratum == "whole_session" else f"{stratum}: {score.in_words}; {why}"
        return replace(decision, stratum=stratum, probability_of_selection=1.0, reason=words)
    if floor <= number < rate:
        if held_out:
            return replace(decision, stratum="held_out", reason=f"held-out case: drawn by chance at a rate of {rate:g}")
        return replace(decision, stratum="control", reason=f"control: drawn by chance at a rate of {rate:g}")
    return decision


def read_decisions(path: Path) -> tuple[SegmentDecision, ...]:
    """Read selection.jsonl, oldest first; empty where there is none yet."""
    return read_records(path, _RECORD)


def append_decisions(path: Path, decisions: Iterable[SegmentDecision]) -> int:
    """Add decisions to selection.jsonl; nothing there is ever changed."""
    return append_records(path, decisions, _RECORD)
