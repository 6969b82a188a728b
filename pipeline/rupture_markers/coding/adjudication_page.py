"""The adjudicator's page: the turn in its dialogue, what each coder gave it without names, the outcome and a reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rupture_markers.coding.gold import REASONS, AdjudicationReason
from rupture_markers.coding.page_controls import DIALOGUE, shown_key
from rupture_markers.coding.page_text import STYLE, guide_text
from rupture_markers.coding.tasks import CodingTask
from rupture_markers.markers.codebook import Codebook
from rupture_markers.transcripts.transcript import Speaker

DECISION, REASON = "decision", "reason"
NO_MARKER = "no_marker"
_MOST_CODES = 3
_KEYS = dict(zip(REASONS, ("shift+s", "shift+g", "shift+e", "shift+u"), strict=True))
_MEANING: dict[AdjudicationReason, str] = {
    "oversight": "a coder missed it, or slipped",
    "guideline gap": "the codebook does not settle it",
    "edge case": "the codebook settles it, barely",
    "unclear text": "the transcript does not say enough",
}
_STYLE = """
.rm-page .rm-decide h4 { font-size:14px; line-height:1.45; font-weight:600; border-left:3px solid var(--rm-on);
  padding-left:9px; }
.rm-opinion { border-bottom:1px solid var(--rm-line); padding:2px 0; }
.rm-opinion h4 { font-weight:400; margin:1px 0 !important; } .rm-opinion h4:first-child { font-weight:700; }
.rm-codes .lsf-choices { display:block; margin:0; } .rm-codes .lsf-choice { margin:0 !important; padding:0; }
.rm-codes .lsf-choice__item { margin:0 !important; padding:0 !important; }
.rm-codes .ant-checkbox-wrapper { font-size:12px; font-weight:400; line-height:1.3; padding:1px 0; margin:0; }
"""


class WindowTurn(BaseModel):
    """A turn as the page shows it; the one to be decided carries a mark before its speaker."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    speaker: str = Field(min_length=1)
    text: str = Field(min_length=1)


class Opinion(BaseModel):
    """What one coder gave the turn, without the coder's name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    who: str = Field(pattern=r"^Coder [A-Z]$")
    said: str = Field(min_length=1)


class AdjudicationData(BaseModel):
    """All that a task tells the adjudicator."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    task_id: str = Field(pattern=r"^[0-9a-f]{32}$")
    dialogue: tuple[WindowTurn, ...] = Field(min_length=1)
    decide: str = Field(min_length=1)
    opinions: tuple[Opinion, ...] = Field(min_length=2)

    def as_json(self) -> dict[str, object]:
        """Return the ``data`` of a Label Studio task."""
        return self.model_dump(mode="json")


def adjudication_problems(task: CodingTask, _: Codebook) -> list[str]:
    """What is wrong with a task before it is sent, without a word of the transcript."""
    try:
        data = AdjudicationData.model_validate(task.data)
    except ValidationError as fault:
        return [
            f"data, {'.'.join(str(key) for key in error['loc'])}: {error['type']}"
            for error in fault.errors(include_input=False, include_url=False, include_context=False)
        ]
    wrong = [] if data.task_id == task.task_id else ["task_id is not the same in the data"]
    return wrong + (["an adjudication task has a prediction"] if task.predictions else [])


def adjudication_config(codebook: Codebook) -> str:
    """Write the labelling config of the adjudication project: XML, the same for the same codebook."""
    root = ET.Element("View", className="rm-page")
    ET.SubElement(root, "Style").text = STYLE + _STYLE
    guide = ET.SubElement(ET.SubElement(root, "Collapse", accordion="true"), "Panel", value="Coder guide")
    ET.SubElement(ET.SubElement(guide, "View", className="rm-guide"), "Markdown").text = guide_text(codebook)
    columns = ET.SubElement(root, "View", className="rm-columns")
    codes = ET.SubElement(columns, "View", className="rm-codes")
    ET.SubElement(codes, "Header", size="5", value="The turn is (up to three codes, or no marker)")
    asked = {"toName": DIALOGUE, "required": "true", "showInline": "false"}
    decision = ET.SubElement(
        codes, "Choices", asked | {
            "name": DECISION, "choice": "multiple", "requiredMessage": "Say what the turn is: a code, or no marker.",
        },
    )  # fmt: skip
    ET.SubElement(decision, "Choice", value="no marker", alias=NO_MARKER, hotkey="shift+o")
    for code in codebook.codes:
        ET.SubElement(decision, "Choice", value=code.label, alias=code.id, hotkey=code.hotkey, hint=code.definition)
    middle = ET.SubElement(columns, "View", className="rm-middle")
    scroll = ET.SubElement(middle, "View", className="rm-dialogue")
    ET.SubElement(
        scroll, "Paragraphs", name=DIALOGUE, value="$dialogue", layout="dialogue", nameKey="speaker", textKey="text"
    )
    side = ET.SubElement(columns, "View", className="rm-side")
    turn = ET.SubElement(side, "View", className="rm-decide")
    ET.SubElement(turn, "Header", size="5", value="$decide")
    before = ET.SubElement(side, "Repeater", on="$opinions", indexFlag="{{idx}}", mode="list")
    opinion = ET.SubElement(before, "View", className="rm-opinion")
    ET.SubElement(opinion, "Header", size="5", value="$opinions[{{idx}}].who")
    ET.SubElement(opinion, "Header", size="5", value="$opinions[{{idx}}].said")
    ET.SubElement(side, "Header", size="5", value="Why did they differ?")
    reason = ET.SubElement(
        side, "Choices", asked | {"name": REASON, "choice": "single", "requiredMessage": "Say why the coders differed."}
    )
    for name in REASONS:
        words = f"{name}: {_MEANING[name]}"
        shown = f"{words} <kbd>{shown_key(_KEYS[name])}</kbd>"
        ET.SubElement(reason, "Choice", value=words, alias=name, hotkey=_KEYS[name], html=shown)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the adjudicator answered: codes, none of them for 'no marker', and the reason."""

    codes: tuple[str, ...]
    reason: AdjudicationReason


def read_outcome(result: Iterable[Mapping[str, Any]], codebook: Codebook, speaker: Speaker) -> Outcome | str:
    """Read an annotation's result.

    Parameters
    ----------
    result : iterable of mapping
        Items, as Label Studio has them.
    codebook : Codebook
    speaker : Speaker
        Of the turn.

    Returns
    -------
    Outcome, or str
        In words what is wrong with it.
    """
    given: dict[str, list[str]] = {DECISION: [], REASON: []}
    for item in result:
        value = item.get("value")
        if item.get("from_name") in given and isinstance(value, Mapping):
            given[str(item["from_name"])] += [str(choice) for choice in value.get("choices") or ()]
    codes, reasons = given[DECISION], given[REASON]
    reason = next((name for name in REASONS if reasons == [name]), None)
    if reason is None:
        return "no single reason was given"
    if codes == [NO_MARKER]:
        return Outcome((), reason)
    if not codes or NO_MARKER in codes or len(codes) > _MOST_CODES:
        return "neither one to three codes nor 'no marker' alone was given"
    for code in codes:
        if code not in codebook:
            return f"code {code} is no longer in the codebook"
        if speaker not in codebook.code(code).coded:
            return f"code {code} is not coded in such a speaker's turn"
    return Outcome(tuple(codes), reason)
