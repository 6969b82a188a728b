"""The doctor finds what is wrong, says how to mend it, and shows no secret."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from rupture_markers.cli import app
from rupture_markers.cli_terminal import quiet_prefect
from rupture_markers.errors import ConfigError
from rupture_markers.workflow.deidentification import map_file
from rupture_markers.workflow.study import open_study


def examined(*arguments: str) -> tuple[int, dict[str, dict[str, Any]]]:
    done = CliRunner().invoke(app, ["doctor", *arguments, "--json"])
    return done.exit_code, {check["name"]: check for check in json.loads(done.stdout.strip().splitlines()[-1])}


@pytest.mark.label_studio
def test_a_study_that_is_well(served_study: Path) -> None:
    served_study.chmod(0o700)
    (served_study / "transcripts").chmod(0o700)
    code, checks = examined(str(served_study))
    assert code == 0
    assert {c["state"] for name, c in checks.items() if name != "label studio program"} == {"ok"}, checks
    assert "takes the token" in checks["token and server"]["found"]


def test_each_fault_is_named_with_its_remedy(sample_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    study = open_study(sample_study)
    (sample_study / "transcripts").chmod(0o755)
    with study.held():
        code, checks = examined(str(sample_study))
    assert code == 1
    assert checks["prefect"]["state"] == "fault"
    assert "process" in checks["lock"]["found"]
    assert checks["permissions"]["state"] == "warning"
    assert "label-studio start" in checks["token and server"]["mend"]
    study.decisions.write_text("{}\n", encoding="utf-8")
    _, checks = examined(str(sample_study))
    assert "selection.jsonl, line 1" in checks["logs"]["found"]
    assert "backup" in checks["logs"]["mend"]
    (sample_study / "study.yaml").write_text("study: x\nspeekers: {}\n", encoding="utf-8")
    code, checks = examined(str(sample_study))
    assert (code, checks["study"]["state"]) == (1, "fault")


def test_a_token_that_others_can_read_is_a_fault(sample_study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RUPTURE_LABEL_STUDIO_TOKEN", raising=False)
    config = sample_study / "study.yaml"
    config.write_text(
        config.read_text(encoding="utf-8") + "label_studio: {url: 'http://127.0.0.1:9', token_file: token}\n",
        encoding="utf-8",
    )
    (sample_study / "token").write_text("secret-token", encoding="utf-8")
    (sample_study / "token").chmod(0o644)
    done = CliRunner().invoke(app, ["doctor", str(sample_study)])
    assert done.exit_code == 1
    assert "secret-token" not in done.output
    assert "chmod 600" in " ".join(done.output.split())


def test_without_a_study_the_environment_alone_is_looked_at() -> None:
    code, checks = examined()
    assert code == 0
    assert "study" not in checks
    assert checks["packages"]["state"] == "ok"
    assert "prefect" in checks["packages"]["found"]


@pytest.mark.parametrize(("version", "well"), [("0.13.9", False), ("0.14.1", True), ("99.0", False)])
def test_a_package_outside_its_bounds_is_a_fault_that_says_what_to_install(
    version: str, well: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    described = tmp_path / f"skops-{version}.dist-info"
    described.mkdir()
    (described / "METADATA").write_text(f"Metadata-Version: 2.1\nName: skops\nVersion: {version}\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    code, checks = examined()
    found = checks["packages"]
    assert (code, found["state"]) == ((0, "ok") if well else (1, "fault"))
    if not well:
        assert f"skops {version} (wanted: <0.17,>=0.14)" in found["found"]
        assert "pip install 'skops<0.17,>=0.14'" in found["mend"]


def test_a_missing_package_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "importlib.metadata.requires", lambda _: ["no-such-package-of-ours>=1", "httpx; extra == 'dev'"]
    )
    code, checks = examined()
    assert (code, checks["packages"]["state"]) == (1, "fault")
    assert "no-such-package-of-ours is missing (wanted: >=1)" in checks["packages"]["found"]


def change(study: Path, more: str) -> None:
    config = study / "study.yaml"
    config.write_text(config.read_text(encoding="utf-8") + more, encoding="utf-8")


def test_damaged_accounts_are_a_fault_of_the_server_and_not_the_end_of_the_doctor(sample_study: Path) -> None:
    (sample_study / "label-studio").mkdir(mode=0o700)
    (sample_study / "label-studio" / "accounts.json").write_text('[{"user": "ana", "password": "hush', encoding="utf-8")
    done = CliRunner().invoke(app, ["doctor", str(sample_study)])
    assert done.exit_code == 1
    assert "hush" not in done.output
    _, checks = examined(str(sample_study))
    assert "accounts.json" in checks["token and server"]["found"]
    assert "move it away" in checks["token and server"]["mend"]


def test_a_list_of_names_that_is_missing_or_that_others_can_read_is_a_fault(sample_study: Path) -> None:
    assert examined(str(sample_study))[1]["list of names"]["state"] == "ok"
    change(sample_study, "deidentification: {names: names.txt}\n")
    _, checks = examined(str(sample_study))
    assert (checks["list of names"]["state"], "Put it there" in checks["list of names"]["mend"]) == ("fault", True)
    (sample_study / "names.txt").write_text("Quillabelle\n", encoding="utf-8")
    (sample_study / "names.txt").chmod(0o640)
    code, checks = examined(str(sample_study))
    assert (code, checks["list of names"]["state"]) == (1, "fault")
    assert "chmod 600 names.txt" in checks["list of names"]["mend"]
    assert "Quillabelle" not in json.dumps(checks)


def test_the_map_of_replaced_words_must_lie_outside_and_be_its_owners(sample_study: Path, tmp_path: Path) -> None:
    maps = tmp_path / "maps"
    maps.mkdir(mode=0o700)
    change(sample_study, f"deidentification: {{map_folder: '{maps}'}}\n")
    path = map_file(open_study(sample_study))
    path.touch(mode=0o600)
    assert examined(str(sample_study))[1]["map of replaced words"]["state"] == "ok"
    maps.chmod(0o755)
    check = examined(str(sample_study))[1]["map of replaced words"]
    assert (check["state"], "chmod 700" in check["mend"]) == ("warning", True)
    path.chmod(0o644)
    check = examined(str(sample_study))[1]["map of replaced words"]
    assert (check["state"], "chmod 600" in check["mend"]) == ("fault", True)
    config = sample_study / "study.yaml"
    config.write_text(config.read_text(encoding="utf-8").replace(str(maps), "maps"), encoding="utf-8")
    check = examined(str(sample_study))[1]["map of replaced words"]
    assert (check["state"], "Name one outside" in check["mend"]) == ("fault", True)


def test_what_others_can_read_of_the_config_and_of_transcripts_elsewhere_is_told(
    sample_study: Path, tmp_path: Path
) -> None:
    (sample_study / "transcripts").chmod(0o700)
    sample_study.chmod(0o755)
    (sample_study / "study.yaml").chmod(0o644)
    (sample_study / "sessions.csv").chmod(0o644)
    check = examined(str(sample_study))[1]["permissions"]
    assert (check["state"], "study.yaml and sessions.csv" in check["found"]) == ("warning", True)
    assert "chmod 600" in check["mend"]
    for name in ("study.yaml", "sessions.csv"):
        (sample_study / name).chmod(0o600)
    assert examined(str(sample_study))[1]["permissions"]["state"] == "ok"
    (sample_study / "transcripts").rename(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").chmod(0o755)
    change(sample_study, "transcripts: ../elsewhere\n")
    check = examined(str(sample_study))[1]["permissions"]
    assert (check["state"], "'transcripts:'" in check["mend"]) == ("warning", True)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PREFECT_API_URL", "http://someone:hush@prefect.example.org:4200/api"),
        ("PREFECT_API_URL", "http://[::1"),
        ("PREFECT_API_TLS_INSECURE_SKIP_VERIFY", "true"),
        ("PREFECT_API_TLS_INSECURE_SKIP_VERIFY", "1"),
    ],
)
def test_a_prefect_that_is_reached_in_the_clear_or_unchecked_is_refused_by_the_commands_and_told_by_the_doctor(
    sample_study: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    _, checks = examined()
    assert (checks["prefect"]["state"], name in checks["prefect"]["found"]) == ("fault", True)
    for words in (["run"], ["collect"], ["retrain"], ["serve"], ["backend"]):
        done = CliRunner().invoke(app, [*words, str(sample_study)])
        assert isinstance(done.exception, ConfigError), done.output
        assert name in str(done.exception)
        assert "hush" not in str(done.exception)


def test_a_prefect_that_is_reached_by_https_or_on_this_machine_is_not_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_TLS_INSECURE_SKIP_VERIFY", "false")
    for url in ("", "http://127.0.0.1:4200/api", "http://localhost:4200/api", "https://prefect.example.org/api"):
        monkeypatch.setenv("PREFECT_API_URL", url)
        quiet_prefect()


def test_a_prefect_in_the_clear_that_a_file_of_settings_names_is_refused_before_a_flow_begins(tmp_path: Path) -> None:
    (tmp_path / "prefect.toml").write_text('[api]\nurl = "http://prefect.example.org:4200/api"\n', encoding="utf-8")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT")}
    done = subprocess.run(
        [sys.executable, "-c", "import rupture_markers.workflow.flows"],
        cwd=tmp_path, env=environment | {"PREFECT_HOME": str(tmp_path / "home")}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert "ConfigError" in done.stderr
    assert "plain http" in done.stderr
