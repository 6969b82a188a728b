"""From a label to who it is. A full word maps itself; a bare letter never does."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import yaml

from rupture_markers.errors import UnmappedSpeakerError
from rupture_markers.transcripts.options import Utterance
from rupture_markers.transcripts.transcript import Speaker

FULL_WORDS: Mapping[str, Speaker] = {
    **dict.fromkeys(("client", "patient", "counselee", "interviewee", "service user", "coachee"), "client"),
    **dict.fromkeys(
        (
            "therapist", "counsellor", "counselor", "interviewer", "clinician", "psychologist",
            "psychotherapist", "psychiatrist", "analyst", "facilitator", "coach",
        ),
        "therapist",
    ),
}  # fmt: skip
_NUMBERED = re.compile(r"^(.{0,60}?)[ _.-]?(\d{1,5})$")
_YAML_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_FALLS = 2
_SHOWN = 12
_LONGEST_LABEL = 100


def speaker_of(label: str, speakers: Mapping[str, Speaker]) -> Speaker | None:
    """Who a label is; None where nobody said.

    The study's map is asked for the whole label, then for the label without its number (``C12`` -> ``C``:
    numbered utterances); then the same in any case, and the full words of the field, numbered or not.
    """
    label = label.strip()
    numbered = _NUMBERED.match(label)
    bare = numbered.group(1).strip() if numbered else label
    for name in (label, bare):
        if name in speakers:
            return speakers[name]
    folded = {name.casefold(): who for name, who in speakers.items()}
    for name in (label, bare):
        if len(name) > 1 and name.casefold() in folded:
            return folded[name.casefold()]
        if name.casefold() in FULL_WORDS:
            return FULL_WORDS[name.casefold()]
    return None


def require_mapped(utterances: Iterable[Utterance], speakers: Mapping[str, Speaker], path: Path) -> None:
    """Stop where a label is nobody.

    Raises
    ------
    UnmappedSpeakerError
        Its message counts the labels; which ones, how often and where stands in ``terminal_only``, since a
        label may be a name.
    """
    lines: dict[str, list[int]] = {}
    for utterance in utterances:
        if utterance.label is not None:
            lines.setdefault(utterance.label, []).append(utterance.line or 0)
    unknown = {label: at for label, at in lines.items() if speaker_of(label, speakers) is None}
    if not unknown:
        return
    grouped: dict[str, list[int]] = {}
    for label, at in unknown.items():
        numbered = _NUMBERED.match(label)
        bare = numbered.group(1).strip() if numbered and len(unknown) > _SHOWN else label
        grouped.setdefault(bare or label, []).extend(at)
    table = "\n".join(
        f"  {label!r:24} {len(at):5} times, lines {', '.join(map(str, at[:3]))}{' …' if len(at) > 3 else ''}"
        for label, at in sorted(grouped.items(), key=lambda item: -len(item[1]))[:_SHOWN]
    )
    config = "\n".join(
        f"  {_yaml_key(label)}: client|therapist|other   # keep the right one"
        for label in list(grouped)[:_SHOWN]
        if len(label) <= _LONGEST_LABEL
    )
    first = min(at[0] for at in unknown.values())
    raise UnmappedSpeakerError(
        f"{len(unknown)} of {len(lines)} speaker labels are mapped to nobody.",
        "Say under 'speakers:' in study.yaml who each is ('rupture check' shows them on the terminal).",
        path=path,
        line=first or None,
        terminal_only=f"Labels that nobody is mapped to:\n{table}\nAdd to study.yaml:\nspeakers:\n{config}",
    )


def _yaml_key(label: str) -> str:
    plain = re.fullmatch(r"[A-Za-z][\w-]*", label) and label.lower() not in _YAML_WORDS
    if plain:
        return label
    quoted = yaml.safe_dump(label, default_style='"', allow_unicode=True, width=10 * _LONGEST_LABEL)
    return str(quoted).strip()


def numbers_that_fall(utterances: Iterable[Utterance], speakers: Mapping[str, Speaker]) -> int | None:
    """Line where the numbers of a letter that was mapped without its number go back and forth; None where they rise.

    ``C1, C2, C3`` counts utterances; ``P1, P2, P1, P2`` are two people, whom one letter would make one.
    """
    last: dict[str, int] = {}
    falls: dict[str, int] = {}
    for utterance in utterances:
        numbered = _NUMBERED.match(utterance.label or "")
        if numbered is None or utterance.label in speakers:
            continue
        bare, number = numbered.group(1).strip(), int(numbered.group(2))
        if number < last.get(bare, 0):
            falls[bare] = falls.get(bare, 0) + 1
            if falls[bare] >= _FALLS:
                return utterance.line
        last[bare] = number
    return None
