"""The stages after reading, as plain functions: score, select, assign, build tasks. Each does only what is new."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rupture_markers.coding.assigned import SegmentToCode
from rupture_markers.coding.assignment import (
    Assignment,
    AssignmentRule,
    append_assignments,
    assign,
    current_assignments,
    read_assignments,
    segment_to_code,
)
from rupture_markers.coding.tasks import CodingTask, build_tasks
from rupture_markers.learning.champion import champion_folder
from rupture_markers.learning.held_out import held_out_cases
from rupture_markers.learning.registry import LoadedModel, load_model, read_manifest
from rupture_markers.learning.scores import read_scores, write_scores
from rupture_markers.learning.scoring import is_novel, score_transcripts, suggestions
from rupture_markers.learning.segment_score import score_segment
from rupture_markers.learning.selection import (
    SegmentDecision,
    SelectionRule,
    append_decisions,
    current_decisions,
    read_decisions,
    select_segments,
)
from rupture_markers.markers.codebook import Codebook
from rupture_markers.markers.marker import Evidence, Suggestion
from rupture_markers.transcripts.segments import Segment, segments_of
from rupture_markers.transcripts.transcript import Transcript
from rupture_markers.workflow.config import config_sha256
from rupture_markers.workflow.reading import session
from rupture_markers.workflow.study import Study, make_folder, read_json, write_json


@dataclass(frozen=True, slots=True)
class ScoreOutcome:
    """What scoring a batch did: sessions scored now and passed over, candidates by family.

    Attributes
    ----------
    novel : tuple of str
        Sessions unlike what the model has seen.
    """

    scored: int
    unchanged: int
    candidates: Mapping[str, int]
    novel: tuple[str, ...] = ()


class Sessions(Mapping[str, Transcript]):
    """Sessions of a study, read from disk when asked for, so that memory does not grow with their number."""

    def __init__(self, study: Study, names: Iterable[str]) -> None:
        self._study = study
        self._names = tuple(names)
        self._last: tuple[str, Transcript] | None = None

    def __getitem__(self, name: str) -> Transcript:
        if name not in self._names:
            raise KeyError(name)
        if self._last is None or self._last[0] != name:
            self._last = (name, session(self._study, name))
        return self._last[1]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


class _Suggested(Mapping[str, Sequence[Suggestion]]):
    """Suggestions of a study by session, read from disk when asked for."""

    def __init__(self, study: Study, names: Iterable[str]) -> None:
        self._study = study
        self._names = tuple(names)

    def __getitem__(self, name: str) -> Sequence[Suggestion]:
        return read_suggestions(self._study, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def model_of(study: Study, codebook: Codebook) -> LoadedModel:
    """Load the study's model: a name of the registry, or a folder within the study."""
    return load_model(model_reference(study), codebook, cues=study.cues(codebook), spacy_model=study.config.spacy_model)


def base_reference(study: Study) -> str | Path:
    """Where the model named in study.yaml is, as the registry takes it."""
    own = study.folder / study.config.model
    return own if own.is_dir() else study.config.model


def model_reference(study: Study) -> str | Path:
    """Where the study's champion is: the model promoted last, else the one named in study.yaml."""
    return champion_folder(study.models) or base_reference(study)


def round_number(decided: Sequence[SegmentDecision], model_id: str) -> int:
    """Round that is open, from 1: a model that decided nothing yet opens the next; going back to one opens none."""
    latest = max((decision.round for decision in decided), default=0)
    return latest if any(decision.model_id == model_id for decision in decided) else latest + 1


def _suggestion_file(study: Study, session_id: str) -> Path:
    return study.session_file("suggestions", session_id, ".json")


def score_key(study: Study, model_id: str, codebook: Codebook, content_sha256: str) -> str:
    """What the scores of a session depend on."""
    return config_sha256(
        content_sha256, model_id, codebook.sha256, study.cues(codebook).sha256, study.config.spacy_model
    )


def model_id_of(study: Study) -> str:
    """Id of the study's model, without loading it."""
    return read_manifest(model_reference(study)).id


def score_batch(study: Study, names: Sequence[str], *, force_language: bool = False) -> ScoreOutcome:
    """Score sessions whose content, model, codebook or cues changed; write scores and suggestions."""
    codebook = study.codebook()
    base = score_key(study, model_id_of(study), codebook, "")
    stale = []
    novel: list[str] = []
    candidates: Counter[str] = Counter()
    for name in names:
        content = session(study, name).content_sha256
        kept = read_json(_suggestion_file(study, name))
        key = config_sha256(base, content)
        if kept is not None and kept.get("key") == key and study.session_file("scores", name, ".csv").exists():
            candidates.update(s["family"] for s in kept["suggestions"])
            novel += [name] if kept.get("novel") else []
        else:
            stale.append((name, key))
    if not stale:
        return ScoreOutcome(0, len(names), dict(candidates))
    make_folder(study.work / "scores")
    model = model_of(study, codebook)
    transcripts = (session(study, name) for name, _ in stale)
    for (name, key), scores in zip(stale, score_transcripts(model, transcripts, force=force_language), strict=True):
        found = suggestions(scores, None, model)
        candidates.update(s.family for s in found)
        write_scores(study.session_file("scores", name, ".csv"), [scores])
        strange = is_novel(model, scores)
        novel += [name] if strange else []
        write_json(
            _suggestion_file(study, name),
            {"key": key, "novelty": scores.novelty, "novel": strange, "suggestions": [asdict(s) for s in found]},
        )
    return ScoreOutcome(len(stale), len(names) - len(stale), dict(candidates), tuple(sorted(novel)))


def read_suggestions(study: Study, name: str) -> tuple[Suggestion, ...]:
    """Suggestions of a session, as the last scoring left them."""
    kept = read_json(_suggestion_file(study, name)) or {"suggestions": []}
    return tuple(
        Suggestion(
            s["session_id"], s["turn"], s["family"], s["code"], tuple(s["codes"]), s["probability"],
            tuple(Evidence(e["reason"], e["weight"]) for e in s["evidence"]), s["model_id"],
        )
        for s in kept["suggestions"]
    )  # fmt: skip


def study_segments(study: Study, transcript: Transcript) -> tuple[Segment, ...]:
    """Segments of a session, by the study's config."""
    rule = study.config.segments
    return segments_of(transcript, rule.by, minutes=rule.minutes, turns=rule.turns, context_turns=rule.context_turns)


def selection_rule(study: Study) -> SelectionRule:
    """Selection rule of the config."""
    rule = study.config.selection
    return SelectionRule(
        budget=rule.budget, threshold=rule.threshold, uncertain=rule.uncertain, control=rule.control,
        held_out=study.config.retraining.held_out_segments, seed=rule.seed, mode=study.config.coding.mode,
    )  # fmt: skip


def assignment_rule(study: Study) -> AssignmentRule:
    """Assignment rule of the config."""
    rule = study.config.coding
    return AssignmentRule(
        study=study.config.study, coders=rule.coders, double_coded=rule.double_coded if len(rule.coders) > 1 else 0.0,
        blind=rule.blind, withheld=rule.withheld, seed=study.config.selection.seed, mode=rule.mode,
    )  # fmt: skip


def select(study: Study, names: Sequence[str], model_id: str) -> tuple[SegmentDecision, ...]:
    """Decide the segments that have no decision yet, and keep the decisions for good.

    Returns
    -------
    tuple of SegmentDecision
        The new ones.
    """
    scored = []
    for name in names:
        transcript = session(study, name)
        probabilities = next(read_scores(study.session_file("scores", name, ".csv")))
        scored += [score_segment(part, probabilities, model_id) for part in study_segments(study, transcript)]
    decided = read_decisions(study.decisions)
    kept = held_out_cases(
        study.held_out, {score.case_id for score in scored}, {d.case_id for d in decided},
        study.config.retraining.held_out, study.config.selection.seed,
    )  # fmt: skip
    number = round_number(decided, model_id)
    new = select_segments(
        scored, selection_rule(study), decided=decided, round_number=number, reopen=number > 1, held_out=kept
    )
    append_decisions(study.decisions, new)
    return new


def _to_code(study: Study, names: Sequence[str]) -> list[SegmentToCode]:
    selected = {key: d for key, d in current_decisions(read_decisions(study.decisions)).items() if d.selected}
    out: list[SegmentToCode] = []
    for name in names:
        transcript = session(study, name)
        flagged = {s.turn for s in read_suggestions(study, name)}
        out += [
            segment_to_code(
                transcript,
                part,
                flagged=any(part.first_turn <= t <= part.last_turn for t in flagged),
                held_out=selected[part.segment_id].held_out,
            )
            for part in study_segments(study, transcript)
            if part.segment_id in selected
        ]
    return out


def draw(study: Study, names: Sequence[str]) -> tuple[Assignment, ...]:
    """Assign what is selected and not assigned yet, and keep it for good; the new assignments."""
    existing = read_assignments(study.assignments)
    new = assign(_to_code(study, names), assignment_rule(study), existing)
    append_assignments(study.assignments, new)
    return new


def standing(study: Study, names: Sequence[str], records: Sequence[Assignment]) -> tuple[Assignment, ...]:
    """Assignments that stand for segments at hand.

    A segment of which a session no longer consists (its transcript changed) has no task any more.
    """
    at_hand = {part.segment_id for part in _to_code(study, names)}
    return tuple(a for a in current_assignments(records).values() if a.segment_id in at_hand)


def shows_times(study: Study) -> bool:
    """Whether coders see when a turn starts: where segments are time bins, so that every start is known."""
    return study.config.segments.by == "minutes"


def tasks(study: Study, assignments: Sequence[Assignment], codebook: Codebook, model_id: str) -> Iterator[CodingTask]:
    """Build the coding tasks of assignments, from disk, one after the other."""
    names = sorted({a.session_id for a in assignments})
    return build_tasks(
        assignments,
        Sessions(study, names),
        codebook,
        suggestions=_Suggested(study, names),
        model_version=model_id,
        times=shows_times(study),
    )
