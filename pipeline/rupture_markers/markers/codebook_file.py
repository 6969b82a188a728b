"""The codebook's file: read, held to its form, and everything wrong with it said at once, with lines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rupture_markers.errors import ConfigError
from rupture_markers.markers.marker import CODED_SPEAKER, Family
from rupture_markers.transcripts.transcript import Speaker

PAGE_HOTKEYS = frozenset("u")
"""Single keys that Label Studio takes for itself: u lets go of a region. The page's own questions use Shift."""

LEAST_CONTRAST = 4.5
"""Of a label's white letters on its colour, after WCAG 2.2, criterion 1.4.3."""

_Line = Annotated[str, Field(min_length=2, pattern=r"^[^\r\n]+$")]


class CodeEntry(BaseModel):
    """One code as the file has it."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    # No comma: Label Studio separates labels by commas where it asks for one of several.
    id: Annotated[str, Field(pattern=r"^[A-Z][A-Za-z0-9-]{0,9}$")]
    family: Family
    # No $: Label Studio would put a task's field in its place.
    name: Annotated[str, Field(min_length=2, max_length=60, pattern=r"^[^$\r\n]+$")]
    coded: Annotated[tuple[Speaker, ...], Field(min_length=1)]
    definition: Annotated[str, Field(min_length=10)]
    include: tuple[_Line, ...] = ()
    exclude: tuple[_Line, ...] = ()
    examples: tuple[_Line, ...] = ()
    hotkey: Annotated[str, Field(pattern=r"^[0-9a-z]$")]
    colour: Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]
    guide_codes: tuple[str, ...] = ()


class CodebookFile(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(min_length=1, max_length=80)]
    version: Annotated[str, Field(min_length=1, max_length=20)]
    codes: Annotated[tuple[CodeEntry, ...], Field(min_length=1)]


_MEANINGS = {
    "id": "an id is a capital letter and up to nine letters, digits or hyphens, such as W2",
    "family": "a family is withdrawal, confrontation or repair",
    "name": "a name has 2 to 60 characters, on one line, without $",
    "coded": "'coded' lists client, therapist, other or nobody (a silence between turns)",
    "hotkey": "a hotkey is one digit or small letter, in quotes",
    "colour": "a colour is # and six hexadecimal digits, in quotes",
    "definition": "a definition has at least ten characters",
    "version": "a version is a short text; put it in quotes",
}


def read_codebook_file(path: Path) -> CodebookFile:
    """Read and check a codebook's file.

    Raises
    ------
    ConfigError
        With the line of the first problem; the others are listed in the message.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError("the codebook is not UTF-8 text.", "Save it as UTF-8.", path=path) from None
    except OSError:
        raise ConfigError(
            "the codebook cannot be read.", "Check that the file is there and 'codebook:' names it.", path=path
        ) from None
    try:
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        data: Any = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as fault:
        mark = getattr(fault, "problem_mark", None)
        raise ConfigError(
            "this is not YAML.",
            "Look at the quotes, brackets and indentation there; a text with ': ' or '#' in it needs quotes.",
            path=path,
            line=mark.line + 1 if mark else None,
        ) from None
    lines = _lines_of_codes(tree)
    try:
        entries = CodebookFile.model_validate(data)
    except ValidationError as fault:
        _refuse(path, [*_repeated_keys(tree), *_of_form(fault, lines, data)])
    _refuse(path, [*_repeated_keys(tree), *_of_codes(entries.codes, lines)])
    return entries


_Problem = tuple[int | None, str]


def _refuse(path: Path, problems: list[_Problem]) -> None:
    if not problems:
        return
    problems.sort(key=lambda problem: problem[0] or 0)
    line, first = problems[0]
    also = [f"line {n}: {what}" if n else what for n, what in problems[1:]]
    more = f" {len(also)} more: {'; '.join(also)}." if also else ""
    raise ConfigError(
        f"{first}.{more}", "Mend the file and run 'rupture codebook check'.", path=path, line=line
    ) from None


def _lines_of_codes(tree: yaml.Node | None) -> list[int]:
    """Line of each entry of ``codes``, counted from 1."""
    if isinstance(tree, yaml.MappingNode):
        for key, value in tree.value:
            if key.value == "codes" and isinstance(value, yaml.SequenceNode):
                return [entry.start_mark.line + 1 for entry in value.value]
    return []


def _repeated_keys(node: yaml.Node | None) -> Iterator[_Problem]:
    """Keys given twice in one mapping: YAML would silently take the last."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                yield key.start_mark.line + 1, f"'{key.value}' is given twice"
            seen.add(key.value)
            yield from _repeated_keys(value)
    elif isinstance(node, yaml.SequenceNode):
        for entry in node.value:
            yield from _repeated_keys(entry)


def _of_form(fault: ValidationError, lines: list[int], data: Any) -> Iterator[_Problem]:
    for error in fault.errors(include_input=False, include_url=False):
        place = error["loc"]
        line, whose, field = None, "", str(place[-1]) if place else ""
        if len(place) > 1 and place[0] == "codes" and isinstance(place[1], int):
            number = place[1]
            line = lines[number] if number < len(lines) else None
            entry = data["codes"][number]
            whose = str(entry.get("id", "")) if isinstance(entry, dict) else ""
            field = str(place[2]) if len(place) > 2 else "code"
        if error["type"] == "extra_forbidden":
            what = f"'{field}' is no field of a codebook"
        elif error["type"] == "missing":
            what = f"'{field}' is missing"
        else:
            what = f"'{field}' cannot be read: {_MEANINGS.get(field, error['msg'][:1].lower() + error['msg'][1:])}"
        yield line, f"{whose}: {what}" if whose else what


def _of_codes(codes: tuple[CodeEntry, ...], lines: list[int]) -> Iterator[_Problem]:
    owners: dict[tuple[str, str], str] = {}
    for code, line in zip(codes, lines, strict=True):
        for key in ("id", "hotkey", "name"):
            value = str(getattr(code, key))
            taken = (key, value.casefold())
            if taken in owners:
                yield line, f"{code.id}: {key} '{value}' stands at {owners[taken]} already"
            owners.setdefault(taken, code.id)
        if code.hotkey in PAGE_HOTKEYS:
            yield line, f"{code.id}: hotkey '{code.hotkey}' is Label Studio's own"
        speaker = CODED_SPEAKER[code.family]
        if speaker not in code.coded:
            yield line, f"{code.id}: a {code.family} code must list {speaker} in 'coded'"
        if contrast_with_white(code.colour) < LEAST_CONTRAST:
            yield line, f"{code.id}: white letters cannot be read on {code.colour}; take a darker colour"


def contrast_with_white(colour: str) -> float:
    """Contrast ratio of white on an sRGB colour ``#rrggbb``, 1 to 21 (WCAG 2.2)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)
