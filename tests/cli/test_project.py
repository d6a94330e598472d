"""Which project a command is about, and what it says where there is none, or a bad one."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., Any]

BAD = "processes:\n  web: {cmd: touch started, heathcheck: {}}\nenv: [\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder: Path, text: str) -> None:
    path = folder / "prox.yaml"
    path.write_text(text)
    path.chmod(0o644)


@pytest.mark.parametrize("command", ["up", "up -d", "up --wait web", "config", "exec web -- true", "logs"])
def test_a_configuration_that_is_bad(folder: Path, prox: Run, command: str) -> None:
    write(folder, "processes:\n  web: {cmd: touch started, heathcheck: {}}\n  api: {cmd: x, port: none}\n")
    ran = prox(*command.split())
    assert (ran.returncode, ran.stdout) == (78, "")
    first, second = ran.stderr.splitlines()
    assert first == "prox.yaml:2:29: processes.web.heathcheck: is an unknown key (did you mean 'healthcheck'?)"
    assert second.startswith("prox.yaml:3:")
    assert os.listdir(folder) == ["prox.yaml"]


@pytest.mark.parametrize("command", ["up", "up -d", "exec web -- true"])
def test_an_env_file_that_is_missing_or_broken(folder: Path, prox: Run, command: str) -> None:
    write(folder, "env_file: secrets.env\nprocesses: {web: touch started}\n")
    missing = prox(*command.split())
    assert (missing.returncode, missing.stdout) == (78, "")
    assert "secrets.env" in missing.stderr
    (folder / "secrets.env").write_text("GOOD=hush\nBAD='hush hush\n")
    broken = prox(*command.split())
    assert (broken.returncode, broken.stdout) == (78, "")
    assert broken.stderr.startswith("secrets.env:2:1: ")
    assert "hush" not in broken.stderr
    assert sorted(os.listdir(folder)) == ["prox.yaml", "secrets.env"]


@pytest.mark.parametrize("command", ["down", "stop", "status", "start web", "wait", "list"])
def test_commands_that_do_not_need_it_to_be_good(folder: Path, prox: Run, command: str) -> None:
    write(folder, BAD)
    ran = prox(*command.split())
    assert ran.returncode == (0 if command in ("down", "stop", "list") else 69)
    assert "heathcheck" not in ran.stderr


@pytest.mark.parametrize(
    "command", ["up", "up -d", "down", "stop", "status", "start web", "logs", "wait", "exec web true", "config"]
)
def test_where_there_is_no_project(folder: Path, prox: Run, command: str) -> None:
    ran = prox(*command.split())
    assert (ran.returncode, ran.stdout) == (78, "")
    assert re.fullmatch(r"prox\.yaml: not found .+; `prox init` writes one, --config names another\n", ran.stderr)
    assert os.listdir(folder) == []


@pytest.mark.parametrize("options", [("--config", "none.yaml"), ("--project-dir", "none")])
def test_what_the_options_name_is_not_there(folder: Path, prox: Run, options: tuple[str, str]) -> None:
    for command in ("up", "config"):
        ran = prox(command, *options)
        assert (ran.returncode, ran.stdout) == (78, "")
        assert re.match(r"\w+(\.yaml)?: (not found|is no folder)", ran.stderr)
        assert "none" in ran.stderr
    assert os.listdir(folder) == []


def test_folders_of_prox_that_are_refused(folder: Path, prox: Run) -> None:
    write(folder, "processes: {web: touch started}")
    (folder / "elsewhere").mkdir()
    (folder / ".prox").symlink_to("elsewhere")
    for command in ("up -d", "status", "down", "logs web"):
        ran = prox(*command.split())
        assert (ran.returncode, ran.stdout) == (1, "")
        assert ran.stderr == f"prox: {folder}/.prox is a symbolic link, which prox does not follow; remove it\n"
    assert os.listdir(folder / "elsewhere") == []
