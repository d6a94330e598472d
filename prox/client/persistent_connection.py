"""A persistent connection for many short requests, reopened if the instance has closed it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from prox.client.connection import ClientConnection
from prox.client.errors import ConnectionLost

if TYPE_CHECKING:
    from prox.client.target import Target


class PersistentConnection:
    """A thread-safe connection for GET requests. Raises the errors of ``Client``."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._lock = threading.Lock()
        self._connection: ClientConnection | None = None

    def get(self, path: str) -> dict[str, Any]:
        with self._lock:
            if self._connection is not None:
                try:
                    return self._connection.request("GET", path)
                except ConnectionLost:
                    # The server closes a connection that was idle for some seconds.
                    self._connection = None
            self._connection = ClientConnection(self._target)
            return self._connection.request("GET", path)

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None
