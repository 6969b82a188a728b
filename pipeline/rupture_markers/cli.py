"""The command `rupture`: a thin face over the workflow."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from rupture_markers import cli_adjudicate, cli_agreement, cli_evaluate, cli_judging, cli_trust
from rupture_markers.cli_backend import backend
from rupture_markers.cli_codebook import codebook_app, cues_app
from rupture_markers.cli_collect import collect, forget, import_codings
from rupture_markers.cli_deidentify import as_rows, deidentify, gate_report, show_findings
from rupture_markers.cli_demo_round import demo_round
from rupture_markers.cli_export import export_app
from rupture_markers.cli_models import models_app
from rupture_markers.cli_retrain import retrain
from rupture_markers.cli_serve import serve
from rupture_markers.cli_server import server_app
from rupture_markers.cli_terminal import (
    PARTLY,
    console,
    errors,
    quiet_prefect,
    report_failures,
    require_terminal,
    show_rows,
    watched,
)
from rupture_markers.errors import IngestError, RuptureError, StudyError, without_words
from rupture_markers.transcripts.control_characters import displayed

if TYPE_CHECKING:
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
app.add_typer(export_app, name="export")
app.command()(deidentify)
cli_agreement.register(app)
cli_adjudicate.register(app)
cli_judging.register(app)
cli_trust.register(app)
cli_evaluate.register(app, models_app)

app.command()(collect)
app.command()(import_codings)
app.command()(forget)
app.command()(retrain)
app.command()(serve)
app.command()(backend)
app.command("demo-round")(demo_round)

StudyPath = Annotated[Path, typer.Argument(help="study.yaml, or the folder it lies in.")]
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON for a script.")]


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Folder to make.")],
    name: Annotated[str, typer.Option(help="Name of the study.")] = "my-study",
) -> None:
    """Make a study folder to fill.

    Example: `rupture init my-study`
    """
    from rupture_markers.workflow.demo import new_study

    for path in new_study(folder, name):
        console.print(f"made {path}")
    console.print(f"Next: copy transcripts to {folder / 'transcripts'}, then 'rupture check {folder}'.")


@app.command()
def check(  # noqa: PLR0912 - one branch a thing to show
    study: StudyPath,
    as_json: AsJson = False,
    show_text: Annotated[bool, typer.Option("--show-text", help="Show what was found, on a terminal only.")] = False,
) -> None:
    """Read every transcript, look for what may identify a person, and report; nothing is sent.

    Example: `rupture check my-study`
    """
    from rupture_markers.workflow import reading
    from rupture_markers.workflow.study import open_study

    if show_text:
        require_terminal()
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
        found = gate_report(opened, [name for o in outcomes if not o.error for name in o.sessions])
    failed = [o for o in outcomes if o.error]
    unmatched = sorted(set(known) - {name for o in outcomes for name in o.sessions})
    if as_json:
        rows = [
            {"file": o.file, "sessions": list(o.sessions), "turns": o.turns, "warnings": o.warnings, "error": o.error}
            for o in outcomes
        ]
        typer.echo(json.dumps({"files": rows, "rows_without_transcript": unmatched, "findings": as_rows(found)}))
    else:
        table = Table("file", "sessions", "turns", "warnings", title="Transcripts")
        for o in outcomes:
            if not o.error:
                table.add_row(displayed(o.file), str(len(o.sessions)), str(o.turns), str(o.warnings))
        console.print(table)
        for o in outcomes:
            for line in reading.warnings_of(opened, o):
                console.print(displayed(line), style="yellow", markup=False, highlight=False, soft_wrap=True)
    for o in failed:
        errors.print(displayed(o.error), style="red", markup=False, highlight=False)
        if o.detail and errors.is_terminal:
            errors.print(o.detail, markup=False, highlight=False)
    if not as_json:
        show_findings(opened, found, show_text=show_text)
    if unmatched:
        errors.print(f"sessions.csv has {len(unmatched)} rows without a transcript.", style="yellow")
    if not as_json:
        console.print(f"{len(outcomes) - len(failed)} files read, {len(failed)} not.")
    if failed or (found and not opened.config.public_data):
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
    from rupture_markers.workflow.scoring_files import parse_speakers, score_files

    with watched() as bar:
        done = score_files(
            files, out, model=model, speakers=parse_speakers(speakers or []), study=study, force=force_language, bar=bar
        )
    console.print(f"{done.turns} turns of {done.sessions} sessions scored: {out}")
    for session_id, novelty in done.novel:
        errors.print(
            f"session '{displayed(session_id)}' is unlike what the model has seen (novelty {novelty:.1f}, usual below "
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
        from rupture_markers.workflow.dry_run import what_would_be_done
        from rupture_markers.workflow.study import open_study

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
        from rupture_markers.workflow.flows import run_annotate

        return run_annotate(study, to_file=to_file, force_language=force_language)


@app.command()
def demo(
    folder: Annotated[Path, typer.Option(help="Where the sample study is copied to.")] = Path("demo-study"),
) -> None:
    """Run the sample study into a local Label Studio.

    Example: `rupture demo`
    """
    from rupture_markers.workflow.demo import demo_folder
    from rupture_markers.workflow.queue import local_server
    from rupture_markers.workflow.study import open_study

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


def main() -> None:
    """Run `rupture`; an error of ours is told in words, without a traceback."""
    try:
        with without_words():
            app()
    except RuptureError as fault:
        errors.print(displayed(str(fault)), style="red", markup=False, highlight=False)
        if isinstance(fault, IngestError) and fault.terminal_only and errors.is_terminal:
            errors.print(fault.terminal_only, markup=False, highlight=False)
        sys.exit(fault.exit_code)
    except OSError as fault:
        where = displayed(str(fault.filename or "a file"))
        errors.print(
            f"{where}: cannot be read or written ({fault.strerror}). Check the disk and its permissions, then run again: "
            "what was done stays done.",
            style="red", markup=False, highlight=False,
        )  # fmt: skip
        sys.exit(StudyError.exit_code)
