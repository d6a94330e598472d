"""Signals to prox itself: the first one stops all processes in order, the second one kills them."""

from __future__ import annotations

import signal
import time
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING

from prox.core.lifecycle import signal_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    import trio

    from prox.runtime.supervisor import Supervisor


SAME_REQUEST_SECONDS = 0.3
"""Signals within this time after the first are the same request: with npm or concurrently one Ctrl-C arrives twice."""


class StopSignals:
    """The stop signals received: ``first`` stops all processes, ``second`` kills them; None: not received.

    From ``catch`` to the end of the program no signal terminates prox, which would leave files behind. Signals before
    ``run`` are queued for it; signals after it are ignored, as nothing is left to stop.
    """

    def __init__(self) -> None:
        self.first: int | None = None
        self.second: int | None = None
        self._numbers = _stopping_signals()
        self._received: deque[tuple[int, float]] = deque()
        self._first_at = 0.0
        self._token: trio.lowlevel.TrioToken | None = None
        self._wake_scheduled = False
        self._news: trio.Event | None = None
        self._waiting: trio.CancelScope | None = None

    def catch(self) -> None:
        """Queue signals from now on."""
        for number in self._numbers:
            signal.signal(number, self._note)

    def _note(self, number: int, frame: object) -> None:
        """Queue a signal. Kept short, as further signals may interrupt it."""
        self._received.append((number, time.monotonic()))
        if self._token and not self._wake_scheduled:
            self._wake_scheduled = True
            self._token.run_sync_soon(self._wake)

    def _wake(self) -> None:
        self._wake_scheduled = False
        if self._news is not None:
            self._news.set()

    async def run(self, supervisor: Supervisor, *, task_status: trio.TaskStatus[None]) -> None:
        """Handle signals until cancelled; then ignore them."""
        # Signals are caught before Trio is imported.
        import trio

        self._token = trio.lowlevel.current_trio_token()
        task_status.started()
        try:
            while True:
                while self._received:
                    self._handle(supervisor, *self._received.popleft())
                self._news = trio.Event()
                await self._news.wait()
        finally:
            # No Python handler may run while Trio's loop and the interpreter end. Block first: Python warns about a
            # signal that is pending when its handler is removed.
            signal.pthread_sigmask(signal.SIG_BLOCK, self._numbers)
            for number in self._numbers:
                signal.signal(number, signal.SIG_IGN)

    def _handle(self, supervisor: Supervisor, number: int, at: float) -> None:
        if self.first is None:
            self.first, self._first_at = number, at
            again = "press Ctrl-C again to kill" if number == signal.SIGINT else "a second signal kills everything"
            supervisor.hub.system(f"received {signal_name(number)}, stopping; {again}")
            supervisor.shutdown()
            return
        if at - self._first_at < SAME_REQUEST_SECONDS:
            return
        if self.second is None:
            supervisor.hub.system(f"{signal_name(number)} again: killing the remaining processes")
        self.second = number
        supervisor.kill()
        if self._waiting is not None:
            self._waiting.cancel()

    @contextmanager
    def limit_after_second(self, seconds: float) -> Iterator[None]:
        """Cancel the block at the second signal; if that was received already, after ``seconds``."""
        import trio

        with trio.CancelScope() as self._waiting:
            if self.second is not None:
                self._waiting.deadline = trio.current_time() + seconds
            yield


def _stopping_signals() -> list[signal.Signals]:
    """Return the signals that stop prox: not SIGHUP if it is ignored, as under nohup(1)."""
    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        numbers.append(signal.SIGHUP)
    return numbers
