"""From utterances to turns: speakers, joining, silences, events, back-channels, warnings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rupture_markers.errors import IngestError
from rupture_markers.transcripts.back_channels import mark_back_channels
from rupture_markers.transcripts.control_characters import count_control_characters
from rupture_markers.transcripts.events import find_events
from rupture_markers.transcripts.options import RawTranscript, ReadOptions, Utterance, require_lines
from rupture_markers.transcripts.speakers import numbers_that_fall, require_mapped, speaker_of
from rupture_markers.transcripts.transcript import ReadWarning, Speaker, Turn

_HALF_CHARACTER = re.compile(r"[\ud800-\udfff]")


def assemble(raw: RawTranscript, options: ReadOptions, path: Path) -> tuple[tuple[Turn, ...], tuple[ReadWarning, ...]]:
    """Turns of a file, numbered from 0, and what was odd.

    Raises
    ------
    IngestError
        If nothing is said, a label is nobody, or only one of two speakers speaks.
    """
    require_lines(len(raw.utterances), path)
    spoken = [u for u in raw.utterances if u.text.strip()]
    _require_whole_characters(spoken, path)
    if not any(u.label is not None for u in spoken):
        raise IngestError(
            "no line names a speaker.",
            "A transcript needs a speaker for each turn, such as 'T: …' (docs/transcripts.md).",
            path=path,
            line=spoken[0].line if spoken else 1,
        )
    speakers = {**options.speakers, **options.tiers}
    require_mapped(spoken, speakers, path)
    warnings = [ReadWarning(what, line) for what, line in raw.warnings]
    falls = numbers_that_fall(spoken, speakers)
    if falls is not None:
        warnings.append(
            ReadWarning(
                "numbers behind a speaker's letter go back and forth, so they may be people and not utterances: "
                "map each full label in study.yaml",
                falls,
            )
        )
    held: list[tuple[Speaker, Utterance]] = []
    for utterance in spoken:
        who = _holder(utterance, speakers)
        if raw.join and held and who != "nobody" and held[-1][0] == who and _near(held[-1][1], utterance, options):
            last = held[-1][1]
            held[-1] = (who, replace(last, text=f"{last.text} {utterance.text}", end_s=utterance.end_s))
        else:
            held.append((who, utterance))
    require_two({who for who, _ in held}, path, held[0][1].line if held else 1)
    if options.silence_s is not None:
        held = _with_silences(held, options.silence_s)
    turns = tuple(
        Turn(i, who, u.text, u.start_s, u.end_s, find_events(u.text, chat=raw.chat)) for i, (who, u) in enumerate(held)
    )
    lines = [utterance.line for _, utterance in held]
    warnings.extend(odd_times(turns, lines))
    warnings.extend(control_characters(turns, lines))
    return mark_back_channels(turns, options.medium), tuple(warnings)


def _require_whole_characters(utterances: Sequence[Utterance], path: Path) -> None:
    """Stop at a half of a surrogate pair, which JSON's escapes and some encodings allow and no file can hold."""
    for utterance in utterances:
        if _HALF_CHARACTER.search(f"{utterance.label or ''}{utterance.text}"):
            raise IngestError(
                "the text holds half a character (a surrogate without its other half).",
                "Export the file again, or mend that character.",
                path=path,
                line=utterance.line,
            )


def _holder(utterance: Utterance, speakers: dict[str, Speaker]) -> Speaker:
    if utterance.label is None:
        return "nobody"
    who = speaker_of(utterance.label, speakers)
    return who if who is not None else "other"


def _near(last: Utterance, this: Utterance, options: ReadOptions) -> bool:
    if last.end_s is None or this.start_s is None:
        return True
    return this.start_s - last.end_s <= options.join_gap_s


def require_two(present: set[Speaker], path: Path, line: int | None) -> None:
    """Stop where client or therapist never speaks.

    Raises
    ------
    IngestError
        Naming who is missing.
    """
    if not {"client", "therapist"} <= present:
        lacking = " and no ".join(who for who in ("client", "therapist") if who not in present)
        raise IngestError(
            f"no {lacking} speaks in this file.",
            "A session needs both; check the labels and the 'speakers:' map in study.yaml.",
            path=path,
            line=line,
        )


def _with_silences(held: list[tuple[Speaker, Utterance]], least: float) -> list[tuple[Speaker, Utterance]]:
    out: list[tuple[Speaker, Utterance]] = []
    for who, utterance in held:
        if out:
            end, start = out[-1][1].end_s, utterance.start_s
            if end is not None and start is not None and start - end >= least and "nobody" not in (who, out[-1][0]):
                text = f"[silence {start - end:.1f} seconds]"
                out.append(("nobody", Utterance(None, text, end, start, utterance.line)))
        out.append((who, utterance))
    return out


def odd_times(turns: Sequence[Turn], lines: Sequence[int | None]) -> list[ReadWarning]:
    """Times that run back, repeat, are missing from some turns or end before they start; all are kept."""
    odd = []
    before: float | None = None
    timed = any(turn.start_s is not None for turn in turns)
    for turn, line in zip(turns, lines, strict=True):
        start, end = turn.start_s, turn.end_s
        if start is None:
            if timed and turn.speaker != "nobody":
                odd.append(ReadWarning("the turn has no start time, and others have", line, turn.index))
        else:
            if before is not None and start < before:
                back = f"the start time runs back by {before - start:.1f} s"
                odd.append(ReadWarning(back, line, turn.index))
            elif before is not None and start == before:
                odd.append(ReadWarning("the start time is the one of the turn before", line, turn.index))
            before = start
        if start is not None and end is not None and end < start:
            odd.append(ReadWarning("the turn ends before it starts", line, turn.index))
    return odd


def control_characters(turns: Sequence[Turn], lines: Sequence[int | None]) -> list[ReadWarning]:
    """Turns that hold characters which steer a terminal or turn text round; all are kept."""
    counts = ((count_control_characters(turn.text), turn, line) for turn, line in zip(turns, lines, strict=True))
    return [
        ReadWarning(f"{count} control or bidirectional characters, kept as they are", line, turn.index)
        for count, turn, line in counts
        if count
    ]


def with_events(turn: Turn) -> Turn:
    """Return a turn of a file that does not list its events with those that its text shows."""
    return replace(turn, events=find_events(turn.text))
