"""The documentation is kept true: what it shows as run is run."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rupture_markers.cli import app

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
EXAMPLES = [
    (page.name, line.removeprefix("$ rupture "))
    for page in PAGES
    for block in BLOCK.findall(page.read_text(encoding="utf-8"))
    for line in block.splitlines()
    if line.startswith("$ rupture ")
]


@pytest.mark.parametrize(("page", "line"), EXAMPLES)
def test_an_example_runs(page: str, line: str, sample_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(sample_study.parent)
    done = CliRunner().invoke(app, shlex.split(line))
    assert done.exit_code == 0, f"{page}: {line}\n{done.output}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_within_the_documentation_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_locks_hold_versions_and_hashes_and_no_address() -> None:
    for lock in (ROOT / "requirements.lock", ROOT / "configs" / "label-studio.lock"):
        for line in lock.read_text(encoding="utf-8").splitlines():
            assert re.fullmatch(r"[A-Za-z0-9._-]+==[^\s=]+ \\|    --hash=sha256:[0-9a-f]{64}(?: \\)?|# .*|", line), line
