"""What a run did, in counts; no text, so it may go to Prefect, a terminal or a file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from rupture_markers.workflow.queue import ProjectOutcome


@dataclass(frozen=True)
class RunSummary:
    """Counts of one run.

    Attributes
    ----------
    errors : tuple of str
        One line a file or project that failed; never a transcript's words.
    selected : dict of stratum to int
        New decisions of this run.
    segments_selected : dict of stratum to int
        All that are selected so far.
    novel : tuple of str
        Sessions unlike what the model has seen (docs/model.md).
    """

    files: int = 0
    files_unchanged: int = 0
    sessions: int = 0
    turns: int = 0
    warnings: int = 0
    scored: int = 0
    scores_unchanged: int = 0
    candidates: dict[str, int] = field(default_factory=dict)
    novel: tuple[str, ...] = ()
    segments: int = 0
    selected: dict[str, int] = field(default_factory=dict)
    segments_selected: dict[str, int] = field(default_factory=dict)
    tasks: int = 0
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    predictions_renewed: int = 0
    deleted: int = 0
    stale: tuple[str, ...] = ()
    projects: int = 0
    quarantined: int = 0
    task_files: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()

    def pushed(self, outcomes: Sequence[ProjectOutcome], errors: Iterable[str]) -> RunSummary:
        """With what became of each project, and all errors."""
        return replace(
            self,
            created=sum(o.created for o in outcomes),
            changed=sum(o.changed for o in outcomes),
            unchanged=sum(o.unchanged for o in outcomes),
            predictions_renewed=sum(o.predictions_renewed for o in outcomes),
            deleted=sum(o.deleted for o in outcomes),
            stale=tuple(name for o in outcomes for name in o.stale),
            projects=len(outcomes),
            errors=tuple(errors),
        )

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)

    def rows(self) -> list[tuple[str, str]]:
        """As rows of a table people read."""
        rows = [
            ("files read", f"{self.files} ({self.files_unchanged} unchanged)"),
            ("sessions", f"{self.sessions} ({self.scored} scored now)"),
            ("turns", f"{self.turns:,}"),
            ("candidates by family", _listed(self.candidates)),
            ("segments", str(self.segments)),
            ("selected, and why", _listed(self.segments_selected)),
            ("tasks", f"{self.tasks} in {self.projects} projects" if self.projects else str(self.tasks)),
            ("tasks created", str(self.created)),
            ("tasks changed", str(self.changed)),
            ("predictions renewed", str(self.predictions_renewed)),
        ]
        if self.warnings:
            rows.insert(1, ("warnings", f"{self.warnings} ('rupture check' lists them)"))
        if self.novel:
            rows.append(("unlike what the model has seen", f"{len(self.novel)}: {', '.join(self.novel)}"))
        if self.stale:
            rows.append(("stale tasks with codings", str(len(self.stale))))
        if self.quarantined:
            rows.append(("sessions quarantined", f"{self.quarantined} ('rupture check' says why)"))
        if self.task_files:
            rows.append(("task files", ", ".join(self.task_files)))
        if self.errors:
            rows.append(("failed", str(len(self.errors))))
        return rows


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items()) or "none"
