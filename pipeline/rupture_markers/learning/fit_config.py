"""What a model is fitted with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rupture_markers.learning.word_model import WordConfig


@dataclass(frozen=True)
class FitConfig:
    """What a model is fitted with.

    Attributes
    ----------
    inner_folds : int
        Folds, grouped by case, of the first stage's and the calibration's out-of-fold scores.
    set_weights : Mapping of str to float
        Weight of the turns of a set; 1 where it is not named.
    trees, leaves, rate, bins, least_in_leaf, shrinkage, features_a_split
        Of ``HistGradientBoostingClassifier``.
    """

    seed: int = 20
    inner_folds: int = 5
    words: WordConfig = field(default_factory=WordConfig)
    set_weights: Mapping[str, float] = field(default_factory=dict)
    trees: int = 150
    leaves: int = 10
    rate: float = 0.05
    bins: int = 63
    least_in_leaf: int = 40
    shrinkage: float = 5.0
    features_a_split: float = 0.1
