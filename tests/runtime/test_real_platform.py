"""The platform of processes."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

from prox.core.lifecycle import Exit
from prox.runtime.platform import StopPlan
from prox.runtime.real_platform import real_platform

if TYPE_CHECKING:
    from prox.runtime.platform import Incarnation


async def test_ports_are_those_of_this_machine_with_their_holders() -> None:
    platform = real_platform()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert platform.is_port_taken(port)
        holder = await platform.port_holder(port)
        assert holder
        assert f"pid {os.getpid()}" in holder
    assert not platform.is_port_taken(port)
    assert await platform.port_holder(port) is None


async def test_children_are_processes() -> None:
    async def ask(child: Incarnation) -> None:
        raise AssertionError("it has ended already")

    child = real_platform().spawn("exit 3", cwd="/", env={"PATH": os.environ["PATH"]})
    assert await child.wait() == Exit(code=3)
    assert await child.end(StopPlan(ask, grace=1)) == Exit(code=3)
    for stream in child.streams:
        stream.close()
