"""`rupture recall`, `rupture anchoring` and `rupture train-coders`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.table import Column, Table

from rupture_markers.cli_terminal import console
from rupture_markers.errors import ConfigError
from rupture_markers.workflow.study import open_study

if TYPE_CHECKING:
    from rupture_markers.coding.certification import CoderReport
    from rupture_markers.coding.recall import Share
    from rupture_markers.workflow.coded_study import CodedStudy
    from rupture_markers.workflow.judging import RecallRow

StudyPath = Annotated[Path, typer.Argument(help="study.yaml, or the folder it lies in.")]
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON for a script.")]


def register(app: typer.Typer) -> None:
    """Add the commands to `rupture`."""
    app.command("recall")(show_recall)
    app.command("anchoring")(show_anchoring)
    app.command("train-coders")(train)


def show_recall(
    study: StudyPath,
    group: Annotated[str | None, typer.Option(help="Also by this column of sessions.csv.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show which share of the segments with a marker, as coded blind, the flags caught; exact bounds for this corpus.

    Example: `rupture recall my-study --group setting`
    """
    from rupture_markers.workflow.coded_study import open_coded
    from rupture_markers.workflow.judging import NO_PROOF, study_recall

    coded = open_coded(open_study(study))
    rows = study_recall(coded, group=group)
    if as_json:
        out = {
            "rows": [_as_json(row) for row in rows],
            "groups": NO_PROOF if group else "",
            "set_aside": coded.set_aside,
        }
        typer.echo(json.dumps(out))
        return
    table = Table(
        Column("marker", no_wrap=True), "cases", "coded", "marked", "recall", "precision", "prevalence",
        title="Segments coded blind, exact 95 % bounds for this corpus", box=box.SIMPLE,
    )  # fmt: skip
    for row in rows:
        counts = (str(row.cases), str(row.coded), str(row.marked))
        name = f"{row.label}\n{row.group}" if row.group else row.label
        if row.found is None:
            table.add_row(name, *counts, "small", "small", "small")
        else:
            table.add_row(name, *counts, *map(_share, (row.found.recall, row.found.precision, row.found.prevalence)))
    console.print(table)
    _show_more(rows)
    for words, names in _notes(rows).items():
        console.print(f"{', '.join(names)}: {words}", style="yellow", highlight=False)
    _show_set_aside(coded)
    if group is not None:
        console.print(NO_PROOF, highlight=False)


def _show_set_aside(coded: CodedStudy) -> None:
    if coded.set_aside:
        console.print(coded.set_aside, style="yellow", highlight=False)


def _as_json(row: RecallRow) -> dict[str, Any]:
    shares = {} if row.found is None else {"prevalence": row.found.prevalence, "precision": row.found.precision}
    return asdict(row) | {name: None if share is None else asdict(share) for name, share in shares.items()}


def _share(share: Share | None) -> str:
    from rupture_markers.reports.figure_text import short

    if share is None:
        return "-"
    if share.high is None or share.estimate is None:
        return f"≥ {short(share.low)}"
    return f"{short(share.estimate)}\n{short(share.low)} {short(share.high)}"


def _show_more(rows: Sequence[RecallRow]) -> None:
    table = Table(
        Column("marker", no_wrap=True), "to reach", "expected", "at most", "p", "stop",
        title="More segments to draw by chance until so many of the marker segments are coded", box=box.SIMPLE,
    )  # fmt: skip
    for row in rows:
        for more in row.found.more if row.found is not None and not row.group else ():
            numbers = ["-" if n is None else str(n) for n in (more.expected, more.cautious)]
            p = "-" if more.p_value is None else f"{more.p_value:.3f}"
            table.add_row(row.label, f"{more.target:.0%}", *numbers, p, "yes" if more.stop else "no")
    if table.row_count:
        console.print(table)


def _notes(rows: Sequence[RecallRow]) -> dict[str, list[str]]:
    from rupture_markers.reports.figure_text import shown

    out: dict[str, list[str]] = {}
    for row in rows:
        name = f"{row.label}, {row.group}" if row.group else row.label
        if row.found is None:
            out.setdefault("too few cases or markers to show.", []).append(name)
            continue
        words = [*row.found.missing, *row.found.notes]
        if row.new_cases is not None:
            figure = row.new_cases.recall
            words.append(
                row.new_cases.missing
                if figure is None or figure.low is None
                else f"In new cases like these: {' '.join(shown(figure).split())}."
            )
        if row.ties:
            words.append(f"{row.ties} marker segments rest on a tie of coders; adjudicate them.")
        for word in words:
            out.setdefault(word, []).append(name)
    return out


def show_anchoring(study: StudyPath, as_json: AsJson = False) -> None:
    """Show what suggestions did to coders: assisted less blind segments of the same coder.

    Example: `rupture anchoring my-study`
    """
    from rupture_markers.reports.figure_text import short, shown
    from rupture_markers.workflow.coded_study import open_coded
    from rupture_markers.workflow.judging import study_anchoring

    coded = open_coded(open_study(study))
    found = study_anchoring(coded)
    if as_json:
        typer.echo(json.dumps(asdict(found) | {"set_aside": coded.set_aside}))
        return
    names = {
        "marked": "turns marked", "uptake": "suggestions marked too", "suggested": "marks that were suggested",
        "seconds": "seconds a segment",
    }  # fmt: skip
    for kind in dict.fromkeys(row.segments for row in found.rows):
        rows = [row for row in found.rows if row.segments == kind]
        counts = (
            f"{rows[0].assisted_segments} assisted, {rows[0].blind_segments} blind, {rows[0].coders} coders, "
            f"{rows[0].cases} cases"
        )
        table = Table(
            Column("measure", no_wrap=True), "assisted", "blind", "assisted less blind", title=f"{kind}: {counts}",
            box=box.SIMPLE,
        )  # fmt: skip
        for row in rows:
            means = ["-" if value is None else short(value) for value in (row.assisted, row.blind)]
            table.add_row(names[row.measure], *means, shown(row.difference))
        console.print(table)
    wrong = found.wrong
    console.print(
        f"{wrong.wrong} of {wrong.settled} suggestions are wrong by blind codes that are settled; a wrong one was shown "
        f"{wrong.shown} times and taken {wrong.taken} times.",
        highlight=False,
    )
    console.print(found.sentence, highlight=False)
    for note in found.notes:
        console.print(note, style="yellow", highlight=False)
    _show_set_aside(coded)


def train(
    study: StudyPath,
    known: Annotated[
        Path | None, typer.Option(help="JSONL of known codes, sessions coded in full; else the study's settled codes.")
    ] = None,
    practice: Annotated[int, typer.Option(help="Add so many known segments to the front of each queue.", min=0)] = 0,
    drift: Annotated[
        float, typer.Option(help="Mix known segments in until they are this share of each queue.", min=0, max=0.5)
    ] = 0.0,
    coder: Annotated[list[str] | None, typer.Option(help="For this coder alone; may be given again.")] = None,
    kappa: Annotated[float, typer.Option(help="Certified from this kappa with the known codes.")] = 0.70,
    turns: Annotated[int, typer.Option(help="On at least so many turns.")] = 100,
    marked: Annotated[int, typer.Option(help="Of which so many carry a marker.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Give coders segments whose codes are known, and show how they did and whether they are certified.

    Example: `rupture train-coders my-study --known practice.jsonl --practice 8`
    """
    from rupture_markers.coding.certification import Criterion
    from rupture_markers.reports.figure_text import shown
    from rupture_markers.workflow.coded_study import open_coded
    from rupture_markers.workflow.judging import give_known_segments, known_codes, train_coders

    if practice and drift:
        raise ConfigError("practice and drift checks are given one at a time.", "Take either --practice or --drift.")
    opened = open_study(study)
    codes = known_codes(opened, known)
    added: dict[str, int] = {}
    if practice or drift:
        added = give_known_segments(opened, codes, practice=practice, drift=drift, coders=coder or ())
    reports: tuple[CoderReport, ...] = ()
    coded = open_coded(opened) if opened.codings.exists() else None
    if coded is not None:
        reports = train_coders(coded, codes, Criterion(kappa, turns, marked))
    if as_json:
        aside = "" if coded is None else coded.set_aside
        typer.echo(json.dumps({"added": added, "reports": [asdict(report) for report in reports], "set_aside": aside}))
        return
    for name, count in added.items():
        console.print(f"{name}: {count} known segments added; 'rupture run' sends them.", highlight=False)
    table = Table(
        Column("coder", no_wrap=True), "label", "part", "segments", "turns", "marked", "kappa", "positive", "verdict",
        title="Coders against known codes", box=box.SIMPLE,
    )  # fmt: skip
    for report in reports:
        counts = (str(report.segments), str(report.turns), str(report.marked))
        table.add_row(report.coder, report.label, report.part, *counts, shown(report.kappa), shown(report.positive),
                      report.verdict)  # fmt: skip
    console.print(table)
    if coded is not None:
        _show_set_aside(coded)
