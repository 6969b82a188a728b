"""Cues: what a rule can hear. Read from ``annotations/cues.yaml``, checked, and joined to the codebook."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rupture_markers.errors import ConfigError
from rupture_markers.markers.codebook import Codebook
from rupture_markers.markers.defaults import default_file
from rupture_markers.markers.marker import Family
from rupture_markers.markers.phrases import variants
from rupture_markers.transcripts.transcript import EventKind, Speaker

Need = Literal["lemma", "tag", "dep"]
"""What a pattern asks of the pipeline beyond its tokeniser."""

Place = Literal["anywhere", "start", "end"]

Situation = Literal[
    "question", "open question", "closed question", "invitation", "reflection", "advice", "press", "apology",
    "any turn", "strain",
]  # fmt: skip
"""What the other did in the turn before; ``strain``: a cue of a rupture in the client's last two turns."""

START_WORDS = 8
"""``where: start`` is within so many tokens of the turn's beginning, ``end`` within so many of its end."""

_CUE_LINE = re.compile(r"^\s*-\s*\{?\s*id:\s*['\"]?([\w-]+)")
_ID = r"^[a-z][a-z0-9-]{2,59}$"


@dataclass(frozen=True, slots=True)
class CueHit:
    """A rule's hit.

    Attributes
    ----------
    cue_id, code : str
    start, end : int
        Half-open code-point offsets in the turn's text.
    """

    cue_id: str
    code: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Cue:
    """One named rule.

    Attributes
    ----------
    id, code : str
    family : Family
        Of its code.
    speakers : tuple of Speaker
        In whose turns it is heard: those whose turns the code is given to.
    phrases : tuple of str
        Every reading spelt out; any case, straight or curly apostrophe.
    patterns : tuple of tuple of dict
        spaCy token patterns.
    needs : tuple of Need
        Left out, with no error, where the pipeline does not give these.
    where : Place
    whole : bool
        Only where it is all the speaker says in the turn, fillers and 'well' aside.
    most_words : int or None
        Only in turns of at most so many words.
    after : tuple of Situation
        Only where the other's turn before is one of these; empty for anywhere.
    with_event : tuple of EventKind
        Only in a turn that holds one of these events; laughter may be written ('lol').
    why : str
    """

    id: str
    code: str
    family: Family
    speakers: tuple[Speaker, ...]
    phrases: tuple[str, ...]
    patterns: tuple[tuple[dict[str, Any], ...], ...] = ()
    needs: tuple[Need, ...] = ()
    where: Place = "anywhere"
    whole: bool = False
    most_words: int | None = None
    after: tuple[Situation, ...] = ()
    with_event: tuple[EventKind, ...] = ()
    why: str = ""


@dataclass(frozen=True)
class CueList:
    """All cues whose code the codebook has.

    Attributes
    ----------
    cues : tuple of Cue
    version : str
    sha256 : str
        Of what the file says.
    skipped : tuple of (str, str)
        Cue id and code of those left out because the codebook has no such code.
    """

    cues: tuple[Cue, ...]
    version: str
    sha256: str
    skipped: tuple[tuple[str, str], ...] = ()

    @cached_property
    def by_id(self) -> dict[str, Cue]:
        """Cue of an id."""
        return {cue.id: cue for cue in self.cues}

    def of_code(self, code: str) -> tuple[Cue, ...]:
        """Cues of one code, in the order of the file."""
        return tuple(cue for cue in self.cues if cue.code == code)

    @property
    def warnings(self) -> tuple[str, ...]:
        """One line a code that has cues but is not in the codebook."""
        counts = Counter(code for _, code in self.skipped)
        return tuple(
            f"{number} cue{'s' if number > 1 else ''} of {code} left out: the codebook has no such code."
            for code, number in counts.items()
        )


class _CueEntry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: Annotated[str, Field(pattern=_ID)]
    code: Annotated[str, Field(min_length=1, max_length=10)]
    phrases: list[Annotated[str, Field(min_length=1, max_length=300)]] = Field(default_factory=list)
    patterns: list[Annotated[list[dict[str, Any]], Field(min_length=1)]] = Field(default_factory=list)
    needs: list[Need] = Field(default_factory=list)
    where: Place = "anywhere"
    whole: bool = False
    most_words: Annotated[int, Field(ge=0)] | None = None
    after: list[Situation] = Field(default_factory=list)
    with_event: list[EventKind] = Field(default_factory=list)
    why: Annotated[str, Field(min_length=3)]


class _CueFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    version: Annotated[str, Field(min_length=1, max_length=20)]
    cues: list[_CueEntry]


def load_cues(path: Path | None, codebook: Codebook) -> CueList:
    """Read and check the cues; None stands for the shipped ones.

    A cue whose code the codebook does not have is left out and listed in ``skipped``: a lab that drops a code
    need not touch the cues.

    Raises
    ------
    ConfigError
        Naming file, line and cue of what is wrong.
    """
    path = path or default_file("annotations/cues.yaml")
    try:
        text = path.read_text(encoding="utf-8-sig")
        data = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError):
        raise ConfigError("the cues cannot be read.", "Check 'cues:' in study.yaml.", path=path) from None
    except (yaml.YAMLError, ValueError, RecursionError) as fault:
        mark = getattr(fault, "problem_mark", None)
        raise ConfigError(
            "this is not YAML.", "Mend the line.", path=path, line=mark.line + 1 if mark else None
        ) from None
    lines = {found[1]: n for n, line in enumerate(text.splitlines(), start=1) if (found := _CUE_LINE.match(line))}
    entries = _validated(data, path, lines)
    cues, skipped = [], []
    for entry in entries.cues:
        if entry.code in codebook:
            cues.append(_cue(entry, codebook, path, lines.get(entry.id)))
        else:
            skipped.append((entry.id, entry.code))
    packed = entries.model_dump_json()
    return CueList(tuple(cues), entries.version, hashlib.sha256(packed.encode()).hexdigest(), tuple(skipped))


def _validated(data: object, path: Path, lines: dict[str, int]) -> _CueFile:
    try:
        entries = _CueFile.model_validate(data)
    except ValidationError as fault:
        first = fault.errors(include_input=False, include_url=False)[0]
        where, cue = first["loc"], ""
        if len(where) > 1 and where[0] == "cues" and isinstance(data, dict):
            raw = data["cues"][where[1]]
            cue = str(raw.get("id", "")) if isinstance(raw, dict) else ""
        field = ".".join(map(str, where[2:] if cue else where))
        raise ConfigError(
            f"{f'cue {cue}: ' if cue else ''}'{field}': {first['msg']}.",
            "docs/cues.md shows the form of a cue.",
            path=path,
            line=lines.get(cue),
        ) from None
    for cue_id, number in Counter(entry.id for entry in entries.cues).items():
        if number > 1:
            raise ConfigError(
                f"cue {cue_id} stands {number} times.",
                "Give each cue its own id.",
                path=path,
                line=lines.get(cue_id),
            )
    return entries


def _cue(entry: _CueEntry, codebook: Codebook, path: Path, line: int | None) -> Cue:
    if not (entry.phrases or entry.patterns or entry.with_event):
        raise ConfigError(
            f"cue {entry.id} has neither phrases, patterns nor an event.",
            "Give it one.",
            path=path,
            line=line,
        )
    phrases: list[str] = []
    for phrase in entry.phrases:
        try:
            phrases += variants(phrase)
        except ValueError as fault:
            raise ConfigError(
                f"cue {entry.id}: a phrase cannot be read: {fault}.",
                "Write choices as (a|b), and split a phrase that has too many.",
                path=path,
                line=line,
            ) from None
    code = codebook.code(entry.code)
    return Cue(
        id=entry.id,
        code=entry.code,
        family=code.family,
        speakers=code.coded,
        phrases=tuple(dict.fromkeys(phrases)),
        patterns=tuple(tuple(pattern) for pattern in entry.patterns),
        needs=tuple(entry.needs),
        where=entry.where,
        whole=entry.whole,
        most_words=entry.most_words,
        after=tuple(entry.after),
        with_event=tuple(entry.with_event),
        why=entry.why,
    )
