"""What the whole suite shares: one real Label Studio, and a copy of the sample study."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from rupture_markers.coding.label_studio import LabelStudioClient
from rupture_markers.coding.local_server import LocalLabelStudio

ROOT = Path(__file__).resolve().parents[1]

os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("PREFECT_LOGGING_LEVEL", "CRITICAL")


@dataclass(frozen=True)
class Server:
    """A running Label Studio and how to get in."""

    local: LocalLabelStudio
    url: str
    token: str
    username: str
    password: str

    def client(self) -> LabelStudioClient:
        """Client with the administrator's token."""
        return LabelStudioClient(self.url, self.local.token())


@pytest.fixture(scope="session")
def label_studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A real Label Studio in a folder of its own, stopped at the end of the suite."""
    local = LocalLabelStudio(tmp_path_factory.mktemp("label-studio"))
    status = local.start(["ana", "ben"], ml_backend=True)
    try:
        account = local.account("ana")
        yield Server(
            local, status.url, local.token().get_secret_value(), account.user, account.password.get_secret_value()
        )
    finally:
        local.stop()


@pytest.fixture
def sample_study(tmp_path: Path) -> Path:
    """A copy of the sample study."""
    folder = tmp_path / "study"
    shutil.copytree(ROOT / "configs" / "sample-study", folder)
    return folder


@pytest.fixture
def served_study(sample_study: Path, label_studio: Server, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the sample study, under a name of its own, that sends to the suite's Label Studio."""
    config = yaml.safe_load((sample_study / "study.yaml").read_text(encoding="utf-8"))
    config["study"] = f"s{abs(hash(str(sample_study))) % 10**8}"
    config["label_studio"] = {"url": label_studio.url}
    (sample_study / "study.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    monkeypatch.setenv("RUPTURE_LABEL_STUDIO_TOKEN", label_studio.token)
    return sample_study
