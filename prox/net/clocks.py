"""The idle clock of a connection: it runs while no request is under way, and closes the connection at its end."""

from __future__ import annotations

import trio


class IdleClock:
    """Ends a connection that is idle, or slow to send the head of a request, for ``seconds``.

    ``scope`` is entered around the reading loop. The clock runs from ``start`` to ``stop``.
    """

    def __init__(self, seconds: float) -> None:
        self.scope = trio.CancelScope()
        self._seconds = seconds
        self._idle_since: float | None = None

    def start(self) -> None:
        """No request is under way from now on."""
        self._idle_since = trio.current_time()
        self.scope.deadline = self._idle_since + self._seconds

    def stop(self) -> None:
        """A request is under way."""
        self._idle_since = None
        self.scope.deadline = float("inf")

    def end(self) -> None:
        """Close the connection: it has failed, or a response said so."""
        self.scope.cancel()

    @property
    def idle_since(self) -> float | None:
        """Since when, in Trio's time, no request is under way; None while one is."""
        return self._idle_since
