"""A study's models: which there are, comparing two, and putting one in use or going back by hand."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from jinja2 import TemplateError

from rupture_markers.errors import ModelError, StudyError
from rupture_markers.learning.champion import (
    Decision,
    before_champion,
    champion_id,
    read_history,
    record,
    settle,
    study_model,
)
from rupture_markers.learning.comparison import compare
from rupture_markers.learning.manifest import HeldOutComparison, Manifest
from rupture_markers.learning.model_exchange import export_model, import_model
from rupture_markers.learning.registry import LoadedModel, list_models, load_model, read_manifest
from rupture_markers.reports.model_card import write_model_card
from rupture_markers.workflow import reading, stages
from rupture_markers.workflow.candidate import held_out_turns
from rupture_markers.workflow.gate import content_sha256, require_passed
from rupture_markers.workflow.study import Study
from rupture_markers.workflow.study_gold import require_apart, require_held_out, study_gold, transcripts_of


@dataclass(frozen=True, slots=True)
class StudyModel:
    """A model of a study, and what became of it.

    Attributes
    ----------
    in_use : bool
    last : str
        Last action of the history that is about it, '' for none.
    reason : str
        Why.
    """

    manifest: Manifest
    in_use: bool
    last: str
    reason: str


def study_models(study: Study) -> list[StudyModel]:
    """The model named in study.yaml, then the study's own in the order in which they were made."""
    base, champion = read_manifest(stages.base_reference(study)), champion_id(study.models)
    own = sorted(list_models(study.models), key=lambda manifest: manifest.created) if study.models.is_dir() else []
    last = {d.model: d for d in read_history(study.models)}
    out = [StudyModel(base, not champion, "", "named in study.yaml")]
    for manifest in own:
        decision = last.get(manifest.id)
        out.append(
            StudyModel(
                manifest,
                manifest.id == champion,
                decision.action if decision else "",
                decision.reason if decision else "",
            )
        )
    return out


def reference(study: Study, name: str) -> str | Path:
    """Where a model of the study is, by its id; also that of study.yaml, by its id or 'base'."""
    base = stages.base_reference(study)
    return base if name in ("base", read_manifest(base).id) else study_model(study.models, name)


def compare_models(study: Study, candidate: str, champion: str) -> HeldOutComparison:
    """Compare two models on the study's held-out cases, as retraining does; nothing is decided.

    Raises
    ------
    StudyError
        If there is no gold of held-out cases, or one of the two has learnt from them.
    """
    codebook = study.codebook()
    gold = study_gold(study, codebook)
    require_held_out(study, gold)
    new, old = (_load(study, name) for name in (candidate, champion))
    require_apart(gold, new.manifest, old.manifest)
    turns = held_out_turns(new, old, transcripts_of(study, gold.held_out), gold.held_out)
    rule = study.config.retraining
    return compare(turns, rule.measures, champion=old.id, seed=rule.seed)


def promote_by_hand(study: Study, name: str, reason: str) -> str:
    """Put a model of the study in use, whatever a comparison says; the reason is written down.

    Raises
    ------
    ModelError
        If it cannot be loaded for this study, has learnt from the held-out cases, or is in use already.
    """
    settle(study.models)
    loaded = _load(study, name)
    if loaded.id == _in_use(study):
        raise ModelError(f"model '{loaded.id}' is in use already.", "'rupture models list --study' shows it.")
    if name in ("base", read_manifest(stages.base_reference(study)).id):
        raise ModelError("this is the model of study.yaml.", "Go back to it with 'rupture models rollback'.")
    require_apart(study_gold(study, study.codebook()), loaded.manifest)
    record(study.models, Decision("promote", loaded.id, loaded.id, f"by hand: {reason}", _now()))
    return loaded.id


def roll_back(study: Study, reason: str) -> tuple[str, str]:
    """Go back to the model that was in use before.

    Returns
    -------
    gone, back : str
        Ids of the model taken out of use, and of the one in use now.

    Raises
    ------
    ModelError
        If there is nothing to go back to, or the model before cannot be loaded.
    """
    settle(study.models)
    before = before_champion(study.models)
    if before is None:
        raise ModelError(
            "the model of study.yaml is in use: there is nothing to go back to.",
            "To use another, name it under 'model:' in study.yaml.",
        )
    gone = champion_id(study.models)
    back = _load(study, before or "base").id
    record(study.models, Decision("rollback", gone, before, f"by hand: {reason}", _now()))
    return gone, back


def export(study: Study, name: str, out: Path) -> Path:
    """Write a model of the study as a zip file, if every session that it learnt from may leave the study.

    Raises
    ------
    StudyError
        If a session of its training cases has an open finding of the de-identification gate, or one that it learnt from
        is not as it was then: the gate would look at another text than the model's.
    """
    folder = study_model(study.models, name)
    manifest = read_manifest(folder)
    sessions = [reading.session(study, n) for n in reading.session_names(study)]
    if not study.config.public_data:
        _require_as_learnt(study, manifest, {content_sha256(session) for session in sessions})
    learnt = set(manifest.training_cases)
    require_passed(study, [s.session_id for s in sessions if s.case_id in learnt], "the model")
    return export_model(folder, out)


def _require_as_learnt(study: Study, manifest: Manifest, at_hand: Collection[str]) -> None:
    own = manifest.own
    if own is None or (own.sessions is None and _is_imported(study, manifest.id)):
        return
    if own.sessions is None:
        raise StudyError(
            f"model '{manifest.id}' does not say which texts it learnt from, so the gate cannot look at them.",
            "Retrain, then export the new model.",
            path=study.folder,
        )
    other = len(set(own.sessions).difference(at_hand))
    if other:
        raise StudyError(
            f"{other} of the {len(own.sessions)} sessions that model '{manifest.id}' learnt from are gone or not as they "
            "were then, so the gate cannot look at what it learnt.",
            "Retrain, then export the new model; 'rupture check' lists files that cannot be read.",
            path=study.folder,
        )


def _is_imported(study: Study, name: str) -> bool:
    """Whether the first that happened to a model here is that it came in: it passed the gate where it was trained."""
    first = next((d for d in read_history(study.models) if d.model == name), None)
    return first is not None and first.action == "import"


def import_into(study: Study, path: Path) -> str:
    """Put a model of a zip file among the study's, with a card of our own; it is not in use until it is promoted."""
    name = import_model(path, study.models, study.codebook(), complete=lambda folder: _write_card(folder, path))
    if not any(d.model == name and d.action == "import" for d in read_history(study.models)):
        record(study.models, Decision("import", name, champion_id(study.models), f"from {path.name}", _now()))
    return name


def _write_card(folder: Path, path: Path) -> None:
    try:
        write_model_card(folder, page=True)
    except (TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        raise ModelError(
            "no card can be written from the model's manifest: its figures do not fit together.", "Do not use it.",
            path=path,
        ) from None  # fmt: skip


def _load(study: Study, name: str) -> LoadedModel:
    codebook = study.codebook()
    return load_model(reference(study, name), codebook, cues=study.cues(codebook), spacy_model=study.config.spacy_model)


def _in_use(study: Study) -> str:
    return read_manifest(stages.model_reference(study)).id


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
