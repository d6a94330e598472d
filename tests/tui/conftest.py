"""Lines and stores for the models of the terminal UI."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import pytest

from prox.client.client import Client
from prox.client.target import Target
from prox.core.errors import NoInstance
from prox.tui.app import ProxTui
from prox.tui.keys import keys_of
from prox.tui.line_store import LineStore
from prox.tui.records import Record

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from helpers.project import Project

SECONDS = 20.0
"""How long anything may take before a test has failed."""

Add = Callable[..., LineStore]


def record(text: str, process: str = "web", number: int = 1, **more: object) -> Record:
    usual: dict[str, object] = {
        "id": str(number),
        "timestamp": f"2025-01-19T10:32:{number // 1000 % 60:02d}.{number % 1000:03d}Z",
        "process": process,
        "stream": "stdout",
        "line": text,
    }
    return Record(**(usual | more))  # type: ignore[arg-type]


@pytest.fixture
def add() -> Add:
    """A function that makes a store of texts, given as ``process: text`` or plain, or adds them to one."""

    def fill(*texts: str, store: LineStore | None = None, **more: object) -> LineStore:
        store = LineStore() if store is None else store
        records = []
        for number, text in enumerate(texts, store.end + 1):
            process, colon, rest = text.partition(": ")
            known = process in ("web", "api", "db", "system")
            records.append(record(rest if colon and known else text, process if known else "web", number, **more))
        store.extend(records)
        return store

    return fill


class Driver:
    """A running app: presses keys, and reads its screen."""

    def __init__(self, app: ProxTui, pilot: Pilot[Any]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def lines(self) -> list[str]:
        """The rows of the screen."""
        compositor = self.app.screen._compositor
        return [strip.text for strip in compositor.render_strips(self.app.size)]

    @property
    def screen(self) -> str:
        return "\n".join(line.rstrip() for line in self.lines)

    async def pause(self) -> None:
        await self.pilot.pause()

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def until(self, wanted: str | Callable[[], bool]) -> None:
        """Wait until the screen has a text, or something holds."""
        deadline = time.monotonic() + SECONDS
        while not (wanted in self.screen if isinstance(wanted, str) else wanted()):
            assert time.monotonic() < deadline, f"{wanted} is not on the screen:\n{self.screen}"
            await self.pilot.pause(0.01)


Steps = Callable[[Driver], Awaitable[None]]
Drive = Callable[..., str | None]


@pytest.fixture
def drive() -> Drive:
    """A function that runs the UI of a project's instance, carries out steps, and returns how it was left."""

    def run(project: Project, steps: Steps, *, size: tuple[int, int] = (100, 30), owns: bool = False) -> str | None:
        def find() -> Client:
            state = project.state()
            if state is None:
                raise NoInstance("no instance is running")
            return Client(Target(host=state["host"], port=state["port"], instance=state["instance"]))

        app = ProxTui(find, folder=project.folder.name, keys=keys_of(), owns=owns)

        async def main() -> None:
            async with app.run_test(size=size) as pilot:
                await steps(Driver(app, pilot))
                await pilot.pause()

        asyncio.run(main())
        return app.return_value

    return run
