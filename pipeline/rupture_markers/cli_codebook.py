"""`rupture codebook` and `rupture cues`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from rupture_markers.cli_terminal import console, displayed_lines

codebook_app = typer.Typer(help="What is coded.", no_args_is_help=True)
cues_app = typer.Typer(help="What rules hear in words.", no_args_is_help=True)
BookPath = Annotated[Path | None, typer.Argument(help="A codebook; the shipped one without.")]


@codebook_app.command("check")
def check_codebook(path: BookPath = None) -> None:
    """Check a codebook.

    Example: `rupture codebook check`
    """
    from rupture_markers.markers.codebook import load_codebook

    book = load_codebook(path)
    counts = ", ".join(f"{family} {len(book.of_family(family))}" for family in book.families)
    console.print(f"{book.name} {book.version}: {len(book.codes)} codes ({counts}), hash {book.sha256[:12]}")


@codebook_app.command()
def diff(
    old: Annotated[Path, typer.Argument(help="The earlier codebook.")],
    new: BookPath = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
) -> None:
    """Say what differs between two codebooks; status 1 where anything does.

    Example: `rupture codebook diff old-codebook.yaml codebook.yaml`
    """
    from rupture_markers.markers.codebook import compare_codebooks, load_codebook

    change = compare_codebooks(load_codebook(old), load_codebook(new))
    if as_json:
        changed = {code: list(fields) for code, fields in change.changed}
        typer.echo(json.dumps({"added": change.added, "removed": change.removed, "changed": changed}))
    else:
        console.print(f"added: {', '.join(change.added) or 'none'}")
        console.print(f"removed: {', '.join(change.removed) or 'none'}")
        for code, fields in change.changed:
            console.print(f"changed: {code} ({', '.join(fields)})")
    if change.added or change.removed or change.changed:
        raise typer.Exit(1)


@codebook_app.command()
def guide(path: BookPath = None) -> None:
    """Write the coder guide that follows from a codebook, as Markdown.

    Example: `rupture codebook guide`
    """
    from rupture_markers.markers.codebook import coder_guide, load_codebook

    guide = coder_guide(load_codebook(path))
    typer.echo(displayed_lines(guide) if console.is_terminal else guide)


@codebook_app.command()
def stale(
    study: Annotated[Path, typer.Argument(help="study.yaml, or the folder it lies in.")],
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
) -> None:
    """List what was coded under an earlier codebook, and what changed since; status 1 where there is any.

    Example: `rupture codebook stale my-study`
    """
    from rupture_markers.coding.codebook_history import read_codebooks
    from rupture_markers.coding.codings_log import current_answers, read_coded_segments
    from rupture_markers.coding.stale_codings import stale_codings
    from rupture_markers.workflow.study import open_study

    opened = open_study(study)
    answers = current_answers(read_coded_segments(opened.codings))
    found, changes = stale_codings(answers, opened.codebook(), read_codebooks(opened.codebooks))
    if as_json:
        typer.echo(json.dumps([asdict(item) for item in found]))
    else:
        for sha256 in sorted({item.sha256 for item in found} & changes.keys()):
            change = changes[sha256]
            changed = ", ".join(code for code, _ in change.changed) or "none"
            gone, new = ", ".join(change.removed) or "none", ", ".join(change.added) or "none"
            console.print(f"since codebook {sha256[:12]}: added {new}; removed {gone}; changed {changed}")
        table = Table("version", "session", "coder", "answers", "codings to look at", "codes")
        for item in found:
            counts = (str(item.answers), str(item.touched))
            table.add_row(item.version, item.session_id, item.coder, *counts, ", ".join(item.codes))
        console.print(table if found else "Everything was coded under the present codebook.")
    if found:
        raise typer.Exit(1)


@cues_app.command("check")
def check_cues(
    path: Annotated[Path | None, typer.Argument(help="A cue file; the shipped one without.")] = None,
    codebook: Annotated[Path | None, typer.Option(help="The codebook it is for.")] = None,
) -> None:
    """Check a cue file against a codebook.

    Example: `rupture cues check`
    """
    from rupture_markers.markers.codebook import load_codebook
    from rupture_markers.markers.cues import load_cues

    book = load_codebook(codebook)
    cues = load_cues(path, book)
    table = Table("code", "cues", title=f"Cues, version {cues.version}")
    for code in book.codes:
        table.add_row(code.label, str(sum(cue.code == code.id for cue in cues.cues)))
    console.print(table)


@cues_app.command("table")
def cue_rows(
    transcripts: Annotated[Path, typer.Option(help="Interchange JSONL of the coded sessions.")],
    codings: Annotated[Path, typer.Option(help="JSONL: session_id, coder, turn, codes.")],
    path: Annotated[Path | None, typer.Argument(help="A cue file; the shipped one without.")] = None,
    codebook: Annotated[Path | None, typer.Option(help="The codebook it is for.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
) -> None:
    """Show coverage, overlap, conflicts and precision of each cue on coded data.

    Example: `rupture cues table --transcripts transcripts.jsonl --codings codings.jsonl`
    """
    from rupture_markers.learning.dataset import read_codings
    from rupture_markers.markers.codebook import load_codebook
    from rupture_markers.markers.cue_component import build_pipeline
    from rupture_markers.markers.cue_table import cue_statistics
    from rupture_markers.markers.cues import load_cues
    from rupture_markers.transcripts.interchange import read_interchange

    book = load_codebook(codebook)
    pipeline = build_pipeline("blank", load_cues(path, book))
    rows = cue_statistics(read_interchange(transcripts), pipeline, book, read_codings(codings))
    if as_json:
        typer.echo(json.dumps([asdict(row) for row in rows]))
        return
    table = Table("cue", "turns", "coverage", "overlap", "precision", "base rate", "other family", "unmarked")
    for row in rows:
        figures = (row.coverage, row.overlap, row.precision, row.base_rate)
        shown = ["" if figure is None else f"{figure:.3f}" for figure in figures]
        table.add_row(row.cue_id, str(row.turns), *shown, str(row.other_family), str(row.unmarked))
    console.print(table)
