"""Degrees: how far a turn is a marker, from 0 to 9, as graders saw it.

A mark says yes or no, and few turns are marked; a degree also tells the traces from the nothing, in every turn. Where a
set has degrees, the linear model learns them beside the marks (`word_model`). Nothing is scored or measured by them.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rupture_markers.learning.dataset import CodedSet, CodingsError, TurnKey, what_is_wrong
from rupture_markers.markers.marker import CODED_SPEAKER, FAMILIES, Family
from rupture_markers.transcripts.transcript import Transcript

_Turns = dict[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0, le=9)]]


class _DegreesLine(BaseModel):
    model_config = ConfigDict(extra="forbid")

    session_id: Annotated[str, Field(min_length=1)]
    grader: Annotated[str, Field(min_length=1)]
    withdrawal: _Turns
    confrontation: _Turns
    repair: _Turns


@dataclass(frozen=True)
class GradedSession:
    """What one grader gave the turns of one session.

    Attributes
    ----------
    session_id, grader : str
    degrees : Mapping of Family to Mapping of int to int
        Turn index to degree, of all turns of the speaker whose turns the family is coded in.
    path, line
        Where it was read.
    """

    session_id: str
    grader: str
    degrees: Mapping[Family, Mapping[int, int]]
    path: Path | None = None
    line: int | None = None


def read_degrees(path: Path) -> list[GradedSession]:
    """Read degrees, one session of one grader a line.

    Raises
    ------
    CodingsError
        With the line that is not as it must be, or that grades a session twice by one grader.
    """
    graded: dict[tuple[str, str], GradedSession] = {}
    number = 0
    try:
        with path.open(encoding="utf-8-sig") as lines:
            for number, line in enumerate(lines, start=1):
                if not line.strip():
                    continue
                found = _DegreesLine.model_validate(json.loads(line))
                session = GradedSession(
                    found.session_id,
                    found.grader,
                    {family: getattr(found, family) for family in FAMILIES},
                    path,
                    number,
                )
                if (session.session_id, session.grader) in graded:
                    raise CodingsError(
                        f"session '{session.session_id}' stands here twice by the same grader.",
                        "Keep one of the lines.",
                        path=path,
                        line=number,
                    )
                graded[session.session_id, session.grader] = session
    except (OSError, UnicodeDecodeError):
        raise CodingsError(
            "the degrees cannot be read.", "Give JSON lines in UTF-8.", path=path, line=number + 1
        ) from None
    except json.JSONDecodeError:
        raise CodingsError("this line is not JSON.", "Write one session a line.", path=path, line=number) from None
    except ValidationError as fault:
        raise CodingsError(
            what_is_wrong(fault, _DegreesLine), "docs/model.md gives the form.", path=path, line=number
        ) from None
    return list(graded.values())


def with_degrees(coded: CodedSet, graded: Iterable[GradedSession]) -> CodedSet:
    """The set with the mean of the graders' degrees; sessions that it does not hold are passed over.

    Raises
    ------
    CodingsError
        If the turns of a session are not those that were graded.
    """
    sessions = {transcript.session_id: transcript for transcript in coded.transcripts}
    found: dict[Family, dict[TurnKey, list[int]]] = {family: defaultdict(list) for family in FAMILIES}
    for session in graded:
        if session.session_id in sessions:
            _require_its_turns(session, sessions[session.session_id])
            for family in FAMILIES:
                for turn, degree in session.degrees[family].items():
                    found[family][session.session_id, turn].append(degree)
    degrees = {
        family: {key: sum(given) / len(given) for key, given in of_family.items()}
        for family, of_family in found.items()
    }
    return replace(coded, degrees=degrees)


def _require_its_turns(session: GradedSession, transcript: Transcript) -> None:
    for family in FAMILIES:
        there = {turn.index for turn in transcript.turns if turn.speaker == CODED_SPEAKER[family]}
        differing = there ^ session.degrees[family].keys()
        if differing:
            raise CodingsError(
                f"session '{session.session_id}' has other turns than were graded here ({family}).",
                "Take the line out, or use the transcript that was graded.",
                path=session.path,
                line=session.line,
                turn=min(differing),
            )
