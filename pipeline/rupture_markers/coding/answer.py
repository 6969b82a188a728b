"""A coder's answer as Label Studio holds it: a task with its annotations."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from rupture_markers.coding.page_controls import DIALOGUE


class _FromServer(BaseModel):
    # The server's answers hold much that is its own affair, and more with each version.
    model_config = ConfigDict(extra="ignore", frozen=True)


class RemoteUser(_FromServer):
    """Who made an annotation; exports give the address, listings the number alone."""

    id: int = 0
    email: str = ""


class RemoteAnnotation(_FromServer):
    """One annotation of a task."""

    id: int = 0
    result: list[dict[str, Any]] | None = None
    was_cancelled: bool = False
    completed_by: RemoteUser | int | None = None
    created_at: str = ""
    updated_at: str = ""
    lead_time: float | None = None


class AnsweredTask(_FromServer):
    """A task with all that people answered to it."""

    id: int = 0
    data: dict[str, Any]
    annotations: list[RemoteAnnotation] = Field(default_factory=list)
    drafts: list[Any] = Field(default_factory=list)
    draft_exists: bool = False
    updated_at: str = ""

    @property
    def task_id(self) -> str:
        """Ours; empty where the task is none of ours."""
        return str(self.data.get("task_id", ""))

    @property
    def dialogue(self) -> tuple[str, ...]:
        """Texts of the turns to be coded, as the coder saw them."""
        shown = self.data.get(DIALOGUE)
        return tuple(str(turn["text"]) for turn in shown) if isinstance(shown, list) else ()

    @property
    def has_draft(self) -> bool:
        """Whether somebody has begun and not submitted."""
        return self.draft_exists or bool(self.drafts)
