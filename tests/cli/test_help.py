"""`prox help` says what `--help` says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from prox.cli import group

if TYPE_CHECKING:
    from collections.abc import Callable

    Run = Callable[..., Any]


@pytest.mark.parametrize("name", [*group.COMMANDS])
def test_the_help_of_each_command(name: str, prox: Run) -> None:
    ran = prox("help", name)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith(f"Usage: prox {name}")
    assert ran.stdout == prox(name, "--help").stdout


def test_without_a_command_it_is_the_help_of_prox(prox: Run) -> None:
    ran = prox("help")
    assert ran.returncode == 0
    assert ran.stdout == prox("--help").stdout


def test_a_command_that_does_not_exist(prox: Run) -> None:
    ran = prox("help", "statsu")
    assert (ran.returncode, ran.stdout) == (64, "")
    assert "no command named 'statsu' (did you mean 'status'?)" in ran.stderr
