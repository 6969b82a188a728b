"""What the coder's page says beside its controls: the style sheet, the coder guide, the list of keys."""

from __future__ import annotations

from rupture_markers.coding.page_controls import (
    CERTAINTY,
    OUTCOME,
    RETURNED,
    REVIEW,
    SESSION_RATINGS,
    SIGNIFICANCE,
    STRAIN,
    shown_key,
)
from rupture_markers.markers.codebook import Codebook, coder_guide
from rupture_markers.markers.marker import Arm

# No '>' in here: Label Studio reads the sheet as escaped XML.
STYLE = """
.rm-page { --rm-line: rgba(128,128,128,.35); }
.rm-columns { display:flex; gap:12px; align-items:flex-start; }
.rm-codes { flex:0 0 216px; max-height:calc(100vh - 190px); overflow:auto; }
.rm-middle { flex:1 1 auto; min-width:0; }
.rm-side { flex:0 0 250px; max-height:calc(100vh - 190px); overflow:auto; }
.rm-dialogue { max-height:calc(100vh - 190px); overflow:auto; }
.rm-context { display:flex; gap:8px; opacity:.62; border-left:3px dashed var(--rm-line); padding:1px 8px; font-size:13px; }
.rm-guide { max-height:55vh; overflow:auto; font-size:13px; }
[data-testid^="phrase:"] [class*="time--"] { display:none !important; }
kbd { font-size:10px; border:1px solid var(--rm-line); border-radius:3px; padding:0 3px; opacity:.75; }
.rm-side .lsf-hint { display:none; }
"""


def guide_text(codebook: Codebook) -> str:
    """Write the coder guide for the page."""
    return coder_guide(codebook)


def keys_text(codebook: Codebook, arm: Arm, mode: str) -> str:
    """List the page's keys."""
    lines = [
        "- **Ctrl+↓ / Ctrl+↑** next, previous turn",
        "- **a code's key**, then **Ctrl+Shift+A**: mark the whole turn",
        "- **Ctrl+→ / Ctrl+←** go through the markers of the turn (its questions appear at the right)",
        "- **Enter** write a memo, **Shift+Enter** keep it; **Backspace** remove the marker; **Esc** let go of it",
    ]
    asked = [OUTCOME, SIGNIFICANCE, CERTAINTY, STRAIN, RETURNED] + ([REVIEW] if arm == "assisted" else [])
    for control in asked:
        keys = ", ".join(f"**{shown_key(o.key)}** {o.shown}" for o in control.options)
        lines.append(f"- {control.question}: {keys}")
    if mode == "whole_session":
        keys = ", ".join(f"**{shown_key(r.key)}** {r.question.lower()}" for r in SESSION_RATINGS)
        lines.append(f"- At a session's end, each press raises the rating by one: {keys}")
    lines += ["- **Ctrl+Enter** submit and go to the next task"]
    return "\n".join(lines)
