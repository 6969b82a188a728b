from pathlib import Path

import pytest

from rupture_markers.coding.local_server import LocalLabelStudio


@pytest.fixture(scope="session")
def label_studio():
    from types import SimpleNamespace

    local = LocalLabelStudio(Path("/tmp/h-faults/ls"))
    local.start(["ana", "ben"])
    return SimpleNamespace(
        local=local,
        url=local.status().url,
        token=local.token().get_secret_value(),
        username="",
        password="",
        client=None,
    )
