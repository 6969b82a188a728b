"""Who may talk to a Label Studio, and where: the token, and addresses that transcripts may travel to."""

from __future__ import annotations

import ipaddress
import os
import stat
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

from rupture_markers.errors import LabelStudioError

TOKEN_VARIABLE = "RUPTURE_LABEL_STUDIO_TOKEN"  # noqa: S105 - a variable's name


def read_token(path: Path | None = None) -> SecretStr:
    """Token from the environment, else from a file that its owner alone can read.

    Raises
    ------
    LabelStudioError
        If there is none, or others can read the file.
    """
    given = os.environ.get(TOKEN_VARIABLE)
    if given:
        return SecretStr(given.strip())
    if path is None:
        raise LabelStudioError(
            "there is no token for Label Studio.", f"Set {TOKEN_VARIABLE}, or name a 'token_file' in study.yaml."
        )
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise LabelStudioError("others can read the token.", f"Run 'chmod 600 {path.name}'.", path=path)
        return SecretStr(path.read_text(encoding="utf-8").strip())
    except OSError:
        raise LabelStudioError("the token file cannot be read.", "Check 'token_file'.", path=path) from None


def require_safe(url: str) -> None:
    """Refuse plain http to anything but this machine.

    Raises
    ------
    LabelStudioError
    """
    if not is_safe(url):
        raise LabelStudioError(
            "transcripts may not travel in the clear.", "Use an https address, or a Label Studio on this machine."
        )


def is_safe(url: str) -> bool:
    """Whether an address is https, or plain http to this machine."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    host = parts.hostname or ""
    if parts.scheme == "https" and host:
        return True
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = host == "localhost"
    return parts.scheme == "http" and loopback
