"""What a study's people have coded so far, with all that judging it needs: codebook, speakers, design."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from rupture_markers.coding.assigned import Assignment, current_assignments, read_assignments
from rupture_markers.coding.coded_units import Speakers
from rupture_markers.coding.codings_log import current_answers, read_coded_segments
from rupture_markers.coding.gold import Adjudication, current_adjudications, read_adjudications
from rupture_markers.coding.other_party import OwnPartyAnswers, set_aside_other_party
from rupture_markers.errors import StudyError
from rupture_markers.learning.selection import read_decisions
from rupture_markers.learning.selection_design import DesignStratum, design_strata, selection_weights
from rupture_markers.markers.codebook import Codebook
from rupture_markers.markers.coded_segment import CodedSegment
from rupture_markers.workflow import reading, stages
from rupture_markers.workflow.study import Study


@dataclass(frozen=True)
class CodedStudy:
    """A study and its codings.

    Attributes
    ----------
    study : Study
    codebook : Codebook
    answers : tuple of CodedSegment
        Current ones, without codes of the other party.
    adjudicated : tuple of Adjudication
        Current ones.
    assignments : tuple of Assignment
        Current ones.
    set_aside : str
        How many codes of the other party were set aside, as a line; empty where none was.
    """

    study: Study
    codebook: Codebook
    answers: tuple[CodedSegment, ...]
    adjudicated: tuple[Adjudication, ...]
    assignments: tuple[Assignment, ...]
    set_aside: str = ""

    @property
    def known_tasks(self) -> frozenset[str]:
        """Tasks of practice and drift checks, which are no part of the design."""
        return frozenset(a.task_id for a in self.assignments if a.role == "known")

    @property
    def designed(self) -> tuple[CodedSegment, ...]:
        """Answers that are part of the design: practice and drift checks left out."""
        known = self.known_tasks
        return tuple(a for a in self.answers if not a.task_id or a.task_id not in known)

    @cached_property
    def speakers(self) -> Speakers:
        """Speaker of each turn of the coded sessions whose transcripts were read."""
        return speakers_of(self.study, self.answers)

    @cached_property
    def strata(self) -> tuple[DesignStratum, ...]:
        """Strata of the segments at hand."""
        names = reading.session_names(self.study)
        at_hand = {
            part.segment_id
            for name in names
            for part in stages.study_segments(self.study, reading.session(self.study, name))
        }
        suggested: dict[str, bool] = {}
        for assignment in self.assignments:
            suggested[assignment.segment_id] = suggested.get(assignment.segment_id, False) or assignment.flagged
        return design_strata(read_decisions(self.study.decisions), at_hand=at_hand, suggested=suggested)

    @property
    def weights(self) -> dict[str, float]:
        """Inverse selection probability of the segments that people were given."""
        return selection_weights(self.strata)


def speakers_of(study: Study, answers: Iterable[CodedSegment]) -> Speakers:
    """Speaker of each turn of the coded sessions whose transcripts were read."""
    out = {}
    for name in sorted({answer.session_id for answer in answers}):
        if study.session_file("transcripts", name, ".jsonl").exists():
            out[name] = {turn.index: turn.speaker for turn in reading.session(study, name).turns}
    return out


def counted_answers(study: Study, codebook: Codebook) -> OwnPartyAnswers:
    """Current answers of a study as they count: codes of the other party are set aside."""
    answers = current_answers(read_coded_segments(study.codings))
    return set_aside_other_party(answers, codebook, speakers_of(study, answers))


def open_coded(study: Study) -> CodedStudy:
    """Read what is coded.

    Raises
    ------
    StudyError
        If nothing is.
    """
    codebook = study.codebook()
    counted = counted_answers(study, codebook)
    if not counted.answers:
        raise StudyError(
            "nothing is coded yet in this study.",
            "Code in Label Studio, then run 'rupture collect'.",
            path=study.folder,
        )
    return CodedStudy(
        study,
        codebook,
        counted.answers,
        current_adjudications(read_adjudications(study.adjudications)),
        tuple(current_assignments(read_assignments(study.assignments)).values()),
        counted.notice,
    )
