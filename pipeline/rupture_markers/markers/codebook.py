"""The codebook: what is coded, in whose turns, under which name, key and colour."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

from rupture_markers.markers.codebook_file import read_codebook_file
from rupture_markers.markers.defaults import default_file
from rupture_markers.markers.marker import FAMILIES, Family
from rupture_markers.transcripts.transcript import Speaker

_WHERE: dict[Speaker, str] = {
    "client": "the client's turn",
    "therapist": "the therapist's turn",
    "other": "another person's turn",
    "nobody": "a silence between turns",
}


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


def load_codebook(path: Path | None = None) -> Codebook:
    """Read and check a codebook; None stands for the shipped one.

    Raises
    ------
    ConfigError
        Naming file, line and code of everything that is wrong.
    """
    file = read_codebook_file(path or default_file("annotations/codebook.yaml"))
    codes = tuple(
        Code(
            id=entry.id,
            family=entry.family,
            name=entry.name,
            coded=entry.coded,
            definition=entry.definition,
            include=entry.include,
            exclude=entry.exclude,
            examples=entry.examples,
            hotkey=entry.hotkey,
            colour=entry.colour.lower(),
            guide_codes=entry.guide_codes,
        )
        for entry in file.codes
    )
    return Codebook(file.name, file.version, codes)


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


_RULES = (
    "Read the whole segment first; then code turn by turn with what came before in mind, and what comes after only "
    "to see whether an answer was cut off.",
    "Code what a turn does, not its words. A back-channel, a short answer to a closed or factual question and plain "
    "agreement in a lively exchange are no markers.",
    "Client codes go to what the client does in relation to the therapist or the work; anger at somebody else is none.",
    "A repair strategy is coded only where it answers a strain, however mild.",
    "Arguments for not changing are a marker only where they move away from or against the therapist or the work.",
    "Greetings, closings and small talk are normally not coded.",
    "A turn can carry several codes, at most three: mark it once for each.",
    "Significance is the effect on the alliance at that moment, 1 barely there to 5 severe; it is our rating of a "
    "turn, not the 3RS rating of a session.",
    "Be neither generous nor strict: mark what a trained team would mark, mild markers included.",
)


def coder_guide(codebook: Codebook) -> str:
    """Write the coder guide from the codebook, in Markdown, so that it follows every edit."""
    out = [f"# Coder guide: {codebook.name}, version {codebook.version}", ""]
    out += ["## How to code", "", *(f"- {rule}" for rule in _RULES), ""]
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
