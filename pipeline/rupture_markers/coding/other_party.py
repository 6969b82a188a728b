"""Codes on a turn of somebody with whom the codebook does not code them: they stay in the log and count for nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from rupture_markers.coding.coded_units import Speakers
from rupture_markers.markers.codebook import Codebook
from rupture_markers.markers.coded_segment import CodedSegment
from rupture_markers.markers.marker import Coding


@dataclass(frozen=True, slots=True)
class OwnPartyAnswers:
    """Answers without the codes of the other party.

    Attributes
    ----------
    answers : tuple of CodedSegment
    set_aside : int
        Codes taken out, each turn, coder and code once.
    """

    answers: tuple[CodedSegment, ...]
    set_aside: int

    @property
    def notice(self) -> str:
        """The count as a line; empty where nothing was set aside."""
        if not self.set_aside:
            return ""
        some = "1 coding" if self.set_aside == 1 else f"{self.set_aside} codings"
        return f"{some} set aside: code of the other party."


def set_aside_other_party(answers: Iterable[CodedSegment], codebook: Codebook, speakers: Speakers) -> OwnPartyAnswers:
    """Take out every code on a turn of a speaker with whom the codebook does not code it.

    Markers of rupture are the client's, strategies of repair the therapist's; the codebook's ``coded`` says it code by
    code. The answer itself stays: its turns count as coded, without that mark. A code that the codebook no longer has, and
    a turn whose speaker is not known, stay as they are.

    Parameters
    ----------
    answers : iterable of CodedSegment
    codebook : Codebook
    speakers : Speakers
    """
    kept, gone = [], set()
    for answer in answers:
        known = speakers.get(answer.session_id, {})
        codings = []
        for coding in answer.codings:
            speaker = known.get(coding.turn)
            wrong = {
                code
                for code in coding.codes
                if speaker is not None and code in codebook and speaker not in codebook.code(code).coded
            }
            gone |= {(answer.annotation, coding.turn, code) for code in wrong}
            if not wrong:
                codings.append(coding)
            elif len(wrong) < len(coding.codes):
                codings.append(_without(coding, wrong))
        kept.append(replace(answer, codings=tuple(codings)))
    return OwnPartyAnswers(tuple(kept), len(gone))


def _without(coding: Coding, wrong: set[str]) -> Coding:
    return replace(coding, codes=tuple(code for code in coding.codes if code not in wrong))
