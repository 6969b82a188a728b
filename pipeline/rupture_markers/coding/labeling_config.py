"""The coder's page: Label Studio's labelling config, generated from the codebook.

What a task must carry (``TaskData`` holds it to that), each field as the page reads it:

``task_id``
    Our opaque id, the only identity of the task.
``dialogue``
    The turns to be coded, ``{"speaker", "text"}`` each, and ``"start"``, ``"end"`` in seconds of the recording where
    they are known. An unknown time is left out, never null or 0. A region's ``start`` and ``end`` are positions in
    this list.
``context``
    The turns before, ``{"speaker", "text"}`` each, shown greyed above and out of a coder's reach; may be empty.
``audio``
    Address of the recording; only where the config was made with ``audio=True``.
``session_end``
    ``[{}]`` on the last task of a session that is coded whole, where the session ratings are asked for, else ``[]``;
    only where the config was made for ``whole_session``.

A blind task carries these and nothing else: no prediction, score, stratum, case, session or reason.

In a result, labels and choices stand as the short ids of this module (``W2``, ``no_marker``), never as the words on
the page, so that a reworded codebook leaves earlier codings readable.
"""

from __future__ import annotations

from typing import Literal
from xml.etree import ElementTree as ET

from pydantic import BaseModel, ConfigDict, Field

from rupture_markers.coding.page_controls import (
    ANSWERS,
    CERTAINTY,
    CODES,
    DIALOGUE,
    MEMO,
    OUTCOME,
    OUTCOMES,
    RETURNED,
    REVIEW,
    SESSION_RATINGS,
    SIGNIFICANCE,
    STRAIN,
    ChoiceControl,
    shown_key,
)
from rupture_markers.coding.page_text import NO_REGION, STYLE, guide_text, keys_text
from rupture_markers.markers.codebook import Code, Codebook
from rupture_markers.markers.marker import Arm

CodingMode = Literal["flagged_segments", "whole_session"]


class ShownTurn(BaseModel):
    """A turn as the page shows it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    speaker: str = Field(min_length=1)
    text: str = Field(min_length=1)
    start: float | None = Field(default=None, ge=0)
    end: float | None = Field(default=None, ge=0)


class ContextTurn(BaseModel):
    """A turn of context: shown, not coded."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    speaker: str = Field(min_length=1)
    text: str = Field(min_length=1)


class SessionEnd(BaseModel):
    """Marks the last task of a session; says nothing else."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TaskData(BaseModel):
    """All that a task tells its coder (module docstring)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    task_id: str = Field(min_length=8, max_length=64)
    dialogue: tuple[ShownTurn, ...] = Field(min_length=1)
    context: tuple[ContextTurn, ...] = ()
    audio: str | None = Field(default=None, min_length=1)
    session_end: tuple[SessionEnd, ...] | None = Field(default=None, max_length=1)

    def as_json(self) -> dict[str, object]:
        """Return the ``data`` of a Label Studio task: what is unknown is left out."""
        return self.model_dump(mode="json", exclude_none=True)


def label_of(code: Code) -> str:
    """Return the label of a code as it stands in regions and results: its id."""
    return code.id


def labeling_config(
    codebook: Codebook,
    *,
    arm: Arm,
    mode: CodingMode = "flagged_segments",
    times: bool = False,
    audio: bool = False,
) -> str:
    """Write the labelling config of one project.

    Parameters
    ----------
    codebook : Codebook
        Its codes become the labels, by family, with their hotkeys and colours; its guide is on the page.
    arm : {"blind", "assisted"}
        The assisted page asks of every region whether the suggestion was right.
    mode : {"flagged_segments", "whole_session"}
        The latter asks for the session ratings on a session's last task.
    times : bool
        Whether to show when a turn starts, where the task says so.
    audio : bool
        Whether tasks name a recording, which then plays at a turn's time.

    Returns
    -------
    str
        XML, the same for the same arguments.
    """
    root = ET.Element("View", className="rm-page")
    ET.SubElement(root, "Style").text = STYLE
    help_bar = ET.SubElement(root, "Collapse", accordion="true")
    for title, text in (("Coder guide", guide_text(codebook)), ("Keys", keys_text(arm, mode))):
        # A panel takes Markdown only within a View.
        inside = ET.SubElement(ET.SubElement(help_bar, "Panel", value=title), "View", className="rm-guide")
        ET.SubElement(inside, "Markdown").text = text
    columns = ET.SubElement(root, "View", className="rm-columns")
    _codes(ET.SubElement(columns, "View", className="rm-codes"), codebook)
    _dialogue(ET.SubElement(columns, "View", className="rm-middle"), times=times, audio=audio)
    side = ET.SubElement(columns, "View", className="rm-side")
    _outcome(side)
    if mode == "whole_session":
        _session_ratings(side)
    _region(side, codebook, arm)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode")


def _codes(parent: ET.Element, codebook: Codebook) -> None:
    labels = ET.SubElement(parent, "ParagraphLabels", name=CODES, toName=DIALOGUE, choice="single")
    for family in codebook.families:
        group = ET.SubElement(labels, "View", className=f"rm-family rm-{family}")
        ET.SubElement(group, "Header", size="5", value=family.capitalize())
        for code in codebook.of_family(family):
            ET.SubElement(
                group,
                "Label",
                value=code.label,
                alias=label_of(code),
                background=code.colour,
                hotkey=code.hotkey,
                hint=code.definition,
            )


def _dialogue(parent: ET.Element, *, times: bool, audio: bool) -> None:
    if audio:
        ET.SubElement(parent, "Audio", name="recording", value="$audio", sync=DIALOGUE, height="48", decoder="none")
    scroll = ET.SubElement(parent, "View", className="rm-dialogue rm-times" if times else "rm-dialogue")
    before = ET.SubElement(scroll, "Repeater", on="$context", indexFlag="{{idx}}", mode="list")
    turn = ET.SubElement(before, "View", className="rm-context")
    ET.SubElement(turn, "Header", size="5", value="$context[{{idx}}].speaker")
    ET.SubElement(turn, "Header", size="5", value="$context[{{idx}}].text")
    start = ET.SubElement(scroll, "View", className="rm-start")
    ET.SubElement(start, "Header", size="5", value="To be coded from here on")
    paragraphs = {
        "name": DIALOGUE,
        "value": "$dialogue",
        "layout": "dialogue",
        "nameKey": "speaker",
        "textKey": "text",
    }
    if audio:
        paragraphs |= {"audioUrl": "$audio", "sync": "recording"}
    ET.SubElement(scroll, "Paragraphs", paragraphs)


def _choices(parent: ET.Element, control: ChoiceControl, *, per_region: bool, **more: str) -> None:
    ET.SubElement(parent, "Header", size="5", value=control.question)
    attributes = {"name": control.name, "toName": DIALOGUE, "choice": "single", "layout": "inline"} | more
    if per_region:
        attributes["perRegion"] = "true"
    if control.required:
        attributes |= {"required": "true", "requiredMessage": control.required}
    choices = ET.SubElement(parent, "Choices", attributes)
    for option in control.options:
        ET.SubElement(
            choices,
            "Choice",
            value=option.shown,
            alias=option.value,
            hotkey=option.key,
            html=f"{option.shown} <kbd>{shown_key(option.key)}</kbd>",
        )


def _outcome(parent: ET.Element) -> None:
    whole = ET.SubElement(parent, "View", className="rm-whole")
    _choices(whole, OUTCOME, per_region=False)


def _session_ratings(parent: ET.Element) -> None:
    last = ET.SubElement(parent, "Repeater", on="$session_end", indexFlag="{{idx}}", mode="list")
    box = ET.SubElement(last, "View", className="rm-session")
    ET.SubElement(box, "Header", size="5", value="Whole session (3RS, 1-5)")
    for rating in SESSION_RATINGS:
        line = ET.SubElement(box, "View", className="rm-rating")
        ET.SubElement(line, "Header", size="5", value=f"{rating.question}  {shown_key(rating.key)}")
        ET.SubElement(
            line,
            "Rating",
            name=rating.name,
            toName=DIALOGUE,
            maxRating="5",
            hotkey=rating.key,
            required="true",
            requiredMessage=f"The session ends here: please rate {rating.question.lower()}.",
        )


def _region(parent: ET.Element, codebook: Codebook, arm: Arm) -> None:
    none = ET.SubElement(parent, "View", visibleWhen="no-region-selected", className="rm-none")
    ET.SubElement(
        none,
        "Header",
        size="5",
        value=NO_REGION,
    )
    box = ET.SubElement(parent, "View", visibleWhen="region-selected", className="rm-region")
    if arm == "assisted":
        _choices(box, REVIEW, per_region=True)
    _choices(box, SIGNIFICANCE, per_region=True)
    _choices(box, CERTAINTY, per_region=True)
    _choices(box, STRAIN, per_region=True)
    repairs = ",".join(label_of(code) for code in codebook.of_family("repair"))
    if repairs:
        only = ET.SubElement(
            box,
            "View",
            visibleWhen="region-selected",
            whenTagName=CODES,
            whenLabelValue=repairs,
            className="rm-repair",
        )
        if client_codes := [c for c in codebook.codes if c.family != "repair"]:
            answers = ANSWERS.with_codes(client_codes)
            _choices(only, answers, per_region=True, whenLabelValue=repairs)
        _choices(only, RETURNED, per_region=True, whenLabelValue=repairs)
    # In the list of regions, since only there a key (Enter) brings the cursor to it.
    ET.SubElement(
        box,
        "TextArea",
        name=MEMO,
        toName=DIALOGUE,
        perRegion="true",
        displayMode="region-list",
        rows="2",
        maxSubmissions="1",
        editable="true",
        placeholder="Memo (Enter)",
    )


__all__ = [
    "ANSWERS",
    "CERTAINTY",
    "CODES",
    "DIALOGUE",
    "MEMO",
    "OUTCOME",
    "OUTCOMES",
    "RETURNED",
    "REVIEW",
    "SESSION_RATINGS",
    "SIGNIFICANCE",
    "STRAIN",
    "CodingMode",
    "ContextTurn",
    "SessionEnd",
    "ShownTurn",
    "TaskData",
    "label_of",
    "labeling_config",
]
