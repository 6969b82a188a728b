from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from label_studio_sdk.label_interface.interface import LabelInterface
from pydantic import ValidationError

from rupture_markers.coding.labeling_config import (
    CODES,
    DIALOGUE,
    MEMO,
    OUTCOME,
    RETURNED,
    REVIEW,
    SESSION_RATINGS,
    TaskData,
    label_of,
    labeling_config,
)
from rupture_markers.coding.page_controls import REGION_CONTROLS, shown_key
from rupture_markers.markers.codebook import Codebook, load_codebook
from rupture_markers.markers.codebook_file import PAGE_HOTKEYS

BOOK = load_codebook()
KNOWN = {"task_id": "t-00000001", "dialogue": [{"speaker": "Client", "text": "Mm."}]}
EVERY: list[dict[str, Any]] = [
    {"arm": arm, "mode": mode, "times": times, "audio": audio}
    for arm, mode, times, audio in product(
        ("blind", "assisted"), ("flagged_segments", "whole_session"), (False, True), (False, True)
    )
]


def page(book: Codebook = BOOK, **chosen: Any) -> ET.Element:
    return ET.fromstring(labeling_config(book, **({"arm": "blind"} | chosen)))


def the(root: ET.Element, path: str) -> ET.Element:
    """The first element there, which must be one."""
    found = root.find(path)
    assert found is not None, path
    return found


def names(root: ET.Element) -> set[str]:
    return {e.attrib["name"] for e in root.iter() if "name" in e.attrib}


def labels(root: ET.Element) -> dict[str, ET.Element]:
    return {e.attrib["alias"]: e for e in root.iter("Label")}


def hotkeys(root: ET.Element) -> list[str]:
    return [e.attrib["hotkey"] for e in root.iter() if "hotkey" in e.attrib]


@pytest.mark.parametrize("chosen", EVERY, ids=str)
def test_label_studios_own_reader_takes_every_page(chosen: dict[str, Any]) -> None:
    config = labeling_config(BOOK, **chosen)
    read = LabelInterface(config)
    assert {CODES, OUTCOME.name} <= {control.name for control in read.controls}
    assert labeling_config(BOOK, **chosen) == config


@pytest.mark.parametrize("chosen", EVERY, ids=str)
def test_no_two_controls_share_a_key_and_none_takes_label_studios(chosen: dict[str, Any]) -> None:
    keys = hotkeys(page(**chosen))
    assert len(keys) == len(set(keys))
    assert not set(keys) & PAGE_HOTKEYS


@pytest.mark.parametrize("chosen", EVERY, ids=str)
def test_every_answer_has_a_key_so_that_label_studio_gives_none_of_its_own(chosen: dict[str, Any]) -> None:
    root = page(**chosen)
    assert all(e.get("hotkey") for tag in ("Label", "Choice", "Rating") for e in root.iter(tag))


@pytest.mark.parametrize("chosen", EVERY, ids=str)
def test_no_page_loads_anything_from_elsewhere(chosen: dict[str, Any]) -> None:
    config = labeling_config(BOOK, **chosen)
    assert not [word for word in ("http:", "https:", "url(", "@import", "<script", "<iframe") if word in config]


def test_codes_stand_by_family_with_key_colour_definition_and_stable_id() -> None:
    root = page()
    for code in BOOK.codes:
        label = labels(root)[label_of(code)]
        assert label.attrib["value"] == code.label
        assert label.attrib["hotkey"] == code.hotkey
        assert label.attrib["background"] == code.colour
        assert label.attrib["hint"] == code.definition
    groups = root.findall(".//ParagraphLabels/View")
    assert [the(g, "Header").attrib["value"] for g in groups] == ["Withdrawal", "Confrontation", "Repair"]
    assert [len(g.findall("Label")) for g in groups] == [7, 7, 10]


def test_the_outcome_of_the_whole_segment_is_asked_for_and_required() -> None:
    outcome = the(page(), ".//Choices[@name='outcome']")
    assert outcome.attrib["required"] == "true"
    assert "perRegion" not in outcome.attrib
    assert [c.attrib["alias"] for c in outcome] == ["markers_coded", "no_marker", "not_codable"]


@pytest.mark.parametrize("control", [c.name for c in REGION_CONTROLS if c is not REVIEW] + [MEMO])
def test_a_marker_is_asked_for_significance_certainty_memo_and_the_rest(control: str) -> None:
    found = the(page(), f".//*[@name='{control}']")
    assert found.attrib["perRegion"] == "true"
    assert found.attrib["toName"] == DIALOGUE
    assert "required" not in found.attrib


def test_repair_questions_are_shown_for_repair_labels_alone() -> None:
    repairs = "R1,R2,R3,R4,R5,R6,R7,R8,R9,R10"
    only = the(page(), ".//View[@className='rm-repair']")
    assert only.attrib["visibleWhen"] == "region-selected"
    assert only.attrib["whenLabelValue"] == repairs
    assert names(only) == {"answers", RETURNED.name}
    client_codes = [c.id for c in BOOK.codes if c.family != "repair"]
    assert [c.attrib["alias"] for c in the(only, "Choices[@name='answers']")] == client_codes


def test_the_assisted_page_asks_for_a_review_and_the_blind_one_has_no_trace_of_it() -> None:
    review = the(page(arm="assisted"), f".//Choices[@name='{REVIEW.name}']")
    assert review.attrib["required"] == "true"
    assert [c.attrib["alias"] for c in review] == ["right", "changed", "wrong", "mine"]
    assert not [w for w in ("suggest", "review", "predict", "score") if w in labeling_config(BOOK, arm="blind").lower()]


def test_session_ratings_are_asked_on_tasks_that_end_a_session_and_only_in_whole_sessions() -> None:
    wanted = {rating.name for rating in SESSION_RATINGS}
    last = the(page(mode="whole_session"), ".//Repeater[@on='$session_end']")
    assert names(last) == wanted
    assert all(r.attrib["required"] == "true" and r.attrib["maxRating"] == "5" for r in last.iter("Rating"))
    assert not names(page()) & wanted


def test_the_context_is_shown_and_cannot_be_coded() -> None:
    root = page()
    context = the(root, ".//Repeater[@on='$context']")
    assert not names(context)
    assert [e.attrib["name"] for e in root.iter("Paragraphs")] == [DIALOGUE]


def test_the_recording_is_on_the_page_only_where_there_is_one() -> None:
    assert the(page(audio=True), ".//Paragraphs").attrib["audioUrl"] == "$audio"
    assert "audio" not in labeling_config(BOOK, arm="blind").lower()


def test_times_are_shown_only_where_they_are_asked_for() -> None:
    assert page(times=True).find(".//View[@className='rm-dialogue rm-times']") is not None
    assert page().find(".//View[@className='rm-dialogue rm-times']") is None


def test_the_page_follows_the_codebook() -> None:
    edited = replace(BOOK.codes[0], name="plain denial", definition="Says no & means <yes> for $5.")
    root = page(replace(BOOK, codes=(edited, *BOOK.codes[8:15])))
    assert list(labels(root)) == ["W1", *(c.id for c in BOOK.codes[8:15])]
    assert labels(root)["W1"].attrib["value"] == "W1 plain denial"
    guide = the(root, ".//Panel[@value='Coder guide']//Markdown").text or ""
    assert "### W1 plain denial (key 1)" in guide
    assert "Says no & means <yes>" in guide
    assert "$" not in guide


def test_a_codebook_without_repair_codes_makes_a_page_without_repair_questions() -> None:
    root = page(replace(BOOK, codes=BOOK.of_family("withdrawal")))
    assert root.find(".//View[@className='rm-repair']") is None
    assert RETURNED.name not in names(root)


@pytest.mark.parametrize("chosen", EVERY, ids=str)
def test_every_key_of_the_questions_is_in_the_list_of_keys(chosen: dict[str, Any]) -> None:
    root = page(**chosen)
    listed = the(root, ".//Panel[@value='Keys']//Markdown").text or ""
    asked = [e for tag in ("Choice", "Rating") for e in root.iter(tag)]
    keys = [shown_key(e.attrib["hotkey"]) for e in asked if not e.attrib["hotkey"].startswith("shift+alt")]
    assert keys
    assert all(f"**{key}**" in listed for key in keys)


def test_a_task_says_nothing_beyond_the_contract() -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        TaskData.model_validate({**KNOWN, "score": 0.9})
    with pytest.raises(ValidationError, match="Extra inputs"):
        TaskData.model_validate({**KNOWN, "dialogue": [{"speaker": "Client", "text": "Mm.", "turn": 3}]})
    with pytest.raises(ValidationError):
        TaskData.model_validate({**KNOWN, "dialogue": []})


@given(
    st.lists(
        st.fixed_dictionaries(
            {"speaker": st.sampled_from(["Client", "Therapist"]), "text": st.text(min_size=1)},
            optional={"start": st.floats(0, 9000), "end": st.floats(0, 9000)},
        ),
        min_size=1,
        max_size=5,
    )
)
def test_what_is_unknown_is_left_out_and_never_null(dialogue: list[dict[str, object]]) -> None:
    data = TaskData.model_validate({**KNOWN, "dialogue": dialogue})
    assert data.as_json() == {"task_id": "t-00000001", "dialogue": dialogue, "context": []}
    assert TaskData.model_validate(data.as_json()) == data
