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

# The list of regions draws only the rows in view, and Enter reaches a memo only there: so the Info panel above it is
# hidden, and the memo box of a marker that is not taken, which leaves room for some 20 markers.
# Label Studio's own look is bent by the names of its classes, tried on 1.23.2; where a later version renames
# them, the page is less compact and works as before. No '>' in the sheet: it would be read as '&gt;'.
STYLE = """
.rm-page { --rm-line:rgba(128,128,128,.35); --rm-on:#4c5fa9; }
.rm-page .ant-collapse { display:flex; gap:8px; flex-wrap:wrap; background:none; margin:-6px 0 6px; }
.rm-page .ant-collapse-item { border:1px solid var(--rm-line) !important; border-radius:4px; }
.rm-page .ant-collapse-item-active { flex:1 0 100%; }
.rm-page .ant-collapse-header { padding:2px 10px !important; font-size:12px; }
.rm-guide { max-height:60vh; overflow:auto; font-size:13px; }
.rm-guide h1, .rm-guide h2, .rm-guide h3 { font-size:14px; line-height:1.4; margin:8px 0 2px; }
.rm-guide h2 { font-size:16px; } .rm-guide h1 { display:none; }
.rm-guide p, .rm-guide li { margin:0 0 2px; font-size:13px; line-height:1.4; }

.rm-columns { display:flex; gap:12px; align-items:flex-start; }
.rm-codes, .rm-side, .rm-dialogue { max-height:calc(100vh - 150px); overflow:auto; }
.rm-codes { flex:0 0 256px; } .rm-side { flex:0 0 236px; } .rm-middle { flex:1 1 auto; min-width:0; }
.rm-page h4 { font-size:12px; line-height:1.35; font-weight:700; margin:8px 0 3px !important; letter-spacing:0; }
.rm-codes .rm-family:first-child h4, .rm-whole h4 { margin-top:0 !important; }
.rm-codes .lsf-labels { display:block; margin:0; }
.rm-codes .lsf-label { display:flex; justify-content:space-between; height:21px; line-height:21px; font-size:12px;
  margin:0 0 2px !important; padding:0 6px 0 8px; max-width:none; width:100%; box-sizing:border-box; }
.rm-codes .lsf-label__text { flex:1 1 auto; min-width:0; overflow:hidden; padding:0;
  text-overflow:ellipsis; white-space:nowrap; }
.rm-codes .lsf-label__hotkey { font-weight:700; opacity:.9; padding-left:4px; }

.rm-context { display:flex; gap:8px; opacity:.6; font-style:italic;
  border-left:3px dashed var(--rm-line);
  padding:1px 8px 1px 9px; }
.rm-context h4 { font-weight:400; margin:0 !important; font-size:13px; }
.rm-context h4:first-child { flex:0 0 76px; }
.rm-start { border-top:1px solid var(--rm-line); }
.rm-start h4 { font-weight:400; opacity:.7; }
.rm-dialogue [data-testid^="phrase:"] { display:flex; flex-wrap:nowrap; gap:8px; padding:3px 40px 3px 8px !important;
  margin:0 !important;
  min-height:28px; font-size:14px; line-height:1.4; }
.rm-dialogue [class*="phraseContainer"] { margin-bottom:3px; }
.rm-dialogue [class*="titleWrapper"] { flex:0 0 76px; display:block; font-size:12px; line-height:20px; }
.rm-dialogue [class*="dialoguename"] { color:inherit !important; font-weight:700; font-size:12px; }
.rm-dialogue [class*="wrapperText"] { flex:1 1 auto; min-width:0; }
.rm-dialogue [class*="readingLine"] { display:none; }
.rm-dialogue [class*="time--"] { display:none !important; }
.rm-times button[aria-label="play"] + [data-testid^="phrase:"] [class*="time--"],
.rm-times button[aria-label="pause"] + [data-testid^="phrase:"] [class*="time--"] { display:block !important;
  width:8ch; overflow:hidden; white-space:nowrap; letter-spacing:0 !important;
  font:10px/1.3 ui-monospace, monospace !important; }
.rm-times [data-testid^="phrase:"]:first-child { margin-left:40px !important; }
.rm-dialogue [class*="selectAllBtnWrapper"] { top:2px !important; transform:none !important; }
.rm-dialogue [data-testid^="phrase:"][style*="#FFF"] { outline:2px solid var(--rm-on); outline-offset:-2px; }

kbd { font-size:10px; border:1px solid var(--rm-line); border-radius:3px; padding:0 3px; opacity:.8; }
.rm-side .lsf-hint { display:none; }
.rm-side .lsf-choices { display:flex; flex-wrap:wrap; gap:3px; margin:0; }
.rm-side .lsf-choice, .rm-side .lsf-choice__item { margin:0 !important; padding:0; }
.rm-side .ant-checkbox { display:none; }
.rm-side .ant-checkbox-wrapper { border:1px solid var(--rm-line); border-radius:4px; padding:1px 5px;
  margin:0; font-size:12px;
  line-height:1.5; font-weight:400; }
.rm-side .ant-checkbox-wrapper span { padding:0; }
.rm-side .ant-checkbox-wrapper-checked { background:var(--rm-on); color:#fff; border-color:var(--rm-on); }
.rm-side .ant-checkbox-wrapper-checked * { color:#fff; }
.rm-whole, .rm-session { padding-bottom:8px; border-bottom:1px solid var(--rm-line); }
.rm-none h4 { font-weight:400; opacity:.8; }
.rm-rating .ant-rate-star { margin-right:2px; }
.rm-rating .anticon { font-size:17px !important; }
.rm-rating sup { display:none; }

.lsf-sidepanels__wrapper .lsf-tabs-panel:first-child:not(:last-child) { display:none; }
.lsf-sidepanels__wrapper .lsf-tabs-panel:last-child { height:100% !important; }
.lsf-outliner .lsf-tree__node, .lsf-outliner .lsf-tree__node * { white-space:nowrap; font-size:12px; }
.lsf-outliner .lsf-outliner-item__text { display:none; }
.lsf-outliner .lsf-tree-treenode:not(.lsf-tree-treenode-selected) .lsf-textarea-tag__form { display:none; }
"""


NO_REGION = (
    "Ctrl+↓ to the turn, a code's key, Ctrl+Shift+A to mark it, Ctrl+→ to take the marker: "
    "its questions then stand here."
)


def guide_text(codebook: Codebook) -> str:
    """Write the coder guide for the page, where a $ would be replaced by a field of the task."""
    return coder_guide(codebook).replace("$", "\N{FULLWIDTH DOLLAR SIGN}")


def keys_text(arm: Arm, mode: str) -> str:
    """List the page's keys."""
    lines = [
        "- **Ctrl+↓ / Ctrl+↑** next, previous turn",
        "- **a code's key**, then **Ctrl+Shift+A**: mark the whole turn",
        "- **Ctrl+→ / Ctrl+←** go through the markers of the turn (its questions appear at the right)",
        "- **Enter** write a memo on the marker (in the list at the right), **Enter** again to keep it",
        "- **Backspace** remove the marker, **u** let go of it",
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
