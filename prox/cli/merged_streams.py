"""Merge several event streams of an instance; each is read in a thread."""

from __future__ import annotations

import time
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from prox.client.client import StreamEvent


class ReceiveTimeout(Exception):
    """No event arrived before the timeout."""


class MergedStreams:
    """Event streams merged into one queue.

    ``timeout``: seconds for all events together; None: unlimited.
    """

    def __init__(self, timeout: float | None) -> None:
        self._deadline = time.monotonic() + timeout if timeout is not None else None
        self._arrived: SimpleQueue[tuple[str, StreamEvent | Exception | None]] = SimpleQueue()

    def listen(self, kind: str, follow: Callable[[], AbstractContextManager[Iterator[StreamEvent]]]) -> None:
        """Add a stream; its events are received as ``kind``."""

        def read() -> None:
            try:
                with follow() as events:
                    for event in events:
                        self._arrived.put((kind, event))
            except Exception as error:
                self._arrived.put((kind, error))
            else:
                self._arrived.put((kind, None))

        # A daemon thread, so that exiting does not wait for the end of the stream.
        Thread(target=read, daemon=True).start()

    def receive(self, *, at_most: float | None = None) -> tuple[str, StreamEvent | None]:
        """Return the next event and its kind; the event None is the end of a stream.

        Raises ReceiveTimeout after the timeout or ``at_most`` seconds, and the error of a stream that failed.
        """
        left = None if self._deadline is None else max(0.0, self._deadline - time.monotonic())
        patience = min((limit for limit in (left, at_most) if limit is not None), default=None)
        try:
            kind, event = self._arrived.get(timeout=patience)
        except Empty:
            raise ReceiveTimeout from None
        if isinstance(event, Exception):
            raise event
        return kind, event
