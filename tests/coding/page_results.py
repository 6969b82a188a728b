"""Results as the coder's page writes them, for tests of what comes after."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count
from typing import Any

from rupture_markers.coding.page_controls import CODES, DIALOGUE, MEMO, OUTCOME

_NUMBER = count(1)


def region(
    dialogue: list[str], first: int, *codes: str, last: int | None = None, begin: int = 0, stop: int | None = None,
    quote: str | None = None, origin: str = "manual", memo: str = "", **answers: str,
) -> list[dict[str, Any]]:  # fmt: skip
    """Items of one marker: its label, and what was said of it. Offsets are UTF-16 units, as in a browser."""
    last = first if last is None else last
    stop = len(dialogue[last].encode("utf-16-le")) // 2 if stop is None else stop
    if quote is None:
        parts = dialogue[first : last + 1]
        units = [part.encode("utf-16-le") for part in parts]
        units[-1] = units[-1][: 2 * stop]
        units[0] = units[0][2 * begin :]
        quote = "\n".join(unit.decode("utf-16-le") for unit in units)
    name = f"region{next(_NUMBER)}"
    place = {"start": str(first), "end": str(last), "startOffset": begin, "endOffset": stop}

    def item(control: str, kind: str, value: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": name, "from_name": control, "to_name": DIALOGUE, "type": kind, "origin": origin,
            "value": {**place, **value},
        }  # fmt: skip

    items = [item(CODES, "paragraphlabels", {"text": quote, "paragraphlabels": list(codes)})]
    items += [item(control, "choices", {"text": quote, "choices": [said]}) for control, said in answers.items()]
    if memo:
        items.append(item(MEMO, "textarea", {"text": [memo]}))
    return items


def outcome(value: str) -> dict[str, Any]:
    """Item of the whole segment's outcome."""
    return {
        "id": f"outcome{next(_NUMBER)}", "from_name": OUTCOME.name, "to_name": DIALOGUE, "type": "choices",
        "origin": "manual", "value": {"choices": [value]},
    }  # fmt: skip


def answer(value: str, *regions: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the result of a whole annotation."""
    return [*(item for items in regions for item in items), outcome(value)]
