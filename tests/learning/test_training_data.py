"""The lifelike sessions that go with the project, and what their README says of them."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from rupture_markers.errors import IngestError
from rupture_markers.learning.dataset import CodedSet, read_coded_folder, read_codings
from rupture_markers.learning.registry import read_manifest
from rupture_markers.learning.training import BASELINE_ID, LIFELIKE, SET_WEIGHTS, SHARED_SETS, baseline_sets
from rupture_markers.markers.codebook import load_codebook
from rupture_markers.markers.defaults import default_file
from rupture_markers.markers.marker import CODED_SPEAKER, FAMILIES, Family
from rupture_markers.transcripts.transcript import is_written

FOLDER = default_file(LIFELIKE)


@pytest.fixture(scope="module")
def lifelike() -> CodedSet:
    return read_coded_folder(FOLDER, load_codebook(None))


def marked_by(coder: str, family: Family) -> set[tuple[str, int]]:
    codebook = load_codebook(None)
    guide = {old: code.id for code in codebook.codes for old in code.guide_codes}
    return {
        (coding.session_id, coding.turn)
        for coding in read_codings(FOLDER / "codings.jsonl")
        if coding.coder == coder
        and any(codebook.code(given if given in codebook else guide[given]).family == family for given in coding.codes)
    }


def test_the_readme_tells_how_many_there_are_and_how_well_the_coders_agree(lifelike: CodedSet) -> None:
    told = (FOLDER / "README.md").read_text(encoding="utf-8")
    turns = [(t.session_id, turn) for t in lifelike.transcripts for turn in t.turns]
    assert f"{len(lifelike.transcripts)} counselling" in told
    assert f"{len(turns):,} turns" in told
    assert f"{round(sum(len(turn.text.split()) for _, turn in turns), -3):,} words" in told
    for family in FAMILIES:
        keys = [(name, turn.index) for name, turn in turns if turn.speaker == CODED_SPEAKER[family]]
        by_coder = [marked_by(coder, family) for coder in lifelike.coders]
        ours = [[key in marked for key in keys] for marked in by_coder]
        kappa = cohen_kappa_score(*ours)
        assert re.search(rf"{family} \.{round(100 * kappa):02d}", told), (family, kappa)
        share = round(100 * float(np.mean(ours)))
        assert re.search(rf"{share} %[^%]*as\s+{family}", told), (family, share)


def test_each_session_is_a_case_of_two_speakers_with_a_known_medium(lifelike: CodedSet) -> None:
    assert len(lifelike.cases) == len(lifelike.transcripts)
    for transcript in lifelike.transcripts:
        assert {turn.speaker for turn in transcript.turns} == {"client", "therapist"}
        assert transcript.medium in {"spoken", "text chat"}
        assert len(transcript.turns) >= 25
    assert sum(is_written(t.medium) for t in lifelike.transcripts) == 48


def test_marks_of_a_family_stand_in_its_speakers_turns(lifelike: CodedSet) -> None:
    speakers = {(t.session_id, u.index): u.speaker for t in lifelike.transcripts for u in t.turns}
    for family in FAMILIES:
        marked = marked_by("coder_a", family) | marked_by("coder_b", family)
        assert {speakers[key] for key in marked} == {CODED_SPEAKER[family]}


def test_the_shared_data_is_asked_for_by_name(tmp_path: Path) -> None:
    with pytest.raises(IngestError, match=r"no transcripts\.jsonl") as told:
        baseline_sets(tmp_path, load_codebook(None))
    assert str(tmp_path / SHARED_SETS[0]) in str(told.value)


def test_the_shipped_model_learnt_from_every_set_with_the_weights_that_training_states(tmp_path: Path) -> None:
    for name in SHARED_SETS:
        shutil.copytree(FOLDER, tmp_path / name)
        for file in (tmp_path / name).glob("*.jsonl"):
            file.write_text(file.read_text(encoding="utf-8").replace("lifelike-", f"{name}-"), encoding="utf-8")
    read = set(baseline_sets(tmp_path, load_codebook(None)).sets.values())
    shipped = read_manifest("baseline")
    assert read == {*SHARED_SETS, "lifelike"} == set(shipped.training_sets)
    assert SET_WEIGHTS.keys() <= read
    assert (shipped.id, shipped.config["set_weights"]) == (BASELINE_ID, dict(SET_WEIGHTS))
