"""A simulated operating system: children, ports and time without processes.

For tests of ``Process`` and ``Supervisor`` under ``autojump_clock``. ``FakeChild`` behaves as the real child does:
tests/runtime/test_child_contract.py runs the same tests against both.
"""

from __future__ import annotations

import math
import signal
from collections import defaultdict
from typing import TYPE_CHECKING

import trio

from prox.core.lifecycle import Exit
from prox.runtime.platform import Platform
from prox.system.spawning import SpawnFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from prox.core.config.model import Command, Stdin
    from prox.core.logs.batch import Stream
    from prox.core.snapshots import Leftover
    from prox.runtime.platform import Kind, Listener, StopPlan


class FakeStream:
    """An output stream fed by ``FakeChild.write``."""

    def __init__(self, name: Stream) -> None:
        self.name: Stream = name
        self._send, self._receive = trio.open_memory_channel[bytes](math.inf)

    def write(self, data: bytes) -> None:
        self._send.send_nowait(data)

    def end(self) -> None:
        self._send.close()

    async def receive(self) -> bytes:
        try:
            return await self._receive.receive()
        except trio.EndOfChannel:
            return b""

    def receive_available(self) -> list[bytes]:
        chunks: list[bytes] = []
        while True:
            try:
                chunks.append(self._receive.receive_nowait())
            except (trio.WouldBlock, trio.EndOfChannel):
                return chunks

    def close(self) -> None:
        self._receive.close()


class FakeChild:
    """A child whose life the test drives: it writes and exits when it is told to.

    ``obeys``: what it does when its group gets a signal that asks to end: exit in that way, or None: ignore it.
    """

    def __init__(self, pid: int = 4000) -> None:
        self.pid = pid
        self.streams = (FakeStream("stdout"), FakeStream("stderr"))
        self.signals: list[int] = []
        """The signals that it got, group and leader alike."""
        self.obeys: Callable[[int], Exit | None] = lambda number: Exit(signal=signal.Signals(number).name)
        self.reaped = False
        self._exit: Exit | None = None
        self._exited = trio.Event()
        self._grace = trio.CancelScope()
        self._grace_skipped = False

    # -- what the test makes it do

    def write(self, text: str, stream: Stream = "stdout") -> None:
        next(each for each in self.streams if each.name == stream).write(text.encode())

    def exit(self, exit: Exit) -> None:
        """End it; a process ends once."""
        assert self._exit is None, "it has exited already"
        self._exit = exit
        for stream in self.streams:
            stream.end()
        self._exited.set()

    @property
    def alive(self) -> bool:
        return self._exit is None

    # -- what prox does with it

    async def wait(self) -> Exit:
        await self._exited.wait()
        assert self._exit is not None
        return self._exit

    async def end(self, plan: StopPlan) -> Exit:
        with trio.CancelScope(shield=True):
            if not self._grace_skipped and self.alive:
                with self._grace:
                    self._grace.deadline = trio.current_time() + plan.grace
                    await plan.ask(self)
                    await self._exited.wait()
            if self.alive:
                self.signals.append(signal.SIGKILL)
                self.exit(Exit(signal="SIGKILL"))
            await trio.lowlevel.checkpoint()
        self.reaped = True
        assert self._exit is not None
        return self._exit

    def skip_grace(self) -> None:
        self._grace_skipped = True
        self._grace.cancel()

    def terminate(self, number: int, *, group: bool = True) -> None:
        self.signals.append(number)
        if self.alive and (exit := self.obeys(number)):
            self.exit(exit)

    def signal(self, number: int, *, group: bool = False) -> bool:
        if not self.alive:
            return False
        self.signals.append(number)
        if number == signal.SIGKILL:
            self.exit(Exit(signal="SIGKILL"))
        return True


class NoLeftovers:
    """A world in which nothing leaves its group."""

    def add_process(self, name: str) -> None: ...

    async def wait_daemonized(self, name: str, leader: int) -> None:
        await trio.lowlevel.checkpoint()

    async def find(self, wanted: Callable[[str | None], bool], kind: Kind = "all") -> dict[int, int]:
        await trio.lowlevel.checkpoint()
        return {}

    async def end(
        self,
        wanted: Callable[[str | None], bool],
        *,
        skip_grace: Callable[[], bool],
        report: Callable[[str], None],
        kind: Kind = "all",
    ) -> None:
        await trio.lowlevel.checkpoint()

    async def describe(self, pids: Iterable[int], process: str | None = None) -> tuple[Leftover, ...]:
        return ()

    async def held_ports(self, ports: Mapping[str, int]) -> tuple[Leftover, ...]:
        return ()


class FakePlatform:
    """Spawns FakeChildren. ``children``: by command, all that were ever spawned, the newest last."""

    def __init__(self) -> None:
        self.children: dict[str, list[FakeChild]] = defaultdict(list)
        self.refused: dict[str, Exit] = {}
        """Commands that cannot be run, and how a shell would have ended."""
        self.taken: dict[int, str | None] = {}
        """Ports that are taken, with their holders (None: nobody is seen)."""
        self.looking: dict[int, trio.Event] = {}
        """Ports whose holder is not known before the event."""
        self.prepare: Callable[[FakeChild], None] = lambda child: None
        """Called with each new child."""

    def platform(self) -> Platform:
        return Platform(
            spawn=self._spawn,
            leftovers=lambda instance: NoLeftovers(),
            is_port_taken=lambda port: port in self.taken,
            port_holder=self._port_holder,
        )

    def child(self, command: str) -> FakeChild:
        """Return the newest child of a command."""
        return self.children[command][-1]

    def alive(self, command: str) -> int:
        """Return how many children of a command are alive or not reaped."""
        return sum(not child.reaped for child in self.children[command])

    def _spawn(
        self,
        command: Command,
        /,
        *,
        cwd: str,
        env: Mapping[str, str],
        listener: Listener | None = None,
        stdin: Stdin = "null",
    ) -> FakeChild:
        assert isinstance(command, str)
        if command in self.refused:
            raise SpawnFailed(f"{command} cannot be run", self.refused[command])
        child = FakeChild(4000 + sum(map(len, self.children.values())))
        self.prepare(child)
        self.children[command].append(child)
        return child

    async def _port_holder(self, port: int) -> str | None:
        await trio.lowlevel.checkpoint()
        if port in self.looking:
            await self.looking[port].wait()
        return self.taken.get(port)
