"""cues.yaml is read, checked, and joined to the codebook."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import yaml

from rupture_markers.errors import ConfigError
from rupture_markers.markers.codebook import Codebook, load_codebook
from rupture_markers.markers.cues import load_cues
from rupture_markers.markers.defaults import default_file
from rupture_markers.markers.phrases import variants

ONE = """version: "1"
cues:
  - {id: w2-dunno, code: W2, phrases: ["(I|) do not know"], why: "no answer"}
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "cues.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_cues_hear_every_code_of_the_shipped_codebook_eight_times_or_more() -> None:
    codebook = load_codebook()
    cues = load_cues(None, codebook)
    counts = Counter(cue.code for cue in cues.cues)
    assert cues.skipped == () and cues.warnings == ()
    assert {code.id: counts[code.id] for code in codebook.codes if counts[code.id] < 8} == {}


def test_every_shipped_cue_says_why_and_belongs_to_the_code_its_id_begins_with() -> None:
    raw = yaml.safe_load(default_file("annotations/cues.yaml").read_text(encoding="utf-8"))
    wrong = [cue["id"] for cue in raw["cues"] if cue["id"].split("-")[0] != cue["code"].lower()]
    assert wrong == []


def test_a_cue_takes_family_and_speakers_from_its_code(tmp_path: Path) -> None:
    (cue,) = load_cues(written(tmp_path, ONE), load_codebook()).cues
    assert (cue.family, "client" in cue.speakers) == ("withdrawal", True)
    assert cue.phrases == ("I do not know", "do not know")


def test_the_hash_follows_what_the_file_says_and_not_its_comments(tmp_path: Path) -> None:
    codebook = load_codebook()
    first = load_cues(written(tmp_path, ONE), codebook).sha256
    assert load_cues(written(tmp_path, "# a comment\n" + ONE), codebook).sha256 == first
    assert load_cues(written(tmp_path, ONE.replace("know", "see")), codebook).sha256 != first


def test_a_cue_of_a_dropped_code_is_left_out_and_listed(tmp_path: Path) -> None:
    whole = load_codebook()
    without = Codebook(whole.name, whole.version, tuple(code for code in whole.codes if code.id != "W2"))
    cues = load_cues(written(tmp_path, ONE), without)
    assert cues.cues == ()
    assert cues.skipped == (("w2-dunno", "W2"),)
    assert cues.warnings == ("1 cue of W2 left out: the codebook has no such code.",)


@pytest.mark.parametrize(
    ("text", "says", "line"),
    [
        ("version: [", "not YAML", None),
        ("cues: []", "version", None),
        (ONE.replace("why:", "wy:"), "w2-dunno", 3),
        (ONE.replace("phrases: [", "where: middle, phrases: ["), "w2-dunno", 3),
        (ONE.replace('phrases: ["(I|) do not know"], ', ""), "neither phrases, patterns nor an event", 3),
        (ONE.replace("(I|)", "(I|"), "bracket", 3),
        (ONE + ONE.splitlines()[-1] + "\n", "stands 2 times", 4),
        (ONE.replace("id: w2-dunno", "id: W2 dunno"), "id", None),
    ],
)
def test_what_is_wrong_is_an_error_that_names_file_line_and_cue(
    tmp_path: Path, text: str, says: str, line: int | None
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ConfigError, match=says) as caught:
        load_cues(path, load_codebook())
    assert caught.value.path == path
    assert caught.value.todo
    if line is not None:
        assert caught.value.line == line


def test_a_missing_file_is_a_config_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_cues(tmp_path / "none.yaml", load_codebook())


@pytest.mark.parametrize(
    ("phrase", "readings"),
    [
        ("so what", ("so what",)),
        ("if you (say|think) so", ("if you say so", "if you think so")),
        ("(so |)what", ("so what", "what")),
        ("(a|b (c|d))", ("a", "b c", "b d")),
        ("yes, but", ("yes but", "yes, but", "yes... but", "yes. but")),
    ],
)
def test_the_phrase_notation_spells_out_choices_and_commas(phrase: str, readings: tuple[str, ...]) -> None:
    assert variants(phrase) == readings


@pytest.mark.parametrize("phrase", ["(a|b", "a)", "(|)", "(0|1|2|3|4|5|6|7|8|9)" * 4])
def test_a_phrase_that_cannot_be_spelt_out_is_refused(phrase: str) -> None:
    with pytest.raises(ValueError, match=r"bracket|empty|readings"):
        variants(phrase)
