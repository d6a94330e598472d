"""Playbooks: the life of processes as a script of events and statuses, in simulated time.

::

    await play(supervisor, fake, '''
        start web          # a request; a refusal is written `refused: start web`
        web running
        web exits 3        # the child of the process; also `web exits SIGSEGV`, `web writes some words`
        web crashed
        pass 5             # seconds
    ''')

After each event everything that follows from it happens, before the next line is played.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
import trio
import trio.testing

import prox
from helpers.fake_child import FakePlatform
from prox.core.lifecycle import Exit
from prox.runtime.supervisor import Supervisor

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

STATUSES = {"starting", "running", "stopping", "stopped", "crashed"}


@asynccontextmanager
async def simulated(text: str, fake: FakePlatform | None = None) -> AsyncIterator[tuple[Supervisor, FakePlatform]]:
    """Run the supervisor of a configuration on a simulated platform; nothing is started."""
    fake = fake or FakePlatform()
    supervisor = Supervisor(prox.parse_config(text, folder="/"), platform=fake.platform())
    async with trio.open_nursery() as nursery:
        nursery.start_soon(supervisor.run)
        await trio.testing.wait_all_tasks_blocked()
        yield supervisor, fake
        supervisor.shutdown()
        await supervisor.wait_stopped()


async def play(supervisor: Supervisor, fake: FakePlatform, script: str) -> None:
    """Play a script; the command of each process must be its name."""
    await trio.testing.wait_all_tasks_blocked()
    for number, line in enumerate(script.splitlines(), 1):
        words = line.partition("#")[0].split()
        if words:
            _play_line(supervisor, fake, words, f"line {number}: {line.strip()}")
            if words[0] == "pass":
                await trio.sleep(float(words[1]))
            await trio.testing.wait_all_tasks_blocked()


def _play_line(supervisor: Supervisor, fake: FakePlatform, words: list[str], where: str) -> None:
    match words:
        case ["pass", _]:
            pass
        case ["start" | "stop" | "restart" as what, name]:
            getattr(supervisor, what)(name)
        case ["refused:", "start" | "stop" | "restart" as what, name]:
            with pytest.raises((prox.AlreadyRunning, prox.NotRunning, prox.ShuttingDown)):
                getattr(supervisor, what)(name)
        case ["shutdown"]:
            supervisor.shutdown()
        case ["kill"]:
            supervisor.kill()
        case [name, "exits", how]:
            exit = Exit(code=int(how)) if how.isdigit() else Exit(signal=how)
            fake.child(name).exit(exit)
        case [name, "writes", *text]:
            fake.child(name).write(" ".join(text) + "\n")
        case [name, "ignores", "signals"]:
            fake.child(name).obeys = lambda number: None
        case [name, status] if status in STATUSES:
            assert supervisor.process(name).status == status, where
        case _:
            raise ValueError(f"not a line of a playbook: {where}")
