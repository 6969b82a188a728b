"""Scoring of files without a study: `rupture score`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rupture_markers.errors import ConfigError, IngestError
from rupture_markers.learning.parallel_scoring import score_in_processes
from rupture_markers.learning.registry import load_model
from rupture_markers.learning.scores import TurnScores, write_scores
from rupture_markers.learning.scoring import is_novel
from rupture_markers.markers.codebook import load_codebook
from rupture_markers.transcripts.options import ReadOptions
from rupture_markers.transcripts.read import read_transcripts
from rupture_markers.transcripts.transcript import Speaker, Transcript
from rupture_markers.workflow.progress import Observer
from rupture_markers.workflow.study import open_study

WORKERS = 2
"""Processes, where there are sessions enough."""
_ROLES: dict[str, Speaker] = {"client": "client", "therapist": "therapist", "other": "other"}


@dataclass(frozen=True, slots=True)
class Scored:
    """What was scored, and which files were not.

    Attributes
    ----------
    novel : tuple of (str, float)
        Sessions farther from what the model has seen than its limit, each with its novelty.
    limit : float or None
    """

    sessions: int
    turns: int
    errors: tuple[str, ...]
    novel: tuple[tuple[str, float], ...] = ()
    limit: float | None = None


def parse_speakers(pairs: Sequence[str]) -> dict[str, Speaker]:
    """Map labels from ``LABEL=role``.

    Raises
    ------
    ConfigError
        If a pair has another form.
    """
    out = {}
    for pair in pairs:
        label, _, role = pair.rpartition("=")
        if not label or role not in _ROLES:
            raise ConfigError("a --speaker is not of the form LABEL=role.", "Roles are client, therapist and other.")
        out[label] = _ROLES[role]
    return out


def score_files(
    files: Sequence[Path],
    out: Path,
    *,
    model: str,
    speakers: Mapping[str, Speaker],
    study: Path | None,
    force: bool,
    bar: Observer,
) -> Scored:
    """Read files, score them as they come and write one table.

    Raises
    ------
    IngestError
        If no file could be read.
    """
    opened = None if study is None else open_study(study)
    options = ReadOptions(speakers=speakers) if opened is None else opened.read_options
    codebook = load_codebook(None) if opened is None else opened.codebook()
    loaded = load_model(model, codebook)
    failed: list[str] = []
    novel: list[tuple[str, float]] = []
    counts = {"sessions": 0, "turns": 0}

    def sessions() -> Iterator[Transcript]:
        for path in files:
            try:
                for transcript in read_transcripts(path, options):
                    counts["sessions"] += 1
                    counts["turns"] += len(transcript.turns)
                    yield transcript
            except IngestError as fault:
                failed.append(str(fault))
            bar.advance()

    def scored() -> Iterator[TurnScores]:
        for scores in score_in_processes(loaded, model, codebook, sessions(), workers=WORKERS, force=force, fork=True):
            if is_novel(loaded, scores):
                novel.append((scores.session_id, scores.novelty or 0.0))
            yield scores

    bar.begin("score", len(files))
    write_scores(out, scored())
    if not counts["sessions"]:
        raise IngestError("no file could be read.", " ".join(failed[:3]))
    limit = loaded.manifest.novelty
    return Scored(
        counts["sessions"], counts["turns"], tuple(failed), tuple(novel), None if limit is None else limit.value
    )
