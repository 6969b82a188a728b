from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from rupture_markers.errors import ConfigError
from rupture_markers.markers.codebook import Code, coder_guide, compare_codebooks, load_codebook
from rupture_markers.markers.codebook_file import LEAST_CONTRAST, PAGE_HOTKEYS, contrast_with_white
from rupture_markers.markers.defaults import default_file
from rupture_markers.markers.marker import CODED_SPEAKER, FAMILIES

SHIPPED = default_file("annotations/codebook.yaml")


def write(folder: Path, text: str) -> Path:
    path = folder / "codebook.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def changed(folder: Path, old: str, new: str) -> Path:
    text = SHIPPED.read_text(encoding="utf-8")
    assert old in text
    return write(folder, text.replace(old, new, 1))


def line_of(path: Path, words: str) -> int:
    return next(n for n, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1) if words in line)


def test_the_shipped_codebook_has_seven_seven_and_ten_codes() -> None:
    book = load_codebook()
    assert [c.id for c in book.of_family("withdrawal")] == [f"W{n}" for n in range(1, 8)]
    assert [c.id for c in book.of_family("confrontation")] == [f"C{n}" for n in range(1, 8)]
    assert [c.id for c in book.of_family("repair")] == [f"R{n}" for n in range(1, 11)]
    assert book.families == FAMILIES


@pytest.mark.parametrize("code", load_codebook().codes, ids=lambda code: code.id)
def test_every_shipped_code_says_all_a_coder_needs(code: Code) -> None:
    assert code.definition.endswith(".")
    assert code.include
    assert code.exclude
    assert len(set(code.examples)) >= 3
    assert CODED_SPEAKER[code.family] in code.coded
    assert code.guide_codes
    assert code.hotkey not in PAGE_HOTKEYS
    assert contrast_with_white(code.colour) >= LEAST_CONTRAST


def test_hotkeys_and_colours_of_the_shipped_codes_are_all_different() -> None:
    codes = load_codebook().codes
    assert len({c.hotkey for c in codes}) == len(codes)
    assert len({c.colour for c in codes}) == len(codes)


def test_a_silence_between_turns_can_be_coded_as_a_minimal_response() -> None:
    assert "nobody" in load_codebook().code("W2").coded


def test_the_guides_link_to_patterns_stands_for_both_codes_that_grew_from_it() -> None:
    both = [c.id for c in load_codebook().codes if "R7" in c.guide_codes]
    assert both == ["R7", "R10"]


def test_a_code_is_shown_by_id_and_name() -> None:
    assert load_codebook().label("W2") == "W2 minimal response"
    with pytest.raises(KeyError):
        load_codebook().label("W9")


def test_the_hash_does_not_follow_layout_and_comments(tmp_path: Path) -> None:
    data = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    again = write(tmp_path, "# another layout\n" + yaml.safe_dump(data, sort_keys=True, width=50, allow_unicode=True))
    assert load_codebook(again).sha256 == load_codebook().sha256


@settings(max_examples=40, deadline=None)
@given(
    number=st.integers(0, 23),
    field=st.sampled_from(["name", "definition", "hotkey", "colour", "family", "include", "examples", "guide_codes"]),
)
def test_the_hash_follows_every_field_of_every_code(number: int, field: str) -> None:
    book = load_codebook()
    code = book.codes[number]
    value = getattr(code, field)
    new: Any = (*value, "one more") if isinstance(value, tuple) else value + "x"
    other = replace(book, codes=(*book.codes[:number], replace(code, **{field: new}), *book.codes[number + 1 :]))
    assert other.sha256 != book.sha256
    assert compare_codebooks(book, other).changed == ((code.id, (field,)),)


def test_a_lab_can_drop_and_add_codes(tmp_path: Path) -> None:
    data = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    dropped = data["codes"].pop()
    data["codes"].append({**dropped, "id": "R11", "name": "asks what would help", "hotkey": "x", "colour": "#123456"})
    data["codes"][0]["definition"] = "Another definition."
    book = load_codebook(write(tmp_path, yaml.safe_dump(data)))
    change = compare_codebooks(load_codebook(), book)
    assert change.added == ("R11",)
    assert change.removed == ("R10",)
    assert change.changed == (("W1", ("definition",)),)
    assert not change.same
    assert compare_codebooks(book, book).same


def test_a_codebook_may_lack_a_whole_family(tmp_path: Path) -> None:
    data = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    data["codes"] = [c for c in data["codes"] if c["family"] != "repair"]
    assert load_codebook(write(tmp_path, yaml.safe_dump(data))).families == ("withdrawal", "confrontation")


@pytest.mark.parametrize(
    ("old", "new", "code", "says"),
    [
        ("  - id: W3", "  - id: W2", "W2", "id 'W2' stands at W2 already"),
        ("  - id: W3", "  - id: third", "third", "an id is a capital letter"),
        ('hotkey: "3"', 'hotkey: "2"', "W3", "hotkey '2' stands at W2 already"),
        ('hotkey: "3"', 'hotkey: "u"', "W3", "is Label Studio's own"),
        ('hotkey: "3"', 'hotkey: "ctrl+3"', "W3", "one digit or small letter"),
        ('hotkey: "3"', "hotkey: 3", "W3", "in quotes"),
        ("name: abstract communication", "name: Minimal Response", "W3", "stands at W2 already"),
        ("name: abstract communication", "name: costs $80", "W3", "without $"),
        ("name: abstract communication", "label: abstract communication", "W3", "'label' is no field"),
        ("name: abstract communication", "name: abstract communication\n    name: vague", "", "'name' is given twice"),
    ],
)
def test_what_is_wrong_is_named_with_its_code_and_line(
    tmp_path: Path, old: str, new: str, code: str, says: str
) -> None:
    path = changed(tmp_path, old, new)
    with pytest.raises(ConfigError) as caught:
        load_codebook(path)
    assert says in str(caught.value)
    assert caught.value.path == path
    assert caught.value.line is not None
    third = (
        line_of(path, "abstract communication") if "name:" not in old else line_of(path, new.split("\n", maxsplit=1)[0])
    )
    assert abs(caught.value.line - third) <= 2
    assert f"{code}: " in str(caught.value) if code else True
    assert "rupture codebook check" in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("family: withdrawal", "family: avoidance", "withdrawal, confrontation or repair"),
        ("coded: [client]", "coded: [therapist]", "must list client"),
        ("coded: [client]", "coded: []", "'coded' lists client"),
        ('colour: "#1d4ed8"', 'colour: "#ffee88"', "white letters cannot be read"),
        ('colour: "#1d4ed8"', "colour: blue", "six hexadecimal digits"),
        ('version: "1.0"', "version: 1.0", "put it in quotes"),
    ],
)
def test_families_speakers_colours_and_versions_are_checked(tmp_path: Path, old: str, new: str, says: str) -> None:
    with pytest.raises(ConfigError, match=r"codebook\.yaml") as caught:
        load_codebook(changed(tmp_path, old, new))
    assert says in str(caught.value)


def test_everything_wrong_is_said_at_once(tmp_path: Path) -> None:
    path = changed(tmp_path, 'hotkey: "3"', 'hotkey: "u"')
    text = path.read_text(encoding="utf-8").replace('hotkey: "q"', 'hotkey: "w"')
    with pytest.raises(ConfigError) as caught:
        load_codebook(write(tmp_path, text))
    assert "W3: hotkey 'u'" in str(caught.value)
    assert "1 more: line " in str(caught.value)
    assert "C2: hotkey 'w' stands at C1 already" in str(caught.value)


@pytest.mark.parametrize("text", ["", "codes: []", "- a\n- b", "name: x\nversion: '1'\ncodes: none", "codes: [a, b]"])
def test_a_file_of_another_shape_is_refused_as_such(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match=r"codebook\.yaml"):
        load_codebook(write(tmp_path, text))


def test_a_file_that_is_no_yaml_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="not YAML") as caught:
        load_codebook(write(tmp_path, "name: x\nversion: '1'\ncodes: [1, 2"))
    assert caught.value.line


def test_a_missing_file_and_one_in_another_encoding_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_codebook(tmp_path / "none.yaml")
    path = tmp_path / "latin.yaml"
    path.write_bytes("name: Begleitkodierung für R\n".encode("cp1252"))
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_codebook(path)


def test_the_guide_tells_everything_about_every_code() -> None:
    book = load_codebook()
    guide = coder_guide(book)
    for code in book.codes:
        part = guide.split(f"### {code.label} (key {code.hotkey})")[1].split("###")[0]
        for said in (code.definition, *code.include, *code.exclude, *code.examples):
            assert said in part


def test_the_guide_follows_an_edit(tmp_path: Path) -> None:
    path = changed(tmp_path, "name: denial", "name: plain denial")
    assert "W1 plain denial" in coder_guide(load_codebook(path))


def test_the_shipped_guide_is_the_shipped_codebooks() -> None:
    shipped = default_file("annotations/coder-guide.md").read_text(encoding="utf-8")
    assert shipped.split("-->\n", 1)[1] == coder_guide(load_codebook())


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast_with_white("#000000") == pytest.approx(21)
    assert contrast_with_white("#ffffff") == pytest.approx(1)
    assert contrast_with_white("#777777") == pytest.approx(4.48, abs=0.01)
