"""A study folder: where everything is, who holds it, and files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from filelock import FileLock, Timeout

from rupture_markers.errors import ConfigError, StudyError
from rupture_markers.markers.codebook import Codebook, load_codebook
from rupture_markers.markers.cues import CueList, load_cues
from rupture_markers.transcripts.options import ReadOptions
from rupture_markers.transcripts.whole_file import private_folder, whole_text_file
from rupture_markers.workflow.config import StudyConfig, load_config
from rupture_markers.workflow.half_restored import require_not_half_restored


@dataclass(frozen=True)
class Study:
    """A study config and the folder it lies in.

    Attributes
    ----------
    path : Path
        Of study.yaml.
    config : StudyConfig
    """

    path: Path
    config: StudyConfig

    @property
    def folder(self) -> Path:
        """The study folder."""
        return self.path.parent

    @property
    def transcripts(self) -> Path:
        """Folder (or JSONL file) of the transcripts."""
        return self.folder / self.config.transcripts

    @property
    def sessions(self) -> Path | None:
        """sessions.csv, where the study has one."""
        if self.config.sessions is None:
            return None
        path = self.folder / self.config.sessions
        return path if path.exists() else None

    @property
    def work(self) -> Path:
        """What the machine made; made again by the next run if it is deleted, but for what was drawn at random."""
        return self.folder / "work"

    @property
    def decisions(self) -> Path:
        """Log of the selection."""
        return self.work / "selection.jsonl"

    @property
    def assignments(self) -> Path:
        """Log of who codes what."""
        return self.work / "assignments.jsonl"

    @property
    def held_out(self) -> Path:
        """Cases kept for comparing models, drawn once."""
        return self.work / "held-out.json"

    @property
    def projects(self) -> Path:
        """Mapping coder -> project -> task."""
        return self.work / "projects.json"

    @property
    def codings(self) -> Path:
        """Log of what people coded; only ever added to."""
        return self.folder / "annotations" / "codings.jsonl"

    @property
    def adjudications(self) -> Path:
        """Log of what adjudication decided; only ever added to."""
        return self.folder / "annotations" / "adjudications.jsonl"

    @property
    def codebooks(self) -> Path:
        """Log of the codebooks that coders had before them; only ever added to."""
        return self.folder / "annotations" / "codebooks.jsonl"

    @property
    def deidentification(self) -> Path:
        """Log of what people decided on findings of the de-identification gate; only ever added to."""
        return self.folder / "annotations" / "deidentification.jsonl"

    @property
    def replaced(self) -> Path:
        """Copies of sessions with placeholders in place of findings; read in place of the originals."""
        return self.folder / "deidentified"

    @property
    def adjudication_tasks(self) -> Path:
        """Log that maps adjudication tasks to their turns; only ever added to."""
        return self.work / "adjudication-tasks.jsonl"

    @property
    def models(self) -> Path:
        """Models that this study trained, a folder each."""
        return self.folder / "models"

    def session_file(self, kind: str, session_id: str, suffix: str) -> Path:
        """File of one session in the work folder; its name is safe whatever the id holds."""
        name = quote(session_id, safe=" -_.")
        if len(name) > 150 or name.startswith("."):
            name = hashlib.sha256(session_id.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        return self.work / kind / f"{name}{suffix}"

    @property
    def read_options(self) -> ReadOptions:
        """How the files of this study are read."""
        reading = self.config.reading
        return ReadOptions(
            speakers=self.config.speakers,
            join_gap_s=reading.join_gap_s,
            columns=reading.columns,
            tiers=reading.tiers,
            medium=self.config.medium,
            language=self.config.language,
            encoding=reading.encoding,
            silence_s=reading.silence_s,
            largest_file=round(reading.largest_file_mb * 1_000_000),
        )

    def codebook(self) -> Codebook:
        """Codebook of the study, or the shipped one."""
        return load_codebook(self._optional(self.config.codebook))

    def cues(self, codebook: Codebook) -> CueList:
        """Cues of the study, or the shipped ones."""
        return load_cues(self._optional(self.config.cues), codebook)

    def _optional(self, name: str | None) -> Path | None:
        return None if name is None else self.folder / name

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold the study while a command changes it.

        Raises
        ------
        StudyError
            If another run holds it, with that run's process id, or a restore of it was cut off.
        """
        require_not_half_restored(self.folder)
        make_folder(self.work)
        lock = FileLock(self.work / "lock", timeout=0, mode=0o600)
        holder = self.work / "lock-holder"
        try:
            lock.acquire()
        except Timeout:
            who = holder.read_text(encoding="utf-8") if holder.exists() else "unknown"
            raise StudyError(
                f"another run (process {who}) holds this study.",
                "Wait until it ends, then run again.",
                path=self.folder,
            ) from None
        try:
            with whole_text_file(holder) as out:
                out.write(str(os.getpid()))
            yield
        finally:
            lock.release()


def open_study(path: Path) -> Study:
    """Open a study by its study.yaml or its folder.

    Raises
    ------
    ConfigError
        If there is no study config, or it is wrong.
    StudyError
        If a restore of it was cut off.
    """
    folder = (path.parent if path.name == "study.yaml" else path).resolve()
    require_not_half_restored(folder)
    path = path / "study.yaml" if path.is_dir() else path
    study = Study(path.resolve(), load_config(path))
    if not study.transcripts.exists():
        raise ConfigError(
            f"the transcripts '{study.config.transcripts}' are not there.",
            "Put them there, or change 'transcripts:'.",
            path=path,
        )
    if study.config.sessions not in (None, "sessions.csv") and study.sessions is None:
        raise ConfigError(
            f"'{study.config.sessions}' is not there.", "Put it there, or set 'sessions: null'.", path=path
        )
    return study


def make_folder(path: Path) -> Path:
    """Make a folder that its owner alone can open."""
    return private_folder(path)


def write_json(path: Path, content: Any) -> None:
    """Write JSON whole or not at all, readable by its owner alone."""
    with whole_text_file(path) as out:
        json.dump(content, out, ensure_ascii=False)


def read_json(path: Path) -> dict[str, Any] | None:
    """Content of a file that ``write_json`` wrote; None where there is none or it is damaged, so it is made again."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None
