"""The idle timeout of a connection: it runs while no request is in progress."""

from __future__ import annotations

import trio


class IdleClock:
    """The idle timeout of one connection, which includes the head of a request.

    The caller reads within ``scope``, which is cancelled ``seconds`` after ``start`` unless ``stop`` is called.
    """

    def __init__(self, seconds: float) -> None:
        self.scope = trio.CancelScope()
        self._seconds = seconds
        self._idle_since: float | None = None

    def start(self) -> None:
        """Start the timeout: no request is in progress."""
        self._idle_since = trio.current_time()
        self.scope.deadline = self._idle_since + self._seconds

    def stop(self) -> None:
        """Stop the timeout: a request is in progress."""
        self._idle_since = None
        self.scope.deadline = float("inf")

    def end(self) -> None:
        """Close the connection now."""
        self.scope.cancel()

    @property
    def idle_since(self) -> float | None:
        """The start of the idle time (Trio's time); None while a request is in progress."""
        return self._idle_since
