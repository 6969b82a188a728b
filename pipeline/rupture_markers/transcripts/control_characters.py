r"""Control and bidirectional characters: what they are, and how text that may hold them is shown on a terminal.

They are kept in a transcript, since offsets and codings rest on them, and reported as a warning; where text is shown on a
terminal each is written as ``\u202e``, so that it can neither colour, move nor reverse what a person reads.
"""

from __future__ import annotations

import re
import unicodedata

_ODD = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb]")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def count_control_characters(text: str) -> int:
    """Number of control and bidirectional characters, line ends and tabs left out."""
    return len(_ODD.findall(text))


def displayed(text: str) -> str:
    """The text with every character that a terminal would act on written as its code."""
    return "".join(
        f"\\u{ord(ch):04x}"
        if _CONTROL.match(ch) or (unicodedata.category(ch) in {"Cf", "Cs", "Co"} and ch != "\u200d")
        else ch
        for ch in text
    )
