"""Recall, anchoring and the training of coders, for a study as it stands."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rupture_markers.coding.anchoring import Anchoring, anchoring
from rupture_markers.coding.assignment import append_assignments, read_assignments
from rupture_markers.coding.certification import (
    CoderReport,
    Criterion,
    KnownCodes,
    coder_reports,
    drift_numbers,
    known_from_codings,
    known_from_gold,
    practice_tasks,
)
from rupture_markers.coding.coded_units import ANY_RUPTURE, labels_of
from rupture_markers.coding.gold import gold_turns
from rupture_markers.coding.recall import RecallEstimate, estimate_recall
from rupture_markers.coding.recall_design import NewCases, blind_segments, count_strata, recall_of_new_cases
from rupture_markers.errors import ConfigError, StudyError
from rupture_markers.learning.dataset import read_codings
from rupture_markers.markers.marker import FAMILIES, Family, Suggestion
from rupture_markers.workflow import reading, stages
from rupture_markers.workflow.coded_study import CodedStudy, open_coded
from rupture_markers.workflow.study import Study

SMALL_CASES, SMALL_MARKED = 5, 5
"""Cases, and marker segments, below which a group's figures are not shown."""
NO_PROOF = (
    "A difference in rates between groups is by itself neither bias of the machine nor culture: coders, sessions and "
    "how often markers occur differ between groups too."
)


@dataclass(frozen=True, slots=True)
class RecallRow:
    """Recall of one label, in all segments or in one group.

    Attributes
    ----------
    label, group : str
        ``group`` is empty for all segments, else 'column=value'.
    cases, coded, marked : int
        Coded blind: cases, segments, and segments with a marker.
    found : RecallEstimate or None
        None where the group is too small to be shown.
    new_cases : NewCases or None
        For all segments alone.
    ties : int
        Marker segments that rest on a tie of coders.
    """

    label: str
    group: str
    cases: int
    coded: int
    marked: int
    found: RecallEstimate | None
    new_cases: NewCases | None = None
    ties: int = 0


def study_recall(coded: CodedStudy, *, group: str | None = None, seed: int = 1) -> tuple[RecallRow, ...]:
    """Recall of the flags for any rupture and each family, and by a column of sessions.csv.

    Raises
    ------
    ConfigError
        If the column is not there, or names therapists.
    """
    gold = gold_turns(coded.designed, coded.adjudicated, coded.codebook, blind_only=True)
    families = coded.codebook.families
    # Nothing is flagged in a held-out case, so it has no share in what the flags caught or missed.
    strata = tuple(stratum for stratum in coded.strata if not stratum.held_out)
    labels: list[tuple[str, Collection[Family]]] = [(ANY_RUPTURE, [f for f in families if f != "repair"])]
    labels += [(family, [family]) for family in FAMILIES if family in families]
    groups = {} if group is None else _groups(coded, group)
    rows = []
    for label, wanted in labels:
        blind = blind_segments(coded.designed, gold, wanted)
        found = estimate_recall(count_strata(strata, blind))
        new = recall_of_new_cases(strata, blind, found.recall, seed=seed)
        here = {segment for stratum in strata for segment in stratum.members}.intersection(blind.cases)
        rows.append(RecallRow(label, "", len({blind.cases[s] for s in here}), len(here),
                              len(here & blind.positive), found, new, blind.ties))  # fmt: skip
        for value, members in sorted(groups.items()):
            inside = here.intersection(members)
            cases, marked = len({blind.cases[s] for s in inside}), len(inside & blind.positive)
            small = cases < SMALL_CASES or marked < SMALL_MARKED
            part = None if small else estimate_recall(count_strata(strata, blind, only=members))
            rows.append(RecallRow(label, f"{group}={value}", cases, len(inside), marked, part))
    return tuple(rows)


def _groups(coded: CodedStudy, column: str) -> dict[str, set[str]]:
    """Segments by the value of a column; sessions without a value are left out."""
    if column in ("therapist_id", "session_id", "case_id"):
        raise ConfigError(
            f"'{column}' is no group.", "Therapists, cases and sessions are not compared with each other."
        )
    known = reading.identities(coded.study)
    columns = sorted({name for row in known.values() for name in row.groups})
    if column not in columns:
        raise ConfigError(f"sessions.csv has no group column '{column}'.", f"It has: {', '.join(columns) or 'none'}.")
    out: dict[str, set[str]] = {}
    for stratum in coded.strata:
        for segment in stratum.members:
            row = known.get(segment.rpartition("/")[0])
            if row is not None and row.groups.get(column):
                out.setdefault(row.groups[column], set()).add(segment)
    return out


class _Suggested(Mapping[str, Sequence[Suggestion]]):
    """Suggestions of sessions, from disk."""

    def __init__(self, study: Study, names: Collection[str]) -> None:
        self._study, self._names = study, sorted(names)

    def __getitem__(self, name: str) -> Sequence[Suggestion]:
        return stages.read_suggestions(self._study, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def study_anchoring(coded: CodedStudy, *, seed: int = 1) -> Anchoring:
    """What suggestions did to the coders of a study."""
    gold = gold_turns(coded.designed, coded.adjudicated, coded.codebook, blind_only=True)
    suggested = _Suggested(coded.study, {answer.session_id for answer in coded.answers})
    return anchoring(coded.designed, coded.assignments, suggested, gold, coded.codebook, seed=seed)


def known_codes(study: Study, path: Path | None) -> KnownCodes:
    """Known codes from a file of sessions coded in full, else from the study's own settled codes.

    Raises
    ------
    StudyError
        If there are none.
    """
    known = _known(study, path or _known_file(study))
    if not known:
        raise StudyError(
            "no segment's codes are known yet.",
            "Name a file of codings with --known, or let two coders code blind and adjudicate where they differ.",
        )
    return known


def _known_file(study: Study) -> Path | None:
    return None if study.config.coding.known is None else study.folder / study.config.coding.known


def _known(study: Study, path: Path | None) -> KnownCodes:
    if path is None:
        coded = open_coded(study)
        return known_from_gold(gold_turns(coded.designed, coded.adjudicated, coded.codebook, blind_only=True))
    codings = read_codings(path)
    names = {c.session_id for c in codings} & set(reading.session_names(study))
    turns = {name: [turn.index for turn in reading.session(study, name).turns] for name in names}
    return known_from_codings(codings, turns, study.codebook())


def mix_in_drift_checks(study: Study) -> int:
    """Bring each coder's share of known segments up to what the study asks for; whoever calls holds the study.

    Returns
    -------
    int
        How many were added; 0 where none is asked for, or nothing is known yet.
    """
    share, path = study.config.coding.drift, _known_file(study)
    if not share or (path is None and not study.codings.exists()):
        return 0
    known = _known(study, path)
    return sum(_give(study, known, study.config.coding.coders, drift=share).values()) if known else 0


def give_known_segments(
    study: Study, known: KnownCodes, *, practice: int = 0, drift: float = 0.0, coders: Sequence[str] = ()
) -> dict[str, int]:
    """Add practice segments to the front of each coder's queue, or drift checks anywhere in it; push with 'rupture run'.

    Returns
    -------
    dict of coder to int
        How many were added.
    """
    with study.held():
        return _give(study, known, tuple(coders) or study.config.coding.coders, practice=practice, drift=drift)


def _give(
    study: Study, known: KnownCodes, who: Sequence[str], *, practice: int = 0, drift: float = 0.0
) -> dict[str, int]:
    names = reading.session_names(study)
    current = stages.standing(study, names, read_assignments(study.assignments))
    number = dict.fromkeys(who, practice) if practice else drift_numbers(current, drift)
    new = practice_tasks(
        current, known, study=study.config.study, coders=who, number=number, first=bool(practice),
        seed=study.config.selection.seed,
    )  # fmt: skip
    append_assignments(study.assignments, new)
    return {coder: sum(a.coder == coder for a in new) for coder in who}


def train_coders(
    coded: CodedStudy, known: KnownCodes, criterion: Criterion, *, seed: int = 1
) -> tuple[CoderReport, ...]:
    """Each coder's answers to known segments against the known codes."""
    tasks = coded.known_tasks
    answers = [answer for answer in coded.answers if answer.task_id in tasks]
    labels = [label for label in labels_of(coded.codebook) if label.kind != "code"]
    return coder_reports(answers, known, labels, criterion, speakers=coded.speakers, seed=seed)
