"""Which cases were erased, as hashes: a transcript that is still in the folder must not bring them back."""

from __future__ import annotations

import hashlib
from pathlib import Path

from rupture_markers.transcripts.whole_file import whole_text_file
from rupture_markers.workflow.study import Study


def _file(study: Study) -> Path:
    return study.folder / "annotations" / "forgotten.txt"


def case_sha256(study: Study, case_id: str) -> str:
    """Hash of a case of this study."""
    return hashlib.sha256(f"{study.config.study}\x1f{case_id}".encode()).hexdigest()


def forgotten_cases(study: Study) -> frozenset[str]:
    """Hashes of the erased cases; a line that is taken out lets its case come back."""
    try:
        return frozenset(_file(study).read_text(encoding="utf-8").split())
    except FileNotFoundError:
        return frozenset()


def keep_forgotten(study: Study, case_id: str) -> None:
    """Put down that a case is erased, before anything is."""
    known = forgotten_cases(study) | {case_sha256(study, case_id)}
    with whole_text_file(_file(study)) as out:
        out.writelines(f"{line}\n" for line in sorted(known))
