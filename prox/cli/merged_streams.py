"""Several streams of one instance, as one: each is read by a thread of its own."""

from __future__ import annotations

import time
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from prox.client.client import StreamEvent


class NothingCame(Exception):
    """The time is up."""


class MergedStreams:
    """``timeout`` in seconds, for all that is received together; None: no end."""

    def __init__(self, timeout: float | None) -> None:
        self._deadline = time.monotonic() + timeout if timeout is not None else None
        self._arrived: SimpleQueue[tuple[str, StreamEvent | Exception | None]] = SimpleQueue()

    def listen(self, kind: str, follow: Callable[[], AbstractContextManager[Iterator[StreamEvent]]]) -> None:
        """Receive what a stream tells, too, as of ``kind``."""

        def read() -> None:
            try:
                with follow() as events:
                    for event in events:
                        self._arrived.put((kind, event))
            except Exception as error:
                self._arrived.put((kind, error))
            else:
                self._arrived.put((kind, None))

        # A daemon, as nobody waits for the end of a stream that nobody needs any more.
        Thread(target=read, daemon=True).start()

    def receive(self, *, at_most: float | None = None) -> tuple[str, StreamEvent | None]:
        """Return the next event and its kind; None is the end of a stream.

        Raises NothingCame when the time is up, or ``at_most`` seconds are; and what went wrong with a stream.
        """
        left = None if self._deadline is None else max(0.0, self._deadline - time.monotonic())
        patience = min((limit for limit in (left, at_most) if limit is not None), default=None)
        try:
            kind, event = self._arrived.get(timeout=patience)
        except Empty:
            raise NothingCame from None
        if isinstance(event, Exception):
            raise event
        return kind, event
