"""A tiny model of the sample study's own sessions; it is for tests, no shipped model learns from them."""

from __future__ import annotations

from pathlib import Path

import pytest

from rupture_markers.learning.dataset import CodedSet, load_coded_set, read_codings
from rupture_markers.learning.fit_config import FitConfig
from rupture_markers.learning.registry import LoadedModel
from rupture_markers.learning.training import train
from rupture_markers.learning.turn_featuriser import turn_featuriser
from rupture_markers.learning.turn_table import TurnTable, build_table
from rupture_markers.markers.codebook import Codebook, load_codebook
from rupture_markers.transcripts.interchange import read_interchange

ROOT = Path(__file__).resolve().parents[2]
TINY = FitConfig(inner_folds=2, trees=10, least_in_leaf=10)


@pytest.fixture(scope="session")
def codebook() -> Codebook:
    return load_codebook(None)


@pytest.fixture(scope="session")
def sample_coded(codebook: Codebook) -> CodedSet:
    transcripts = list(read_interchange(ROOT / "tests/fixtures/sample-transcripts.jsonl"))
    codings = read_codings(ROOT / "annotations/sample-codings.jsonl")
    return load_coded_set(transcripts, codings, codebook, name="sample")


@pytest.fixture(scope="session")
def sample_table(sample_coded: CodedSet, codebook: Codebook) -> TurnTable:
    return build_table(sample_coded.transcripts, turn_featuriser(codebook))


@pytest.fixture(scope="session")
def tiny_model(sample_coded: CodedSet, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, LoadedModel]:
    folder = tmp_path_factory.mktemp("models") / "tiny"
    return folder, train(sample_coded, folder, model_id="tiny", config=TINY, folds=None, recall=0.7)
