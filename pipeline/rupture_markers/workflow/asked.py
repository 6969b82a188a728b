"""What the server asks of the served flows: a marker file for each, so that no request ever trains or collects."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal, get_args

from rupture_markers.workflow.study import Study, write_json

Wish = Literal["collect", "retrain"]
WISHES: tuple[Wish, ...] = get_args(Wish)


def ask(study: Study, wish: Wish) -> None:
    """Put a wish down; asking twice is asking once."""
    write_json(study.work / "asked" / f"{wish}.json", {"at": datetime.now(UTC).isoformat(timespec="seconds")})


def is_asked(study: Study, wish: Wish) -> bool:
    """Whether the wish is still open."""
    return (study.work / "asked" / f"{wish}.json").exists()


def done(study: Study, wish: Wish) -> None:
    """Take the wish away, before what it asks for begins: what is asked while it runs is a new wish."""
    (study.work / "asked" / f"{wish}.json").unlink(missing_ok=True)
