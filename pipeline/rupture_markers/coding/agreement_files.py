"""Agreement as tables for R, SPSS and pandas, and as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rupture_markers.coding.agreement import Agreement, AgreementRow
from rupture_markers.coding.case_bootstrap import Figure
from rupture_markers.coding.number_agreement import NumberRow
from rupture_markers.transcripts.spreadsheet_safety import Cell

BINARY_COLUMNS = ("raw", "kappa", "alpha", "ac1", "positive", "negative", "prevalence")
ICC_COLUMNS = ("icc2_1", "icc2_k", "icc1_1", "icc1_k")


def agreement_rows(found: Agreement) -> list[dict[str, Cell]]:
    """One row a label, unit and group of coders, each figure with its interval in three columns."""
    named = (("all", found.rows), ("pair", found.pairs), ("coder", found.coders), ("period", found.periods))
    rows = [_binary(kind, row) for kind, part in named for row in part]
    return rows + [_numbers(row) for row in found.numbers]


def agreement_json(found: Agreement) -> dict[str, Any]:
    """The same, with the notes."""
    return {"rows": agreement_rows(found), "notes": list(found.notes)}


def _binary(table: str, row: AgreementRow) -> dict[str, Cell]:
    facts: dict[str, Cell] = {
        "table": table, "unit": row.unit, "label": row.label, "kind": row.kind, "what": "marked", "coders": row.coders,
        "period": row.period, "units": row.units, "cases": row.cases, "units_marked": row.marked,
    }  # fmt: skip
    return facts | _figures(row.figures) | {"caution": row.caution}


def _numbers(row: NumberRow) -> dict[str, Cell]:
    facts: dict[str, Cell] = {
        "table": "numbers", "unit": row.unit, "label": row.label, "kind": "", "what": row.what,
        "coders": str(row.coders), "period": "", "units": row.units, "cases": row.cases, "units_marked": None,
    }  # fmt: skip
    return facts | _figures(row.figures) | {"caution": row.caution}


def _figures(figures: Mapping[str, Figure]) -> dict[str, Cell]:
    out: dict[str, Cell] = {}
    for name in (*BINARY_COLUMNS, *ICC_COLUMNS):
        figure = figures.get(name, Figure(None))
        out |= {name: figure.value, f"{name}_low": figure.low, f"{name}_high": figure.high}
    return out
