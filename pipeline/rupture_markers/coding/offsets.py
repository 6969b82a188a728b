"""Offsets in a turn's text: code points here, UTF-16 units in the browser."""

from __future__ import annotations

from rupture_markers.errors import LabelStudioError


class OffsetError(LabelStudioError):
    """An offset that lies outside the text, or within one character of it."""


def utf16_length(text: str) -> int:
    """Length of the text as a browser counts it."""
    return len(text) + sum(character > "\uffff" for character in text)


def utf16_offset(text: str, offset: int) -> int:
    """Return a code-point offset in UTF-16 units.

    Raises
    ------
    OffsetError
        If the text is shorter.

    Examples
    --------
    >>> utf16_offset("\U0001f642 fine", 2)
    3
    """
    if not 0 <= offset <= len(text):
        raise OffsetError(f"offset {offset} lies outside a text of {len(text)}.", "Read the turn again.")
    return utf16_length(text[:offset])


def code_point_offset(text: str, units: int) -> int:
    """Return an offset in UTF-16 units in code points; undoes `utf16_offset`.

    Raises
    ------
    OffsetError
        If the text is shorter, or the offset falls between the two halves of one character.

    Examples
    --------
    >>> code_point_offset("\U0001f642 fine", 3)
    2
    """
    seen = 0
    for position, character in enumerate(text):
        if seen == units:
            return position
        seen += 2 if character > "\uffff" else 1
    if seen == units:
        return len(text)
    raise OffsetError(f"offset {units} is no place between two characters.", "Mark the words again.")
