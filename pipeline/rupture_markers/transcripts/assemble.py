"""From utterances to turns: speakers, joining, silences, events, back-channels, warnings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rupture_markers.errors import IngestError
from rupture_markers.transcripts.events import find_events, is_acknowledgement
from rupture_markers.transcripts.options import RawTranscript, ReadOptions, Utterance
from rupture_markers.transcripts.speakers import require_mapped, speaker_of
from rupture_markers.transcripts.transcript import ReadWarning, Speaker, Turn

_SENTENCE_ENDS = (".", "!", "?")


def assemble(
    raw: RawTranscript, options: ReadOptions, path: Path
) -> tuple[tuple[Turn, ...], tuple[ReadWarning, ...]]:
    """Turns of a file, numbered from 0, and what was odd.

    Raises
    ------
    IngestError
        If nothing is said, a label is nobody, or only one of two speakers speaks.
    """
    spoken = [u for u in raw.utterances if u.text.strip()]
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
    held: list[tuple[Speaker, Utterance]] = []
    for utterance in spoken:
        who = _holder(utterance, speakers)
        if (
            raw.join
            and held
            and who != "nobody"
            and held[-1][0] == who
            and _near(held[-1][1], utterance, options)
        ):
            last = held[-1][1]
            held[-1] = (who, replace(last, text=f"{last.text} {utterance.text}", end_s=utterance.end_s))
        else:
            held.append((who, utterance))
    _require_two(held, path)
    if options.silence_s is not None:
        held = _with_silences(held, options.silence_s)
    turns = []
    before = None
    for index, (who, utterance) in enumerate(held):
        warnings.extend(_odd_times(utterance, before, index))
        before = utterance.start_s if utterance.start_s is not None else before
        turns.append(
            Turn(index, who, utterance.text, utterance.start_s, utterance.end_s, find_events(utterance.text))
        )
    return mark_back_channels(tuple(turns)), tuple(warnings)


def _holder(utterance: Utterance, speakers: dict[str, Speaker]) -> Speaker:
    if utterance.label is None:
        return "nobody"
    who = speaker_of(utterance.label, speakers)
    return who if who is not None else "other"


def _near(last: Utterance, this: Utterance, options: ReadOptions) -> bool:
    if last.end_s is None or this.start_s is None:
        return True
    return this.start_s - last.end_s <= options.join_gap_s


def _require_two(held: list[tuple[Speaker, Utterance]], path: Path) -> None:
    present = {who for who, _ in held}
    if not {"client", "therapist"} <= present:
        lacking = " and no ".join(who for who in ("client", "therapist") if who not in present)
        raise IngestError(
            f"no {lacking} speaks in this file.",
            "A session needs both; check the labels and the 'speakers:' map in study.yaml.",
            path=path,
            line=held[0][1].line if held else 1,
        )


def _with_silences(held: list[tuple[Speaker, Utterance]], least: float) -> list[tuple[Speaker, Utterance]]:
    out: list[tuple[Speaker, Utterance]] = []
    for who, utterance in held:
        if out:
            end, start = out[-1][1].end_s, utterance.start_s
            if (
                end is not None
                and start is not None
                and start - end >= least
                and "nobody" not in (who, out[-1][0])
            ):
                text = f"[silence {start - end:.1f} seconds]"
                out.append(("nobody", Utterance(None, text, end, start, utterance.line)))
        out.append((who, utterance))
    return out


def _odd_times(utterance: Utterance, before: float | None, index: int) -> list[ReadWarning]:
    odd = []
    start, end = utterance.start_s, utterance.end_s
    if start is not None and before is not None:
        if start < before:
            odd.append(
                ReadWarning(f"the start time runs back by {before - start:.1f} s", utterance.line, index)
            )
        elif start == before:
            odd.append(ReadWarning("the start time is the one of the turn before", utterance.line, index))
    if start is not None and end is not None and end < start:
        odd.append(ReadWarning("the turn ends before it starts", utterance.line, index))
    return odd


def mark_back_channels(turns: tuple[Turn, ...]) -> tuple[Turn, ...]:
    """Mark the lines of their own that take no floor.

    The rule: one to three words of acknowledgement and nothing else, between two turns of the other speaker, of which
    the first does not end its sentence or the second goes on in lower case; never after a question.
    """
    out = list(turns)
    for i in range(1, len(turns) - 1):
        before, turn, after = turns[i - 1], turns[i], turns[i + 1]
        if (
            turn.speaker == "nobody"
            or before.speaker != after.speaker
            or before.speaker in (turn.speaker, "nobody")
        ):
            continue
        first, second = before.text.rstrip(" \"'”’"), after.text.lstrip(" \"'“‘")
        if first.endswith("?") or not is_acknowledgement(turn.text):
            continue
        goes_on = second[:1].islower() or second.startswith(("-", "…", "..."))
        if not first.endswith(_SENTENCE_ENDS) or first.endswith(("...", "--")) or goes_on:
            out[i] = replace(turn, back_channel=True)
    return tuple(out)


def with_events(turn: Turn) -> Turn:
    """Return a turn of a file that does not list its events with those that its text shows."""
    return replace(turn, events=find_events(turn.text))
