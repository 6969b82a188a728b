"""What `rupture check` says of the de-identification gate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from rupture_markers.errors import ConfigError
from rupture_markers.transcripts.identifiers.finding import Finding
from rupture_markers.workflow.gate import open_findings, shown_text
from rupture_markers.workflow.study import Study

console = Console()
_SHOWN = 200


def gate_report(study: Study, names: Sequence[str]) -> Mapping[str, tuple[Finding, ...]]:
    """Open findings by session."""
    return open_findings(study, names)


def as_rows(found: Mapping[str, tuple[Finding, ...]]) -> list[dict[str, Any]]:
    """Findings for a script: where they are and of what kind, never what they say."""
    return [
        {"session": f.session_id, "where": f.where, "start": f.start, "end": f.end, "kind": f.kind}
        for findings in found.values()
        for f in findings
    ]


def require_terminal() -> None:
    """Refuse to show text where it would not go to a terminal.

    Raises
    ------
    ConfigError
        If standard output is a file or a pipe.
    """
    if not console.is_terminal:
        raise ConfigError("--show-text shows text on a terminal only.", "Leave it away, or do not redirect the output.")


def show_findings(study: Study, found: Mapping[str, tuple[Finding, ...]], *, show_text: bool = False) -> None:
    """Print findings; with their text only where a person at a terminal asked for it."""
    everything = [f for findings in found.values() for f in findings]
    if not everything:
        console.print("De-identification gate: nothing found. A clean scan is no certificate (docs/privacy.md).")
        return
    columns = ["session", "turn or field", "offsets", "kind", *(["text"] if show_text else [])]
    table = Table(*columns, title="Possible identifiers")
    for f in everything[:_SHOWN]:
        row = [f.session_id, f.where, f"{f.start}-{f.end}", f.kind]
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
