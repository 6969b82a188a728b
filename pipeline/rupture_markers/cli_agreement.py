"""`rupture agreement`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.table import Column, Table

from rupture_markers.cli_terminal import console
from rupture_markers.workflow.study import open_study

if TYPE_CHECKING:
    from rupture_markers.coding.agreement import Agreement, AgreementRow

StudyPath = Annotated[Path, typer.Argument(help="study.yaml, or the folder it lies in.")]
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON for a script.")]
AsCsv = Annotated[Path | None, typer.Option("--csv", help="Write every row to this CSV too.")]
_SHOWN = ("raw", "kappa", "alpha", "ac1", "positive", "prevalence")
_HEADINGS = {"positive": "pos.", "prevalence": "prev."}
_OF_A_CODER = ("own", "others", "kappa", "alpha", "positive")


def register(app: typer.Typer) -> None:
    """Add the command to `rupture`."""
    app.command("agreement")(show_agreement)


def show_agreement(
    study: StudyPath,
    as_json: AsJson = False,
    csv: AsCsv = None,
    codes: Annotated[bool, typer.Option("--codes", help="Show single codes too, not families alone.")] = False,
    unweighted: Annotated[
        bool, typer.Option("--unweighted", help="Of the coded segments alone, without selection weights.")
    ] = False,
    draws: Annotated[int, typer.Option(help="Draws of the bootstrap over cases.", min=200)] = 2000,
    seed: Annotated[int, typer.Option(help="Of the bootstrap.")] = 1,
) -> None:
    """Show how far coders agree, on blind codings before adjudication; every figure with its interval.

    Example: `rupture agreement my-study --csv agreement.csv`
    """
    from rupture_markers.coding.agreement import agreement
    from rupture_markers.coding.agreement_files import agreement_json, agreement_rows
    from rupture_markers.coding.export_tables import write_rows
    from rupture_markers.workflow.coded_study import open_coded
    from rupture_markers.workflow.gate import require_study_passed

    opened = open_study(study)
    if csv is not None:
        require_study_passed(opened, "the table of agreement")
    coded = open_coded(opened)
    found = agreement(
        coded.answers, coded.codebook, weights=None if unweighted else coded.weights, speakers=coded.speakers,
        leave_out=coded.known_tasks, seed=seed, draws=draws,
    )  # fmt: skip
    if coded.set_aside:
        found = replace(found, notes=(*found.notes, coded.set_aside))
    if csv is not None:
        rows = agreement_rows(found)
        write_rows(csv, list(rows[0]) if rows else [], rows)
    if as_json:
        typer.echo(json.dumps(agreement_json(found)))
        return
    _show(found, codes)


def _show(found: Agreement, codes: bool) -> None:
    from rupture_markers.reports.figure_text import shown

    for unit in ("turn", "segment", "session"):
        rows = [row for row in found.rows if row.unit == unit and (codes or row.kind != "code")]
        _table(f"Agreement per {unit}", "label", [(row.label, row) for row in rows])
    _table("Pairs of coders, per turn", "coders", [(f"{row.coders}: {row.label}", row) for row in found.pairs])
    _table(
        "Each coder against the others, per turn (own, others: share of turns marked)", "coder",
        [(f"{row.coders}: {row.label}", row) for row in found.coders], _OF_A_CODER,
    )  # fmt: skip
    _table("Over time, per turn", "period", [(f"{row.period}: {row.label}", row) for row in found.periods])
    if found.numbers:
        table = Table(
            "unit",
            "label",
            "what",
            "kind",
            "units",
            "cases",
            "one coder",
            "mean",
            title="Numbers",
            box=box.SIMPLE,
            padding=(0, 1, 0, 0),
        )
        for number in found.numbers:
            one, mean = list(number.figures.values())
            kind = "ICC(2)" if "icc2_1" in number.figures else "ICC(1)"
            counts = (str(number.units), str(number.cases))
            table.add_row(number.unit, number.label, number.what, kind, *counts, shown(one), shown(mean))
        console.print(table)
    for caution, rows_of in _cautions(found, codes).items():
        console.print(f"{'; '.join(rows_of)}: {caution}", style="yellow", highlight=False)
    for note in found.notes:
        console.print(note, style="yellow", highlight=False)


def _table(title: str, first: str, rows: list[tuple[str, AgreementRow]], figures: tuple[str, ...] = _SHOWN) -> None:
    from rupture_markers.reports.figure_text import shown

    if not rows:
        return
    table = Table(
        Column(first, no_wrap=True), *(Column(name, no_wrap=True) for name in ("units", "cases", "marked")),
        *(_HEADINGS.get(name, name) for name in figures), title=title, caption="below or beside a figure: its 95 % interval",
        box=box.SIMPLE, padding=(0, 1, 0, 0),
    )  # fmt: skip
    for name, row in rows:
        counts = (str(row.units), str(row.cases), str(row.marked))
        table.add_row(name, *counts, *(shown(row.figures[figure]) for figure in figures))
    console.print(table)


def _cautions(found: Agreement, codes: bool) -> Mapping[str, list[str]]:
    """Rows by what is to be said of them, so that it is said once."""
    out: dict[str, list[str]] = {}
    for row in found.rows:
        if row.caution and (codes or row.kind != "code"):
            out.setdefault(row.caution, []).append(f"{row.label} per {row.unit}")
    for number in found.numbers:
        if number.caution:
            out.setdefault(number.caution, []).append(f"{number.label}, {number.what}, per {number.unit}")
    return out
