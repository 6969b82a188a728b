"""Keys of a study's study.yaml, changed by a test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from rupture_markers.workflow.study import Study, open_study


def set_keys(folder: Path, **keys: Any) -> Study:
    """Change keys of study.yaml; a section is changed key by key."""
    path = folder / "study.yaml"
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    for name, value in keys.items():
        config[name] = {**config.get(name, {}), **value} if isinstance(value, dict) else value
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return open_study(folder)
