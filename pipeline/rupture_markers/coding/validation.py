"""Checks of a task before it is sent: Label Studio stores wrong labels, turns and scores without a word."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from rupture_markers.coding.labeling_config import CODES, DIALOGUE, TaskData, label_of
from rupture_markers.coding.offsets import OffsetError, code_point_offset, utf16_length
from rupture_markers.coding.predictions import SHOWN_SPEAKERS
from rupture_markers.markers.codebook import Codebook

if TYPE_CHECKING:
    from rupture_markers.coding.tasks import CodingTask

_TASK_ID = re.compile(r"^[0-9a-f]{32}$")
_PLACE = re.compile(r"^(0|[1-9][0-9]*)$")
_REGION_KEYS = frozenset({"id", "from_name", "to_name", "type", "origin", "score", "value"})
_VALUE_KEYS = frozenset({"start", "end", "startOffset", "endOffset", "text", "paragraphlabels"})


def validate_task(task: CodingTask, codebook: Codebook) -> list[str]:
    """All that is wrong with a task's data, or else with its predictions, without a word of the transcript.

    Returns
    -------
    list of str
        Empty where it may be sent.
    """
    wrong = list(_data_problems(task))
    return wrong or list(_prediction_problems(task, codebook))


def _data_problems(task: CodingTask) -> Iterator[str]:
    try:
        data = TaskData.model_validate(task.data)
    except ValidationError as fault:
        for error in fault.errors(include_input=False, include_url=False, include_context=False):
            yield f"data, {'.'.join(str(key) for key in error['loc'])}: {error['msg']}"
        return
    if not _TASK_ID.match(task.task_id) or data.task_id != task.task_id:
        yield "task_id is not our opaque id, or not the same in the data"
    speakers = {"context": [t.speaker for t in data.context], "dialogue": [t.speaker for t in data.dialogue]}
    for part, shown in speakers.items():
        for number, speaker in enumerate(shown):
            if speaker not in SHOWN_SPEAKERS:
                yield f"{part}, turn {number}: the speaker is none of {sorted(SHOWN_SPEAKERS)}"


def _prediction_problems(task: CodingTask, codebook: Codebook) -> Iterator[str]:
    if task.predictions and task.arm == "blind":
        yield "a blind task has a prediction"
    seen: set[str] = set()
    for prediction in task.predictions:
        if not isinstance(prediction.get("model_version"), str) or not prediction["model_version"]:
            yield "a prediction names no model version"
        if not _is_probability(prediction.get("score")):
            yield "a prediction's score is no probability"
        regions = prediction.get("result")
        if not isinstance(regions, list) or not regions:
            yield "a prediction has no region"
            continue
        for number, region in enumerate(regions):
            for problem in _region_problems(region, task, codebook):
                yield f"region {number}: {problem}"
            if isinstance(region, Mapping):
                if region.get("id") in seen:
                    yield f"region {number}: its id is used twice"
                seen.add(str(region.get("id")))


def _region_problems(region: Any, task: CodingTask, codebook: Codebook) -> Iterator[str]:
    if not isinstance(region, Mapping) or set(region) != _REGION_KEYS:
        yield f"must hold {sorted(_REGION_KEYS)}"
        return
    if region["from_name"] != CODES or region["to_name"] != DIALOGUE:
        yield f"must go from {CODES!r} to {DIALOGUE!r}"
    if region["type"] != "paragraphlabels" or region["origin"] != "prediction":
        yield "must be of type 'paragraphlabels' and origin 'prediction'"
    if not _is_probability(region["score"]):
        yield "the score is no probability"
    value = region["value"]
    if not isinstance(value, Mapping) or set(value) != _VALUE_KEYS:
        yield f"the value must hold {sorted(_VALUE_KEYS)}"
        return
    known = {label_of(code) for code in codebook.codes}
    labels = value["paragraphlabels"]
    if not isinstance(labels, list) or len(labels) != 1 or labels[0] not in known:
        yield "must carry one label of the codebook"
    yield from _span_problems(value, task)


def _span_problems(value: Mapping[str, Any], task: CodingTask) -> Iterator[str]:
    dialogue = task.data.get("dialogue") or []
    start, end = value["start"], value["end"]
    if not all(isinstance(place, str) and _PLACE.match(place) for place in (start, end)):
        yield "start and end must be turn indices as strings"
        return
    if int(start) > int(end) or int(end) >= len(dialogue):
        yield f"turns {start} to {end} do not exist in a dialogue of {len(dialogue)}"
        return
    begin, stop = value["startOffset"], value["endOffset"]
    if not all(isinstance(offset, int) and not isinstance(offset, bool) for offset in (begin, stop)):
        yield "offsets must be whole numbers"
        return
    texts = [str(item["text"]) for item in dialogue[int(start) : int(end) + 1]]
    if not (0 <= begin <= utf16_length(texts[0]) and 0 <= stop <= utf16_length(texts[-1])):
        yield "an offset lies outside its turn"
        return
    if start == end and begin >= stop:
        yield "the end does not lie behind the start"
        return
    try:
        first, last = code_point_offset(texts[0], begin), code_point_offset(texts[-1], stop)
    except OffsetError:
        yield "an offset falls within a character"
        return
    if start == end and value["text"] != texts[0][first:last]:
        yield "the quote is not the text at its offsets"
    if start != end:
        quote = "".join([texts[0][first:], *texts[1:-1], texts[-1][:last]])
        if "".join(str(value["text"]).split()) != "".join(quote.split()):
            yield "the quote is not the text at its offsets"


def _is_probability(score: object) -> bool:
    # NaN compares false with everything; a bool is an int to Python alone.
    return isinstance(score, int | float) and not isinstance(score, bool) and 0.0 <= score <= 1.0
