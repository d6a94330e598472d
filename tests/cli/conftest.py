"""One instance for all tests that only look, one that a test makes up, and commands that run in this process."""

from __future__ import annotations

import sys
import types
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click
import pytest

from helpers.instance import FakeInstance
from helpers.project import Project
from prox.cli import group
from prox.cli.main import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Add = Callable[[Callable[[], object]], None]

LOOKED_AT = r"""
env: {GREETING: hello}
processes:
  web:
    cmd: |
      printf 'plain\n\033[32mgreen\033[0m \033[2Jcleared\n'
      echo 'Listening on' $PORT; echo trouble >&2; exec sleep 1000
    port: auto
    cwd: below
    env: {API_TOKEN: of-the-web}
    groups: [front]
    healthcheck: {log: Listening}
  worker: {cmd: "for n in 1 2 3 4 5; do echo job $n; done; exec sleep 1000", groups: [back]}
  done: {cmd: echo finished, groups: [back]}
  broken: echo sorry; exit 3
"""


@pytest.fixture(scope="module")
def looked_at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project that runs: ``web`` and ``worker`` run, ``done`` and ``broken`` have ended. Nothing is to change it."""
    project = Project.create(tmp_path_factory.mktemp("looked-at"))
    (project.folder / "below").mkdir()
    project.write(LOOKED_AT)
    try:
        with project.up() as prox:
            prox.wait_line("Listening")
            prox.wait_line("broken crashed")
            prox.wait_line("done exited")
            prox.wait_line("job 5")
            yield project
    finally:
        project.close()


@dataclass(frozen=True)
class Ran:
    """How a command ended, and what it has printed."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def prox(capfdbinary: pytest.CaptureFixture[bytes]) -> Callable[..., Ran]:
    """A function that runs a command in this process, in the current folder: for speed, where that is no matter."""

    def invoke(*arguments: str) -> Ran:
        capfdbinary.readouterr()
        code = run(list(arguments))
        captured = capfdbinary.readouterr()
        return Ran(code, captured.out.decode(), captured.err.decode())

    return invoke


@pytest.fixture
def look(looked_at: Project, prox: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    """The same in the folder of the project that runs."""
    monkeypatch.chdir(looked_at.folder)
    return prox


@pytest.fixture
def instance() -> Iterator[FakeInstance]:
    """An instance that answers what a test says."""
    with FakeInstance() as instance:
        yield instance


@pytest.fixture
def ask(instance: FakeInstance, prox: Callable[..., Ran]) -> Callable[..., Ran]:
    """A function that runs a command about that instance."""
    return lambda command, *arguments: prox("--addr", instance.url, command, *arguments)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a home of its own: no instance of another test is found in it."""
    (tmp_path / "home").mkdir()
    (tmp_path / "project").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path / "project"


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Add:
    """A function that makes what it is given the command `prox failing`."""

    def add(callback: Callable[[], object]) -> None:
        module = types.ModuleType("failing_command")
        module.command = click.Command("failing", callback=callback)  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "failing_command", module)
        monkeypatch.setitem(group.COMMANDS, "failing", ("failing_command:command", "Fail."))

    return add
