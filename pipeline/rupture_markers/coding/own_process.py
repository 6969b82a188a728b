"""Processes and ports of this machine: whether a process is still the one that was started, and which port is free."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path


def born(pid: int) -> str:
    """When a process was started, as the system writes it; empty where it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        try:
            asked = subprocess.run(  # noqa: S603 - a fixed command and a number
                ["/bin/ps", "-o", "lstart=,stat=", "-p", str(pid)], capture_output=True, text=True, check=False
            )
        except OSError:  # a small container has no ps
            return ""
        return "" if " Z" in asked.stdout else asked.stdout.strip()
    return "" if fields[0] == "Z" else fields[19]


def is_free(port: int) -> bool:
    """Whether nobody listens on a port of this machine."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def free_port() -> int:
    """A port of this machine on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
