"""A candidate: the study's baseline with a lab's own part, fitted on gold, compared with the champion, written down whole."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from rupture_markers.learning.calibration import probability
from rupture_markers.learning.comparison import HeldOutTurns, compare
from rupture_markers.learning.figures import family_figures, threshold_for_recall
from rupture_markers.learning.manifest import Manifest, Metrics, OwnTraining, Thresholds
from rupture_markers.learning.model_parts import STACKED_FORMAT
from rupture_markers.learning.own_model import FOLDS, GoldTurns, OwnFit, fit_own
from rupture_markers.learning.registry import LoadedModel, library_versions, load_model, save_model
from rupture_markers.learning.stacked import StackedModel
from rupture_markers.learning.terms import LEAST_CASES, count_sorted
from rupture_markers.learning.turn_table import build_table
from rupture_markers.markers.codebook import Codebook
from rupture_markers.markers.marker import FAMILIES, Gold
from rupture_markers.reports.model_card import write_model_card
from rupture_markers.transcripts.transcript import Transcript
from rupture_markers.workflow import stages
from rupture_markers.workflow.gate import content_sha256
from rupture_markers.workflow.progress import observer
from rupture_markers.workflow.study import Study
from rupture_markers.workflow.study_gold import StudyGold, gold_columns, marked_turns, transcripts_of

CANDIDATE_STEPS = 3
"""How often `make_candidate` advances the observer."""


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
    table = build_table(transcripts, loaded.featurise, counter=loaded.model.counter)
    return dict(zip(table.keys, loaded.model.score_table(table).probabilities, strict=True))


def training_turns(base: LoadedModel, transcripts: Sequence[Transcript], gold: Sequence[Gold]) -> GoldTurns:
    """Turns with gold, with the baseline's log-odds and their words."""
    shares = gold_columns(gold, transcripts)
    scored = probabilities(base, transcripts)
    rows = [(t.case_id, turn.spoken, (t.session_id, turn.index)) for t in transcripts for turn in t.turns]
    rows = [row for row in rows if row[2] in shares]
    given = np.array([scored[key] for _, _, key in rows]).reshape(len(rows), len(FAMILIES))
    counts, _, terms = count_sorted([text for _, text, _ in rows], characters=False)
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
        sessions=sorted(content_sha256(transcript) for transcript in learnt),
    )
    manifest = save_model(
        study.models / name, model, _manifest(study, gold, base, champion, name, codebook, turns, fit, training)
    )
    write_model_card(study.models / name, page=True)
    observer().advance()
    return LoadedModel(manifest, model, base.featurise, base.codes)


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
