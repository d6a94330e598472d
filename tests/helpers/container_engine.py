"""A stand-in for a container engine, where none can run: it listens on published ports, and no process of prox does.

``DOCKER`` is the client, with the commands ``run``, ``stop`` and ``exec``. As with dockerd, the container is not a
descendant of `docker run`, goes on if that is killed, and is found by its name.
"""

from __future__ import annotations

import socket
import sys
import threading
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pathlib import Path

DOCKER = f"""\
#!{sys.executable}
import re, socket, sys

with socket.socket(socket.AF_UNIX) as engine:
    engine.connect("SOCKET")
    name = sys.argv[sys.argv.index("--name") + 1] if sys.argv[1] == "run" else sys.argv[2]
    port = re.search(r" 127.0.0.1:(\\d+):", " ".join(sys.argv))
    engine.sendall(f"{{sys.argv[1]}} {{name}} {{port[1] if port else 0}}\\n".encode())
    for line in engine.makefile():
        print(line, end="", flush=True)
"""


class ContainerEngine:
    """Serves clients on a Unix socket, until the end of its block. All containers must have ended by then."""

    def __init__(self, path: Path) -> None:
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(path))
        self._server.listen()
        self._containers: dict[str, tuple[socket.socket, socket.socket]] = {}
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._server.close()
        left = sorted(self._containers)
        for name in left:
            self._stop(name)
        assert left == []

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            with client.makefile() as asked:
                command, name, port = asked.readline().split()
            if command == "run":
                self._run(client, name, int(port))
                continue
            if command == "stop":
                self._stop(name)
            client.close()

    def _run(self, client: socket.socket, name: str, port: int) -> None:
        if name in self._containers:
            client.sendall(b"the container name is already in use\n")
            client.close()
            return
        self._containers[name] = client, socket.create_server(("127.0.0.1", port))
        client.sendall(b"database system is ready to accept connections\n")

    def _stop(self, name: str) -> None:
        for each in self._containers.pop(name):
            each.close()
