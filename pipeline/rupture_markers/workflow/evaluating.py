"""Evaluation on a lab's own data: which folders it takes, and what it writes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rupture_markers.coding.codings_log import current_answers, read_coded_segments
from rupture_markers.coding.gold import Adjudication, gold_turns
from rupture_markers.errors import StudyError
from rupture_markers.learning.behaviour import PAIRS_FILE, Pair, PairResult, read_pairs, run_pairs
from rupture_markers.learning.dataset import CodedSet
from rupture_markers.learning.evaluation_set import (
    EvaluationSet,
    agreed_codes,
    join_evaluation_sets,
    read_evaluation_folder,
)
from rupture_markers.learning.record_log import read_records
from rupture_markers.learning.registry import LoadedModel
from rupture_markers.learning.scoring import score_transcripts
from rupture_markers.markers.codebook import Codebook
from rupture_markers.markers.defaults import default_file
from rupture_markers.markers.marker import FAMILIES, Family
from rupture_markers.transcripts.transcript import Transcript
from rupture_markers.workflow.reading import session, session_names
from rupture_markers.workflow.study import open_study
from pydantic import TypeAdapter

_ADJUDICATION = TypeAdapter(Adjudication)


def open_evaluation_set(folders: Sequence[Path], codebook: Codebook, labels: str = "") -> EvaluationSet:
    """Read study folders, and folders of transcripts.jsonl and codings.jsonl, as one set.

    Raises
    ------
    RuptureError
        If a folder is neither, or holds nothing coded.
    """
    sets = []
    for folder in folders:
        is_study = (folder / "study.yaml").exists() or folder.suffix in (".yaml", ".yml")
        sets.append(
            study_set(folder, codebook, labels) if is_study else read_evaluation_folder(folder, codebook, labels)
        )
    return join_evaluation_sets(sets)


def study_set(path: Path, codebook: Codebook, labels: str = "") -> EvaluationSet:
    """Sessions of a study with the gold of its blind codings; turns that nobody coded are left out.

    Raises
    ------
    StudyError
        If nothing is coded yet.
    """
    study = open_study(path)
    answers = current_answers(read_coded_segments(study.codings))
    gold = gold_turns(answers, read_records(study.adjudications, _ADJUDICATION), codebook, blind_only=True)
    if not gold:
        raise StudyError(
            "no blind coding has been collected yet.", "Code segments, then run 'rupture collect'.", path=study.folder
        )
    coded_sessions = {turn.session_id for turn in gold}
    transcripts = tuple(session(study, name) for name in session_names(study) if name in coded_sessions)
    codings = [coding for answer in answers if answer.arm == "blind" for coding in answer.codings]
    there = {t.session_id for t in transcripts}
    codings = [coding for coding in codings if coding.session_id in there]
    shares: dict[Family, dict[tuple[str, int], float]] = {family: {} for family in FAMILIES}
    for turn in gold:
        if turn.share > 0:
            shares[turn.family][turn.session_id, turn.turn] = turn.share
    weights: dict[tuple[str, int], dict[str, float]] = {}
    for coding in codings:
        for place, code in enumerate(coding.codes):
            of_turn = weights.setdefault((coding.session_id, coding.turn), {})
            of_turn[code] = of_turn.get(code, 0.0) + (2.0 if place == 0 else 1.0) / (len(coding.codes) + 1)
    coders = tuple(sorted({answer.coder for answer in answers if answer.arm == "blind"}))
    sets = dict.fromkeys(sorted(there), study.config.study)
    return EvaluationSet(
        CodedSet(transcripts, shares, weights, sets, coders),
        agreed_codes(transcripts, codings, codebook),
        frozenset((turn.session_id, turn.turn) for turn in gold if turn.session_id in there),
        labels or f"people, {len(coders)} coders, blind answers",
    )


def shipped_pairs(path: Path | None) -> tuple[Pair, ...]:
    """Pairs of the behavioural checks: of a file, or of the clone; none where an installation has no clone."""
    if path is not None:
        return read_pairs(path)
    try:
        return read_pairs(default_file(PAIRS_FILE))
    except StudyError:
        return ()


def check_behaviour(loaded: LoadedModel, pairs: Sequence[Pair]) -> tuple[PairResult, ...]:
    """Run the behavioural checks on a model."""

    def score(transcripts: Sequence[Transcript]) -> list[dict[int, dict[Family, float]]]:
        return [
            {row.turn: {f: p for f in FAMILIES if (p := row.probability(f)) is not None} for row in found.rows}
            for found in score_transcripts(loaded, transcripts, detail=False)
        ]

    return run_pairs(pairs, score)
