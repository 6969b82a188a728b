"""The study config, ``study.yaml``: what a lab says once, checked before anything runs."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from rupture_markers.errors import ConfigError
from rupture_markers.markers.marker import Family

Share = Annotated[float, Field(ge=0.0, le=1.0)]
FamilyMeasure = Literal["ap", "brier_skill"]
_MEASURES: dict[Family, FamilyMeasure] = {"withdrawal": "ap", "confrontation": "ap"}
_CODER = re.compile(r"^[a-z][a-z0-9_-]{0,30}$")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ReadingConfig(_Part):
    """How transcript files are read.

    Attributes
    ----------
    join_gap_s : float
        Caption fragments of one speaker closer than this (seconds) are one turn.
    columns : dict
        Column of a CSV/TSV/.docx table for ``speaker``, ``text``, ``start``, ``end``.
    tiers : dict
        ELAN tier to speaker, where the tier's name is no speaker label of the study.
    silence_s : float or None
        An untranscribed gap of at least this many seconds becomes a silence of its own; None: never.
    largest_file_mb : float
        Megabytes; a larger file is refused unread, and a JSONL that is twenty times larger.
    """

    join_gap_s: float = Field(default=1.5, ge=0)
    columns: dict[str, str] = Field(default_factory=dict)
    tiers: dict[str, Literal["client", "therapist", "other"]] = Field(default_factory=dict)
    encoding: str | None = None
    silence_s: float | None = Field(default=None, gt=0)
    largest_file_mb: float = Field(default=50.0, gt=0, le=2000)


class SegmentConfig(_Part):
    """What one coding task shows: time bins of ``minutes`` or turn bins of ``turns``."""

    by: Literal["minutes", "turns"] = "turns"
    minutes: float = Field(default=5.0, gt=0)
    turns: int = Field(default=20, ge=2)
    context_turns: int = Field(default=6, ge=0)


class SelectionConfig(_Part):
    """Which segments people code; shares of the segments that are new in a run."""

    budget: Share | None = 0.3
    threshold: Share | None = None
    uncertain: Share = 0.1
    control: Share = 0.1
    seed: int = 1

    @model_validator(mode="after")
    def _one_rule(self) -> SelectionConfig:
        if (self.budget is None) == (self.threshold is None):
            raise ValueError("give either 'budget' or 'threshold', the other as null")
        return self


class CodingConfig(_Part):
    """Who codes, how much twice, how much blind.

    ``drift`` is the share of each coder's tasks whose codes are known, mixed in by every run once there are such
    segments; ``known`` names a file of codings of sessions coded in full, else the study's settled codes are known.
    """

    mode: Literal["flagged_segments", "whole_session"] = "flagged_segments"
    coders: tuple[str, ...] = ("ana", "ben")
    double_coded: Share = 0.5
    blind: Share = 0.5
    withheld: Share = 0.25
    drift: float = Field(default=0.0, ge=0.0, le=0.5)
    known: str | None = None

    @model_validator(mode="after")
    def _drift_in_segments(self) -> CodingConfig:
        if self.drift and self.mode == "whole_session":
            raise ValueError("'drift' mixes in known segments, which whole sessions do not have: set it to 0")
        return self

    @field_validator("coders")
    @classmethod
    def _pseudonyms(cls, coders: tuple[str, ...]) -> tuple[str, ...]:
        if not coders:
            raise ValueError("name at least one coder")
        if len(set(coders)) != len(coders):
            raise ValueError("a coder is named twice")
        for coder in coders:
            if not _CODER.match(coder):
                raise ValueError(
                    "a coder's name is a short pseudonym: lower-case letters, digits, '-' and '_', a letter first"
                )
        return coders


class LabelStudioConfig(_Part):
    """Where the coding queue goes; ``url`` null means the local Label Studio that rupture keeps.

    The token is never here: it comes from RUPTURE_LABEL_STUDIO_TOKEN or the 0600 file of ``token_file``.
    ``accounts`` gives a coder's user name on a lab's own server.
    """

    url: str | None = None
    token_file: str | None = None
    batch: int = Field(default=250, ge=1, le=1000)
    accounts: dict[str, str] = Field(default_factory=dict)


class WorkflowConfig(_Part):
    """How the flow runs: sessions a batch, and the task runner."""

    batch_size: int = Field(default=16, ge=1)
    runner: Literal["threads", "processes"] = "threads"
    workers: int = Field(default=2, ge=1, le=64)


class DeidentificationConfig(_Part):
    """What the de-identification gate knows of the study.

    Attributes
    ----------
    names : str or None
        File (0600) with the names of clients, staff and sites, one a line; it is never sent anywhere.
    map_folder : str or None
        Folder outside the study for the maps from placeholders to what they replaced; None: the user's data folder.
    ner : bool or "presidio"
        Whether the study's spaCy pipeline (``spacy_model``) looks for named entities too, by itself or within Presidio.
    """

    names: str | None = None
    map_folder: str | None = None
    ner: bool | Literal["presidio"] = False


class RetrainingConfig(_Part):
    """When a model is trained from the study's codings, and when it takes over.

    Attributes
    ----------
    held_out : float
        Share of the cases that is kept for comparison, drawn in the first round and never again; 0 for none.
    held_out_segments : float
        Share of a held-out case's segments that is coded.
    measures : dict
        Family measures on held-out cases that decide: ``ap`` (average precision) or ``brier_skill``.
    certainty : float
        Share of the bootstrap resamples that must favour the candidate.
    minimum_cases, minimum_positives : int
        Fewer cases with gold, or marked turns of a family named in ``measures``: nothing is trained.
    new_turns : int
        So many turns with new gold make retraining due where it is served.
    """

    held_out: Share = 0.25
    held_out_segments: Share = 0.5
    measures: dict[Family, FamilyMeasure] = Field(default=_MEASURES, min_length=1)
    certainty: Annotated[float, Field(gt=0.5, lt=1.0)] = 0.8
    minimum_cases: int = Field(default=6, ge=4)
    minimum_positives: int = Field(default=10, ge=2)
    new_turns: int = Field(default=200, ge=1)
    seed: int = 1


class StudyConfig(_Part):
    """All of study.yaml."""

    study: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,60}$")
    transcripts: str = "transcripts"
    sessions: str | None = "sessions.csv"
    public_data: bool = False
    language: str = "en"
    medium: str = "spoken"
    speakers: dict[str, Literal["client", "therapist", "other"]] = Field(default_factory=dict)
    reading: ReadingConfig = ReadingConfig()
    spacy_model: str = "blank"
    codebook: str | None = None
    cues: str | None = None
    model: str = "baseline"
    segments: SegmentConfig = SegmentConfig()
    selection: SelectionConfig = SelectionConfig()
    coding: CodingConfig = CodingConfig()
    retraining: RetrainingConfig = RetrainingConfig()
    label_studio: LabelStudioConfig = LabelStudioConfig()
    workflow: WorkflowConfig = WorkflowConfig()
    deidentification: DeidentificationConfig = DeidentificationConfig()


def _line_of(text: str, location: tuple[int | str, ...]) -> int | None:
    """Line of the deepest key of ``location`` that the YAML has; None where it has none."""
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    line = None
    for key in location:
        if not isinstance(node, yaml.MappingNode):
            break
        for name, value in node.value:
            if name.value == str(key):
                line, node = name.start_mark.line + 1, value
                break
        else:
            break
    return line


_MOST_BRACKETS = 1_000
_MOST_CHARACTERS = 100_000
"""Of study.yaml, a hundred times the sample study's; the parser takes seconds for a few times more."""


def load_config(path: Path) -> StudyConfig:
    """Read and check study.yaml.

    Raises
    ------
    ConfigError
        Naming file, line and key of the first thing that is wrong.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(
            "there is no study config here.", "Run 'rupture init DIR' for a folder with one.", path=path
        ) from None
    except (OSError, UnicodeDecodeError):
        raise ConfigError(
            "the study config cannot be read.", "It must be a readable UTF-8 text file.", path=path
        ) from None
    if len(text) > _MOST_CHARACTERS:
        raise ConfigError(
            f"the study config has {len(text):,} characters, and {_MOST_CHARACTERS:,} is the most it may have.",
            "Keep in it what configs/study.yaml lists; sessions and their groups go into sessions.csv.",
            path=path,
        )
    try:
        if text.count("[") + text.count("{") > _MOST_BRACKETS:
            raise RecursionError  # nested brackets take the parser seconds before it gives up
        data: Any = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as fault:  # a date or number that is none; nested too deep
        mark = getattr(fault, "problem_mark", None)
        raise ConfigError(
            "this is not YAML.",
            "Mend the line: keys end with ': ', lists start with '- ', indent by spaces.",
            path=path,
            line=mark.line + 1 if mark else None,
        ) from None
    if not isinstance(data, dict):
        raise ConfigError("the study config is empty.", "Start from configs/study.yaml.", path=path)
    try:
        return StudyConfig.model_validate(data)
    except ValidationError as fault:
        first = fault.errors(include_input=False, include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        more = f" ({fault.error_count() - 1} more)" if fault.error_count() > 1 else ""
        what = (
            f"'{key}' is no key of a study config"
            if first["type"] == "extra_forbidden"
            else f"'{key}': {first['msg'].removeprefix('Value error, ')}"
        )
        raise ConfigError(
            f"{what}{more}.",
            "configs/study.yaml lists every key with its meaning.",
            path=path,
            line=_line_of(text, first["loc"]),
        ) from None


def config_sha256(*parts: BaseModel | str) -> str:
    """Hash of the parts of a config that a stage depends on."""
    packed = "\x00".join(p if isinstance(p, str) else p.model_dump_json() for p in parts)
    return hashlib.sha256(packed.encode()).hexdigest()
