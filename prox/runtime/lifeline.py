"""The lifeline (`--lifeline`): a pipe whose other end the owner of prox holds open. It closes when the owner
exits. An owner that goes, but lets the instance run, writes a byte before."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import trio

from prox.core.errors import ProxError

if TYPE_CHECKING:
    from prox.runtime.supervisor import Supervisor


class BadLifeline(ProxError):
    """A lifeline that is not an open pipe or socket."""

    code = "INVALID_PARAMETER"


def take_lifeline(descriptor: int) -> None:
    """Check that a descriptor is an open pipe or socket, and make it non-inheritable. Raises BadLifeline."""
    try:
        mode = os.fstat(descriptor).st_mode
    except OSError:
        raise BadLifeline(f"--lifeline {descriptor}: not an open file descriptor") from None
    if not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
        raise BadLifeline(f"--lifeline {descriptor}: must be a pipe whose other end is kept open")
    os.set_inheritable(descriptor, False)


async def watch_lifeline(descriptor: int, supervisor: Supervisor, *, grace: float | None = None) -> None:
    """Stop all processes in order when the other end closes. A byte received before releases the instance: it goes on.

    ``grace``: seconds until the remaining processes are killed; None: the grace period of each process.
    """
    while True:
        await trio.lowlevel.wait_readable(descriptor)
        try:
            if os.read(descriptor, 65536):
                supervisor.hub.system("released from the lifeline")
                return
        except BlockingIOError:
            continue
        except OSError:
            # For example ECONNRESET: closed.
            pass
        break
    supervisor.hub.system("lifeline closed, stopping")
    supervisor.shutdown()
    if grace is not None:
        await trio.sleep(grace)
        supervisor.kill()
