"""A study's models: which there are, comparing two, and putting one in use or going back by hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rupture_markers.errors import ModelError
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
from rupture_markers.workflow import reading, stages
from rupture_markers.workflow.candidate import held_out_turns
from rupture_markers.workflow.gate import require_passed
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
        If a session of its training cases has an open finding of the de-identification gate.
    """
    learnt = set(read_manifest(reference(study, name)).training_cases)
    known = reading.session_names(study)
    require_passed(study, [n for n in known if reading.session(study, n).case_id in learnt], "the model")
    return export_model(Path(study_model(study.models, name)), out)


def import_into(study: Study, path: Path) -> str:
    """Put a model of a zip file among the study's; it is not in use until it is promoted."""
    name = import_model(path, study.models, study.codebook())
    if not any(d.model == name and d.action == "import" for d in read_history(study.models)):
        record(study.models, Decision("import", name, champion_id(study.models), f"from {path.name}", _now()))
    return name


def _load(study: Study, name: str) -> LoadedModel:
    codebook = study.codebook()
    return load_model(reference(study, name), codebook, cues=study.cues(codebook), spacy_model=study.config.spacy_model)


def _in_use(study: Study) -> str:
    return read_manifest(stages.model_reference(study)).id


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
