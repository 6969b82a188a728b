"""The command `rupture`: a thin face over the workflow."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from rupture_markers.cli_codebook import codebook_app, cues_app
from rupture_markers.cli_models import models_app
from rupture_markers.cli_server import server_app
from rupture_markers.errors import IngestError, RuptureError
from rupture_markers.workflow.progress import watched_by
from rupture_markers.workflow.summary import RunSummary

app = typer.Typer(
    name="rupture",
    help="Flag candidate alliance-rupture markers in transcripts and queue them for human coding.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
app.add_typer(server_app, name="label-studio")
app.add_typer(codebook_app, name="codebook")
app.add_typer(cues_app, name="cues")
app.add_typer(models_app, name="models")

console = Console()
errors = Console(stderr=True)
StudyPath = Annotated[Path, typer.Argument(help="study.yaml, or the folder it lies in.")]
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON for a script.")]
PARTLY = 2
"""Exit status where some files failed and everything else is done."""


class Bar:
    """Progress on the terminal."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task: TaskID | None = None

    def begin(self, what: str, total: int) -> None:
        """A stage begins."""
        self._task = self._progress.add_task(what, total=total)

    def advance(self, number: int = 1) -> None:
        """So much of it is done."""
        if self._task is not None:
            self._progress.advance(self._task, number)

    def say(self, what: str) -> None:
        """Write a line above the bars."""
        self._progress.console.print(what, style="dim")


@contextmanager
def watched() -> Iterator[Bar]:
    """Show progress on standard error."""
    columns = (TextColumn("{task.description:>8}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors, transient=not errors.is_terminal) as progress:
        bar = Bar(progress)
        with watched_by(bar):
            yield bar


def quiet_prefect() -> None:
    """No telemetry, no chatter; an existing server is used where PREFECT_API_URL is set."""
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "CRITICAL")
    os.environ.setdefault("PREFECT_SERVER_LOGGING_LEVEL", "ERROR")
    os.environ.setdefault("PREFECT_RESULTS_PERSIST_BY_DEFAULT", "false")


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Folder to make.")],
    name: Annotated[str, typer.Option(help="Name of the study.")] = "my-study",
) -> None:
    """Make a study folder to fill.

    Example: `rupture init my-study`
    """
    from rupture_markers.workflow.demo import new_study  # noqa: PLC0415 - keeps `rupture --help` fast

    for path in new_study(folder, name):
        console.print(f"made {path}")
    console.print(f"Next: copy transcripts to {folder / 'transcripts'}, then 'rupture check {folder}'.")


@app.command()
def check(  # noqa: PLR0912 - one branch a thing to show
    study: StudyPath, as_json: AsJson = False
) -> None:
    """Read every transcript and report; nothing is sent.

    Example: `rupture check my-study`
    """
    from rupture_markers.workflow import reading  # noqa: PLC0415
    from rupture_markers.workflow.study import open_study  # noqa: PLC0415

    opened = open_study(study)
    files = reading.source_files(opened)
    known = reading.identities(opened)
    with watched() as bar, opened.held():
        bar.begin("read", len(files))
        outcomes = []
        for path in files:
            outcomes.append(reading.read_file(opened, path, known))
            bar.advance()
    outcomes = reading.require_own_sessions(outcomes)
    failed = [o for o in outcomes if o.error]
    unmatched = sorted(set(known) - {name for o in outcomes for name in o.sessions})
    if as_json:
        rows = [
            {"file": o.file, "sessions": list(o.sessions), "turns": o.turns, "warnings": o.warnings, "error": o.error}
            for o in outcomes
        ]
        typer.echo(json.dumps({"files": rows, "rows_without_transcript": unmatched}))
    else:
        table = Table("file", "sessions", "turns", "warnings", title="Transcripts")
        for o in outcomes:
            if not o.error:
                table.add_row(o.file, str(len(o.sessions)), str(o.turns), str(o.warnings))
        console.print(table)
        for o in outcomes:
            for name in o.sessions if o.warnings else ():
                for warning in reading.session(opened, name).warnings:
                    where = f", line {warning.line}" if warning.line is not None else ""
                    console.print(f"{o.file}{where}: {warning.what}", style="yellow", markup=False, highlight=False)
    for o in failed:
        errors.print(o.error, style="red", markup=False, highlight=False)
        if o.detail and errors.is_terminal:
            errors.print(o.detail, markup=False, highlight=False)
    if unmatched:
        errors.print(f"sessions.csv has {len(unmatched)} rows without a transcript.", style="yellow")
    if not as_json:
        console.print(f"{len(outcomes) - len(failed)} files read, {len(failed)} not.")
    if failed:
        raise typer.Exit(PARTLY)


@app.command()
def score(
    files: Annotated[list[Path], typer.Argument(help="Transcripts; a JSONL may hold many sessions.")],
    out: Annotated[Path, typer.Option(help="CSV to write: one row a turn.")] = Path("scores.csv"),
    model: Annotated[str, typer.Option(help="Name or folder of a model.")] = "baseline",
    speakers: Annotated[
        list[str] | None, typer.Option("--speaker", help="LABEL=client|therapist|other, once a label.")
    ] = None,
    study: Annotated[Path | None, typer.Option(help="Read files as this study says.")] = None,
    force_language: Annotated[bool, typer.Option(help="Score other languages too.")] = False,
) -> None:
    """Score every turn of transcripts and write a table.

    Example: `rupture score transcripts/*.vtt --speaker T=therapist --speaker C=client --out scores.csv`
    """
    from rupture_markers.workflow.scoring_files import parse_speakers, score_files  # noqa: PLC0415

    with watched() as bar:
        done = score_files(
            files, out, model=model, speakers=parse_speakers(speakers or []), study=study, force=force_language, bar=bar
        )
    console.print(f"{done.turns} turns of {done.sessions} sessions scored: {out}")
    for session_id, novelty in done.novel:
        errors.print(
            f"session '{session_id}' is unlike what the model has seen (novelty {novelty:.1f}, usual below "
            f"{done.limit:.1f}): trust its scores less.",
            style="yellow", markup=False, highlight=False,
        )  # fmt: skip
    report_failures(list(done.errors))


@app.command()
def run(
    study: StudyPath,
    to_file: Annotated[Path | None, typer.Option(help="Write importable task files here, without a server.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what a run would do, and do nothing.")] = False,
    force_language: Annotated[bool, typer.Option(help="Score other languages too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Bring transcripts to coding tasks: read, score, select, assign, push. A second run does only what is new.

    Example: `rupture run my-study`
    """
    if dry_run:
        from rupture_markers.workflow.dry_run import what_would_be_done  # noqa: PLC0415
        from rupture_markers.workflow.study import open_study  # noqa: PLC0415

        show_rows("A run would do", what_would_be_done(open_study(study)).rows(), as_json=as_json)
        return
    summary = run_study(study, to_file, force_language)
    if as_json:
        typer.echo(json.dumps(summary.to_json()))
    else:
        show_rows("Run", summary.rows())
    report_failures(list(summary.errors))


def run_study(study: Path, to_file: Path | None = None, force_language: bool = False) -> RunSummary:
    """Run the flow with progress."""
    quiet_prefect()
    with watched() as bar:
        bar.say("starting Prefect")
        from rupture_markers.workflow.flows import run_annotate  # noqa: PLC0415 - Prefect takes seconds to import

        return run_annotate(study, to_file=to_file, force_language=force_language)


def report_failures(failed: list[str]) -> None:
    """List what failed and leave with a status that says so."""
    for line in failed:
        errors.print(line, style="red", markup=False, highlight=False)
    if failed:
        raise typer.Exit(PARTLY)


def show_rows(title: str, rows: list[tuple[str, str]], *, as_json: bool = False) -> None:
    """Show a table of two columns."""
    if as_json:
        typer.echo(json.dumps(dict(rows)))
        return
    table = Table("what", "count", title=title)
    for name, value in rows:
        table.add_row(name, value)
    console.print(table)


@app.command()
def demo(
    folder: Annotated[Path, typer.Option(help="Where the sample study is copied to.")] = Path("demo-study"),
) -> None:
    """Run the sample study into a local Label Studio.

    Example: `rupture demo`
    """
    from rupture_markers.workflow.demo import demo_folder  # noqa: PLC0415
    from rupture_markers.workflow.queue import local_server  # noqa: PLC0415
    from rupture_markers.workflow.study import open_study  # noqa: PLC0415

    opened = open_study(demo_folder(folder))
    with errors.status("Label Studio") as status:
        server = local_server(opened).start(opened.config.coding.coders, say=status.update)
    summary = run_study(opened.path)
    show_rows("Sample study (invented sessions)", summary.rows())
    console.print(f"Label Studio runs at {server.url}")
    for user in server.users:
        console.print(f"  user {user}")
    console.print(f"  passwords: {server.passwords}")
    console.print(f"Stop it with: make demo-stop (or: rupture label-studio stop {folder})")
    report_failures(list(summary.errors))


@app.command()
def serve(
    study: StudyPath,
    cron: Annotated[str | None, typer.Option(help="Schedule in cron's five fields.")] = None,
    every: Annotated[float | None, typer.Option(help="Minutes between runs, in place of --cron.")] = None,
) -> None:
    """Serve the flow on a schedule until stopped.

    Example: `rupture serve my-study --cron "0 6 * * *"`
    """
    quiet_prefect()
    from rupture_markers.workflow.deployments import serve as serve_study  # noqa: PLC0415
    from rupture_markers.workflow.study import open_study  # noqa: PLC0415

    serve_study(open_study(study).path, cron=cron, every_minutes=every)


def main() -> None:
    """Run `rupture`; an error of ours is told in words, without a traceback."""
    try:
        app()
    except RuptureError as fault:
        errors.print(str(fault), style="red", markup=False, highlight=False)
        if isinstance(fault, IngestError) and fault.terminal_only and errors.is_terminal:
            errors.print(fault.terminal_only, markup=False, highlight=False)
        sys.exit(fault.exit_code)
