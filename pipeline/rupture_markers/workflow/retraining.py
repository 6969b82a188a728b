"""The stages of retraining, as plain functions: gold, candidate, comparison, decision. Each can be run again.

A candidate's id is a hash of everything that it is made from, so the same gold gives the same candidate: a run that was
killed is finished by the next, and gold that was tried is not tried twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from rupture_markers.coding.codings_log import current_answers, read_coded_segments
from rupture_markers.coding.gold import Adjudication, gold_turns
from rupture_markers.errors import StudyError
from rupture_markers.learning.champion import Decision, champion_id, read_history, record, settle
from rupture_markers.learning.comparison import HeldOutTurns, Verdict, compare, judge
from rupture_markers.learning.estimator import probability
from rupture_markers.learning.figures import family_figures, threshold_for_recall
from rupture_markers.learning.held_out import read_held_out
from rupture_markers.learning.manifest import HeldOutComparison, Manifest, Metrics, OwnTraining, Thresholds
from rupture_markers.learning.own_model import FOLDS, GoldTurns, OwnFit, fit_own
from rupture_markers.learning.record_log import read_records
from rupture_markers.learning.registry import (
    MANIFEST_FILE,
    STACKED_FORMAT,
    LoadedModel,
    library_versions,
    load_model,
    save_model,
)
from rupture_markers.learning.stacked import StackedModel
from rupture_markers.learning.terms import LEAST_CASES, count_sorted
from rupture_markers.learning.turn_table import build_table
from rupture_markers.markers.codebook import Codebook
from rupture_markers.markers.marker import CODED_SPEAKER, FAMILIES, Family, Gold
from rupture_markers.reports.model_card import write_model_card
from rupture_markers.transcripts.transcript import Transcript
from rupture_markers.workflow import reading, stages
from rupture_markers.workflow.config import config_sha256
from rupture_markers.workflow.progress import observer
from rupture_markers.workflow.study import Study

MARKED = 0.5
"""Share of the coders from which a turn counts as marked in counts; training uses the shares as they are."""
STEPS = 5
_ADJUDICATION = TypeAdapter(Adjudication)


@dataclass(frozen=True)
class StudyGold:
    """Gold of a study, split for good into what may be learnt from and what models are compared on.

    Attributes
    ----------
    training : tuple of Gold
        Of all cases but the held-out ones; assisted codings among them.
    held_out : tuple of Gold
        Of held-out cases: blind codings alone, and no turn that one coder alone coded.
    held_out_cases : tuple of str
        As they were drawn, with gold or without.
    """

    training: tuple[Gold, ...]
    held_out: tuple[Gold, ...]
    held_out_cases: tuple[str, ...]


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

    def rows(self) -> list[tuple[str, str]]:
        """As rows of a table people read."""
        return [
            ("candidate", self.candidate),
            ("learnt from", f"{self.turns} turns with gold of {self.training_cases} cases"),
            ("marked", ", ".join(f"{family} {count:g}" for family, count in self.marked.items())),
            ("chosen in the folds", ", ".join(f"{family}: {choice}" for family, choice in self.choices.items())),
            ("compared on", f"{self.held_out_cases} held-out cases"),
            ("promoted" if self.promoted else "kept", self.reason),
            ("model in use", self.champion),
        ]


def study_gold(study: Study, codebook: Codebook) -> StudyGold:
    """Gold of the study's codings and adjudications, split by case."""
    answers = current_answers(read_coded_segments(study.codings))
    adjudicated = read_records(study.adjudications, _ADJUDICATION)
    drawn = read_held_out(study.held_out)
    kept = frozenset() if drawn is None else frozenset(drawn.cases)
    learnt = [a for a in answers if a.case_id not in kept]
    apart = [a for a in answers if a.case_id in kept]
    return StudyGold(
        gold_turns(learnt, adjudicated, codebook, blind_only=False),
        tuple(g for g in gold_turns(apart, adjudicated, codebook, blind_only=True) if g.rule != "single"),
        tuple(sorted(kept)),
    )


def require_held_out(study: Study, gold: StudyGold) -> None:
    """Refuse to compare where there is nothing to compare on.

    Raises
    ------
    StudyError
    """
    if not gold.held_out_cases:
        raise StudyError(
            "no cases are held out, so models cannot be compared.",
            "They are drawn by the first 'rupture run' with six cases of which nothing was selected yet; "
            "'retraining: held_out' in study.yaml must not be 0.",
            path=study.folder,
        )
    if not gold.held_out:
        raise StudyError(
            f"the {len(gold.held_out_cases)} held-out cases have no gold yet, so models cannot be compared.",
            "Let two coders code their segments blind (a single coding is no gold there), collect, then try again.",
            path=study.folder,
        )


def require_enough(study: Study, gold: StudyGold) -> None:
    """Refuse to train, or to compare, on too little.

    Raises
    ------
    StudyError
        Saying how much more is needed.
    """
    rule = study.config.retraining
    lacks = []
    cases = {g.case_id for g in gold.training}
    if len(cases) < rule.minimum_cases:
        lacks.append(f"{rule.minimum_cases - len(cases)} more cases with codings (there are {len(cases)})")
    marked = marked_turns(gold.training)
    for family in rule.measures:
        if marked[family] < rule.minimum_positives:
            need = rule.minimum_positives - marked[family]
            lacks.append(f"{need:g} more turns marked as {family} (there are {marked[family]:g})")
    if lacks:
        raise StudyError(
            f"there is too little to learn from: {'; '.join(lacks)}.",
            "Code more, collect, then retrain; the present model stays in use.",
            path=study.folder,
        )


def marked_turns(gold: Sequence[Gold]) -> dict[Family, float]:
    """Turns that count as marked, by family."""
    return {family: float(sum(g.family == family and g.share >= MARKED for g in gold)) for family in FAMILIES}


def gold_sha256(study: Study, gold: StudyGold, base: Manifest) -> str:
    """Hash of everything that a candidate comes from, and of the gold that it is compared on."""
    rows = [f"{g.session_id}\x1f{g.turn}\x1f{g.family}\x1f{g.share:.6f}" for g in (*gold.training, *gold.held_out)]
    contents = [
        reading.session(study, name).content_sha256
        for name in sorted({g.session_id for g in (*gold.training, *gold.held_out)})
    ]
    return config_sha256(
        base.sha256, study.codebook().sha256, study.config.retraining, *gold.held_out_cases, *contents, *rows
    )


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
    observer().begin("retrain", STEPS)
    base = load_base(study, codebook)
    champion = stages.model_of(study, codebook)
    require_apart(gold, base.manifest, champion.manifest)
    key = gold_sha256(study, gold, base.manifest)
    name = f"{study.config.study}-{key[:10]}"
    observer().advance()
    if (study.models / name / MANIFEST_FILE).is_file():
        candidate = load_study_model(study, name, codebook)
        observer().advance(STEPS - 2)
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


def require_apart(gold: StudyGold, *models: Manifest) -> None:
    """Refuse a comparison on cases that one of the models has learnt from.

    Raises
    ------
    StudyError
    """
    for manifest in models:
        seen = set(manifest.training_cases) & set(gold.held_out_cases)
        if seen:
            raise StudyError(
                f"model '{manifest.id}' has learnt from {len(seen)} of the held-out cases, so nothing can be compared "
                "with it on them.",
                "Name a model in study.yaml that has not; 'rupture models show' lists what a model has learnt from.",
            )


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


def load_base(study: Study, codebook: Codebook) -> LoadedModel:
    """Load the model that study.yaml names: what every candidate stands on."""
    return load_model(
        stages.base_reference(study), codebook, cues=study.cues(codebook), spacy_model=study.config.spacy_model
    )


def load_study_model(study: Study, name: str, codebook: Codebook) -> LoadedModel:
    """Load one of the study's own models."""
    return load_model(study.models / name, codebook, cues=study.cues(codebook), spacy_model=study.config.spacy_model)


def probabilities(loaded: LoadedModel, transcripts: Sequence[Transcript]) -> dict[tuple[str, int], NDArray[np.float64]]:
    """Probabilities of every turn, by session and turn."""
    table = build_table(transcripts, loaded.featurise, counter=loaded.model.counter())
    return dict(zip(table.keys, loaded.model.score_table(table).probabilities, strict=True))


def gold_columns(gold: Sequence[Gold], transcripts: Sequence[Transcript]) -> dict[tuple[str, int], NDArray[np.float64]]:
    """Gold share of every turn with gold, by session and turn: one number a family, NaN where it is not coded."""
    speakers = {(t.session_id, turn.index): turn.speaker for t in transcripts for turn in t.turns}
    out: dict[tuple[str, int], NDArray[np.float64]] = {}
    for g in gold:
        key = (g.session_id, g.turn)
        if speakers.get(key) == CODED_SPEAKER[g.family]:
            out.setdefault(key, np.full(len(FAMILIES), np.nan))[FAMILIES.index(g.family)] = g.share
    return out


def transcripts_of(study: Study, gold: Sequence[Gold]) -> list[Transcript]:
    """Sessions that have gold."""
    return [reading.session(study, name) for name in sorted({g.session_id for g in gold})]


def training_turns(base: LoadedModel, transcripts: Sequence[Transcript], gold: Sequence[Gold]) -> GoldTurns:
    """Turns with gold, with the baseline's log-odds and their words."""
    shares = gold_columns(gold, transcripts)
    scored = probabilities(base, transcripts)
    rows = [(t.case_id, turn.spoken, (t.session_id, turn.index)) for t in transcripts for turn in t.turns]
    rows = [row for row in rows if row[2] in shares]
    given = np.array([scored[key] for _, _, key in rows]).reshape(len(rows), len(FAMILIES))
    counts, terms = count_sorted([text for _, text, _ in rows], characters=False)
    return GoldTurns(
        np.log(given / (1 - given)),
        counts,
        terms,
        np.array([shares[key] for _, _, key in rows]).reshape(len(rows), len(FAMILIES)),
        np.array([case for case, _, _ in rows], dtype=np.str_),
    )


def held_out_turns(
    candidate: LoadedModel, champion: LoadedModel, transcripts: Sequence[Transcript], gold: Sequence[Gold]
) -> HeldOutTurns:
    """Turns of held-out cases with gold, with the scores of both models."""
    shares = gold_columns(gold, transcripts)
    case = {t.session_id: t.case_id for t in transcripts}
    new, old = probabilities(candidate, transcripts), probabilities(champion, transcripts)
    keys = sorted(shares)
    shape = (len(keys), len(FAMILIES))
    return HeldOutTurns(
        np.array([shares[key] for key in keys]).reshape(shape),
        np.array([new[key] for key in keys]).reshape(shape),
        np.array([old[key] for key in keys]).reshape(shape),
        np.array([case[key[0]] for key in keys], dtype=np.str_),
    )


def make_candidate(
    study: Study,
    gold: StudyGold,
    base: LoadedModel,
    champion: LoadedModel,
    name: str,
    key: str,
    codebook: Codebook,
) -> LoadedModel:
    """Fit a candidate, compare it with the champion and write it down whole."""
    rule = study.config.retraining
    learnt = transcripts_of(study, gold.training)
    turns = training_turns(base, learnt, gold.training)
    observer().advance()
    fit = fit_own(turns, seed=rule.seed)
    observer().advance()
    model = StackedModel(base.model, fit.model)
    unsaved = LoadedModel(base.manifest, model, base.featurise, base.codes)
    apart = transcripts_of(study, gold.held_out)
    found = compare(
        held_out_turns(unsaved, champion, apart, gold.held_out), rule.measures, champion=champion.id, seed=rule.seed
    )
    training = OwnTraining(
        base=base.id,
        base_sha256=base.manifest.sha256,
        choices=dict(fit.choices),
        average_precision={family: dict(values) for family, values in fit.average_precision.items()},
        turns=len({(g.session_id, g.turn) for g in gold.training}),
        assisted_turns=len({(g.session_id, g.turn) for g in gold.training if not g.blind}),
        marked=marked_turns(gold.training),
        gold_sha256=key,
        comparison=found,
    )
    save_model(study.models / name, model, _manifest(study, gold, base, champion, name, codebook, turns, fit, training))
    write_model_card(study.models / name, page=True)
    observer().advance()
    return load_study_model(study, name, codebook)


def _manifest(
    study: Study,
    gold: StudyGold,
    base: LoadedModel,
    champion: LoadedModel,
    name: str,
    codebook: Codebook,
    turns: GoldTurns,
    fit: OwnFit,
    training: OwnTraining,
) -> Manifest:
    cues = study.cues(codebook)
    own_terms = len(fit.model.vocabulary.terms)
    return base.manifest.model_copy(
        update={
            "format": STACKED_FORMAT,
            "id": name,
            "parent": champion.id,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "codebook_name": codebook.name,
            "codebook_version": codebook.version,
            "codebook_sha256": codebook.sha256,
            "cues_version": cues.version,
            "cues_sha256": cues.sha256,
            "spacy_model": study.config.spacy_model,
            "families": {family: list(codes) for family, codes in base.codes.items()},
            "training_sets": base.manifest.training_sets
            | {study.config.study: len({g.session_id for g in gold.training})},
            "training_cases": sorted({*base.manifest.training_cases, *(g.case_id for g in gold.training)}),
            "held_out_cases": sorted({*base.manifest.held_out_cases, *gold.held_out_cases}),
            "label_source": f"{base.manifest.label_source}; and the coders of study '{study.config.study}'",
            "terms": base.manifest.terms + own_terms,
            "least_cases_a_term": LEAST_CASES,
            "config": base.manifest.config | {"own": {"folds": FOLDS, "seed": study.config.retraining.seed}},
            "metrics": _metrics(study, turns, fit, base.manifest.metrics),
            "own": training,
            "thresholds": _thresholds(base.manifest.thresholds, turns, fit),
            "libraries": library_versions(),
        }
    )


def _of_family(turns: GoldTurns, column: int) -> NDArray[np.int64]:
    return np.flatnonzero(~np.isnan(turns.share[:, column]) & ~np.isnan(turns.base[:, column]))


def _metrics(study: Study, turns: GoldTurns, fit: OwnFit, of_base: Metrics | None) -> Metrics:
    figures = {}
    for column, family in enumerate(FAMILIES):
        rows = _of_family(turns, column)
        found = family_figures(
            turns.share[rows, column],
            probability(fit.out_of_fold[rows, column]),
            probability(turns.base[rows, column]),
        )
        if found is not None:
            figures[family] = found
    return Metrics(
        procedure=(
            f"the study's set: {FOLDS}-fold cross-validation of the lab's own part, grouped by case, on the segments "
            "that were coded (most of them chosen by score, so figures are no figures of whole sessions), beside the "
            "baseline as it is; the choice of each family was made on the same folds, so its figure is a little too "
            f"good. The other sets: the baseline's own. {of_base.procedure if of_base else ''}"
        ).strip(),
        folds=FOLDS,
        seed=study.config.retraining.seed,
        by_set=(of_base.by_set if of_base else {}) | {study.config.study: figures},
    )


def _thresholds(of_base: Thresholds, turns: GoldTurns, fit: OwnFit) -> Thresholds:
    """The baseline's where it is used as it is; else the lab's own, on scores out of fold."""
    value, flagged, precision = dict(of_base.value), dict(of_base.flagged), dict(of_base.precision)
    for column, family in enumerate(FAMILIES):
        rows = _of_family(turns, column)
        if fit.choices[family] != "baseline" and len(rows):
            value[family], flagged[family], precision[family] = threshold_for_recall(
                turns.share[rows, column], probability(fit.out_of_fold[rows, column]), of_base.recall
            )
    return Thresholds(
        rule=(
            "the highest probability that finds this share of the markers, on scores out of fold of the coded "
            "segments; the baseline's where it is used as it is"
        ),
        recall=of_base.recall,
        value=value,
        flagged=flagged,
        precision=precision,
    )
