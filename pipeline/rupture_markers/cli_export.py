"""`rupture export`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rupture_markers.cli_terminal import console, report_failures
from rupture_markers.errors import ConfigError
from rupture_markers.markers.marker import GOLD_RULES, GoldRule
from rupture_markers.workflow.study import Study, open_study

if TYPE_CHECKING:
    from rupture_markers.workflow import exporting

export_app = typer.Typer(help="Plain tables, each with its data dictionary.", no_args_is_help=True)
StudyPath = Annotated[Path, typer.Argument(help="study.yaml, or the folder it lies in.")]
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON for a script.")]


def _export(study: Path, write: Callable[[Study], exporting.Exported], *, as_json: bool) -> None:
    opened = open_study(study)
    with opened.held():
        done = write(opened)
    if as_json:
        facts = {
            "file": str(done.path),
            "dictionary": str(done.dictionary),
            "rows": done.rows,
            "notice": done.notice,
            "set_aside": done.set_aside,
        }
        typer.echo(json.dumps(facts))
    else:
        console.print(f"{done.rows} rows: {done.path}", highlight=False, soft_wrap=True)
        console.print(f"what the columns hold: {done.dictionary}", highlight=False, soft_wrap=True)
        if done.set_aside:
            console.print(done.set_aside, style="yellow", highlight=False)
    report_failures([done.notice] if done.notice else [])


@export_app.command()
def codings(
    study: StudyPath,
    out: Annotated[Path, typer.Option(help="CSV to write.")] = Path("codings.csv"),
    memos: Annotated[bool, typer.Option("--memos", help="With memos, which may quote the session.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write one row a coding.

    Example: `rupture export codings my-study --out codings.csv`
    """
    from rupture_markers.workflow import exporting

    _export(study, lambda opened: exporting.export_codings(opened, out, memos=memos), as_json=as_json)


@export_app.command()
def sessions(
    study: StudyPath,
    out: Annotated[Path, typer.Option(help="CSV to write.")] = Path("sessions-coded.csv"),
    as_json: AsJson = False,
) -> None:
    """Write one row a session: how much was coded, and what people and the model found.

    Example: `rupture export sessions my-study --out sessions-coded.csv`
    """
    from rupture_markers.workflow import exporting

    _export(study, lambda opened: exporting.export_sessions(opened, out), as_json=as_json)


@export_app.command()
def scores(
    study: StudyPath,
    out: Annotated[Path, typer.Option(help="CSV to write.")] = Path("turn-scores.csv"),
    as_json: AsJson = False,
) -> None:
    """Write one row a turn: the model's probabilities.

    Example: `rupture export scores my-study --out turn-scores.csv`
    """
    from rupture_markers.workflow import exporting

    _export(study, lambda opened: exporting.export_scores(opened, out), as_json=as_json)


@export_app.command()
def gold(
    study: StudyPath,
    out: Annotated[Path, typer.Option(help="CSV to write.")] = Path("gold.csv"),
    rule: Annotated[str, typer.Option(help=f"Where coders differ: {', '.join(GOLD_RULES)}.")] = "share",
    blind_only: Annotated[bool, typer.Option("--blind-only", help="From blind codings alone.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write one row a turn and family: adjudicated, else unanimous, else by the rule.

    Example: `rupture export gold my-study --rule majority --out gold.csv`
    """
    from rupture_markers.workflow import exporting

    chosen: GoldRule | None = next((name for name in GOLD_RULES if name == rule), None)
    if chosen is None:
        raise ConfigError(f"'{rule}' is no rule of gold.", f"Take one of: {', '.join(GOLD_RULES)}.")
    _export(
        study, lambda opened: exporting.export_gold(opened, out, rule=chosen, blind_only=blind_only), as_json=as_json
    )


@export_app.command()
def agreement(
    study: StudyPath,
    out: Annotated[Path, typer.Option(help="CSV to write.")] = Path("agreement.csv"),
    as_json: AsJson = False,
) -> None:
    """Write one row a label, unit and group of coders: every figure of agreement with its interval.

    Example: `rupture export agreement my-study --out agreement.csv`
    """
    from rupture_markers.workflow import exporting

    _export(study, lambda opened: exporting.export_agreement(opened, out), as_json=as_json)
