"""Behavioural checks: pairs of small dialogues in which the score must stay, or must rise.

Source of the idea: Ribeiro, Wu, Guestrin & Singh (2020). Beyond accuracy: behavioral testing of NLP models with
CheckList. ACL.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from rupture_markers.errors import ConfigError
from rupture_markers.learning.evaluation_report import CheckRate
from rupture_markers.markers.marker import CODED_SPEAKER, Family
from rupture_markers.transcripts.events import find_events
from rupture_markers.transcripts.transcript import Speaker, Transcript, Turn

TOLERANCE = 0.05
"""Largest change of the probability that an invariance allows: coders and reports see probabilities in steps of
hundredths, and a change below a twentieth moves a turn by little in the order of reading."""
LEAST_RISE = 0.1
"""Log-odds by which the higher dialogue must lie above the lower one: less is no more than the grain of the boosting."""
PAIRS_FILE = "tests/behaviour/pairs.yaml"
_ROLES: Mapping[str, Speaker] = {"C": "client", "T": "therapist"}
Kind = Literal["invariance", "direction", "minimal pair"]


class _Pair(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    family: Family
    a: list[str] = Field(min_length=1)
    b: list[str] = Field(min_length=1)


class _Check(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    check: str
    kind: Kind
    pairs: list[_Pair] = Field(min_length=1)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    before: list[str]
    after: list[str]
    checks: list[_Check]


@dataclass(frozen=True)
class Dialogue:
    """Lines of a small dialogue within the frame, and the turn that is looked at."""

    transcript: Transcript
    turn: int


@dataclass(frozen=True)
class Pair:
    """Two dialogues: ``a`` must score as ``b`` does (invariance), or above it."""

    check: str
    kind: Kind
    family: Family
    a: Dialogue
    b: Dialogue


class Scores(Protocol):
    """Gives the probabilities of sessions' turns."""

    def __call__(self, transcripts: Sequence[Transcript]) -> Sequence[Mapping[int, Mapping[Family, float]]]:
        """Probability by turn index and family, one mapping a transcript."""


def read_pairs(path: Path) -> tuple[Pair, ...]:
    """Read a file of pairs.

    A line is ``T: words`` or ``C: words``; the one that is looked at has ``> `` in front. Every dialogue stands in the
    middle of the same neutral session, for a session has no four turns.

    Raises
    ------
    ConfigError
        If the file is not of that form; the check and pair at fault are named.
    """
    try:
        content = _File.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        raise ConfigError("the pairs cannot be read.", "Give YAML in UTF-8.", path=path) from None
    except ValidationError as fault:
        first = fault.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise ConfigError(f"'{where}': {first['msg']}.", "docs/evaluation.md gives the form.", path=path) from None
    out = []
    for check in content.checks:
        for number, pair in enumerate(check.pairs, start=1):
            name = f"{check.check} {number}"
            sides = [
                _dialogue(path, f"{name}{side}", content.before, lines, content.after, pair.family)
                for side, lines in (("a", pair.a), ("b", pair.b))
            ]
            out.append(Pair(check.check, check.kind, pair.family, *sides))
    return tuple(out)


def _dialogue(
    path: Path, name: str, before: Sequence[str], lines: Sequence[str], after: Sequence[str], family: Family
) -> Dialogue:
    marked = [n for n, line in enumerate(lines) if line.startswith("> ")]
    turns = []
    for index, line in enumerate([*before, *(line.removeprefix("> ") for line in lines), *after]):
        role, separator, text = line.partition(": ")
        if not separator or role not in _ROLES:
            raise ConfigError(f"'{name}' has a line that is of nobody.", "Begin it with 'T: ' or 'C: '.", path=path)
        turns.append(Turn(index, _ROLES[role], text, events=find_events(text)))
    if len(marked) != 1:
        raise ConfigError(f"'{name}' marks {len(marked)} lines.", "Put '> ' in front of one line.", path=path)
    place = len(before) + marked[0]
    if turns[place].speaker != CODED_SPEAKER[family]:
        raise ConfigError(f"'{name}' marks a turn that {family} is not coded in.", "Mark another line.", path=path)
    return Dialogue(Transcript(name, name, tuple(turns)), place)


@dataclass(frozen=True)
class PairResult:
    """What a model made of a pair; ``change`` is the log-odds of ``a`` less that of ``b``."""

    pair: Pair
    probability_a: float
    probability_b: float

    @property
    def change(self) -> float:
        """Difference in log-odds."""
        a, b = np.clip([self.probability_a, self.probability_b], 1e-6, 1 - 1e-6)
        return float(np.log(a / (1 - a)) - np.log(b / (1 - b)))

    @property
    def passed(self) -> bool:
        """Whether the pair holds."""
        if self.pair.kind == "invariance":
            return abs(self.probability_a - self.probability_b) <= TOLERANCE
        return self.change >= LEAST_RISE


def run_pairs(pairs: Sequence[Pair], score: Scores) -> tuple[PairResult, ...]:
    """Score both dialogues of every pair."""
    found = score([side.transcript for pair in pairs for side in (pair.a, pair.b)])
    return tuple(
        PairResult(
            pair, found[2 * n][pair.a.turn][pair.family], found[2 * n + 1][pair.b.turn][pair.family]
        )
        for n, pair in enumerate(pairs)
    )  # fmt: skip


def pass_rates(results: Sequence[PairResult]) -> list[CheckRate]:
    """Pass rate of each check, in the order of the file."""
    out = []
    for check in dict.fromkeys(result.pair.check for result in results):
        held = [result for result in results if result.pair.check == check]
        invariant = held[0].pair.kind == "invariance"
        changes = [abs(result.change) if invariant else result.change for result in held]
        out.append(
            CheckRate(
                check=check, kind=held[0].pair.kind, pairs=len(held), passed=sum(result.passed for result in held),
                mean_change=round(float(np.mean(changes)), 3),
            )
        )  # fmt: skip
    return out


def read_floors(path: Path) -> dict[str, float]:
    """Least pass rate of each check.

    Raises
    ------
    ConfigError
        If the file is not a mapping of checks to shares.
    """
    try:
        return TypeAdapter(dict[str, float]).validate_python(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValidationError):
        raise ConfigError("the floors cannot be read.", "Write one line 'check: share' a check.", path=path) from None


__all__ = [
    "LEAST_RISE",
    "PAIRS_FILE",
    "TOLERANCE",
    "Pair",
    "PairResult",
    "pass_rates",
    "read_floors",
    "read_pairs",
    "run_pairs",
]
