"""Where the shipped codebook, cues, configs and baseline model are: in the clone, or in the wheel."""

from __future__ import annotations

from pathlib import Path

from rupture_markers.errors import StudyError

_PACKAGE = Path(__file__).resolve().parent.parent
_PLACES = (_PACKAGE.parent.parent, _PACKAGE / "_defaults")


def default_file(name: str) -> Path:
    """Path of a shipped file or folder such as ``annotations/codebook.yaml``.

    Raises
    ------
    StudyError
        If the installation lacks it.
    """
    for place in _PLACES:
        if (place / name).exists():
            return place / name
    raise StudyError(f"the installation lacks '{name}'.", "Install rupture-markers again.")
