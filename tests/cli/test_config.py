"""`prox config`: what is understood is printed, what is wrong goes to stderr with code 78."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import yaml
from jsonschema import Draft202012Validator

from helpers.config import EVERY_KEY
from prox.cli.main import run
from prox.core.config.dump import to_plain
from prox.instance.project import load_config, parse_config

if TYPE_CHECKING:
    from pathlib import Path

TEXT = EVERY_KEY.replace("env_file: .env\n", "env_file: ?.env\n").replace("env_file: .env.api", "env_file: ?.env.api")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_it_prints_what_prox_would_read_as_the_same(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "prox.yaml").write_text(TEXT)
    assert run(["config"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert out.endswith("export: false\n")
    assert to_plain(parse_config(out, folder=folder)) == to_plain(load_config("prox.yaml"))
    (folder / "prox.yaml").write_text(out)
    assert run(["config"]) == 0
    assert capsys.readouterr().out == out


def test_json_says_the_same(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "prox.yaml").write_text(TEXT)
    assert run(["config", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found == to_plain(load_config("prox.yaml"))
    assert found["processes"]["web"]["restart"]["policy"] == "no"
    assert run(["config"]) == 0
    assert yaml.safe_load(capsys.readouterr().out) == found


def test_the_schema_needs_no_prox_yaml(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["config", "--schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    Draft202012Validator.check_schema(schema)
    assert list(Draft202012Validator(schema).iter_errors(yaml.safe_load(TEXT))) == []


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_all_problems_are_on_stderr_and_nothing_on_stdout(
    folder: Path, capsys: pytest.CaptureFixture[str], options: list[str]
) -> None:
    (folder / "prox.yaml").write_text(
        "processes:\n"
        "  web:\n"
        "    cmd: x\n"
        "    helthcheck: {tcp: 80}\n"
        "    depends_on: [db]\n"
        '    "a\\n\\e[1m": x\n'
        "shutdown_timeout: 10\n"
    )
    assert run(["config", *options]) == 78
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "prox.yaml:4:5: processes.web.helthcheck: is an unknown key (did you mean 'healthcheck'?)",
        "prox.yaml:5:18: processes.web.depends_on.db: no process or job named 'db'",
        "prox.yaml:6:5: processes.web.a\\n\\x1b[1m: is an unknown key",
        "prox.yaml:7:19: shutdown_timeout: '10' has no unit: write 10s, 10ms or 10m",
    ]


def test_from_a_folder_below(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "prox.yml").write_text("processes: {web: 5}\n")
    (folder / "prox.override.yaml").write_text("api: {port: x}\n")
    (folder / "src").mkdir()
    monkeypatch.chdir(folder / "src")
    assert run(["config"]) == 78
    assert [line.partition(": ")[0] for line in capsys.readouterr().err.splitlines()] == [
        "../prox.yml:1:18",
        "../prox.override.yaml:1:13",
    ]


def test_another_file_and_another_folder(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "other.yaml").write_text("env_file: .env\nprocesses: {web: x}\n")
    (folder / "project").mkdir()
    (folder / "project/.env").write_text("A=1\n")
    assert run(["config", "-c", "other.yaml"]) == 78
    assert capsys.readouterr().err.startswith("other.yaml:1:11: env_file: .env not found; create it, or write '?.env'")
    assert run(["-c", "other.yaml", "--project-dir", "project", "config"]) == 0
    assert run(["config", "-c", "other.yaml", "--project-dir", "none"]) == 78
    assert capsys.readouterr().err == "none: is not a directory; --project-dir must name one\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["config"], "prox.yaml: not found in this directory or any parent; `prox init` writes one,"),
        (["config", "-c", "none.yaml"], "none.yaml: not found; `prox init` writes one"),
        (["config", "-c", "."], ".: cannot read the file: Is a directory"),
    ],
)
def test_there_is_no_such_file(capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    assert run(arguments) == 78
    assert capsys.readouterr().err.startswith(message)


def test_one_that_everybody_can_write_to(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "prox.yaml").write_text("processes: {web: x}\n")
    (folder / "prox.yaml").chmod(0o606)
    assert run(["config"]) == 78
    assert capsys.readouterr().err == (
        "prox.yaml: everyone can write to it; fix: chmod o-w prox.yaml\n"
    )  # fmt: skip


def test_it_takes_no_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["config", "web"]) == 64
    assert "unexpected extra argument" in capsys.readouterr().err
