"""The leftovers of one run: processes that left its group. ``stop.leftovers``: they are ended, reported or ignored.

Exception: after an exit of the leader that nobody requested, its daemons (which overwrite their environment) keep
running until the process is stopped or started again, or prox stops.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import trio

from prox.system.group import wait_any_ended

if TYPE_CHECKING:
    from collections.abc import Collection

    from prox.core.config.model import Job, ProcessSpec
    from prox.core.lifecycle import Life
    from prox.core.snapshots import Leftover
    from prox.runtime.context import InstanceContext
    from prox.runtime.platform import Kind


class Owner(Protocol):
    """The process that a run belongs to."""

    name: str
    spec: ProcessSpec
    job: Job | None
    life: Life
    leftovers: tuple[Leftover, ...]
    grace_skipped: bool

    def run_changed(self) -> None: ...


class RunLeftovers:
    """The leftovers of the run of ``owner`` with this leader."""

    def __init__(self, owner: Owner, context: InstanceContext, leader: int) -> None:
        self.daemons: tuple[Leftover, ...] = ()
        """The daemons that the leader left running when it exited."""
        self._owner = owner
        self._job, self._stop = owner.job, owner.spec.stop
        self._context, self._hub, self._finder = context, context.hub, context.leftovers
        self._leader = leader
        self._unwanted = trio.Event()
        self._finder.add_process(owner.name)

    async def wait_daemonized(self) -> None:
        """Wait until the daemons of the leader, which has just exited, have left the group. Bounded."""
        with trio.CancelScope(shield=True):
            await self._finder.wait_daemonized(self._owner.name, self._leader)

    async def wait_for_daemons(self) -> None:
        """Wait until no daemon is left or ``end_daemons`` is called; then end the remaining ones."""
        if self._job or self._stop.leftovers != "kill":
            return
        with trio.CancelScope(shield=True):
            await self._kill("marked")
        try:
            await self._wait_daemons()
        finally:
            # Also if the whole tree is cancelled.
            with trio.CancelScope(shield=True):
                await self._kill("daemons")
            self.daemons = ()

    async def _wait_daemons(self) -> None:
        while found := await self._finder.find(self._owns, "daemons"):
            await self._show(found)
            if self._is_unwanted():
                return
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._wait_unwanted, nursery.cancel_scope)
                await wait_any_ended(found)
                nursery.cancel_scope.cancel()

    def end_daemons(self) -> None:
        """End the daemons: the process is being stopped or started."""
        self._unwanted.set()

    async def end(self) -> None:
        """End or report the leftovers; the group is empty."""
        if self._stop.leftovers == "ignore":
            return
        with trio.CancelScope(shield=True):
            if self._stop.leftovers == "kill":
                await self._kill("all")
            found = await self._finder.find(self._owns)
            self._owner.leftovers = await self._finder.describe(found, self._owner.name)
        for each in self._owner.leftovers:
            self._hub.system(f"still running after the stop: {each}")

    def _is_unwanted(self) -> bool:
        life = self._owner.life
        return self._unwanted.is_set() or life.due or not life.wanted or self._context.stopping

    async def _show(self, found: Collection[int]) -> None:
        shown = {each.pid for each in self.daemons}
        self.daemons = await self._finder.describe(found, self._owner.name)
        for each in self.daemons:
            if each.pid not in shown:
                self._hub.system(f"{self._owner.name} has left a daemon running: {each.who}")
        self._owner.run_changed()

    async def _wait_unwanted(self, scope: trio.CancelScope) -> None:
        await self._unwanted.wait()
        scope.cancel()

    async def _kill(self, kind: Kind) -> None:
        await self._finder.end(
            self._owns, skip_grace=lambda: self._owner.grace_skipped, report=self._report_ending, kind=kind
        )

    def _owns(self, name: str | None) -> bool:
        return name == self._owner.name

    def _report_ending(self, what: str) -> None:
        self._hub.system(f"{self._owner.name} has left {what} behind; ending it")
