"""`prox up --wait`: wait until all processes are ready, one can no longer become ready, or the time limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from prox.core.errors import NotReady, TimedOut
from prox.core.text import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prox.runtime.supervisor import Supervisor

SETTLE_SECONDS = 0.3
"""How long a process without a health check must run to count as ready: most failures happen at once."""


async def wait_all_ready(supervisor: Supervisor, names: Sequence[str], seconds: float) -> bool:
    """Wait until the named processes are ready; return False if prox is being stopped instead.

    Raises NotReady as soon as one of them cannot become ready, TimedOut after ``seconds``.
    """
    with trio.move_on_after(seconds) as patience:
        try:
            if names:
                await _wait_settled(supervisor, names)
        except NotReady:
            if supervisor.status != "stopping":
                raise
            return False
    late = [name for name in names if not supervisor.process(name).ready]
    if patience.cancelled_caught and late:
        which = ", ".join(_with_check_output(supervisor, name) for name in late)
        raise TimedOut(f"not ready after {seconds:g} s: {which}; see `prox logs`, or raise --wait-timeout")
    return True


async def _wait_settled(supervisor: Supervisor, names: Sequence[str]) -> None:
    """Wait until all are ready, and those without a health check have run for SETTLE_SECONDS. Raises NotReady."""
    begun = None
    while True:
        await supervisor.wait_ready(*names)
        starts = {
            process.name: process.started_at
            for process in map(supervisor.process, names)
            if process.kind == "process"
            and process.uptime_seconds < 1
            and not supervisor.details(process.name).healthcheck
        }
        if not starts or starts == begun:
            return
        begun = starts
        await trio.sleep(SETTLE_SECONDS)


def _with_check_output(supervisor: Supervisor, name: str) -> str:
    check = supervisor.details(name).healthcheck
    output = one_line(check.last_output) if check else ""
    return f"{name} (health check: {output})" if output else name
