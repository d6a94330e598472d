"""Signals to prox itself: the first one stops everything in order, the next one at once."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

import trio

from prox.core.lifecycle import signal_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prox.runtime.supervisor import Supervisor


class Interrupts:
    """The signals that prox was asked to end with. ``second`` is the number of the one that was impatient.

    From ``catch`` to the end of the program none of them ends it by itself, which would leave files behind: those that
    come before ``run`` are kept for it, those that come after it find nothing left to stop.
    """

    def __init__(self) -> None:
        self.second: int | None = None
        self._waiting = trio.CancelScope()
        self._early: list[int] = []
        self._numbers = _stopping_signals()

    def catch(self) -> None:
        """Keep those that come from now on."""
        for number in self._numbers:
            signal.signal(number, lambda number, frame: self._early.append(number))

    async def run(
        self, supervisor: Supervisor, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Receive signals until cancelled; then ignore them."""
        try:
            with trio.open_signal_receiver(*self._numbers) as received:
                for place, number in enumerate(self._early):
                    self._obey(supervisor, number, first=place == 0)
                first = not self._early
                task_status.started()
                async for number in received:
                    self._obey(supervisor, number, first=first)
                    first = False
        finally:
            # No handler of ours: the ends of Trio's loop and of the interpreter are no time for one.
            for number in self._numbers:
                signal.signal(number, signal.SIG_IGN)

    def _obey(self, supervisor: Supervisor, number: int, *, first: bool) -> None:
        if first:
            supervisor.hub.system(f"{signal_name(number)}: stopping everything; once more to kill it at once")
            supervisor.shutdown()
        else:
            self.second = number
            supervisor.hub.system(f"{signal_name(number)} again: killing what is left")
            supervisor.kill()
            self._waiting.cancel()

    @contextmanager
    def cut_short(self) -> Iterator[None]:
        """End what waits in this block when the next signal comes, where that is not the first."""
        with trio.CancelScope() as self._waiting:
            yield


def _stopping_signals() -> list[signal.Signals]:
    """Return the signals to end on. SIGHUP stays ignored where it was, as under nohup(1)."""
    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    return numbers
