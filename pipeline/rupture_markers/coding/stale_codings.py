"""What was coded under an earlier codebook, and what has changed in it since."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rupture_markers.coding.codebook_history import CodebookInUse
from rupture_markers.markers.codebook import Codebook, CodebookChange, compare_codebooks
from rupture_markers.markers.coded_segment import CodedSegment


@dataclass(frozen=True, slots=True)
class StaleCodings:
    """Answers of one coder in one session under one earlier codebook.

    Attributes
    ----------
    touched : int
        Codings among them whose code was changed or removed since.
    codes : tuple of str
        Those codes.
    """

    version: str
    sha256: str
    session_id: str
    coder: str
    answers: int
    touched: int
    codes: tuple[str, ...]


def stale_codings(
    answers: Iterable[CodedSegment], codebook: Codebook, history: Sequence[CodebookInUse]
) -> tuple[list[StaleCodings], dict[str, CodebookChange]]:
    """List what was coded under another codebook than the present one.

    Returns
    -------
    list of StaleCodings, dict of hash to CodebookChange
        The second says what each earlier codebook that the study kept has changed to.
    """
    changes = {
        entry.sha256: compare_codebooks(entry.codebook, codebook)
        for entry in history
        if entry.sha256 != codebook.sha256
    }
    groups: dict[tuple[str, str, str, str], list[CodedSegment]] = {}
    for answer in answers:
        if answer.codebook_sha256 != codebook.sha256:
            key = (answer.codebook_version, answer.codebook_sha256, answer.session_id, answer.coder)
            groups.setdefault(key, []).append(answer)
    out = []
    for (version, sha256, session_id, coder), same in sorted(groups.items()):
        change = changes.get(sha256)
        moved = {*change.removed, *(code for code, _ in change.changed)} if change else set()
        given = [code for answer in same for coding in answer.codings for code in coding.codes]
        touched = [code for code in given if code in moved]
        out.append(
            StaleCodings(version, sha256, session_id, coder, len(same), len(touched), tuple(sorted(set(touched))))
        )
    return out, changes
