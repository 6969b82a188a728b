"""What a model file says of itself."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from rupture_markers.learning.evaluation_report import EvaluationReport
from rupture_markers.markers.marker import Family


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FamilyFigures(_Strict):
    """Figures of one family on one set, as ``score_markers.py`` defines them.

    Attributes
    ----------
    ap : float
        Average precision over the turns that the coders agree on.
    ap_all : float
        The same with the disputed turns, weighted by the coders' shares.
    brier_skill : float
        1 - Brier / Brier of the base rate.
    baseline_ap, baseline_ap_all : float
        Of TF-IDF and logistic regression on the turn alone, in the same folds.
    """

    turns: int
    positive: int
    disputed: int
    ap: float
    ap_all: float
    auc: float
    brier: float
    brier_skill: float
    baseline_ap: float | None = None
    baseline_ap_all: float | None = None


class Metrics(_Strict):
    """How the figures were made, and the figures by set and family."""

    procedure: str
    folds: int
    seed: int
    by_set: dict[str, dict[Family, FamilyFigures]]


class Thresholds(_Strict):
    """Probability from which a turn is flagged, and what that gave out of fold.

    Attributes
    ----------
    recall : float
        Share of the markers found that the threshold was chosen for.
    flagged : dict of Family to float
        Share of turns at or above it.
    """

    rule: str
    recall: float
    value: dict[Family, float]
    flagged: dict[Family, float] = Field(default_factory=dict)
    precision: dict[Family, float] = Field(default_factory=dict)


class FamilyComparison(_Strict):
    """Candidate and champion on the same turns of held-out cases.

    Attributes
    ----------
    marked : float
        Sum of the gold shares.
    difference : float
        Candidate less champion; ``low`` and ``high`` bound it, ``candidate_low`` and ``candidate_high`` the
        candidate's own figure: percentiles of a paired bootstrap over cases.
    in_favour : float
        Share of the resamples in which the candidate is better; ties count half.
    """

    measure: str
    turns: int
    marked: float
    candidate: float
    candidate_low: float
    candidate_high: float
    champion: float
    difference: float
    low: float
    high: float
    in_favour: float


class HeldOutComparison(_Strict):
    """What two models do on the held-out cases, as coded blind by two coders or adjudicated.

    Attributes
    ----------
    mean_difference, in_favour : float
        Over the measures that decide together.
    """

    champion: str
    cases: int
    resamples: int
    level: float
    mean_difference: float
    in_favour: float
    families: dict[Family, FamilyComparison]


class OwnTraining(_Strict):
    """How the lab's own part of a model came about.

    Attributes
    ----------
    base : str
        Id of the baseline that it stands on.
    choices : dict of Family to str
        ``baseline`` as it is, ``both``, or ``own`` words alone; chosen on scores out of fold.
    average_precision : dict of Family to dict of choice to float
        Out of fold, on the turns with gold.
    turns : int
        Turns with gold that it was fitted on, ``assisted_turns`` of them coded with suggestions in view.
    gold_sha256 : str
        Of all gold, trained on and compared on.
    sessions : list of str or None
        Hash of each session that it learnt from, as the de-identification gate would have scanned it then. Kept in the
        study that trained the model alone; None elsewhere, and in manifests that were written before this was kept.
    """

    base: str
    base_sha256: str
    choices: dict[Family, str]
    average_precision: dict[Family, dict[str, float]]
    turns: int
    assisted_turns: int
    marked: dict[Family, float]
    gold_sha256: str
    comparison: HeldOutComparison | None = None
    sessions: list[str] | None = None


class NoveltyLimit(_Strict):
    """From which novelty a session is warned of: what this share of the sessions of held-out cases lies below."""

    quantile: float
    value: float


class Manifest(_Strict):
    """``manifest.json`` beside ``model.skops``.

    Attributes
    ----------
    format : int
        Of the model file (`model_parts`); 3 is a baseline with a lab's own part.
    own : OwnTraining or None
        Of format 3.
    evaluation : EvaluationReport or None
        That the card quotes; without curves and misses.
    """

    format: int = 1
    id: str
    parent: str | None = None
    created: str
    language: str = "en"
    codebook_name: str
    codebook_version: str
    codebook_sha256: str
    cues_version: str
    cues_sha256: str
    spacy_model: str = "blank"
    families: dict[Family, list[str]]
    training_sets: dict[str, int]
    training_cases: list[str]
    held_out_cases: list[str]
    graded_turns: int = 0
    label_source: str
    licence: str
    data_sources: list[str] = Field(default_factory=list)
    config: dict[str, object]
    terms: int
    least_cases_a_term: int
    features: int
    metrics: Metrics | None = None
    own: OwnTraining | None = None
    evaluation: EvaluationReport | None = None
    thresholds: Thresholds
    novelty: NoveltyLimit | None = None
    libraries: dict[str, str]
    trusted_types: list[str]
    sha256: str
    size_bytes: int

    def for_others(self) -> str:
        """The manifest in JSON as another study or lab gets it: without the sessions that were learnt from."""
        return self.model_dump_json(indent=1, exclude={"own": {"sessions"}}) + "\n"
