"""Commands that run to their end."""

from __future__ import annotations

import os

import trio

from prox.core.lifecycle import Exit
from prox.runtime.commands import CommandResult, run_command

ENV = dict(os.environ)


async def test_a_command_gives_its_last_words_and_code() -> None:
    result = await run_command("seq 10000; echo end >&2; exit 7", cwd="/", env=ENV, keep=10)
    assert result == CommandResult(Exit(code=7), b"10000\nend\n")


async def test_a_command_leaves_nothing_when_cancelled() -> None:
    with trio.move_on_after(0.2) as scope:
        await run_command("trap '' TERM; echo $$ > /dev/null; sleep 1000 & wait; sleep 1000", cwd="/", env=ENV)
    assert scope.cancelled_caught


async def test_a_grandchild_that_holds_the_pipe_does_not_delay_a_command() -> None:
    with trio.fail_after(60):
        result = await run_command("sleep 1000 & echo done", cwd="/", env=ENV)
    assert result.output == b"done\n"
