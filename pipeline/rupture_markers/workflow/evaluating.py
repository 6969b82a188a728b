"""Evaluation on a lab's own data: which folders it takes, and what it writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic

from pydantic import TypeAdapter, ValidationError

from rupture_markers.coding.gold import gold_turns, read_adjudications
from rupture_markers.errors import ModelError, StudyError
from rupture_markers.learning.behaviour import PAIRS_FILE, Pair, PairResult, pass_rates, read_pairs, run_pairs
from rupture_markers.learning.dataset import CodedSet, CodingsError
from rupture_markers.learning.degrees import read_degrees, with_degrees
from rupture_markers.learning.evaluate import evaluate, evaluate_saved, evaluation_table
from rupture_markers.learning.evaluation_report import EvaluationReport
from rupture_markers.learning.evaluation_set import (
    EvaluationSet,
    agreed_codes,
    join_evaluation_sets,
    read_evaluation_folder,
)
from rupture_markers.learning.evaluation_variations import EvaluationOptions, fits
from rupture_markers.learning.fit_config import FitConfig
from rupture_markers.learning.manifest import Manifest
from rupture_markers.learning.registry import MANIFEST_FILE, LoadedModel, load_model, model_folder, read_manifest
from rupture_markers.learning.scoring import score_transcripts
from rupture_markers.learning.word_model import LEAST_GRADED
from rupture_markers.markers.codebook import Codebook
from rupture_markers.markers.defaults import default_file
from rupture_markers.markers.marker import FAMILIES, Family
from rupture_markers.reports.evaluation_page import evaluation_page
from rupture_markers.transcripts.transcript import Transcript
from rupture_markers.transcripts.whole_file import whole_text_file
from rupture_markers.workflow.coded_study import counted_answers
from rupture_markers.workflow.gate import passed
from rupture_markers.workflow.progress import Observer
from rupture_markers.workflow.reading import session, session_names
from rupture_markers.workflow.study import open_study


def open_evaluation_set(folders: Sequence[Path], codebook: Codebook, labels: str = "") -> EvaluationSet:
    """Read study folders, and folders of transcripts.jsonl and codings.jsonl, as one set.

    Raises
    ------
    RuptureError
        If a folder is neither, or holds nothing coded.
    """
    sets = []
    for folder in folders:
        read = study_set if _is_study(folder) else read_evaluation_folder
        sets.append(read(folder, codebook, labels))
    return join_evaluation_sets(sets)


def _is_study(folder: Path) -> bool:
    return (folder / "study.yaml").exists() or folder.suffix in (".yaml", ".yml")


def study_set(path: Path, codebook: Codebook, labels: str = "") -> EvaluationSet:
    """Sessions of a study with the gold of its blind codings; turns that nobody coded are left out.

    Raises
    ------
    StudyError
        If nothing is coded yet.
    """
    study = open_study(path)
    answers = counted_answers(study, codebook).answers
    gold = gold_turns(answers, read_adjudications(study.adjudications), codebook, blind_only=True)
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


def learn_degrees(given: EvaluationSet, path: Path) -> EvaluationSet:
    """The set with the degrees of a file.

    Raises
    ------
    CodingsError
        If the file is none of degrees, or holds too few of the set's turns.
    """
    graded = replace(given, coded=with_degrees(given.coded, read_degrees(path)))
    turns = graded.coded.graded_turns
    if turns < LEAST_GRADED:
        raise CodingsError(
            f"it has degrees of {turns} turns of these sessions, and {LEAST_GRADED} are needed.",
            "Give the degrees of these sessions, or leave out --degrees.",
            path=path,
        )
    return graded


@dataclass(frozen=True)
class WayOfTraining:
    """What a model was fitted with, the cases that it kept out, and whether it learnt degrees."""

    config: FitConfig
    kept_out: tuple[str, ...]
    degrees: bool


def way_of(model: str) -> WayOfTraining:
    """How a model was trained."""
    manifest = read_manifest(model)
    return WayOfTraining(_config(manifest), tuple(manifest.held_out_cases), manifest.graded_turns > 0)


def evaluate_set(
    given: EvaluationSet,
    codebook: Codebook,
    options: EvaluationOptions,
    *,
    model: str | None,
    pairs: Path | None,
    observer: Observer,
) -> EvaluationReport:
    """Evaluate a saved model, or the way of training by cross-validation; behavioural checks for a saved one."""
    if model is not None:
        loaded = load_model(model, codebook)
        report = evaluate_saved(given, codebook, loaded, options)
        held = shipped_pairs(pairs)
        rates = pass_rates(check_behaviour(loaded, held)) if held else []
        return report.model_copy(update={"behaviour": rates})
    observer.begin("read", len(given.coded.transcripts))
    table = evaluation_table(given, codebook, observer.advance)
    total = fits(options, table, len(set(given.coded.sets.values())))
    observer.say(f"{total} models are to be fitted")
    observer.begin("fit", total)
    start, done = monotonic(), 0

    def advance(number: int) -> None:
        nonlocal done
        done += number
        if done == options.workers:
            observer.say(f"about {(monotonic() - start) * total / done / 60:.0f} minutes in all")
        observer.advance(number)

    return evaluate(given, codebook, options, table, advance)


@dataclass(frozen=True, slots=True)
class MissedWords:
    """Words of the turns that were missed, for the researcher's own eyes alone.

    Attributes
    ----------
    texts : Mapping of (session_id, turn) to str
        Of the sessions that the gates of their studies let through.
    notices : tuple of str
        One of each study that kept some back.
    """

    texts: Mapping[tuple[str, int], str]
    notices: tuple[str, ...] = ()


def words_of_misses(report: EvaluationReport, given: EvaluationSet, folders: Sequence[Path]) -> MissedWords:
    """Words of the turns that were missed; a page is passed on, so a session that a study's gate stops is left out."""
    wanted = {(miss.session_id, miss.turn) for miss in report.misses}
    sessions = {session_id for session_id, _ in wanted}
    stopped: set[str] = set()
    notices = []
    for study in (open_study(folder) for folder in folders if _is_study(folder)):
        passage = passed(study, [name for name in session_names(study) if name in sessions])
        stopped.update(passage.quarantined)
        if passage.quarantined:
            notices.append(passage.notice("shown"))
    texts = {
        (t.session_id, turn.index): turn.text
        for t in given.coded.transcripts
        for turn in t.turns
        if (t.session_id, turn.index) in wanted and t.session_id not in stopped
    }
    return MissedWords(texts, tuple(notices))


def write_evaluation(
    out: Path, report: EvaluationReport, texts: Mapping[tuple[str, int], str] | None = None
) -> tuple[Path, Path]:
    """Write evaluation.json and evaluation.html."""
    data, page = out / "evaluation.json", out / "evaluation.html"
    for path, text in ((data, report.model_dump_json(indent=1) + "\n"), (page, evaluation_page(report, texts))):
        with whole_text_file(path) as file:
            file.write(text)
    return data, page


def _fitted_alike(report: EvaluationReport, manifest: Manifest) -> bool:
    # As configs, not as they stand: an older manifest lacks the settings that came later.
    return (_config(report), report.graded_turns) == (_config(manifest), manifest.graded_turns)


def _config(given: EvaluationReport | Manifest) -> FitConfig:
    return TypeAdapter(FitConfig).validate_python(given.config)


def keep_evaluation(model: str | Path, path: Path) -> None:
    """Put an evaluation into the manifest of the model that it is of, behavioural checks included; the card quotes it.

    Raises
    ------
    ModelError
        If it is of another model, codebook or way of training.
    """
    manifest = read_manifest(model)
    try:
        report = EvaluationReport.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        raise ModelError("this is no evaluation.", "Make one with 'rupture evaluate'.", path=path) from None
    here = report.model_sha256 == manifest.sha256 if report.model_id else _fitted_alike(report, manifest)
    if not here or report.codebook_sha256 != manifest.codebook_sha256:
        raise ModelError(
            f"this evaluation is not of model '{manifest.id}' or its way of training.",
            "Evaluate with --model or --like, and with --degrees if it learnt degrees.", path=path,
        )  # fmt: skip
    pairs = shipped_pairs(None)
    rates = report.behaviour or (pass_rates(check_behaviour(load_model(model), pairs)) if pairs else [])
    kept = report.model_copy(update={"curves": {}, "misses": [], "behaviour": rates})
    with whole_text_file(model_folder(model) / MANIFEST_FILE) as out:
        out.write(manifest.model_copy(update={"evaluation": kept}).model_dump_json(indent=1) + "\n")
