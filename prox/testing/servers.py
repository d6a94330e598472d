"""The instances of one test session, by configuration. Under xdist the controller has them, and workers ask it.

A worker connects to a Unix socket of the controller's, writes the path of a configuration, and reads the folder of the
instance. Each configuration has one instance, which all workers share.
"""

from __future__ import annotations

import json
import socket
import tempfile
import threading
from contextlib import ExitStack, suppress
from pathlib import Path

from prox.core.errors import ProxError

_MAX_MESSAGE = 64 * 1024


class Servers:
    """Starts instances, and ends them all at the end."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._lock = threading.Lock()
        self._folders: dict[Path, Path] = {}
        self._failures: dict[Path, str] = {}
        self._folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="prox-")))
        self._listener: socket.socket | None = None

    def folder_of(self, config: Path) -> Path:
        """Return the folder of the instance of a configuration, which is started now if it was not.

        Raises ServerFailed.
        """
        with self._lock:
            # It is imported when somebody needs a process: most of its time goes into the client of the API.
            from prox.testing.server import Server, ServerFailed

            if config in self._failures:
                raise ServerFailed(self._failures[config])
            if config not in self._folders:
                server = Server(config, self._folder / str(len(self._folders)))
                try:
                    self._folders[config] = self._stack.enter_context(server).folder
                except ServerFailed as failure:
                    self._failures[config] = str(failure)
                    raise
            return self._folders[config]

    def listen(self) -> str:
        """Answer workers from now on; return the path of the socket."""
        path = self._folder / "socket"
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()
        return str(path)

    def close(self) -> None:
        """End all instances, and wait until nothing of them is left."""
        if self._listener is not None:
            self._listener.close()
        self._stack.close()

    def _accept(self) -> None:
        assert self._listener is not None
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rwb") as stream, suppress(OSError):
            try:
                answer = {"folder": str(self.folder_of(Path(json.loads(stream.readline(_MAX_MESSAGE)))))}
            except ProxError as error:
                answer = {"error": str(error)}
            stream.write(json.dumps(answer).encode() + b"\n")


def ask_for_folder(path: str, config: Path) -> Path:
    """Return the folder of an instance, from a worker. Raises ServerFailed."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        with connection.makefile("rwb") as stream:
            stream.write(json.dumps(str(config)).encode() + b"\n")
            stream.flush()
            answer = json.loads(stream.readline(_MAX_MESSAGE) or b"{}")
    if "folder" not in answer:
        from prox.testing.server import ServerFailed

        raise ServerFailed(answer.get("error", "the controller of pytest-xdist is gone"))
    return Path(answer["folder"])
