"""Every command of the keys table has its function."""

from __future__ import annotations

from prox.tui.commands.table import _FUNCTIONS
from prox.tui.keys import COMMANDS


def test_every_command_can_be_carried_out() -> None:
    # `only` depends on the key.
    assert {command.name for command in COMMANDS} == {*_FUNCTIONS, "only"}
