"""What a quick fit takes: few trees, and the codes of each family."""

from __future__ import annotations

from rupture_markers.learning.fit_config import FitConfig
from rupture_markers.markers.codebook import Codebook
from rupture_markers.markers.marker import FAMILIES, Family

TINY = FitConfig(inner_folds=2, trees=4, least_in_leaf=10)


def families_of(codebook: Codebook) -> dict[Family, tuple[str, ...]]:
    return {family: tuple(c.id for c in codebook.of_family(family)) for family in FAMILIES}
