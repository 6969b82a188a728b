"""A coder's answer as Label Studio holds it: annotations, their items, and the markers that the items make up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rupture_markers.coding.page_controls import CODES, DIALOGUE, OUTCOME, SESSION_RATINGS

_RATINGS = frozenset(rating.name for rating in SESSION_RATINGS)


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
    created_at: str = ""
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


class _Value(_FromServer):
    start: int | None = None
    end: int | None = None
    startOffset: int | None = None  # noqa: N815 - Label Studio's name
    endOffset: int | None = None  # noqa: N815
    text: str | list[str] | None = None
    paragraphlabels: list[str] = Field(default_factory=list)
    choices: list[str] = Field(default_factory=list)
    rating: int | None = None


class _Item(_FromServer):
    id: str = ""
    from_name: str
    to_name: str
    type: str
    origin: str = ""
    value: _Value


@dataclass(frozen=True, slots=True)
class MarkedRegion:
    """A marker as it was drawn.

    Attributes
    ----------
    codes : tuple of str
    first, last : int
        Places in the dialogue shown, not turn indices.
    begin, stop : int
        Offsets in UTF-16 units, in the first and in the last turn.
    quote : str
        The words, as the browser took them.
    origin : str
    answers : mapping of control to answer
        What was said of this marker.
    """

    codes: tuple[str, ...]
    first: int
    last: int
    begin: int
    stop: int
    quote: str
    origin: str
    answers: Mapping[str, str]


@dataclass(frozen=True)
class PageAnswer:
    """All that one annotation says.

    Attributes
    ----------
    regions : tuple of MarkedRegion
        In the order of the dialogue.
    outcome : str
        Of the whole segment; empty where none was given.
    ratings : tuple of (str, int)
    unreadable : int
        Items that are none of the page's, or that cannot be read.
    """

    regions: tuple[MarkedRegion, ...] = ()
    outcome: str = ""
    ratings: tuple[tuple[str, int], ...] = ()
    unreadable: int = 0


@dataclass
class _Sorted:
    labels: list[_Item] = field(default_factory=list)
    answers: dict[str, dict[str, str]] = field(default_factory=dict)
    outcome: str = ""
    ratings: dict[str, int] = field(default_factory=dict)
    unreadable: int = 0


def read_answer(result: Iterable[Mapping[str, Any]]) -> PageAnswer:
    """Put the items of a result together: regions with their answers by id, outcome, session ratings."""
    found = _Sorted()
    for raw in result:
        try:
            item = _Item.model_validate(raw)
        except ValidationError:
            found.unreadable += 1
            continue
        if item.to_name != DIALOGUE or not _sort(item, found):
            found.unreadable += 1
    regions = []
    for item in found.labels:
        value = item.value
        if value.start is None or value.end is None:
            found.unreadable += 1
            continue
        regions.append(
            MarkedRegion(
                codes=tuple(value.paragraphlabels),
                first=value.start,
                last=value.end,
                begin=value.startOffset or 0,
                stop=-1 if value.endOffset is None else value.endOffset,
                quote=value.text if isinstance(value.text, str) else "",
                origin=item.origin,
                answers=found.answers.get(item.id, {}),
            )
        )
    return PageAnswer(
        tuple(sorted(regions, key=lambda r: (r.first, r.begin, r.last, r.stop, r.codes))),
        found.outcome,
        tuple(sorted(found.ratings.items())),
        found.unreadable,
    )


def _sort(item: _Item, found: _Sorted) -> bool:
    """Put an item where it belongs; False where the page has no such control."""
    value = item.value
    if item.type == "paragraphlabels" and item.from_name == CODES and value.paragraphlabels:
        found.labels.append(item)
    elif item.type == "choices" and item.from_name == OUTCOME.name and value.choices:
        found.outcome = value.choices[0]
    elif item.type == "rating" and item.from_name in _RATINGS and value.rating is not None:
        found.ratings[item.from_name] = value.rating
    elif item.type == "choices" and item.id and value.choices:
        found.answers.setdefault(item.id, {})[item.from_name] = value.choices[0]
    elif item.type == "textarea" and item.id and value.text:
        said = [value.text] if isinstance(value.text, str) else value.text
        found.answers.setdefault(item.id, {})[item.from_name] = "\n".join(said)
    else:
        return False
    return True
