"""CHAT (.cha) of TalkBank: main tiers ``*PAR:``, with bullets as times in milliseconds."""

from __future__ import annotations

import re
from pathlib import Path

import pylangacq

from rupture_markers.errors import IngestError
from rupture_markers.transcripts.options import RawTranscript, Utterance

_MAIN = re.compile(r"^\*([A-Za-z0-9_-]{1,12}):")
_BULLET = re.compile(r"\x15\d+_\d+\x15")
_SPACE_BEFORE_MARK = re.compile(r"\s+([.,?!;])")


def read_chat(text: str, path: Path) -> RawTranscript:
    """Utterances of the main tiers; consecutive ones of a speaker are a turn.

    The words are the main tier's as transcribed, without bullets and with the space before a mark closed.

    Raises
    ------
    IngestError
        If it is no CHAT, with the line where that shows.
    """
    lines = text.splitlines()
    if not any(line.startswith("@") for line in lines[:20]):
        raise IngestError(
            "this is not CHAT: it lacks @Begin and its headers.", "Export it again.", path=path, line=1
        )
    at = [n for n, line in enumerate(lines, start=1) if _MAIN.match(line)]
    if not at:
        raise IngestError(
            "there is no main tier ('*XXX:') in it.", "Export it again.", path=path, line=len(lines)
        )
    # Without its morphology tiers the reader has nothing to align, and no warning that would quote the words.
    try:
        found = pylangacq.CHAT.from_strs(
            [text], parallel=False, strict=False, mor_tier=None, gra_tier=None
        ).utterances()
    except (ValueError, TypeError, KeyError, IndexError) as fault:
        number = re.search(r"line (\d+)", str(fault))
        raise IngestError(
            "CHAT's own grammar is broken in this file.",
            "Run CLAN's CHECK over it and mend what it names.",
            path=path,
            line=int(number.group(1)) if number else at[0],
        ) from None
    utterances = []
    for utterance, line in zip(found, at if len(at) == len(found) else [None] * len(found), strict=True):
        tiers = utterance.tiers or {}
        words = _BULLET.sub("", str(tiers.get(utterance.participant, ""))).strip()
        marks = utterance.time_marks
        start, end = (marks[0] / 1000, marks[1] / 1000) if marks else (None, None)
        utterances.append(
            Utterance(str(utterance.participant), _SPACE_BEFORE_MARK.sub(r"\1", words), start, end, line)
        )
    return RawTranscript(tuple(utterances), join=True)
