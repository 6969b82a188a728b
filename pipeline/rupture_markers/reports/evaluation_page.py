"""One self-contained page for an evaluation: figures, plots, misses; nothing is fetched from anywhere."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from contextlib import AbstractContextManager

from jinja2 import Environment, PackageLoader, StrictUndefined
from matplotlib import rc_context
from matplotlib.figure import Figure

from rupture_markers.learning.baselines import BASELINES
from rupture_markers.learning.evaluation_cells import LEAST_GROUP_CASES, LEAST_POSITIVE
from rupture_markers.learning.evaluation_report import Estimate, EvaluationReport
from rupture_markers.learning.weighted_figures import FIGURE_LABELS
from rupture_markers.markers.marker import FAMILIES, Family
from rupture_markers.reports.estimate_text import in_words

_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
"""Okabe and Ito's, told apart by most colour-blind readers."""
SHOWN = ("ap", "ap_all", "auc", "recall_10", "recall_20", "recall_30", "segment_recall_20", "work_saved", "brier",
         "brier_skill", "calibration_error")  # fmt: skip


def evaluation_page(report: EvaluationReport, texts: Mapping[tuple[str, int], str] | None = None) -> str:
    """The page, in HTML.

    Parameters
    ----------
    texts : Mapping of (session_id, turn) to str, optional
        Words of the misses; without it only ids are shown.
    """
    environment = Environment(
        loader=PackageLoader("rupture_markers.reports"), undefined=StrictUndefined, autoescape=True,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["estimate"] = in_words
    return environment.get_template("evaluation.html").render(
        r=report, families=FAMILIES, labels=FIGURE_LABELS, shown=SHOWN, baselines=BASELINES, texts=texts or {},
        least_positive=LEAST_POSITIVE, least_cases=LEAST_GROUP_CASES,
        precision_recall=_curves(report), calibration=_calibration(report),
        learning_curve=_learning_curve(report) if report.learning_curve else "",
    )  # fmt: skip


def _style() -> AbstractContextManager[None]:
    return rc_context(
        {"svg.hashsalt": "rupture-markers", "font.size": 9.0, "axes.spines.top": False, "axes.spines.right": False}
    )


def _data_uri(figure: Figure) -> str:
    out = io.BytesIO()
    figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return "data:image/svg+xml;base64," + base64.b64encode(out.getvalue()).decode()


def _curves(report: EvaluationReport) -> str:
    with _style():
        figure = Figure(figsize=(9.6, 3.4), layout="constrained")
        for axes, family in zip(figure.subplots(1, 3, sharey=True), FAMILIES, strict=True):
            for (name, found), colour in zip(report.curves.items(), _COLOURS, strict=False):
                if family not in found:
                    continue
                curve = found[family]
                axes.plot(*zip(*curve.precision_recall, strict=True), color=colour, label=name)
                if curve.baseline_precision_recall:
                    axes.plot(*zip(*curve.baseline_precision_recall, strict=True), color=colour, ls=":", lw=1)
                rate = report.by_set[name][family].base_rate
                axes.axhline(rate, color=colour, lw=0.6, alpha=0.5)
            axes.set(title=family, xlabel="recall", xlim=(0, 1), ylim=(0, 1.02))
        figure.axes[0].set_ylabel("precision")
        _legend(figure)
        return _data_uri(figure)


def _calibration(report: EvaluationReport) -> str:
    with _style():
        figure = Figure(figsize=(9.6, 3.4), layout="constrained")
        for axes, family in zip(figure.subplots(1, 3, sharey=True), FAMILIES, strict=True):
            axes.plot([0, 1], [0, 1], color="#999999", lw=0.8)
            for (name, found), colour in zip(report.curves.items(), _COLOURS, strict=False):
                if family in found:
                    predicted, observed, _ = zip(*found[family].calibration, strict=True)
                    axes.plot(predicted, observed, "o-", color=colour, ms=4, lw=1, label=name)
            axes.set(title=family, xlabel="predicted", xlim=(0, 1), ylim=(0, 1.02))
        figure.axes[0].set_ylabel("share marked by the coders")
        _legend(figure)
        return _data_uri(figure)


def _learning_curve(report: EvaluationReport) -> str:
    full: dict[str, dict[Family, Estimate]] = {
        name: {family: cell.figures["ap"] for family, cell in cells.items() if "ap" in cell.figures}
        for name, cells in report.by_set.items()
    }
    whole = report.cases - report.cases // max(report.folds, 1)
    with _style():
        figure = Figure(figsize=(9.6, 3.4), layout="constrained")
        for axes, family in zip(figure.subplots(1, 3, sharey=True), FAMILIES, strict=True):
            for name, colour in zip(full, _COLOURS, strict=False):
                points = [(v.cases, v.ap[name][family]) for v in report.learning_curve if family in v.ap.get(name, {})]
                if family in full[name]:
                    points.append((whole, full[name][family]))
                if not points:
                    continue
                x, y = [p[0] for p in points], [p[1].value for p in points]
                axes.plot(x, y, "o-", color=colour, ms=4, lw=1, label=name)
                axes.fill_between(
                    x, [p[1].low or p[1].value for p in points], [p[1].high or p[1].value for p in points],
                    color=colour, alpha=0.12, lw=0,
                )  # fmt: skip
            axes.set(title=family, xlabel="cases learnt from", ylim=(0, 1.02))
        figure.axes[0].set_ylabel("average precision")
        _legend(figure)
        return _data_uri(figure)


def _legend(figure: Figure) -> None:
    handles, names = figure.axes[0].get_legend_handles_labels()
    if handles:
        figure.legend(handles, names, loc="outside lower center", ncols=len(names), frameon=False)
