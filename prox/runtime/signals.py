"""Signals to prox itself: the first one stops everything in order, the next one at once."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import trio

from prox.core.lifecycle import signal_name

if TYPE_CHECKING:
    from prox.runtime.supervisor import Supervisor


class Interrupts:
    """The signals that prox was asked to end with. ``second`` is the number of the one that was impatient."""

    def __init__(self) -> None:
        self.second: int | None = None

    async def run(
        self, supervisor: Supervisor, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Receive signals until cancelled."""
        with trio.open_signal_receiver(*_stopping_signals()) as received:
            task_status.started()
            first = True
            async for number in received:
                if first:
                    first = False
                    supervisor.hub.system(f"{signal_name(number)}: stopping everything; once more to kill it at once")
                    supervisor.shutdown()
                else:
                    self.second = number
                    supervisor.hub.system(f"{signal_name(number)} again: killing what is left")
                    supervisor.kill()


def _stopping_signals() -> list[signal.Signals]:
    """Return the signals to end on. SIGHUP stays ignored where it was, as under nohup(1)."""
    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    return numbers
