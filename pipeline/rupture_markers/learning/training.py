"""Train a model from coded sessions, with its figures and thresholds, and the shipped baseline."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rupture_markers.errors import ModelError, StudyError
from rupture_markers.learning.dataset import CodedSet, join_sets, read_coded_folder
from rupture_markers.learning.degrees import read_degrees, with_degrees
from rupture_markers.learning.estimator import fit_model
from rupture_markers.learning.evaluation import CrossValidation, cross_validate, sets_of
from rupture_markers.learning.figures import threshold_for_recall
from rupture_markers.learning.fit_config import FitConfig
from rupture_markers.learning.manifest import Manifest, Metrics, NoveltyLimit, Thresholds
from rupture_markers.learning.model_parts import FORMAT
from rupture_markers.learning.novelty import QUANTILE
from rupture_markers.learning.registry import LoadedModel, library_versions, load_model, save_model
from rupture_markers.learning.terms import LEAST_CASES
from rupture_markers.learning.turn_featuriser import turn_featuriser
from rupture_markers.learning.turn_table import TurnTable, build_table, share_columns
from rupture_markers.markers.codebook import Codebook, load_codebook
from rupture_markers.markers.cues import CueList, load_cues
from rupture_markers.markers.defaults import default_file
from rupture_markers.markers.marker import FAMILIES, Family

RECALL = 0.5
"""Share of the markers that the thresholds are chosen to find."""
LEAST_TRAINING_CASES = 6
BASELINE_ID = "baseline-7"
SHARED_SETS = ("annomi", "mibot", "invented")
LIFELIKE = "models/training-data/lifelike"
"""Sessions written for this project that go with it, beside those of the shared data."""
DEGREES = "models/training-data/degrees/degrees.jsonl"
"""How far each turn of these sets is a marker, as large language models graded it."""
SET_WEIGHTS: Mapping[str, float] = {"invented": 0.05, "lifelike": 0.15}
"""Strain in sessions that were written is clearer and denser than real strain (docs/detection.md)."""
BASELINE_LABELS = (
    "two automated coders (large language models that read whole transcripts, following the coding guide), not people"
)
BASELINE_LICENCE = "CC-BY-SA-4.0"
BASELINE_SOURCES = (
    "MIBot v6.3A (Mahmood et al., Findings of ACL 2025), CC BY-SA 4.0: the model is shared under the same licence",
    "AnnoMI (Wu et al., ICASSP 2022; Future Internet 15(3):110, 2023): its repository states no licence; the model "
    "holds no sentence of it, only weights of terms that occur in at least three cases",
    "sessions invented for this project, and lifelike ones written for it and coded by large language models",
    "degrees of how far each turn is a marker, given by large language models for this project (models/training-data/degrees)",
)


def train(
    coded: CodedSet,
    out: Path,
    *,
    model_id: str,
    codebook: Codebook | None = None,
    cues: CueList | None = None,
    spacy_model: str = "blank",
    config: FitConfig | None = None,
    parent: str | None = None,
    held_out_cases: Iterable[str] = (),
    label_source: str = "not stated",
    licence: str = "not stated",
    data_sources: Iterable[str] = (),
    folds: int | None = 10,
    scores_folder: Path | None = None,
    without_in_baseline: Collection[str] = (),
    recall: float = RECALL,
    workers: int = 1,
    progress: Callable[[int], None] = lambda _: None,
) -> LoadedModel:
    """Fit on all coded sessions and write model and manifest.

    Parameters
    ----------
    out : Path
        Folder of the model.
    folds : int or None
        Folds of the cross-validation that its figures come from; None leaves the figures out.
    scores_folder : Path, optional
        Where the out-of-fold scores go, one file a set.
    progress : callable
        Called with 1 after each of ``steps(config, folds)`` steps.

    Returns
    -------
    LoadedModel
        As it was read back from ``out``.

    Raises
    ------
    ModelError
        If there are too few cases, or sessions of more than one language.
    """
    config = config or FitConfig()
    _require_enough(coded)
    codebook = codebook or load_codebook(None)
    cues = cues or load_cues(None, codebook)
    families = {family: tuple(code.id for code in codebook.of_family(family)) for family in codebook.families}
    table = build_table(coded.transcripts, turn_featuriser(codebook, cues, spacy_model))
    progress(1)
    metrics = None
    if folds is not None:
        checked = cross_validate(
            table, coded, families, config, folds=min(folds, len(coded.cases)), workers=workers,
            without_in_baseline=without_in_baseline, progress=progress,
        )  # fmt: skip
        metrics = _metrics(checked)
        if scores_folder is not None:
            checked.write(scores_folder)
    model, out_of_fold = fit_model(table, coded, families, config, progress=progress)
    counts = dict.fromkeys(sorted(set(coded.sets.values())), 0)
    for transcript in coded.transcripts:
        counts[coded.sets[transcript.session_id]] += 1
    manifest = Manifest(
        format=FORMAT,
        id=model_id,
        parent=parent,
        created=_now(),
        language=coded.transcripts[0].language,
        codebook_name=codebook.name,
        codebook_version=codebook.version,
        codebook_sha256=codebook.sha256,
        cues_version=cues.version,
        cues_sha256=cues.sha256,
        spacy_model=spacy_model,
        families={family: list(codes) for family, codes in families.items()},
        training_sets={name: count for name, count in counts.items() if count},
        training_cases=list(coded.cases),
        held_out_cases=sorted(held_out_cases),
        graded_turns=coded.graded_turns,
        label_source=label_source,
        licence=licence,
        data_sources=list(data_sources),
        config=asdict(config),
        terms=len(model.words.vocabulary.terms),
        least_cases_a_term=LEAST_CASES,
        features=len(model.feature_names),
        metrics=metrics,
        thresholds=_thresholds(table, coded, config, out_of_fold.probabilities, recall),
        novelty=_novelty_limit(out_of_fold.novelty),
        libraries=library_versions(),
        trusted_types=[],
        sha256="",
        size_bytes=0,
    )
    save_model(out, model, manifest)
    return load_model(out, codebook, cues=cues)


def steps(config: FitConfig | None = None, folds: int | None = 10) -> int:
    """How often `train` calls its ``progress``."""
    return 1 + (folds or 0) + (config or FitConfig()).inner_folds + 2


def train_baseline(
    data_folder: Path,
    out: Path,
    exclude_cases: Iterable[str] | None = None,
    seed: int = 20,
    progress: Callable[[int], None] = lambda _: None,
    *,
    workers: int = 2,
    scores_folder: Path | None = None,
) -> LoadedModel:
    """Train the shipped model from the folder of shared data (annomi, mibot, invented), the lifelike sessions, and the degrees of all.

    Parameters
    ----------
    exclude_cases : iterable of str, optional
        Cases that must not be learnt from; those of the sample study without.

    Raises
    ------
    IngestError
        If a set is missing or not as it must be.
    """
    codebook = load_codebook(None)
    excluded = set(sample_study_cases() if exclude_cases is None else exclude_cases)
    coded = baseline_sets(data_folder, codebook)
    return train(
        coded.without_cases(excluded),
        out,
        model_id=BASELINE_ID,
        codebook=codebook,
        config=FitConfig(seed=seed, set_weights=SET_WEIGHTS),
        held_out_cases=excluded,
        label_source=BASELINE_LABELS,
        licence=BASELINE_LICENCE,
        data_sources=BASELINE_SOURCES,
        scores_folder=scores_folder,
        without_in_baseline=tuple(SET_WEIGHTS),
        workers=workers,
        progress=progress,
    )


def baseline_sets(data_folder: Path, codebook: Codebook) -> CodedSet:
    """All that the shipped model may learn from: the folder of shared data, the lifelike sessions, and their degrees.

    Raises
    ------
    IngestError
        If a set is missing or not as it must be.
    """
    folders = [*(data_folder / name for name in SHARED_SETS), default_file(LIFELIKE)]
    coded = join_sets(read_coded_folder(folder, codebook) for folder in folders)
    return with_degrees(coded, read_degrees(default_file(DEGREES)))


def sample_study_cases() -> tuple[str, ...]:
    """Cases of the shipped sample study, which no shipped model may learn from."""
    folder = default_file("configs/sample-study")
    path = next((p for p in (folder / "cases-excluded.csv", folder / "sessions.csv") if p.exists()), None)
    if path is None:
        raise StudyError("the sample study has no sessions.csv.", "Name the cases to leave out.", path=folder)
    with path.open(encoding="utf-8-sig", newline="") as handle:
        return tuple(sorted({row["case_id"] for row in csv.DictReader(handle)}))


def _require_enough(coded: CodedSet) -> None:
    if len(coded.cases) < LEAST_TRAINING_CASES:
        raise ModelError(
            f"there are coded sessions of {len(coded.cases)} cases, and a model needs {LEAST_TRAINING_CASES}.",
            "Code more cases, or use the shipped model.",
        )
    languages = sorted({t.language for t in coded.transcripts})
    if len(languages) > 1:
        raise ModelError(
            f"the sessions are in {len(languages)} languages ({', '.join(languages)}).",
            "Train one model a language.",
        )


def _metrics(checked: CrossValidation) -> Metrics:
    return Metrics(
        procedure=(
            f"{checked.folds}-fold cross-validation grouped by case, all sets trained together, everything fitted "
            "inside the fold; the baseline is TF-IDF and logistic regression on the turn alone, in the same folds, "
            "trained on the real sets"
        ),
        folds=checked.folds,
        seed=checked.seed,
        by_set=checked.figures(),
    )


def _thresholds(
    table: TurnTable, coded: CodedSet, config: FitConfig, scores: NDArray[np.float64], recall: float
) -> Thresholds:
    share = share_columns(table, coded.shares)
    sets = sets_of(table, coded)
    full = np.array([config.set_weights.get(str(name), 1.0) >= 1.0 for name in sets])
    kept = full if full.any() else np.ones(len(sets), dtype=bool)
    value: dict[Family, float] = {}
    flagged: dict[Family, float] = {}
    precision: dict[Family, float] = {}
    for column, family in enumerate(FAMILIES):
        rows = table.rows_of(family)
        rows = rows[kept[rows]]
        value[family], flagged[family], precision[family] = threshold_for_recall(
            share[rows, column], scores[rows, column], recall
        )
    return Thresholds(
        rule="the highest probability that finds this share of the markers, on scores out of fold, sets of full weight",
        recall=recall,
        value=value,
        flagged=flagged,
        precision=precision,
    )


def _novelty_limit(held_out: NDArray[np.float64]) -> NoveltyLimit | None:
    """None where too few sessions were left in an inner fold to tell what is usual."""
    if not held_out.all():
        return None
    return NoveltyLimit(quantile=QUANTILE, value=float(np.quantile(held_out, QUANTILE)))


def _now() -> str:
    """Time of making; SOURCE_DATE_EPOCH (reproducible-builds.org) sets it where it is given."""
    given = os.environ.get("SOURCE_DATE_EPOCH", "")
    moment = datetime.fromtimestamp(int(given), UTC) if given.isdigit() else datetime.now(UTC)
    return moment.isoformat(timespec="seconds")
