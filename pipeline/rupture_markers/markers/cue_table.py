"""How each cue does on coded sessions: coverage, overlap, conflicts, precision; a table that people read.

After the labelling-function analysis of Ratner et al. (2017, 'Snorkel'), in the words of process coding.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from spacy.language import Language

from rupture_markers.markers.codebook import Codebook
from rupture_markers.markers.cue_component import cues_of
from rupture_markers.markers.cue_context import cues_in_session
from rupture_markers.markers.cues import Cue, CueHit
from rupture_markers.markers.marker import Coding, Family
from rupture_markers.transcripts.transcript import Speaker, Transcript


@dataclass(frozen=True, slots=True)
class CueStatistics:
    """One cue on a set of sessions.

    Attributes
    ----------
    cue_id, code : str
    family : Family
    turns : int
        Turns in which it is heard.
    sessions : int
        Sessions in which it is heard.
    coverage : float
        Share of the turns of its speakers in which it is heard.
    overlap : float or None
        Share of its turns in which another cue of its family is heard too; None where it is never heard.
    coded : int
        Its turns in sessions that somebody coded.
    precision : float or None
        Mean over those turns of the share of coders who marked its family there.
    code_precision : float or None
        The same for its own code (the guide's codes of it).
    other_family : int
        Coded turns that every coder left without its family and one marked with another: a conflict.
    unmarked : int
        Coded turns that no coder marked at all: a conflict.
    base_rate : float or None
        Mean share of its family over all coded turns of its speakers; precision is to be read against it.
    """

    cue_id: str
    code: str
    family: Family
    turns: int
    sessions: int
    coverage: float
    overlap: float | None
    coded: int
    precision: float | None
    code_precision: float | None
    other_family: int
    unmarked: int
    base_rate: float | None

    @property
    def lift(self) -> float | None:
        """Precision over base rate; None where either is unknown or 0."""
        if self.precision is None or not self.base_rate:
            return None
        return self.precision / self.base_rate


@dataclass(slots=True)
class _Tally:
    turns: int = 0
    sessions: int = 0
    overlapping: int = 0
    coded: int = 0
    family_share: float = 0.0
    code_share: float = 0.0
    other_family: int = 0
    unmarked: int = 0


@dataclass(slots=True)
class _Base:
    turns: int = 0
    coded: int = 0
    share: float = 0.0


@dataclass(frozen=True)
class _Coded:
    """Codings of many sessions, by turn."""

    codebook: Codebook
    codes: dict[tuple[str, int], list[frozenset[str]]] = field(default_factory=lambda: defaultdict(list))
    coders: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def share(self, session_id: str, turn: int, wanted: frozenset[str]) -> float:
        """Share of the session's coders who gave one of the codes."""
        given = sum(not codes.isdisjoint(wanted) for codes in self.codes.get((session_id, turn), ()))
        return min(given / len(self.coders[session_id]), 1.0)

    def marked(self, session_id: str, turn: int) -> bool:
        return any(self.codes.get((session_id, turn), ()))

    def of_family(self, family: Family) -> frozenset[str]:
        return frozenset(name for code in self.codebook.of_family(family) for name in (code.id, *code.guide_codes))

    def of_code(self, code: str) -> frozenset[str]:
        found = self.codebook.code(code)
        return frozenset((found.id, *found.guide_codes))


def cue_statistics(
    transcripts: Iterable[Transcript],
    pipeline: Language,
    codebook: Codebook,
    codings: Iterable[Coding] = (),
    progress: Callable[[int], None] = lambda sessions: None,  # noqa: ARG005
) -> tuple[CueStatistics, ...]:
    """Count every cue over sessions, and hold it against the codings where there are any.

    Parameters
    ----------
    transcripts : iterable of Transcript
    pipeline : Language
        Made by `cue_component.build_pipeline`.
    codebook : Codebook
    codings : iterable of Coding
        A session that has none counts for coverage and overlap only.
    progress : callable
        Told the number of sessions done.

    Returns
    -------
    tuple of CueStatistics
        One a cue, in the order of the file; cues that are never heard included.
    """
    coded = _Coded(codebook)
    for coding in codings:
        coded.codes[coding.session_id, coding.turn].append(frozenset(coding.codes))
        coded.coders[coding.session_id].add(coding.coder)
    cues = cues_of(pipeline)
    tallies = {cue.id: _Tally() for cue in cues.cues}
    bases: dict[tuple[Family, tuple[Speaker, ...]], _Base] = defaultdict(_Base)
    kinds = {(cue.family, cue.speakers): coded.of_family(cue.family) for cue in cues.cues}
    for number, transcript in enumerate(transcripts, start=1):
        hits = cues_in_session(transcript, pipeline)
        _count_turns(transcript, kinds, coded, bases)
        _count_hits(transcript, hits, cues.by_id, coded, tallies)
        progress(number)
    return tuple(_row(cue, tallies[cue.id], bases[cue.family, cue.speakers]) for cue in cues.cues)


def _count_turns(
    transcript: Transcript,
    kinds: dict[tuple[Family, tuple[Speaker, ...]], frozenset[str]],
    coded: _Coded,
    bases: dict[tuple[Family, tuple[Speaker, ...]], _Base],
) -> None:
    was_coded = transcript.session_id in coded.coders
    for key, wanted in kinds.items():
        base = bases[key]
        for turn in transcript.turns:
            if turn.speaker in key[1]:
                base.turns += 1
                if was_coded:
                    base.coded += 1
                    base.share += coded.share(transcript.session_id, turn.index, wanted)


def _count_hits(
    transcript: Transcript,
    hits: Sequence[Sequence[CueHit]],
    cues: dict[str, Cue],
    coded: _Coded,
    tallies: dict[str, _Tally],
) -> None:
    session_id = transcript.session_id
    heard: set[str] = set()
    for turn, found in zip(transcript.turns, hits, strict=True):
        ids = {hit.cue_id for hit in found}
        heard |= ids
        for cue_id in ids:
            cue, tally = cues[cue_id], tallies[cue_id]
            tally.turns += 1
            tally.overlapping += any(cues[other].family == cue.family for other in ids if other != cue_id)
            if session_id in coded.coders:
                share = coded.share(session_id, turn.index, coded.of_family(cue.family))
                tally.coded += 1
                tally.family_share += share
                tally.code_share += coded.share(session_id, turn.index, coded.of_code(cue.code))
                marked = coded.marked(session_id, turn.index)
                tally.other_family += share == 0 and marked
                tally.unmarked += not marked
    for cue_id in heard:
        tallies[cue_id].sessions += 1


def _row(cue: Cue, tally: _Tally, base: _Base) -> CueStatistics:
    return CueStatistics(
        cue_id=cue.id,
        code=cue.code,
        family=cue.family,
        turns=tally.turns,
        sessions=tally.sessions,
        coverage=tally.turns / base.turns if base.turns else 0.0,
        overlap=tally.overlapping / tally.turns if tally.turns else None,
        coded=tally.coded,
        precision=tally.family_share / tally.coded if tally.coded else None,
        code_precision=tally.code_share / tally.coded if tally.coded else None,
        other_family=tally.other_family,
        unmarked=tally.unmarked,
        base_rate=base.share / base.coded if base.coded else None,
    )
