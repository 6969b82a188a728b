"""CHAT (.cha) of TalkBank: main tiers ``*PAR:``, with bullets as times in milliseconds."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pylangacq

from rupture_markers.errors import IngestError
from rupture_markers.transcripts.options import RawTranscript, ReadOptions, Utterance
from rupture_markers.transcripts.speakers import speaker_of

_MAIN = re.compile(r"^\*([A-Za-z0-9_-]{1,12}):")
_LONGEST_TIER = 5_000
_BULLET = re.compile(r"\x15\d+_\d+\x15")
_SPACE_BEFORE_MARK = re.compile(r"(?<!\s)\s{1,20}([.,?!;])")
_PERSON = re.compile(r"^([A-Za-z0-9_-]{1,12})(?: [^,]{0,60})? ([A-Za-z_]{1,30})$")


def read_chat(text: str, options: ReadOptions, path: Path) -> RawTranscript:
    """Utterances of the main tiers; consecutive ones of a speaker are a turn.

    The words are the main tier's as transcribed, without bullets and with the space before a mark closed. A speaker
    is found by the code of the tier (``PAR``) in the study's map; else by the role that @Participants gives it,
    where that is a full word (``Client``, ``Therapist``).

    Raises
    ------
    IngestError
        If it is no CHAT, with the line where that shows.
    """
    lines = text.split("\n")
    if not any(line.startswith("@") for line in lines[:20]):
        raise IngestError("this is not CHAT: it lacks @Begin and its headers.", "Export it again.", path=path, line=1)
    at = [n for n, line in enumerate(lines, start=1) if _MAIN.match(line)]
    if not at:
        raise IngestError("there is no main tier ('*PAR:') in it.", "Export it again.", path=path, line=len(lines))
    _require_short(lines, path)
    try:
        found = _utterances(_main_tiers(lines))
    except _GrammarError:
        raise IngestError(
            "CHAT's own grammar is broken in this file.",
            "Run CLAN's CHECK over it and mend what it names.",
            path=path,
            line=at[0],
        ) from None
    labels = _labels(lines, options)
    utterances = []
    for utterance, line in zip(found, at if len(at) == len(found) else [None] * len(found), strict=True):
        tiers = utterance.tiers or {}
        code = str(utterance.participant)
        words = " ".join(_BULLET.sub("", str(tiers.get(code, ""))).split())
        marks = utterance.time_marks
        start, end = (marks[0] / 1000, marks[1] / 1000) if marks else (None, None)
        utterances.append(Utterance(labels.get(code, code), _SPACE_BEFORE_MARK.sub(r"\1", words), start, end, line))
    return RawTranscript(tuple(utterances), join=True, chat=True)


class _GrammarError(Exception):
    """The main tiers are no CHAT."""


def _main_tiers(lines: list[str]) -> str:
    """The main tiers alone, as a file of their own.

    Nothing else is needed of the reader, which panics on some broken headers and has warnings that quote the words of
    dependent tiers.
    """
    kept = []
    within = False
    for line in lines:
        within = bool(_MAIN.match(line)) or (within and line.startswith("\t"))
        if within:
            kept.append(line)
    return "\n".join(["@UTF8", "@Begin", *kept, "@End", ""])


def _utterances(text: str) -> list[Any]:
    try:
        return list(
            pylangacq.CHAT.from_strs([text], parallel=False, strict=False, mor_tier=None, gra_tier=None).utterances()
        )
    except (ValueError, TypeError, KeyError, IndexError):
        raise _GrammarError from None
    except BaseException as panic:
        # A panic of the reader's Rust code is no Exception, and its class cannot be imported.
        if type(panic).__name__ != "PanicException":
            raise
        raise _GrammarError from None


def _require_short(lines: list[str], path: Path) -> None:
    """Stop at a tier of more characters than anybody says: the grammar takes time beyond measure on nested brackets."""
    first, length = 1, 0
    for number, line in enumerate(lines, start=1):
        if not line.startswith("\t"):
            first, length = number, 0
        length += len(line)
        if length > _LONGEST_TIER:
            raise IngestError(
                f"this tier has more than {_LONGEST_TIER:,} characters.",
                "Split it into utterances.",
                path=path,
                line=first,
            )


def _labels(lines: list[str], options: ReadOptions) -> dict[str, str]:
    """Role of each code that nobody is mapped to, where the role says who it is."""
    labels = {}
    for line in lines:
        if line.startswith("@Participants:"):
            for person in line.partition(":")[2].split(","):
                found = _PERSON.match(" ".join(person.split()))
                if found and speaker_of(found[1], options.speakers) is None:
                    role = found[2].replace("_", " ")
                    if speaker_of(role, options.speakers) is not None:
                        labels[found[1]] = role
    return labels
