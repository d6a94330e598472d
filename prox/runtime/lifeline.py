"""A pipe whose other end the owner of prox keeps open: when it closes, the owner is gone, however it went."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import trio

from prox.core.errors import ProxError

if TYPE_CHECKING:
    from prox.runtime.supervisor import Supervisor


class BadLifeline(ProxError):
    """A descriptor that is no pipe, and so cannot tell that somebody is gone."""

    code = "INVALID_PARAMETER"


def take_lifeline(descriptor: int) -> None:
    """See that a descriptor is open and a pipe (or a socket), and keep it from our children. Raises BadLifeline."""
    try:
        mode = os.fstat(descriptor).st_mode
    except OSError:
        raise BadLifeline(f"--lifeline {descriptor}: there is no open descriptor of that number") from None
    if not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
        raise BadLifeline(f"--lifeline {descriptor}: must be a pipe whose other end is kept open")
    os.set_inheritable(descriptor, False)


async def watch_lifeline(descriptor: int, supervisor: Supervisor, *, grace: float | None = None) -> None:
    """Stop everything in order when the other end has closed; what comes on it until then is of no meaning.

    ``grace``: seconds after which what is left is killed; None: as each process has it configured.
    """
    while True:
        await trio.lowlevel.wait_readable(descriptor)
        try:
            if os.read(descriptor, 65536):
                continue
        except BlockingIOError:
            continue
        except OSError:
            # As good as closed.
            pass
        break
    supervisor.hub.system("whoever started prox is gone (its lifeline has closed): stopping everything")
    supervisor.shutdown()
    if grace is not None:
        await trio.sleep(grace)
        supervisor.kill()
