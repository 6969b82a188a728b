"""The codebook: what is coded, in whose turns, under which name, key and colour."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rupture_markers.errors import ConfigError
from rupture_markers.markers.defaults import default_file
from rupture_markers.markers.marker import CODED_SPEAKER, FAMILIES, Family
from rupture_markers.transcripts.transcript import Speaker

PAGE_HOTKEYS = frozenset("u")
"""Single keys that Label Studio takes for itself (u lets go of a region); the page's own questions use Shift."""
_WHERE: dict[Speaker, str] = {
    "client": "the client's turn",
    "therapist": "the therapist's turn",
    "other": "another person's turn",
    "nobody": "a silence between turns",
}
_CODE_LINE = re.compile(r"^\s*-?\s*id:\s*['\"]?([\w-]+)")


@dataclass(frozen=True, slots=True)
class Code:
    """One marker: what it is, what counts and what does not."""

    id: str
    family: Family
    name: str
    coded: tuple[Speaker, ...]
    definition: str
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    examples: tuple[str, ...]
    hotkey: str
    colour: str
    guide_codes: tuple[str, ...]

    @property
    def label(self) -> str:
        """What coders see: ``W2 minimal response``."""
        return f"{self.id} {self.name}"


@dataclass(frozen=True)
class Codebook:
    """All codes of a study, with version and hash."""

    name: str
    version: str
    codes: tuple[Code, ...]

    @cached_property
    def sha256(self) -> str:
        """Hash of what the codebook says, whatever its layout and comments."""
        packed = json.dumps(asdict(self), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(packed.encode()).hexdigest()

    @property
    def families(self) -> tuple[Family, ...]:
        """Families that have a code, in the house's order."""
        return tuple(family for family in FAMILIES if self.of_family(family))

    def of_family(self, family: Family) -> tuple[Code, ...]:
        """Codes of a family, in the order of the file."""
        return tuple(code for code in self.codes if code.family == family)

    def code(self, code_id: str) -> Code:
        """Return the code of that id.

        Raises
        ------
        KeyError
            If the codebook has none.
        """
        for code in self.codes:
            if code.id == code_id:
                return code
        raise KeyError(code_id)

    def label(self, code_id: str) -> str:
        """Return what coders see of that code: ``W2 minimal response``."""
        return self.code(code_id).label

    def __contains__(self, code_id: object) -> bool:
        return any(code.id == code_id for code in self.codes)


class _CodeEntry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: Annotated[str, Field(pattern=r"^[A-Z][A-Za-z0-9-]{0,9}$")]
    family: Family
    name: Annotated[str, Field(min_length=2, max_length=60)]
    coded: Annotated[list[Speaker], Field(min_length=1)]
    definition: Annotated[str, Field(min_length=10)]
    include: list[str] = Field(default_factory=list)
    exclude: list[str] = Field(default_factory=list)
    examples: list[str] = Field(default_factory=list)
    hotkey: Annotated[str, Field(pattern=r"^[0-9a-z]$")]
    colour: Annotated[str, Field(pattern=r"^#[0-9a-f]{6}$")]
    guide_codes: list[str] = Field(default_factory=list)


class _CodebookFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1)]
    version: Annotated[str, Field(min_length=1, max_length=20)]
    codes: Annotated[list[_CodeEntry], Field(min_length=1)]


def load_codebook(path: Path | None = None) -> Codebook:
    """Read and check a codebook; None stands for the shipped one.

    Raises
    ------
    ConfigError
        Naming file, line and code of what is wrong.
    """
    path = path or default_file("annotations/codebook.yaml")
    try:
        text = path.read_text(encoding="utf-8-sig")
        data: Any = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError):
        raise ConfigError("the codebook cannot be read.", "Check 'codebook:' in study.yaml.", path=path) from None
    except yaml.YAMLError as fault:
        mark = getattr(fault, "problem_mark", None)
        raise ConfigError(
            "this is not YAML.", "Mend the line.", path=path, line=mark.line + 1 if mark else None
        ) from None
    lines = [n for n, line in enumerate(text.splitlines(), start=1) if _CODE_LINE.match(line)]
    try:
        entries = _CodebookFile.model_validate(data)
    except ValidationError as fault:
        first = fault.errors(include_input=False, include_url=False)[0]
        at = first["loc"][1] if len(first["loc"]) > 1 and first["loc"][0] == "codes" else None
        raise ConfigError(
            f"'{'.'.join(map(str, first['loc']))}': {first['msg']}.",
            "annotations/codebook.yaml shows the form of a code.",
            path=path,
            line=lines[at] if isinstance(at, int) and at < len(lines) else None,
        ) from None
    codes = tuple(
        Code(
            entry.id, entry.family, entry.name, tuple(entry.coded), entry.definition, tuple(entry.include),
            tuple(entry.exclude), tuple(entry.examples), entry.hotkey, entry.colour, tuple(entry.guide_codes),
        )
        for entry in entries.codes
    )  # fmt: skip
    _require_consistent(codes, path, lines)
    return Codebook(entries.name, entries.version, codes)


def _require_consistent(codes: tuple[Code, ...], path: Path, lines: list[int]) -> None:
    counts = {
        "id": Counter(code.id for code in codes),
        "hotkey": Counter(code.hotkey for code in codes),
        "name": Counter(code.name for code in codes),
    }
    for number, code in enumerate(codes):
        line = lines[number] if number < len(lines) else None
        for key, seen in counts.items():
            value = str(getattr(code, key))
            if seen[value] > 1:
                raise ConfigError(f"{key} '{value}' stands at {seen[value]} codes.", "Give each its own.", path=path, line=line)  # fmt: skip
        if code.hotkey in PAGE_HOTKEYS:
            raise ConfigError(
                f"hotkey '{code.hotkey}' of {code.id} is one of the page's own.",
                f"Take a key that is none of {' '.join(sorted(PAGE_HOTKEYS))}.",
                path=path,
                line=line,
            )
        if CODED_SPEAKER[code.family] not in code.coded:
            raise ConfigError(
                f"{code.id} is a {code.family} code but is not coded in {CODED_SPEAKER[code.family]} turns.",
                f"Add {CODED_SPEAKER[code.family]} to its 'coded'.",
                path=path,
                line=line,
            )


@dataclass(frozen=True, slots=True)
class CodebookChange:
    """What differs between two codebooks: ids added and removed, and changed ids with the fields."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not (self.added or self.removed or self.changed)


def compare_codebooks(old: Codebook, new: Codebook) -> CodebookChange:
    """What a new codebook adds, removes and changes."""
    before, after = {c.id: c for c in old.codes}, {c.id: c for c in new.codes}
    changed = []
    for code_id in before.keys() & after.keys():
        first, second = asdict(before[code_id]), asdict(after[code_id])
        fields = tuple(key for key in first if first[key] != second[key])
        if fields:
            changed.append((code_id, fields))
    return CodebookChange(
        tuple(c.id for c in new.codes if c.id not in before),
        tuple(c.id for c in old.codes if c.id not in after),
        tuple(sorted(changed)),
    )


def coder_guide(codebook: Codebook) -> str:
    """Write the coder guide from the codebook, in Markdown, so that it follows every edit."""
    out = [f"# Coder guide: {codebook.name}, version {codebook.version}", ""]
    for family in codebook.families:
        out += [f"## {family.capitalize()}", ""]
        for code in codebook.of_family(family):
            who = " or ".join(_WHERE[speaker] for speaker in code.coded)
            out += [f"### {code.label} (key {code.hotkey})", "", f"{code.definition} Coded in {who}.", ""]
            examples = " ".join(f"“{example}”" for example in code.examples)
            for head, said in (
                ("Counts", "; ".join(code.include)),
                ("Does not count", "; ".join(code.exclude)),
                ("Invented examples", examples),
            ):
                if said:
                    out.append(f"- **{head}:** {said}")
            out.append("")
    return "\n".join(out)
