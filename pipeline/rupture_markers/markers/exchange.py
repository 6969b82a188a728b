"""What a turn does with what the other just did: objection and its acceptance, pressure and giving in, asking and being put off.

Products of word lists on both sides of an exchange. A linear model cannot form them, and there are too few marked turns for trees to find
them; which way each points is learnt. Written after reading errors (docs/detection.md).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from rupture_markers.markers.dialogue import NONE, Moves, Neighbours, Rows
from rupture_markers.markers.measures import SessionMeasures, at
from rupture_markers.markers.thread import answered, gives_way, nods
from rupture_markers.markers.word_counts import TurnCounts
from rupture_markers.transcripts.transcript import Turn

Column = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]

REPAIR_MOVES = ("autonomy", "names-limit", "tries-another", "purpose", "mends")
"""Kinds of move that take up an objection, wherever in the turn; accepting and complying are looked for at its beginning."""
_MOST_PRESSURE = 4
_PRESSURE_REACH = 8
_FEW = 8
"""Words of an answer that is short for an answer to pressure, reassurance or praise."""
_BARE = 4
_LONGEST_PROMISE = 60


def exchange_columns(
    turns: Sequence[Turn],
    counts: TurnCounts,
    near: Neighbours,
    did: Moves,
    measured: SessionMeasures,
    only_agrees: Flags,
) -> dict[str, Column]:
    """Columns of the group ``exchange``, one row a turn.

    Parameters
    ----------
    only_agrees : array of bool
        Turns that are agreement and nothing else.
    """
    if not turns:
        return dict.fromkeys(EXCHANGE_LABELS, np.zeros(0, dtype=np.float32))
    said = _Said(counts)
    hears_out = gives_way(turns, counts, near, measured)
    quiet, of = hears_out > 0, answered(turns, hears_out)
    words = measured.words
    refused = said("refuses") & ~said("accepts") & (counts.tokens <= _BARE) & (words > 0)
    kinds = _repair_moves(said)
    resisted = _resisted(near, quiet, said("objects"), refused)
    pressure = near.therapist & said("presses") & ~said("cushions")
    run = _pressure_run(near, pressure)
    short = (words > 0) & (words <= _FEW)
    settled, wishes = said("settled"), said("wishes-change")
    judged, steps, trouble = (
        _then(said.at_end(name), of) for name in ("asks-judgement", "asks-for-steps", "asks-for-trouble")
    )
    asks = said("asks-for-help")
    put_off, served = _then(said("puts-off"), of), _then(said("delivers"), of)
    objects_to_step = said("obstacle") & (words > _FEW // 2) & ~wishes
    denied = np.array(
        [
            len(counts.negated[row] & measured.content[other]) if other >= 0 else 0
            for row, other in enumerate(of.tolist())
        ]
    )
    accepts, hard = said.early("accepts"), said("hard-for-you")
    heard_out = _heard_out(near, quiet)
    only_nods = (counts.tokens <= _FEW) & (nods(counts) >= counts.tokens) & (words > 0)
    yields = near.client & (only_agrees | measured.hum | only_nods)
    columns: dict[str, Column | Flags] = {
        "repair-moves": np.log1p(kinds),
        "repair-moves-after-objection": np.log1p(kinds * resisted),
        "accepts-objection": accepts & resisted,
        "accepts-otherwise": accepts & ~resisted,
        "hard-after-objection": hard & resisted,
        "hard-otherwise": hard & ~resisted,
        "objected-to": resisted,
        "counters": said("counters"),
        "anything-else-without-move": said("anything-else") & did.ends_asking & (kinds == 0),
        "goes-on-with-move": ~quiet
        & heard_out
        & (at(np.asarray(kinds, dtype=np.float32), _own_floor(near, quiet)) > 0),
        "short-after-pressure": short & _then(pressure, near.before),
        "pressure-so-far": run,
        "yields-under-pressure": yields * run,
        "goes-along-under-pressure": (said("goes-along") & (words >= _BARE) & (words <= _LONGEST_PROMISE)) * run,
        "settled": settled & _begun(near),
        "settled-in-short": settled & (words <= 2 * _FEW) & _begun(near),
        "settled-when-asked": settled & judged,
        "obstacle-to-step": objects_to_step & steps,
        "obstacle-when-asked": objects_to_step & trouble & ~steps,
        "wishes-change": wishes,
        "asks-and-is-put-off": asks & put_off & ~served,
        "asks-again": asks & ~served & (_earlier(near, asks) > 0),
        "asks-and-is-served": asks & served,
        "frame": said("frame"),
        "denies-their-word": np.log1p(denied),
        "compares": said("compares"),
        "holds-ground": said("holds-ground"),
        "concedes-then-turns": said("concedes") & said("but") & ~wishes,
        "not-knowing-in-short": said("not-knowing") & (words <= _FEW + _BARE),
        "reassured-next": short & _then(said("reassures"), near.after),
        "praised-next": short & _then(said.early("praises"), near.after),
        "explains-in-short": said("explains") & (words > 2) & (words <= _FEW + _BARE) & judged,
    }
    return {f"exchange/{name}": np.asarray(values, dtype=np.float32) for name, values in columns.items()}


class _Said:
    """Whether a list is heard in each turn."""

    def __init__(self, counts: TurnCounts) -> None:
        self._counts = counts

    def __call__(self, name: str) -> Flags:
        return np.asarray(self._counts.anywhere[:, self._counts.column(name)] > 0)

    def early(self, name: str) -> Flags:
        """Beginning within the first three words."""
        return np.asarray(self._counts.opening[:, self._counts.column(name)] > 0)

    def at_end(self, name: str) -> Flags:
        """In the last sentence."""
        return np.asarray(self._counts.last_sentence[:, self._counts.column(name)] > 0)


def _repair_moves(said: _Said) -> npt.NDArray[np.int64]:
    kinds = [said(name) for name in REPAIR_MOVES] + [said.early("accepts"), said.early("complies")]
    return np.asarray(np.sum(kinds, axis=0), dtype=np.int64)


def _then(flags: Flags, rows: Rows) -> Flags:
    """Flags of other rows; False where there is none."""
    return np.asarray(np.where(rows >= 0, flags[rows], False))


def _resisted(near: Neighbours, quiet: Flags, objects: Flags, refused: Flags) -> Flags:
    """Therapist's turns before which the client objected, in any line since the therapist last took the floor, or just refused."""
    out = np.zeros(len(quiet), dtype=bool)
    lines = bare = False
    for row in range(len(quiet)):
        if near.client[row]:
            lines = lines or bool(objects[row])
            if near.floor[row]:
                bare = bool(refused[row])
        elif near.therapist[row]:
            out[row] = lines or bare
            if not quiet[row]:
                lines = bare = False
    return out


def _pressure_run(near: Neighbours, pressure: Flags) -> Column:
    """How many of the therapist's last eight turns pressed, four at most."""
    out = np.zeros(len(pressure), dtype=np.float32)
    last: list[bool] = []
    for row in range(len(pressure)):
        out[row] = min(sum(last[-_PRESSURE_REACH:]), _MOST_PRESSURE)
        if near.therapist[row] and near.floor[row]:
            last.append(bool(pressure[row]))
    return out


def _own_floor(near: Neighbours, quiet: Flags) -> Rows:
    """Row of the speaker's last turn that did not only give way."""
    out = np.full(len(quiet), NONE, dtype=np.int64)
    for row in range(len(quiet)):
        own = int(near.own_before[row])
        out[row] = NONE if own < 0 else (out[own] if quiet[own] else own)
    return out


def _heard_out(near: Neighbours, quiet: Flags) -> Flags:
    """The other's line just before, silences and other people passed over, only hears the speaker out."""
    out = np.zeros(len(quiet), dtype=bool)
    last = NONE
    for row in range(len(quiet)):
        if near.client[row] or near.therapist[row]:
            out[row] = last != NONE and near.client[last] != near.client[row] and quiet[last]
            last = row
    return out


def _begun(near: Neighbours) -> Flags:
    """The speaker has taken the floor at least twice before: what comes earlier is a greeting."""
    first = near.own_before
    return np.asarray((first >= 0) & (np.where(first >= 0, first[first], NONE) >= 0))


def _earlier(near: Neighbours, flags: Flags) -> Column:
    """How many of the speaker's turns before were so."""
    out = np.zeros(len(flags), dtype=np.float32)
    for row in range(len(flags)):
        own = int(near.own_before[row])
        if own >= 0:
            out[row] = out[own] + flags[own]
    return out


EXCHANGE_LABELS: dict[str, str] = {
    "exchange/repair-moves": "kinds of move that take up an objection",
    "exchange/repair-moves-after-objection": "moves that take up an objection, after one",
    "exchange/accepts-objection": "accepts what was objected",
    "exchange/accepts-otherwise": "accepts, with nothing objected",
    "exchange/hard-after-objection": "names what is hard, after an objection",
    "exchange/hard-otherwise": "names what is hard, with nothing objected",
    "exchange/objected-to": "comes after an objection or a bare no",
    "exchange/counters": "rules, refusal or reproach",
    "exchange/anything-else-without-move": "asks for anything else and takes nothing up",
    "exchange/goes-on-with-move": "goes on after a move that takes up an objection",
    "exchange/short-after-pressure": "eight words or fewer after pressure",
    "exchange/pressure-so-far": "turns with pressure among the therapist's last eight",
    "exchange/yields-under-pressure": "agreement and nothing else, under pressure",
    "exchange/goes-along-under-pressure": "promises or thanks under pressure",
    "exchange/settled": "content with how things are",
    "exchange/settled-in-short": "content with how things are, in few words",
    "exchange/settled-when-asked": "content with how things are, when asked how it affects",
    "exchange/obstacle-to-step": "names an obstacle to a step that was offered",
    "exchange/obstacle-when-asked": "names an obstacle when asked for it",
    "exchange/wishes-change": "wishes for change",
    "exchange/asks-and-is-put-off": "asks for help after being put off",
    "exchange/asks-again": "asks for help again",
    "exchange/asks-and-is-served": "asks for help after being given some",
    "exchange/frame": "speaks of the conversation itself",
    "exchange/denies-their-word": "denies a word of the other's",
    "exchange/compares": "compares with other people",
    "exchange/holds-ground": "holds one's ground",
    "exchange/concedes-then-turns": "concedes, then turns",
    "exchange/not-knowing-in-short": "not knowing, in few words",
    "exchange/reassured-next": "few words, and the other reassures next",
    "exchange/praised-next": "few words, and the other praises next",
    "exchange/explains-in-short": "a short answer with a reason, when asked how it affects",
}
