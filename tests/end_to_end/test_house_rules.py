"""What holds for the repository as a whole."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from rupture_markers.cli import app

ROOT = Path(__file__).resolve().parents[2]
PIN = re.compile(r"[A-Za-z0-9._-]+==[^\s=]+ \\|    --hash=sha256:[0-9a-f]{64}(?: \\)?|#.*|")
MACHINE = re.compile(r"(?<![\w./-])/(?:work|root|home|Users|tmp)/[A-Za-z0-9._]")


def committed() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    return [ROOT / name for name in listed.decode().split("\0") if name and (ROOT / name).is_file()]


def commands(command: Any, name: str = "rupture") -> Iterator[tuple[str, Any]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield name, command
        return
    for word, each in inner.items():
        yield from commands(each, f"{name} {word}")


@pytest.mark.parametrize("lock", ["requirements.lock", "configs/label-studio.lock"])
def test_a_lock_holds_versions_and_hashes_alone(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    odd = [n for n, line in enumerate(text.splitlines(), 1) if not PIN.fullmatch(line)]
    assert odd == []
    assert "://" not in text


def test_no_path_of_a_machine_is_committed() -> None:
    found = []
    for path in committed():
        if path == Path(__file__).resolve() or path.suffix in {".lock", ".docx", ".skops"}:
            continue
        for n, line in enumerate(path.read_text(encoding="utf-8", errors="ignore").splitlines(), 1):
            if MACHINE.search(line):
                found.append(f"{path.relative_to(ROOT)}:{n}")
    assert found == []


def test_lint_checks_the_import_contracts() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "lint-imports" in makefile.split("\nlint:")[1].split("\n\n")[0]


@pytest.mark.parametrize(
    ("name", "command"), list(commands(get_command(app))), ids=lambda v: v if isinstance(v, str) else ""
)
def test_a_command_is_documented_and_its_help_shows_an_example(name: str, command: Any) -> None:
    assert name in (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert name in f"{command.help or ''}{command.epilog or ''}"
