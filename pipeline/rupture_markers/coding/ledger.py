"""The study's file that maps coder -> project -> task; whole or not at all."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rupture_markers.errors import StudyError
from rupture_markers.markers.marker import Arm
from rupture_markers.transcripts.whole_file import whole_text_file


class _Project(BaseModel):
    model_config = ConfigDict(extra="forbid")

    coder: str
    arm: Arm
    key: str
    number: int
    tasks: dict[str, Annotated[int, Field(ge=1)]] = Field(default_factory=dict)
    stale: list[str] = Field(default_factory=list)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    url: str
    projects: list[_Project] = Field(default_factory=list)


@dataclass
class Ledger:
    """Where each task stands on the server, as of the last run; the server is asked again each time.

    Attributes
    ----------
    path : Path
    url : str
        Of the Label Studio that the numbers belong to.
    """

    path: Path
    url: str
    _projects: dict[tuple[str, Arm], _Project] = field(default_factory=dict)

    @classmethod
    def open(cls, path: Path, url: str) -> Ledger:
        """Read projects.json; numbers of another server are dropped.

        Raises
        ------
        StudyError
            If the file is damaged.
        """
        try:
            content = _File.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return cls(path, url)
        except ValidationError:
            raise StudyError(
                "the file that maps tasks is damaged.", "Delete it: the next run finds every task again.", path=path
            ) from None
        if content.url != url:
            return cls(path, url)
        return cls(path, url, {(p.coder, p.arm): p for p in content.projects})

    def number(self, coder: str, arm: Arm) -> int | None:
        """Project number of a coder's arm the last time; None where there was none."""
        project = self._projects.get((coder, arm))
        return project.number if project else None

    def keep(self, coder: str, arm: Arm, key: str, number: int, tasks: dict[str, int], stale: tuple[str, ...]) -> None:
        """Put down where a project's tasks stand."""
        self._projects[(coder, arm)] = _Project(
            coder=coder, arm=arm, key=key, number=number, tasks=tasks, stale=list(stale)
        )
        content = _File(url=self.url, projects=list(self._projects.values()))
        with whole_text_file(self.path) as out:
            json.dump(content.model_dump(), out)
