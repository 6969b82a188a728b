"""Gold of a study, split for good into what may be learnt from and what models are compared on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rupture_markers.coding.gold import current_adjudications, gold_turns, read_adjudications
from rupture_markers.errors import StudyError
from rupture_markers.learning.held_out import read_held_out
from rupture_markers.learning.manifest import Manifest
from rupture_markers.markers.codebook import Codebook
from rupture_markers.markers.marker import CODED_SPEAKER, FAMILIES, Family, Gold
from rupture_markers.transcripts.transcript import Transcript
from rupture_markers.workflow import reading
from rupture_markers.workflow.coded_study import counted_answers
from rupture_markers.workflow.config import config_sha256
from rupture_markers.workflow.gate import content_sha256
from rupture_markers.workflow.study import Study

MARKED = 0.5
"""Share of the coders from which a turn counts as marked in counts; training uses the shares as they are."""


@dataclass(frozen=True)
class StudyGold:
    """Gold to learn from, and gold to compare on.

    Attributes
    ----------
    training : tuple of Gold
        Of all cases but the held-out ones; assisted codings among them.
    held_out : tuple of Gold
        Of held-out cases: blind codings alone, and no turn that one coder alone coded.
    held_out_cases : tuple of str
        As they were drawn, with gold or without.
    set_aside : str
        How many codes of the other party were set aside, as a line; empty where none was.
    """

    training: tuple[Gold, ...]
    held_out: tuple[Gold, ...]
    held_out_cases: tuple[str, ...]
    set_aside: str = ""


def study_gold(study: Study, codebook: Codebook) -> StudyGold:
    """Gold of the study's codings and adjudications, split by case."""
    counted = counted_answers(study, codebook)
    answers = counted.answers
    adjudicated = current_adjudications(read_adjudications(study.adjudications))
    drawn = read_held_out(study.held_out)
    kept = frozenset() if drawn is None else frozenset(drawn.cases)
    learnt = [a for a in answers if a.case_id not in kept]
    apart = [a for a in answers if a.case_id in kept]
    return StudyGold(
        gold_turns(learnt, adjudicated, codebook, blind_only=False),
        tuple(g for g in gold_turns(apart, adjudicated, codebook, blind_only=True) if g.rule != "single"),
        tuple(sorted(kept)),
        counted.notice,
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


def marked_turns(gold: Sequence[Gold]) -> dict[Family, float]:
    """Turns that count as marked, by family."""
    return {family: float(sum(g.family == family and g.share >= MARKED for g in gold)) for family in FAMILIES}


def gold_sha256(study: Study, gold: StudyGold, base: Manifest) -> str:
    """Hash of everything that a candidate comes from, and of the gold that it is compared on."""
    rows = [f"{g.session_id}\x1f{g.turn}\x1f{g.family}\x1f{g.share:.6f}" for g in (*gold.training, *gold.held_out)]
    contents = [
        content_sha256(reading.session(study, name))
        for name in sorted({g.session_id for g in (*gold.training, *gold.held_out)})
    ]
    return config_sha256(
        base.sha256, study.codebook().sha256, study.config.retraining, *gold.held_out_cases, *contents, *rows
    )


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
