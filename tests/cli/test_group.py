"""The list of commands, and the options that all of them take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
import pytest

from prox.cli import group
from prox.cli.group import settings
from prox.cli.main import run

if TYPE_CHECKING:
    from collections.abc import Callable

    Add = Callable[[Callable[[], object]], None]


def test_options_before_and_after_the_command(failing: Add, monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[object] = []
    failing(lambda: found.append(settings()))
    monkeypatch.setenv("PROX_CONFIG", "env.yaml")
    monkeypatch.setenv("PROX_ADDR", "http://env")
    run(["failing"])
    run(["-c", "before.yaml", "--no-color", "failing", "--project-dir", "after", "--token-file", "token"])
    run(["-c", "before.yaml", "failing", "--config", "after.yaml", "--addr", "http://after"])
    assert found == [
        group.Settings(config="env.yaml", addr="http://env"),
        group.Settings("before.yaml", "after", "http://env", "token", True),
        group.Settings(config="after.yaml", addr="http://after"),
    ]


def test_outside_of_a_command_nothing_is_set() -> None:
    assert settings() == group.Settings(None, None, None, None, False)


@pytest.mark.parametrize("name", [*group.COMMANDS])
def test_each_command_takes_the_common_options_once(name: str) -> None:
    context = click.Context(group.prox)
    group.prox.get_command(context, name)
    command = group.prox.get_command(context, name)
    assert command
    assert command.name == name
    taken = [option for parameter in command.params for option in parameter.opts if option.startswith("--")]
    assert len(set(taken)) == len(taken)
    assert {"--config", "--project-dir", "--addr", "--token-file", "--no-color"} <= set(taken)


def test_a_command_that_is_misspelt_is_named(prox: Callable[..., Any]) -> None:
    ran = prox("stats")
    assert (ran.returncode, ran.stdout) == (64, "")
    assert ran.stderr == "prox: no command named 'stats' (did you mean 'status'?); see `prox --help`\n"


def test_the_version_needs_no_command(prox: Callable[..., Any]) -> None:
    assert prox("--version").stdout == prox("version").stdout
