"""Tokens are told to nobody, and nothing travels in the clear or to a server that cannot show who it is."""

from __future__ import annotations

import http.server
import ssl
import subprocess
import threading
import traceback
from pathlib import Path

import pytest
from pydantic import SecretStr

from rupture_markers.coding.label_studio import LabelStudioClient
from rupture_markers.coding.local_accounts import Account
from rupture_markers.coding.server_access import TOKEN_VARIABLE, read_token, require_safe
from rupture_markers.errors import LabelStudioError

TOKEN = "tok-2b8f-canary"  # no secret: it must not be shown all the same


@pytest.mark.parametrize(
    "url",
    [
        "http://labelstudio.example.org", "http://192.168.1.5:8080", "http://127.0.0.1.example.org", "http://0.0.0.0:8080",
        "ftp://127.0.0.1", "http://localhost.example.org", "http://user@example.org#127.0.0.1", "//127.0.0.1", "file:///x",
    ],
)  # fmt: skip
def test_plain_http_goes_to_this_machine_alone(url: str) -> None:
    with pytest.raises(LabelStudioError, match="clear"):
        require_safe(url)


@pytest.mark.parametrize(
    "url", ["https://labelstudio.example.org", "http://127.0.0.1:8080", "http://[::1]:80", "http://localhost:8080"]
)
def test_https_and_loopback_are_safe(url: str) -> None:
    require_safe(url)


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-out", str(certificate),
            "-days", "1", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        url = f"https://127.0.0.1:{server.server_port}"
        with (
            LabelStudioClient(url, SecretStr(TOKEN), pause_s=0.01) as client,
            pytest.raises(LabelStudioError) as refused,
        ):
            client.tasks(1)
    finally:
        server.shutdown()
        server.server_close()
    assert asked == []
    told = "".join(traceback.format_exception(refused.value))
    assert TOKEN not in told


def test_a_token_is_in_no_repr_and_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, TOKEN)
    token = read_token()
    with LabelStudioClient("http://127.0.0.1:9", token, pause_s=0.01, timeout_s=0.5) as client:
        assert TOKEN not in repr(client)
        assert TOKEN not in repr(vars(client))
        with pytest.raises(LabelStudioError) as refused:
            client.tasks(1)
    for shown in (repr(token), str(token), repr(Account("ana", token, token)), str(refused.value)):
        assert TOKEN not in shown
    assert TOKEN not in "".join(
        traceback.TracebackException.from_exception(refused.value, capture_locals=True).format()
    )


def test_a_token_file_that_others_can_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TOKEN_VARIABLE, raising=False)
    path = tmp_path / "token"
    path.write_text(TOKEN, encoding="utf-8")
    path.chmod(0o640)
    with pytest.raises(LabelStudioError) as refused:
        read_token(path)
    assert TOKEN not in str(refused.value)
    path.chmod(0o600)
    assert read_token(path).get_secret_value() == TOKEN
