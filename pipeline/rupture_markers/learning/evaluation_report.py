"""What an evaluation found, as it is written to JSON and quoted by pages and model cards."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from rupture_markers.markers.marker import Family


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Estimate(_Strict):
    """A figure and its 95 % interval over cases; no interval where there are too few cases."""

    value: float
    low: float | None = None
    high: float | None = None


class Cell(_Strict):
    """Figures of one family on one set, or on one value of a group column.

    Attributes
    ----------
    turns, cases : int
        Turns that the family is coded in.
    positive, disputed : int
        Marked by every coder; by some of them.
    base_rate : float
        Share of marked among the turns that the coders agree on.
    figures : dict of str to Estimate
        By the names in ``weighted_figures.FIGURE_LABELS``; empty where the cell is too small.
    baselines : dict of str to dict
        Baseline -> its average precision and Brier skill.
    too_few : bool
        Fewer marked turns than anything is claimed for.
    """

    turns: int
    cases: int
    positive: int
    disputed: int
    base_rate: float
    figures: dict[str, Estimate]
    baselines: dict[str, dict[str, Estimate]]
    too_few: bool = False


class GroupCell(_Strict):
    """Figures of one value of one group column of sessions.csv; the smallest cells are left out."""

    column: str
    value: str
    sessions: int
    families: dict[Family, Cell]


class CodeFigures(_Strict):
    """One code, over the turns where every coder gave it.

    Attributes
    ----------
    found_at_20 : Estimate or None
        Share of them among the fifth of turns with the highest probability of the family; None where too few.
    first, among_three : Estimate or None
        Share of them whose likeliest code, or one of the likeliest three, is this one.
    """

    code: str
    family: Family
    turns: int
    too_few: bool
    found_at_20: Estimate | None = None
    first: Estimate | None = None
    among_three: Estimate | None = None


class CodeAccuracy(_Strict):
    """How often the likeliest codes of a marked turn are among those that every coder gave, beside the commonest codes.

    Attributes
    ----------
    codes : list of str
        The codes that count; for repair, those that speak of the relationship stand apart.
    majority : list of str
        The three commonest codes.
    """

    family: Family
    codes: list[str]
    turns: int
    too_few: bool
    majority: list[str]
    top_1: Estimate | None = None
    top_3: Estimate | None = None
    majority_1: Estimate | None = None
    majority_3: Estimate | None = None


class Curves(_Strict):
    """Points of the plots of one family on one set.

    Attributes
    ----------
    precision_recall : list of (recall, precision)
    baseline_precision_recall : list of (recall, precision)
        Of TF-IDF on the turn alone; empty where it was not fitted.
    calibration : list of (predicted, observed, turns)
        Ten bins of equally many turns.
    """

    precision_recall: list[tuple[float, float]]
    baseline_precision_recall: list[tuple[float, float]]
    calibration: list[tuple[float, float, int]]


class Miss(_Strict):
    """A turn that the model judged otherwise than every coder; never its words.

    Attributes
    ----------
    kind : str
        ``missed`` or ``false alarm``.
    ahead : float
        Share of the set's turns with a higher probability.
    codes : list of str
        That every coder gave.
    """

    kind: str
    set: str
    family: Family
    session_id: str
    turn: int
    probability: float
    ahead: float
    codes: list[str]


class Strength(_Strict):
    """A reason, and by how many log-odds it holds marked turns up more than unmarked ones, on held-out cases."""

    reason: str
    log_odds: float


class Variation(_Strict):
    """Average precision of another way of training, and its difference to the full one on the same cases.

    Attributes
    ----------
    name : str
        What was left out, or which share of the cases was learnt from.
    cases : int
        Cases learnt from, mean over folds.
    """

    name: str
    cases: int
    ap: dict[str, dict[Family, Estimate]]
    difference: dict[str, dict[Family, Estimate]]


class CrossSetCell(_Strict):
    """Trained on one set alone, scored on another."""

    trained_on: str
    scored: str
    family: Family
    ap: Estimate
    baseline_ap: Estimate
    brier_skill: Estimate
    base_rate: float


class CheckRate(_Strict):
    """Pass rate of one behavioural check.

    Attributes
    ----------
    mean_change : float
        Mean difference in log-odds of its pairs: absolute for an invariance, in the wanted direction for the others.
    """

    check: str
    kind: str
    pairs: int
    passed: int
    mean_change: float


class EvaluationReport(_Strict):
    """One evaluation.

    Attributes
    ----------
    procedure, labels : str
        How the figures were made; whose the codes are.
    model_id, model_sha256 : str
        Of a saved model; empty where models were fitted in folds.
    config : dict
        What the models were fitted with.
    graded_turns : int
        Turns with a degree, which training learns beside the marks.
    seconds : float
        Time taken.
    """

    format: int = 1
    created: str
    version: str
    procedure: str
    labels: str
    model_id: str = ""
    model_sha256: str = ""
    codebook_name: str
    codebook_version: str
    codebook_sha256: str
    folds: int
    repeats: int
    replicates: int
    seed: int
    config: dict[str, object]
    graded_turns: int = 0
    sessions: dict[str, int]
    cases: int
    left_out_cases: int = 0
    by_set: dict[str, dict[Family, Cell]]
    groups: list[GroupCell]
    suppressed_groups: int = 0
    codes: list[CodeFigures]
    code_accuracy: list[CodeAccuracy]
    curves: dict[str, dict[Family, Curves]]
    strongest: dict[Family, list[Strength]]
    misses: list[Miss]
    ablation: list[Variation] = []
    learning_curve: list[Variation] = []
    cross_set: list[CrossSetCell] = []
    behaviour: list[CheckRate] = []
    seconds: float = 0.0
