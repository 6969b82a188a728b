"""`rupture deidentify`, and what `rupture check` says of the de-identification gate."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, get_args

import typer
from rich.table import Table

from rupture_markers.cli_terminal import console
from rupture_markers.errors import ConfigError
from rupture_markers.transcripts.control_characters import displayed
from rupture_markers.transcripts.identifiers.finding import Finding, Kind
from rupture_markers.workflow.study import Study, open_study

_SHOWN = 200


def gate_report(study: Study, names: Sequence[str]) -> Mapping[str, tuple[Finding, ...]]:
    """Open findings by session."""
    from rupture_markers.workflow.gate import open_findings

    return open_findings(study, names)


def as_rows(found: Mapping[str, tuple[Finding, ...]]) -> list[dict[str, Any]]:
    """Findings for a script: where they are and of what kind, never what they say."""
    return [
        {"session": f.session_id, "where": f.where, "start": f.start, "end": f.end, "kind": f.kind}
        for findings in found.values()
        for f in findings
    ]


def _is_of(finding: Finding, asked: str) -> bool:
    """Whether a finding is of the kind asked for; 'name' includes those of the study's own list."""
    return asked in {"all", finding.kind} or (asked == "name" and finding.kind == "listed")


def show_findings(study: Study, found: Mapping[str, tuple[Finding, ...]], *, show_text: bool = False) -> None:
    """Print findings; with their text only where a person at a terminal asked for it."""
    from rupture_markers.workflow.gate import shown_text

    everything = [f for findings in found.values() for f in findings]
    if not everything:
        console.print("De-identification gate: nothing found. A clean scan is no certificate (docs/privacy.md).")
        return
    columns = ["session", "turn or field", "offsets", "kind", *(["text"] if show_text else [])]
    table = Table(*columns, title="Possible identifiers")
    for f in everything[:_SHOWN]:
        row = [displayed(f.session_id), displayed(f.where), f"{f.start}-{f.end}", f.kind]
        table.add_row(*row, *([shown_text(study, f)] if show_text else []))
    console.print(table, markup=False)
    if len(everything) > _SHOWN:
        console.print(f"… and {len(everything) - _SHOWN} more ('--json' lists all).")
    kinds = ", ".join(f"{kind} {count}" for kind, count in Counter(f.kind for f in everything).most_common())
    console.print(f"{len(everything)} possible identifiers in {len(found)} sessions: {kinds}.")
    if study.config.public_data:
        console.print("The study declares public_data: true, so nothing is stopped.")
    else:
        console.print("These sessions stay here until each finding is cleared or replaced: 'rupture deidentify'.")


def deidentify(
    study: Annotated[Path, typer.Argument(help="study.yaml, or the folder it lies in.")],
    clear: Annotated[
        list[str] | None, typer.Option(help="A false alarm: SESSION:TURN:START-END as 'rupture check' lists it.")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why what is cleared identifies nobody; it is logged.")] = "",
    replace: Annotated[
        list[str] | None, typer.Option(help="To be replaced by a placeholder: SESSION:TURN:START-END.")
    ] = None,
    replace_all: Annotated[str | None, typer.Option(help="Replace every finding of this kind, or 'all'.")] = None,
    placeholder: Annotated[str | None, typer.Option(help="In place of that of the kind, such as [NAME].")] = None,
    alike: Annotated[bool, typer.Option("--alike", help="And every finding with the same words.")] = False,
    undo: Annotated[str | None, typer.Option(help="Read the original of this session again.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON for a script.")] = False,
) -> None:
    """Decide on what the gate found: clear a false alarm, or replace it by a placeholder in a copy.

    On a terminal, without options, it asks finding by finding. Status 2 while any finding is open.

    Example: `rupture deidentify my-study --clear s01:12:4-9 --reason "a breed of dog"`
    """
    from rupture_markers.workflow import deidentification

    if replace_all not in {None, "all", *get_args(Kind)}:
        raise ConfigError("no such kind of finding.", f"Kinds: all, {', '.join(get_args(Kind))}.")
    opened = open_study(study)
    done = {"cleared": 0, "replaced": 0}
    with opened.held():
        if undo is not None and not deidentification.undo(opened, undo):
            raise ConfigError("the session has no copy.", "'rupture check' lists the sessions.", path=opened.folder)
        found = deidentification.all_open(opened)
        cleared = deidentification.chosen(opened, clear or [], found, alike=alike)
        replaced = deidentification.chosen(opened, replace or [], found, alike=alike)
        if replace_all is not None:
            replaced += [
                f
                for f in found
                if f.where.isdecimal() and _is_of(f, replace_all) and f not in replaced and f not in cleared
            ]
        if not (clear or replace or replace_all or undo) and console.is_terminal and found and not as_json:
            cleared_by_reason, replaced = _ask(opened, found)
            for why, findings in cleared_by_reason.items():
                done["cleared"] += deidentification.clear(opened, findings, why)
        if cleared:
            done["cleared"] += deidentification.clear(opened, cleared, reason)
        if replaced:
            done["replaced"] = deidentification.replace_findings(opened, replaced, placeholder)
        left = deidentification.all_open(opened)
    if as_json:
        rows = [
            {"session": f.session_id, "where": f.where, "start": f.start, "end": f.end, "kind": f.kind} for f in left
        ]
        typer.echo(json.dumps({**done, "open": rows}))
    else:
        console.print(f"{done['cleared']} cleared, {done['replaced']} replaced, {len(left)} open.")
        if replaced:
            console.print(f"The map to what was replaced: {deidentification.map_file(opened)}", soft_wrap=True)
    if left:
        raise typer.Exit(2)


def _ask(study: Study, found: Sequence[Finding]) -> tuple[dict[str, list[Finding]], list[Finding]]:
    """Ask about each finding, on a terminal."""
    from rupture_markers.workflow.gate import context_of

    cleared: dict[str, list[Finding]] = {}
    replaced: list[Finding] = []
    for number, finding in enumerate(found, start=1):
        before, words, after = context_of(study, finding)
        console.print(
            f"\n{number} of {len(found)}: {displayed(finding.reference)}, {finding.kind}", markup=False, highlight=False
        )
        console.print(f"… {before}", end="", markup=False, highlight=False)
        console.print(words, style="bold reverse", end="", markup=False, highlight=False)
        console.print(f"{after} …", markup=False, highlight=False)
        answer = typer.prompt("[c]lear, [r]eplace, [s]kip, [q]uit", default="s").strip().lower()[:1]
        if answer == "q":
            break
        if answer == "c":
            cleared.setdefault(typer.prompt("Why it identifies nobody"), []).append(finding)
        elif answer == "r" and finding.where.isdecimal():
            replaced.append(finding)
        elif answer == "r":
            console.print("This is no turn: rename the file, or change sessions.csv or study.yaml.")
    return cleared, replaced
