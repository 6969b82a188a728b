"""A figure with its interval, as people read it."""

from __future__ import annotations

from rupture_markers.learning.evaluation_report import Estimate


def in_words(estimate: Estimate | None, signed: bool = False) -> str:
    """A figure with its interval: ``.42 [.35, .50]``."""
    if estimate is None:
        return ""
    form = "{:+.2f}" if signed else "{:.2f}"
    if estimate.low is None or estimate.high is None:
        return form.format(estimate.value)
    return f"{form.format(estimate.value)} [{form.format(estimate.low)}, {form.format(estimate.high)}]"
