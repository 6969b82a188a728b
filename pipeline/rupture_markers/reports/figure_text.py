"""Figures with their intervals, as tables print them."""

from __future__ import annotations

from rupture_markers.coding.case_bootstrap import Figure


def shown(figure: Figure) -> str:
    """A figure, and under it its interval; a dash where it is not defined."""
    if figure.value is None:
        return "-"
    if figure.low is None or figure.high is None:
        return short(figure.value)
    return f"{short(figure.value)}\n{short(figure.low)} {short(figure.high)}"


def short(value: float) -> str:
    """Two decimals, without the nought before the point, as journals print shares."""
    text = f"{value:.2f}"
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text
