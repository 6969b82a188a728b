"""Where a campaign leaves its figures: a JSON line each in the file that RUPTURE_CAMPAIGN_OUT names."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any


def keep_figures(campaign: str, what: str, figures: Any) -> None:
    """Add a line of figures."""
    named = os.environ.get("RUPTURE_CAMPAIGN_OUT")
    if named:
        values = figures if isinstance(figures, dict) else asdict(figures)
        with Path(named).open("a", encoding="utf-8") as out:
            out.write(json.dumps({"campaign": campaign, "what": what, **values}) + "\n")
