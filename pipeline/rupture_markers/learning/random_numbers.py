"""Random numbers that are a function of a seed and a name, so that no order or batch can change them."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from fractions import Fraction

_BITS = 53


def uniform(seed: int, purpose: str, *names: str) -> float:
    """Return a number in [0, 1), uniform over seeds and names and the same for ever for these.

    The first 53 bits of the SHA-256 of seed, purpose and names. Numbers of different purposes are independent
    for all practical ends, so that a coder's queue tells nothing of the number that made a segment a control.

    Examples
    --------
    >>> uniform(1, "control", "s01/0-19") == uniform(1, "control", "s01/0-19")
    True
    >>> uniform(1, "control", "s01/0-19") == uniform(2, "control", "s01/0-19")
    False
    """
    parts = (str(seed), purpose, *names)
    # Lengths in front make ("a", "bc") and ("ab", "c") different.
    packed = "".join(f"{len(part)}:{part}" for part in parts).encode("utf-8", "surrogatepass")
    number = int.from_bytes(hashlib.sha256(packed).digest()[:8], "big") >> (64 - _BITS)
    return float(number / 2**_BITS)


def share_of(share: float, total: int, before: int = 0) -> int:
    """Whole number of ``total`` new things that a share gives, when ``before`` came earlier.

    Rounded down over everything that came so far, so that many small batches get as much as one large one,
    and never more than ``share`` of all. Exact: 0.29 of 100 is 29.
    """
    exact = Fraction(str(share))
    return math.floor(exact * (before + total)) - math.floor(exact * before)


def blocked_draw(share: float, position: int, *, seed: int, stratum: Sequence[str], block: int = 4) -> bool:
    """Permuted-block randomisation: is the ``position``-th of a stratum drawn?

    Every position is drawn with probability exactly ``share`` (over seeds), and any stretch of whole blocks
    holds its share to within one. Positions already drawn never change when the stratum grows.

    Parameters
    ----------
    share : float
        In [0, 1].
    position : int
        Place within the stratum, from 0, in the order of arrival.
    seed : int
    stratum : sequence of str
        What the draw is for, and the names of the stratum.
    block : int
        Places in a block.

    Notes
    -----
    With a random start r, block j holds floor(share * block * (j + 1) + r) - floor(share * block * j + r)
    draws (systematic sampling of blocks; Madow & Madow, 1944), at random places of the block (Matts &
    Lachin, 1988).
    """
    number, place = divmod(position, block)
    start = Fraction(uniform(seed, "blocks start", *stratum))
    per_block = Fraction(str(share)) * block
    quota = math.floor(per_block * (number + 1) + start) - math.floor(per_block * number + start)
    keys = [uniform(seed, "blocks place", *stratum, str(number), str(p)) for p in range(block)]
    return sum(key < keys[place] for key in keys) < quota


def rotation(names: Sequence[str], position: int, *, seed: int, stratum: Sequence[str]) -> str:
    """Name whose turn it is: a block of ``len(names)`` positions holds each name once, in seeded order."""
    number, place = divmod(position, len(names))
    order = sorted(names, key=lambda name: uniform(seed, "rotation", *stratum, str(number), name))
    return order[place]
