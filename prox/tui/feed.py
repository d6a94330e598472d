"""The event stream of an instance, read in a thread, and reconnected when it is lost or the instance is restarted.

The thread decodes events; the UI takes them from a bounded queue. A UI that is behind makes the thread wait, and the
server drops lines, which the stream then tells.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from prox.core.errors import ProxError
from prox.tui.records import Record
from prox.tui.state import Decoders

if TYPE_CHECKING:
    from collections.abc import Callable

    from prox.client.client import Client

TAIL = 10_000
"""Lines of the past that a new UI begins with: as many as the API gives."""
MAX_WAITING = 100_000
"""Lines that the UI has not taken yet, above which the thread waits."""
RETRY_SECONDS = (0.2, 0.5, 1.0)


class Connected(NamedTuple):
    """The stream begins: the id of the instance, and whether it is another one than before."""

    instance: str
    is_new: bool


class Lost(NamedTuple):
    """The stream has ended, and is being opened again. ``reason``: why, for a person."""

    reason: str


class Failed(NamedTuple):
    """The thread has ended by an error of our own, which the UI raises."""

    error: Exception


class Feed:
    """The events of an instance. ``find`` returns a client of it, and is called for each connection.

    ``wake`` is called from the thread when there is something to take.
    """

    def __init__(self, find: Callable[[], Client], wake: Callable[[], None]) -> None:
        self._find = find
        self._wake = wake
        self._decoders = Decoders()
        self._waiting: deque[object] = deque()
        self._lines = 0
        self._changed = threading.Condition()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="prox feed", daemon=True)
        self._last_id: str | None = None
        self._instance: str | None = None

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """End the thread soon, without waiting for it."""
        self._closed.set()
        with self._changed:
            self._changed.notify_all()

    def take(self) -> list[object]:
        """Return what has come: Connected, Lost, Failed, and what ``Decoders.decode`` returns."""
        with self._changed:
            taken, self._waiting, self._lines = self._waiting, deque(), 0
            self._changed.notify_all()
        return list(taken)

    def _run(self) -> None:
        try:
            self._follow()
        except Exception as error:
            self._put(Failed(error))

    def _follow(self) -> None:
        attempt = 0
        while not self._closed.is_set():
            reason = "the instance ended the stream"
            try:
                client = self._find()
                query = {"last_event_id": self._last_id} if self._last_id else {"tail": TAIL}
                with client.follow_everything(logs="*", requests=True, **query) as events:
                    instance = str(client.status()["instance"])
                    self._put(Connected(instance, self._instance not in (None, instance)))
                    self._instance, attempt = instance, 0
                    for event in events:
                        if self._closed.is_set():
                            return
                        self._receive(event.name, event.data)
            except (ProxError, msgspec.DecodeError) as error:
                reason = str(error)
            if self._closed.is_set():
                return
            self._put(Lost(reason))
            self._closed.wait(RETRY_SECONDS[min(attempt, len(RETRY_SECONDS) - 1)])
            attempt += 1

    def _receive(self, name: str, data: str) -> None:
        decoded = self._decoders.decode(name, data)
        if decoded is None:
            return
        count = 0
        if isinstance(decoded, list) and decoded and isinstance(decoded[-1], Record):
            self._last_id, count = decoded[-1].id, len(decoded)
        self._put(decoded, count)

    def _put(self, item: object, lines: int = 0) -> None:
        with self._changed:
            while self._lines > MAX_WAITING and not self._closed.is_set():
                self._changed.wait()
            self._waiting.append(item)
            self._lines += lines
        self._wake()
