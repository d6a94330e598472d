"""Borrowed processes: a run uses the processes of another instance, waits for them, and never stops them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import trio

from prox.core.lifecycle import Exit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prox.core.config.model import Command, Stdin
    from prox.runtime.platform import Incarnation, Listener, Platform, StopPlan
    from prox.runtime.streams import OutputStream


class BorrowedChild:
    """A child that another instance runs. ``mark_ended`` records its exit."""

    streams: Sequence[OutputStream] = ()

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._exit: Exit | None = None
        self._ended = trio.Event()

    def mark_ended(self, exit: Exit) -> None:
        self._exit = self._exit or exit
        self._ended.set()

    async def wait(self) -> Exit:
        await self._ended.wait()
        assert self._exit is not None
        return self._exit

    async def end(self, plan: StopPlan) -> Exit:
        """Leave it running."""
        return self._exit or Exit(code=0)

    def skip_grace(self) -> None:
        """Do nothing."""

    def terminate(self, number: int, *, group: bool = True) -> None:
        """Do nothing."""

    def signal(self, number: int, *, group: bool = False) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class BorrowedProcesses:
    """The processes that a run borrows and their ports, by name, and the service URLs of their instance."""

    children: Mapping[str, BorrowedChild]
    ports: Mapping[str, int]
    urls: Mapping[str, str]

    def platform(self, real: Platform) -> Platform:
        """Return a platform that uses borrowed processes instead of starting them."""

        def spawn(
            command: Command,
            /,
            *,
            cwd: str,
            env: Mapping[str, str],
            listener: Listener | None = None,
            stdin: Stdin = "null",
        ) -> Incarnation:
            borrowed = self.children.get(env["PROX_PROCESS"])
            return borrowed or real.spawn(command, cwd=cwd, env=env, listener=listener, stdin=stdin)

        def is_port_taken(port: int) -> bool:
            return port not in self.ports.values() and real.is_port_taken(port)

        return replace(real, spawn=spawn, is_port_taken=is_port_taken)


NOTHING_BORROWED = BorrowedProcesses({}, {}, {})
