"""Why a turn was flagged: what the score loses when one thing about the turn is made typical."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rupture_markers.learning.boosting import linear_column
from rupture_markers.learning.rupture_model import RuptureModel
from rupture_markers.learning.scores import ScoringDetail
from rupture_markers.learning.sequence import AROUND, LEVEL, sequence_names
from rupture_markers.learning.stacked import StackedModel
from rupture_markers.markers.feature_labels import SHARES, feature_label
from rupture_markers.markers.marker import FAMILIES, Evidence, Family
from rupture_markers.markers.measures import SHORT_WORDS

MOST_REASONS = 5
LEAST_WEIGHT = 0.02
"""Log-odds; a reason that carries less says nothing."""
_GROUPS = {AROUND: "what the turns around it say", LEVEL: "strain in the session as a whole"}


_CUES, _LENGTH = "cues", "length"
LENGTHS = frozenset((
    "turn/words", "turn/sentences", "turn/three-words-or-fewer", "turn/content-words", "turn/only-agreement", "usual/words",
    "usual/rank", "usual/words-to-questions", "usual/change", "between/length-against-question",
    "between/short-after-open", "between/short-after-closed", "between/short-after-statement", "between/words-after-open",
))  # fmt: skip
_STARTS = (
    ("cue/", _CUES),
    ("style/therapist", "how the therapist speaks in this session"),
    ("style/client", "how the client speaks in this session"),
    ("run/", "cues and short turns around it"),
    ("session/", "its place in the session, and cues in the rest of it"),
)
_SAME = {
    **{f"turn/share-{name}": f"says/{name}" for name in SHARES},
    "exchange/repair-moves-after-objection": "exchange/repair-moves",
    "exchange/settled-in-short": "exchange/settled",
    "exchange/settled-when-asked": "exchange/settled",
}
"""Features that measure once more what another one does, whose name stands for both."""
_LEADS = frozenset(_SAME.values())
_ASKED = (
    ("thread/after-open", " after an open question or invitation"),
    ("thread/after-closed", " after a closed question"),
    ("thread/after-advice", " after advice"),
    ("thread/after-press", " after pressing"),
    ("thread/after-reflection", " after a reflection"),
    ("thread/after-information", " after information"),
)


@dataclass(frozen=True)
class _Change:
    """One thing made typical: which columns get which values."""

    reason: str
    columns: NDArray[np.int64]
    values: NDArray[np.float32]


def reasons(
    model: RuptureModel | StackedModel, detail: ScoringDetail, row: int, family: Family, *, most: int = MOST_REASONS
) -> tuple[Evidence, ...]:
    """Strongest reasons for the probability of a family at a row of a session.

    Each reason is one thing about the turn: a word of the model's vocabulary, the cues heard, its length, one named
    feature, the turns around it, the session's level, how the two speak. Its weight is the calibrated log-odds that the turn loses when that
    thing is taken away (a word) or set to the median of the training turns, all else kept (occlusion; Zeiler and
    Fergus, ECCV 2014). So a reason is never listed that does not hold the score up.

    Returns
    -------
    tuple of Evidence
        Strongest first, at most ``most``; weights above ``LEAST_WEIGHT``.
    """
    part = model.families[family]
    given = detail.inputs[row]
    changes = _changes(model, detail, row, family)
    changed = np.repeat(given[None, :], len(changes) + 1, axis=0)
    for number, change in enumerate(changes, start=1):
        changed[number, change.columns] = change.values
    log_odds = part.log_odds(changed)
    lost = log_odds[0] - log_odds[1:]
    order = np.argsort(-lost, kind="stable")
    return tuple(Evidence(changes[n].reason, round(float(lost[n]), 3)) for n in order[:most] if lost[n] >= LEAST_WEIGHT)


def _changes(model: RuptureModel | StackedModel, detail: ScoringDetail, row: int, family: Family) -> list[_Change]:
    given, typical = detail.inputs[row], model.families[family].typical
    names = sequence_names()
    own = FAMILIES.index(family)
    width = len(names) + len(model.feature_names) + len(FAMILIES)
    linear = linear_column(width, own)
    of_words, of_around, of_session = (float(part) for part in detail.parts[row, own])
    features = slice(len(names), len(names) + len(model.feature_names))
    like = given[features]
    effect = model.feature_effects(like, family, like) - model.feature_effects(typical[features], family, like)

    def change(reason: str, columns: Sequence[int], values: Sequence[float], less: float) -> _Change:
        # The linear model's log-odds lose what it got from the thing that is taken away.
        return _Change(
            reason, np.array([*columns, linear]), np.array([*values, given[linear] - less], dtype=np.float32)
        )

    out = [
        change(f'word: "{term}"' if " " not in term else f'words: "{term}"', [own], [given[own] - first], second)
        for term, first, second in model.term_weights(detail.words, row, family)
    ]
    if isinstance(model, StackedModel):
        column = given.shape[0] - len(FAMILIES) + own
        out += [
            _Change(f'your words: "{term}"', np.array([column]), np.array([given[column] - added], dtype=np.float32))
            for term, added in model.own_term_weights(detail.words, row, family)
        ]
    for (group, reason), less in zip(_GROUPS.items(), (of_around, of_session), strict=True):
        columns = [n for n, name in enumerate(names) if name.startswith(group)]
        out.append(change(reason, columns, typical[columns].tolist(), less))
    out.append(change("wording of the turn as a whole", [own], typical[[own]].tolist(), of_words))

    def made_typical(reason: str, places: list[int]) -> _Change:
        less = float(effect[np.array(places) - len(names)].sum())
        return change(reason, places, typical[places].tolist(), less)

    together: dict[str, list[int]] = {}
    for place, name in enumerate(model.feature_names, start=len(names)):
        value, usual = float(given[place]), float(typical[place])
        if value == usual or (np.isnan(value) and np.isnan(usual)) or name.startswith("medium/"):
            continue
        kind = _kind(name)
        if kind:
            together.setdefault(kind, []).append(place)
        else:
            out.append(made_typical(_worded(name, value, usual), [place]))
    heard = _heard(detail.cue_hits[row])
    feature = dict(zip(model.feature_names, given[features].tolist(), strict=True))
    for kind, places in together.items():
        if kind == _CUES and not heard:
            continue
        reason = {_CUES: f"cue: {', '.join(heard)}", _LENGTH: length_in_words(feature)}.get(kind, kind)
        if kind in _LEADS:
            reason = _worded(kind, float(given[places[0]]), float(typical[places[0]]))
        out.append(made_typical(reason, places))
    return out


def _kind(name: str) -> str:
    """Group of the features that tell one thing between them; '' for a feature that stands alone."""
    if name in LENGTHS:
        return _LENGTH
    if name in _SAME or name in _LEADS:
        return _SAME.get(name, name)
    return next((kind for start, kind in _STARTS if name.startswith(start)), "")


def length_in_words(feature: Mapping[str, float]) -> str:
    """Length of a turn, what it answers and the speaker's usual: 'short (2 words) after a closed question; usual here: 19'."""
    words, usual = (_words(feature.get(name, np.nan)) for name in ("turn/words", "usual/own-median"))
    if words is None:
        return "length of the turn"
    size = "length"
    if usual is not None and words != usual:
        size = "short" if 2 * words < usual or words <= SHORT_WORDS < usual else "long" if words > 2 * usual else size
    asked = next((said for name, said in _ASKED if feature.get(name, 0.0) == 1.0), "")
    text = f"{size} ({words} {'word' if words == 1 else 'words'}){asked}"
    return text if usual is None else f"{text}; usual here: {usual}"


def _words(length: float) -> int | None:
    """Words from log2(words + 1)."""
    return None if np.isnan(length) else round(2.0**length - 1)


def _heard(hits: Sequence[object]) -> list[str]:
    return list(dict.fromkeys(str(getattr(hit, "cue_id", "")) for hit in hits))[:3]


def _worded(name: str, value: float, usual: float) -> str:
    # Counts and lengths are on a logarithmic scale: a coder is told the direction, not the number.
    label = feature_label(name)
    if np.isnan(value):
        return f"{label}: cannot be told here"
    if np.isnan(usual) or (usual == 0 < value):
        return label
    return f"{label}: {'more' if value > usual else 'less'} than typical"
