"""The leftovers of one run, where the tree that waits for its daemons is cancelled."""

from __future__ import annotations

import subprocess
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import trio

from helpers.fake_child import NoLeftovers
from prox.core.config.model import Stop
from prox.core.lifecycle import Life, Phase
from prox.core.snapshots import Leftover
from prox.runtime.run_leftovers import RunLeftovers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from prox.runtime.platform import Kind


class OneDaemon(NoLeftovers):
    """A world in which a process has left one daemon."""

    def __init__(self, daemon: subprocess.Popen[bytes]) -> None:
        self.daemon = daemon

    async def find(self, wanted: Callable[[str | None], bool], kind: Kind = "all") -> dict[int, int]:
        await trio.lowlevel.checkpoint()
        lives = self.daemon.poll() is None and kind != "marked"
        return {self.daemon.pid: 0} if lives else {}

    async def end(self, wanted: Callable[[str | None], bool], *, kind: Kind = "all", **how: Any) -> None:
        if kind != "marked":
            self.daemon.kill()
            self.daemon.wait()
        await trio.lowlevel.checkpoint()

    async def describe(self, pids: Iterable[int], process: str | None = None) -> tuple[Leftover, ...]:
        return tuple(Leftover(process, pid, "sleep") for pid in pids)


@pytest.fixture
def daemon() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "1000"]) as daemon:
        yield daemon
        daemon.kill()


async def test_a_cancelled_tree_does_not_wait_for_daemons(daemon: subprocess.Popen[bytes]) -> None:
    owner: Any = SimpleNamespace(
        name="a",
        spec=SimpleNamespace(stop=Stop()),
        job=None,
        life=Life(phase=Phase.SWEEPING, wanted=True),
        leftovers=(),
        grace_skipped=False,
    )
    hub = SimpleNamespace(system=lambda text: None)
    context: Any = SimpleNamespace(hub=hub, leftovers=OneDaemon(daemon), stopping=False)
    leftovers = RunLeftovers(owner, context, leader=1)
    with trio.fail_after(60):
        async with trio.open_nursery() as nursery:
            # It is shown, and waited for, before the tree is cancelled.
            owner.run_changed = nursery.cancel_scope.cancel
            nursery.start_soon(leftovers.wait_for_daemons)
    assert leftovers.daemons == ()
    assert daemon.returncode is not None
