"""`rupture retrain`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from rupture_markers.cli_terminal import console, quiet_prefect, report_failures, show_rows, watched

StudyPath = Annotated[Path, typer.Argument(help="study.yaml, or the folder it lies in.")]
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON for a script.")]


def retrain(
    study: StudyPath,
    allow_equal: Annotated[bool, typer.Option("--allow-equal", help="Promote also what is not worse.")] = False,
    to_file: Annotated[Path | None, typer.Option(help="Write renewed task files here, without a server.")] = None,
    as_json: AsJson = False,
) -> None:
    """Train a model from the study's codings, compare it on held-out cases, promote or keep, and renew the queue.

    Example: `rupture retrain my-study`
    """
    quiet_prefect()
    with watched() as bar:
        bar.say("starting Prefect")
        from rupture_markers.workflow.flows import run_retrain

        report, summary = run_retrain(study, allow_equal=allow_equal, to_file=to_file)
    if as_json:
        comparison = None if report.comparison is None else report.comparison.model_dump(mode="json")
        out: dict[str, Any] = {**asdict(report), "comparison": comparison}
        typer.echo(json.dumps({"retrain": out, "renewal": None if summary is None else summary.to_json()}))
    else:
        show_rows("Retrain", report.rows())
        show_comparison(report.comparison)
        if summary is not None:
            show_rows("Renewal", summary.rows())
    report_failures([] if summary is None else list(summary.errors))


def show_comparison(found: Any) -> None:
    """Show what two models do on the held-out cases."""
    if found is None or not found.families:
        return
    table = Table(
        "family", "measure", "turns", "marked", "present", "candidate", "difference",
        title=f"{found.cases} held-out cases, paired bootstrap over cases",
    )  # fmt: skip
    for family, f in found.families.items():
        table.add_row(
            family, f.measure, str(f.turns), f"{f.marked:g}", f"{f.champion:.3f}",
            f"{f.candidate:.3f} ({f.candidate_low:.3f} to {f.candidate_high:.3f})",
            f"{f.difference:+.3f} ({f.low:+.3f} to {f.high:+.3f})",
        )  # fmt: skip
    console.print(table)
