"""Coded sessions: who marked what, as the share of the coders who marked it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rupture_markers.errors import IngestError
from rupture_markers.markers.codebook import Codebook
from rupture_markers.markers.marker import CODED_SPEAKER, FAMILIES, Arm, Coding, Family
from rupture_markers.transcripts.interchange import read_interchange
from rupture_markers.transcripts.transcript import Transcript

TurnKey = tuple[str, int]
"""Session and turn index."""


class CodingsError(IngestError):
    """A file of codings that is not one, or does not fit its transcripts or codebook."""


class _CodingLine(BaseModel):
    model_config = ConfigDict(extra="forbid")

    session_id: Annotated[str, Field(min_length=1)]
    turn: Annotated[int, Field(ge=0)]
    coder: Annotated[str, Field(min_length=1)]
    codes: list[str]
    span: tuple[int, int] | None = None
    significance: Annotated[int, Field(ge=1, le=5)] | None = None
    certainty: Annotated[float, Field(ge=0, le=1)] | None = None
    memo: str = ""
    arm: Arm = "blind"
    codebook_version: str = ""
    coded_at: str = ""


def read_codings(path: Path) -> list[Coding]:
    """Read codings, one coded turn of one coder a line.

    Raises
    ------
    CodingsError
        With the line that is no coding.
    """
    codings = []
    number = 0
    try:
        with path.open(encoding="utf-8-sig") as lines:
            for line in lines:
                number += 1
                if line.strip():
                    item = _CodingLine.model_validate(json.loads(line))
                    codings.append(Coding(**{**item.model_dump(), "codes": tuple(item.codes)}))
    except (OSError, UnicodeDecodeError):
        raise CodingsError("the codings cannot be read.", "Give JSON lines in UTF-8.", path=path) from None
    except json.JSONDecodeError:
        raise CodingsError("this line is not JSON.", "Write one coding a line.", path=path, line=number) from None
    except ValidationError as fault:
        raise CodingsError(
            what_is_wrong(fault, _CodingLine), "docs/model.md gives the form.", path=path, line=number
        ) from None
    return codings


def what_is_wrong(fault: ValidationError, line: type[BaseModel]) -> str:
    """The key of a line that is not as it must be, and why; an unknown key may be a transcript's words and is not named."""
    first = fault.errors(include_input=False, include_url=False)[0]
    known = [str(part) for part in first["loc"][:1] if part in line.model_fields]
    return f"'{known[0] if known else 'the line'}' is not as it must be ({first['type'].replace('_', ' ')})."


@dataclass(frozen=True)
class CodedSet:
    """Transcripts with what coders marked in them.

    Attributes
    ----------
    transcripts : tuple of Transcript
    shares : Mapping of Family to Mapping of TurnKey to float
        Share of the coders, in [0, 1], who marked the family; a turn that is not listed was marked by nobody.
    codes : Mapping of TurnKey to Mapping of str to float
        Weight of each code at a turn: each coder gives 1, split over the codes given, the main one counting twice.
    sets : Mapping of str to str
        session_id to the set it came from (``annomi``).
    coders : tuple of str
    degrees : Mapping of Family to Mapping of TurnKey to float
        How far a turn is a marker of the family, where somebody graded it (`degrees`); most sets have none.
    """

    transcripts: tuple[Transcript, ...]
    shares: Mapping[Family, Mapping[TurnKey, float]]
    codes: Mapping[TurnKey, Mapping[str, float]]
    sets: Mapping[str, str]
    coders: tuple[str, ...] = ()
    degrees: Mapping[Family, Mapping[TurnKey, float]] = field(default_factory=dict)

    @property
    def cases(self) -> tuple[str, ...]:
        """Cases, sorted, each once."""
        return tuple(sorted({transcript.case_id for transcript in self.transcripts}))

    @property
    def graded_turns(self) -> int:
        """How many turns have a degree."""
        there = {transcript.session_id for transcript in self.transcripts}
        return len({key for given in self.degrees.values() for key in given if key[0] in there})

    def without_cases(self, cases: Iterable[str]) -> CodedSet:
        """The set less every session of these cases."""
        gone = frozenset(cases)
        return self._keep([t for t in self.transcripts if t.case_id not in gone])

    def of_cases(self, cases: Iterable[str]) -> CodedSet:
        """Only the sessions of these cases."""
        wanted = frozenset(cases)
        return self._keep([t for t in self.transcripts if t.case_id in wanted])

    def of_set(self, name: str) -> CodedSet:
        """Only the sessions that came from this set."""
        return self._keep([t for t in self.transcripts if self.sets[t.session_id] == name])

    def _keep(self, transcripts: Sequence[Transcript]) -> CodedSet:
        return replace(self, transcripts=tuple(transcripts))


def load_coded_set(
    transcripts: Iterable[Transcript],
    codings: Iterable[Coding],
    codebook: Codebook,
    *,
    name: str = "study",
    coders: Mapping[str, Sequence[str]] | None = None,
) -> CodedSet:
    """Bring transcripts and codings together.

    Parameters
    ----------
    coders : Mapping of session_id to coders, optional
        Who coded which session, marks or none; without it, every coder of the codings coded every session.

    Raises
    ------
    CodingsError
        If a coding names a session, turn or code that is not there.
    """
    kept = tuple(transcripts)
    speakers = {(t.session_id, u.index): u.speaker for t in kept for u in t.turns}
    known = {t.session_id for t in kept}
    guide = {old: code.id for code in reversed(codebook.codes) for old in code.guide_codes}
    marked: dict[Family, dict[TurnKey, set[str]]] = {family: defaultdict(set) for family in FAMILIES}
    weights: dict[TurnKey, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    everyone: set[str] = set()
    for coding in codings:
        key = (coding.session_id, coding.turn)
        if key not in speakers:
            what = "no such turn" if coding.session_id in known else "no transcript"
            raise CodingsError(
                f"session '{coding.session_id}' has {what}.",
                "Give the transcripts that were coded.",
                turn=coding.turn,
            )
        everyone.add(coding.coder)
        for place, given in enumerate(coding.codes):
            code_id = given if given in codebook else guide.get(given, "")
            if not code_id:
                raise CodingsError(
                    f"the codebook has no code '{given}' (session '{coding.session_id}').",
                    "Use the codebook that was coded with.",
                    turn=coding.turn,
                )
            marked[codebook.code(code_id).family][key].add(coding.coder)
            weights[key][code_id] += (2.0 if place == 0 else 1.0) / (len(coding.codes) + 1)
    shares: dict[Family, dict[TurnKey, float]] = {
        family: {
            key: len(who) / max(len(who), len(coders[key[0]]) if coders else len(everyone))
            for key, who in marked[family].items()
            if speakers[key] == CODED_SPEAKER[family]
        }
        for family in FAMILIES
    }
    frozen = {key: dict(value) for key, value in weights.items()}
    return CodedSet(kept, shares, frozen, {t.session_id: name for t in kept}, tuple(sorted(everyone)))


def read_coded_folder(folder: Path, codebook: Codebook, *, name: str | None = None) -> CodedSet:
    """Read ``transcripts.jsonl`` and ``codings.jsonl`` of a folder.

    Raises
    ------
    IngestError
        If one is missing or not as it must be.
    """
    for needed in ("transcripts.jsonl", "codings.jsonl"):
        if not (folder / needed).exists():
            raise CodingsError(f"the folder has no {needed}.", "docs/model.md tells what training reads.", path=folder)
    transcripts = list(read_interchange(folder / "transcripts.jsonl"))
    return load_coded_set(transcripts, read_codings(folder / "codings.jsonl"), codebook, name=name or folder.name)


def join_sets(sets: Iterable[CodedSet]) -> CodedSet:
    """Several coded sets as one; each session remembers its set.

    Raises
    ------
    CodingsError
        If two sets hold the same session_id.
    """
    transcripts: list[Transcript] = []
    shares: dict[Family, dict[TurnKey, float]] = {family: {} for family in FAMILIES}
    codes: dict[TurnKey, Mapping[str, float]] = {}
    names: dict[str, str] = {}
    coders: set[str] = set()
    degrees: dict[Family, dict[TurnKey, float]] = {family: {} for family in FAMILIES}
    for coded in sets:
        twice = {t.session_id for t in coded.transcripts} & names.keys()
        if twice:
            raise CodingsError(f"session '{min(twice)}' stands in two sets.", "Give each session its own id.")
        transcripts.extend(coded.transcripts)
        names.update({t.session_id: coded.sets[t.session_id] for t in coded.transcripts})
        codes.update(coded.codes)
        coders.update(coded.coders)
        for family in FAMILIES:
            shares[family].update(coded.shares.get(family, {}))
            degrees[family].update(coded.degrees.get(family, {}))
    return CodedSet(tuple(transcripts), shares, codes, names, tuple(sorted(coders)), degrees)
