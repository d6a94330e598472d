"""The operating system's operations that processes need: spawn a child, inspect a port, find leftovers.

``real_platform`` returns the real implementation. Tests run ``Process`` and ``Supervisor`` on a simulated one, in
simulated time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    import socket
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

    from prox.core.config.model import Command, Stdin
    from prox.core.lifecycle import Exit
    from prox.core.snapshots import Leftover
    from prox.runtime.streams import OutputStream


class Incarnation(Protocol):
    """One run of a process: ``runtime.child.Child``, or a simulated one."""

    @property
    def pid(self) -> int: ...

    @property
    def streams(self) -> Sequence[OutputStream]:
        """Its output streams."""

    async def wait(self) -> Exit:
        """Wait for the leader and return its exit status, without reaping it."""

    async def end(self, plan: StopPlan) -> Exit:
        """End the whole group and reap the leader. Not cancellable, and bounded."""

    def skip_grace(self) -> None:
        """End the grace period now; if ``end`` has not begun, give none."""

    def terminate(self, number: int, *, group: bool = True) -> None:
        """Send a stop signal to the whole group, or to the leader alone."""

    def signal(self, number: int, *, group: bool = False) -> bool:
        """Send a signal to the leader, or to the whole group; return whether the leader was alive.

        Raises PermissionError.
        """


@dataclass(frozen=True, slots=True)
class StopPlan:
    """How to stop a child: ``ask`` sends the signal or runs ``stop.cmd``; ``grace`` is in seconds."""

    ask: Callable[[Incarnation], Awaitable[None]]
    grace: float


class Spawn(Protocol):
    def __call__(
        self,
        command: Command,
        /,
        *,
        cwd: str,
        env: Mapping[str, str],
        listener: Listener | None = None,
        stdin: Stdin = "null",
    ) -> Incarnation:
        """Start a child, without a checkpoint. Raises SpawnFailed."""


Listener = tuple[int, "socket.socket"]
"""The descriptor number at which a child gets a listening socket, and the socket."""


Kind = Literal["all", "marked", "daemons"]
"""``marked``: leftovers with prox's variables in their environment; ``daemons``: with the tag only; ``all``: both."""


class LeftoverFinder(Protocol):
    """Finds, ends and describes processes that left the group of their process (``runtime.leftovers``)."""

    def add_process(self, name: str) -> None: ...

    async def wait_daemonized(self, name: str, leader: int) -> None: ...

    async def find(self, wanted: Callable[[str | None], bool], kind: Kind = "all") -> dict[int, int]: ...

    async def end(
        self,
        wanted: Callable[[str | None], bool],
        *,
        skip_grace: Callable[[], bool],
        report: Callable[[str], None],
        kind: Kind = "all",
    ) -> None: ...

    async def describe(self, pids: Iterable[int], process: str | None = None) -> tuple[Leftover, ...]: ...

    async def held_ports(self, ports: Mapping[str, int]) -> tuple[Leftover, ...]: ...


@dataclass(frozen=True, slots=True)
class Platform:
    """The operations of one operating system."""

    spawn: Spawn
    leftovers: Callable[[str], LeftoverFinder]
    """Return the finder for an instance id."""
    is_port_taken: Callable[[int], bool]
    port_holder: Callable[[int], Awaitable[str | None]]
    """Describe the process that listens on a port; None without one."""
