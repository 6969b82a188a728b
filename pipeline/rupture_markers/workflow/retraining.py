"""Retraining: gold, candidate, comparison, decision. Every step can be run again.

A candidate's id is a hash of everything that it is made from, so the same gold gives the same candidate: a run that was
killed is finished by the next, and gold that was tried is not tried twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from rupture_markers.learning.champion import Decision, champion_id, read_history, record, settle
from rupture_markers.learning.comparison import Verdict, compare, judge
from rupture_markers.learning.manifest import HeldOutComparison
from rupture_markers.learning.registry import MANIFEST_FILE, LoadedModel
from rupture_markers.markers.marker import Family
from rupture_markers.workflow import stages
from rupture_markers.workflow.asked import is_asked
from rupture_markers.workflow.candidate import (
    CANDIDATE_STEPS,
    held_out_turns,
    load_base,
    load_study_model,
    make_candidate,
)
from rupture_markers.workflow.progress import observer
from rupture_markers.workflow.study import Study
from rupture_markers.workflow.study_gold import (
    StudyGold,
    gold_sha256,
    marked_turns,
    require_apart,
    require_enough,
    require_held_out,
    study_gold,
    transcripts_of,
)


@dataclass(frozen=True)
class RetrainReport:
    """What retraining came to; ids, counts and figures alone.

    Attributes
    ----------
    promoted : bool
    reason : str
    choices : dict of Family to str
        What the candidate does for each family.
    comparison : HeldOutComparison or None
        None where the same gold was tried before.
    """

    candidate: str
    champion: str
    promoted: bool
    reason: str
    training_cases: int
    held_out_cases: int
    turns: int
    marked: dict[Family, float]
    choices: dict[Family, str]
    comparison: HeldOutComparison | None
    set_aside: str = ""

    def rows(self) -> list[tuple[str, str]]:
        """As rows of a table people read."""
        return [
            ("candidate", self.candidate),
            ("learnt from", f"{self.turns} turns with gold of {self.training_cases} cases"),
            *([("left out", self.set_aside)] if self.set_aside else []),
            ("marked", ", ".join(f"{family} {count:g}" for family, count in self.marked.items())),
            ("chosen in the folds", ", ".join(f"{family}: {choice}" for family, choice in self.choices.items())),
            ("compared on", f"{self.held_out_cases} held-out cases"),
            ("promoted" if self.promoted else "kept", self.reason),
            ("model in use", self.champion),
        ]


def retrain(study: Study, *, allow_equal: bool = False) -> RetrainReport:
    """Train a candidate from the study's gold, compare it, and promote or keep, with the reason written down.

    The same gold gives the same candidate: it is not made twice, and one that was taken back is not promoted again.

    Raises
    ------
    StudyError
        If there is too little gold, or a model has learnt from the held-out cases.
    """
    settle(study.models)
    codebook = study.codebook()
    gold = study_gold(study, codebook)
    require_enough(study, gold)
    require_held_out(study, gold)
    observer().begin("retrain", CANDIDATE_STEPS + 2)
    base = load_base(study, codebook)
    champion = stages.model_of(study, codebook) if champion_id(study.models) else base
    require_apart(gold, base.manifest, champion.manifest)
    key = gold_sha256(study, gold, base.manifest)
    name = f"{study.config.study}-{key[:10]}"
    observer().advance()
    if (study.models / name / MANIFEST_FILE).is_file():
        candidate = load_study_model(study, name, codebook)
        observer().advance(CANDIDATE_STEPS)
    else:
        candidate = make_candidate(study, gold, base, champion, name, key, codebook)
    found = comparison_with(study, gold, candidate, champion)
    verdict = _verdict(study, name, champion, found, allow_equal=allow_equal)
    own = candidate.manifest.own
    turns = own.turns if own is not None else 0
    if name != champion.id and last_decision(study, name) not in (
        "promote" if verdict.promoted else "keep",
        "rollback",
    ):
        decide(study, name, verdict, gold_turns=turns)
    observer().advance()
    return RetrainReport(
        candidate=name,
        champion=champion_id(study.models) or base.id,
        promoted=verdict.promoted,
        reason=verdict.reason,
        training_cases=len({g.case_id for g in gold.training}),
        held_out_cases=found.cases,
        turns=turns,
        marked=marked_turns(gold.training),
        choices={} if own is None else own.choices,
        comparison=found,
        set_aside=gold.set_aside,
    )


def comparison_with(study: Study, gold: StudyGold, candidate: LoadedModel, champion: LoadedModel) -> HeldOutComparison:
    """Comparison of two models on the held-out cases; the one in the candidate's manifest where it is the same."""
    own = candidate.manifest.own
    if own is not None and own.comparison is not None and own.comparison.champion == champion.id:
        return own.comparison
    rule = study.config.retraining
    turns = held_out_turns(candidate, champion, transcripts_of(study, gold.held_out), gold.held_out)
    return compare(turns, rule.measures, champion=champion.id, seed=rule.seed)


def _verdict(study: Study, name: str, champion: LoadedModel, found: HeldOutComparison, *, allow_equal: bool) -> Verdict:
    if name == champion.id:
        return Verdict(True, "promoted before; nothing new was coded since")
    if last_decision(study, name) == "rollback":
        return Verdict(False, "it was taken back by hand; 'rupture models promote' puts it in use again")
    rule = study.config.retraining
    return judge(found, rule.measures, certainty=rule.certainty, allow_equal=allow_equal)


def last_decision(study: Study, name: str) -> str:
    """What was decided last of a candidate; empty where nothing was."""
    return next((d.action for d in reversed(read_history(study.models)) if d.model == name), "")


def decide(study: Study, name: str, verdict: Verdict, *, gold_turns: int) -> None:
    """Put down what became of a candidate, and why."""
    record(
        study.models,
        Decision(
            "promote" if verdict.promoted else "keep",
            name,
            name if verdict.promoted else champion_id(study.models),
            verdict.reason,
            datetime.now(UTC).isoformat(timespec="seconds"),
            gold_turns,
        ),
    )


def is_due(study: Study) -> bool:
    """Whether retraining was asked for, or enough turns have got gold since the last time."""
    if is_asked(study, "retrain"):
        return True
    gold = study_gold(study, study.codebook())
    turns = len({(g.session_id, g.turn) for g in gold.training})
    tried = max((d.gold_turns for d in read_history(study.models)), default=0)
    return turns - tried >= study.config.retraining.new_turns
