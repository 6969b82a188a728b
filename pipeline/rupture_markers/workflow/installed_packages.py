"""Installed packages against the bounds that this package was made for."""

from __future__ import annotations

import importlib.metadata
from dataclasses import dataclass

from packaging.requirements import Requirement

DISTRIBUTION = "rupture-markers"


@dataclass(frozen=True, slots=True)
class Installed:
    """A package that we need.

    Attributes
    ----------
    requirement : Requirement
        Name and bounds, as in pyproject.toml.
    version : str, optional
        The installed one; None where there is none.
    """

    requirement: Requirement
    version: str | None

    @property
    def fits(self) -> bool:
        """Whether it is installed, in a version within the bounds."""
        return self.version is not None and self.requirement.specifier.contains(self.version, prereleases=True)


def installed_packages() -> list[Installed]:
    """Every package that ours needs on this machine, its extras left out, by name.

    Raises
    ------
    importlib.metadata.PackageNotFoundError
        If ours is not installed itself, but only on the path.
    """
    asked = [Requirement(line) for line in importlib.metadata.requires(DISTRIBUTION) or ()]
    needed = [r for r in asked if r.marker is None or r.marker.evaluate({"extra": ""})]
    return [Installed(r, _version(r.name)) for r in sorted(needed, key=lambda r: r.name.lower())]


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
