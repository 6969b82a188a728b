"""From a task with its annotations to records of the codings log: who coded, what, and what was odd about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from rupture_markers.coding.answer import (
    AnsweredTask,
    MarkedRegion,
    PageAnswer,
    RemoteAnnotation,
    RemoteUser,
    read_answer,
)
from rupture_markers.coding.assigned import Assignment
from rupture_markers.coding.codebook_history import CodebookInUse, codebook_at
from rupture_markers.coding.marked_spans import PlacedSpan, place_region
from rupture_markers.coding.moved_turns import TurnsNow, turns_now
from rupture_markers.coding.page_controls import (
    ANSWERS,
    CERTAINTY,
    CERTAINTY_AS_NUMBER,
    MEMO,
    RETURNED,
    REVIEW,
    SIGNIFICANCE,
    STRAIN,
)
from rupture_markers.markers.codebook import Codebook
from rupture_markers.markers.coded_segment import CodedSegment, SegmentOutcome
from rupture_markers.markers.marker import Coding
from rupture_markers.transcripts.transcript import Speaker, Transcript


@dataclass(frozen=True)
class Accounts:
    """Which coder an account of the server belongs to, as far as that is known.

    Attributes
    ----------
    by_number : mapping of int to str
    by_address : mapping of str to str
        For exports, which name accounts by their address.
    """

    by_number: Mapping[int, str] = field(default_factory=dict)
    by_address: Mapping[str, str] = field(default_factory=dict)

    def coder(self, made_by: RemoteUser | int | None) -> str | None:
        """Coder who made an annotation; None where the account is no coder's."""
        if isinstance(made_by, RemoteUser):
            return self.by_address.get(made_by.email) or self.by_number.get(made_by.id)
        return None if made_by is None else self.by_number.get(made_by)

    @cached_property
    def coders(self) -> frozenset[str]:
        """Coders whose account is known."""
        return frozenset(self.by_number.values()) | frozenset(self.by_address.values())


@dataclass(frozen=True)
class StudyFacts:
    """What mapping needs to know of the study.

    Attributes
    ----------
    codebook : Codebook
        The present one.
    history : sequence of CodebookInUse
    rounds : mapping of segment id to round
    own : set of (segment id, coder)
        Who has a task of which segment.
    transcripts : mapping of session id to Transcript
        As they stand now.
    accounts : Accounts
    """

    codebook: Codebook
    history: Sequence[CodebookInUse]
    rounds: Mapping[str, int]
    own: frozenset[tuple[str, str]]
    transcripts: Mapping[str, Transcript]
    accounts: Accounts


def coded_segments(tasks: Sequence[AnsweredTask], assignment: Assignment, facts: StudyFacts) -> list[CodedSegment]:
    """Records of one task, one a coder: the coder's own last annotation.

    Parameters
    ----------
    tasks : sequence of AnsweredTask
        All that carry the assignment's id; more than one only where the server had it twice.
    """
    found: dict[str, list[tuple[AnsweredTask, RemoteAnnotation, bool]]] = {}
    for task in tasks:
        for annotation in task.annotations:
            who = facts.accounts.coder(annotation.completed_by)
            found.setdefault(who or assignment.coder, []).append((task, annotation, who is not None))
    records = []
    for coder, answers in sorted(found.items()):
        task, annotation, known = max(answers, key=lambda a: (a[2], a[1].updated_at, a[1].id))
        notes = []
        if len(answers) > 1:
            notes.append(f"{len(answers)} annotations of one coder on one task: the last changed was taken")
        if coder != assignment.coder:
            if (assignment.segment_id, coder) in facts.own:
                # Taken from the coder's own project; a second answer would count twice.
                continue
            notes.append(f"made in the project of {assignment.coder}")
        elif not known and assignment.coder in facts.accounts.coders:
            notes.append(f"made by an account that is no coder's: taken for {assignment.coder}")
        records.append(_record(task, annotation, coder, assignment, facts, notes))
    return records


def strays(tasks: Iterable[AnsweredTask], assignment: Assignment, facts: StudyFacts) -> int:
    """How many annotations another coder made here, who has a task of the segment in the own project."""
    makers = [facts.accounts.coder(a.completed_by) for task in tasks for a in task.annotations]
    return sum(
        who is not None and who != assignment.coder and (assignment.segment_id, who) in facts.own for who in makers
    )


def withdrawn(record: CodedSegment, when: str) -> CodedSegment:
    """Record that takes an answer back."""
    return replace(
        record, codings=(), rejected=(), ratings=(), seconds=None, coded_at=when, deleted=True,
        notes=("the annotation was deleted",),
    )  # fmt: skip


def _record(
    task: AnsweredTask,
    annotation: RemoteAnnotation,
    coder: str,
    assignment: Assignment,
    facts: StudyFacts,
    notes: list[str],
) -> CodedSegment:
    when = annotation.updated_at or annotation.created_at
    book = codebook_at(facts.history, when)
    answer = read_answer(annotation.result or ())
    base = CodedSegment(
        annotation=f"{assignment.task_id}:{coder}",
        task_id=assignment.task_id,
        segment_id=assignment.segment_id,
        session_id=assignment.session_id,
        case_id=assignment.case_id,
        first_turn=assignment.turns[0],
        last_turn=assignment.turns[-1],
        coder=coder,
        arm=assignment.arm,
        outcome="skipped",
        shown=assignment.arm == "assisted" and assignment.shown,
        round=facts.rounds.get(assignment.segment_id, 1),
        whole_session=assignment.mode == "whole_session",
        seconds=annotation.lead_time,
        codebook_version=book.codebook.version,
        codebook_sha256=book.sha256,
        coded_at=when,
        content_sha256=assignment.content_sha256,
    )
    if annotation.was_cancelled:
        return replace(base, notes=tuple(notes))
    dialogue = task.dialogue
    if len(dialogue) != len(assignment.turns):
        notes.append("the task holds other turns than were drawn: not counted")
        return replace(base, outcome="not_codable", notes=tuple(notes))
    now = turns_now(dialogue, assignment.turns, facts.transcripts.get(assignment.session_id))
    if answer.unreadable:
        notes.append(f"{answer.unreadable} items of the result are none of the page's, or cannot be read: left out")
    present = facts.transcripts.get(assignment.session_id)
    speakers = {} if present is None else {turn.index: turn.speaker for turn in present.turns}
    taken = _Regions(base, dialogue, now, facts.codebook, speakers, notes)
    for region in answer.regions:
        taken.take(region)
    outcome = _outcome(answer, taken, notes)
    if now.first is None or now.last is None:
        notes.append("the transcript has changed since, and none of the turns is left: not counted")
        return replace(base, outcome="not_codable", notes=tuple(notes))
    if now.gone:
        notes.append(f"the transcript has changed since: {now.gone} of {len(now.indices)} turns are gone")
    return replace(
        base,
        first_turn=now.first,
        last_turn=now.last,
        outcome=outcome,
        codings=tuple(taken.codings),
        rejected=tuple(taken.rejected),
        ratings=answer.ratings,
        notes=tuple(dict.fromkeys(notes)),
    )


def _outcome(answer: PageAnswer, taken: _Regions, notes: list[str]) -> SegmentOutcome:
    """What the segment came to. Where the answer does not say it, nothing is made up: such a segment is no negative."""
    if answer.outcome == "not_codable":
        if taken.codings:
            notes.append("markers and 'not codable' together: not counted")
        return "not_codable"
    if taken.codings:
        if answer.outcome == "no_marker":
            notes.append("markers and 'no marker here' together: the markers were kept")
        return "markers"
    if answer.outcome == "no_marker":
        return "no_marker"
    if answer.outcome == "markers_coded":
        notes.append("'markers coded' without a marker: not counted")
    else:
        notes.append("no outcome of the segment was given: not counted")
    return "skipped"


class _Regions:
    """Markers of one annotation, taken one after the other."""

    def __init__(
        self, base: CodedSegment, dialogue: tuple[str, ...], now: TurnsNow, codebook: Codebook,
        speakers: Mapping[int, Speaker], notes: list[str],
    ) -> None:  # fmt: skip
        self._base = base
        self._dialogue = dialogue
        self._now = now
        self._codebook = codebook
        self._speakers = speakers
        self._notes = notes
        self.codings: list[Coding] = []
        self.rejected: list[tuple[int, str]] = []

    def take(self, region: MarkedRegion) -> None:
        """Make a coding on each of the region's turns, or say why there is none."""
        placement = place_region(region, self._dialogue)
        codes = ", ".join(region.codes)
        if placement.note:
            self._note(codes, placement.spans, placement.note)
        review = region.answers.get(REVIEW.name, "")
        for span in placement.spans:
            turn = self._now.indices[span.place]
            if turn is None:
                self._note(codes, (), "its turn is no longer in the transcript: left out")
            elif review == "wrong":
                self.rejected += [(turn, code) for code in region.codes]
            elif region.origin == "prediction" and not region.answers:
                self._note(codes, (span,), "a suggestion that nobody judged: left out")
            else:
                self.codings.append(self._coding(region, turn, span, review))

    def _coding(self, region: MarkedRegion, turn: int, span: PlacedSpan, review: str) -> Coding:
        said = region.answers
        for code in region.codes:
            if code not in self._codebook:
                self._note(code, (span,), "the codebook has no such code any more: kept")
            elif turn in self._speakers and self._speakers[turn] not in self._codebook.code(code).coded:
                self._note(
                    code,
                    (span,),
                    "not coded in such a speaker's turn: kept, and set aside in all figures and in training",
                )
        significance = said.get(SIGNIFICANCE.name, "")
        return Coding(
            session_id=self._base.session_id,
            turn=turn,
            coder=self._base.coder,
            codes=region.codes,
            span=self._span_now(region, span),
            significance=int(significance) if significance in SIGNIFICANCE.values else None,
            certainty=CERTAINTY_AS_NUMBER.get(said.get(CERTAINTY.name, "")),
            memo=said.get(MEMO, ""),
            arm=self._base.arm,
            codebook_version=self._base.codebook_version,
            coded_at=self._base.coded_at,
            strain_about=said.get(STRAIN.name, ""),
            answers=said.get(ANSWERS.name, ""),
            collaboration=said.get(RETURNED.name, ""),
            origin=region.origin,
            review=review,
        )

    def _span_now(self, region: MarkedRegion, span: PlacedSpan) -> tuple[int, int] | None:
        """Span in the words as they stand now."""
        now = self._now.texts[span.place]
        if now is None:
            return span.span
        self._note(", ".join(region.codes), (span,), "the words of its turn have changed since")
        if span.span is None:
            return None
        words = self._dialogue[span.place][span.span[0] : span.span[1]]
        begin = now.find(words)
        return (begin, begin + len(words)) if now.count(words) == 1 else None

    def _note(self, codes: str, spans: Sequence[PlacedSpan], what: str) -> None:
        turns = ", ".join(str(self._now.indices[s.place]) for s in spans)
        self._notes.append(f"{codes}{f', turn {turns}' if turns else ''}: {what}")
