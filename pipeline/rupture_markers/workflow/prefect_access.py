"""Where Prefect may be: what it is told (paths, counts, errors) goes by https, or to this machine."""

from __future__ import annotations

import os

from rupture_markers.coding.server_access import is_safe
from rupture_markers.errors import ConfigError

_NO = {"", "0", "false", "f", "no", "n", "off"}


def require_safe_prefect(url: str | None = None, *, unchecked: bool | None = None) -> None:
    """Refuse a Prefect server that is reached in the clear, or unchecked.

    Parameters
    ----------
    url : str, optional
        Its address; that of the environment without.
    unchecked : bool, optional
        Whether its certificate is not checked; as the environment says without.

    Raises
    ------
    ConfigError
        It does not hold the address, in which there may be a password.
    """
    url = os.environ.get("PREFECT_API_URL") if url is None else url
    if unchecked is None:
        said = os.environ.get("PREFECT_API_TLS_INSECURE_SKIP_VERIFY", "")
        unchecked = said.strip().lower() not in _NO
    if url and not is_safe(url):
        raise ConfigError(
            "PREFECT_API_URL names a server beyond this machine in plain http.",
            "Use an https address, or a Prefect on this machine; or unset it.",
        )
    if unchecked:
        raise ConfigError(
            "PREFECT_API_TLS_INSECURE_SKIP_VERIFY lets anybody play the Prefect server.",
            "Unset it, and name your certificate authority in PREFECT_API_SSL_CERT_FILE.",
        )
