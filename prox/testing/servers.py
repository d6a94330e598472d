"""The instances of one test session, one for each stack. Under xdist the controller owns them, and workers share them.

A worker connects to the controller's Unix socket, writes a request as a line of JSON, and reads the response.
"""

from __future__ import annotations

import json
import os
import socket
import tempfile
import threading
from contextlib import ExitStack, suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prox.core.errors import ProxError
from prox.testing.stack import Stack

if TYPE_CHECKING:
    from prox.testing.server import Facts
    from prox.testing.starting import Starter

__tracebackhide__ = True  # pytest shows the test's own frames only

_MAX_MESSAGE = 1024 * 1024
_MAX_PATH = 100
"""The most bytes of a socket's path (unix(7) allows 108, other systems fewer)."""


class Servers:
    """The instances of one session, in ``folder``; ``close`` stops them.

    ``reuse``: the option ``--prox-reuse`` (``testing.reuse``). ``keep``: ``close`` leaves them running.
    """

    def __init__(self, folder: Path, *, reuse: str = "never", keep: bool = False) -> None:
        self.folder = folder
        self.kept: list[Path] = []
        """The projects whose instances continue after the session."""
        self._reuse = reuse
        self._keep = keep
        self._stack = ExitStack()
        self._lock = threading.Lock()
        self._opened: dict[str, tuple[Path, Facts, bool]] = {}
        self._refused: dict[str, str] = {}
        self._starters: dict[str, Starter] = {}
        self._listener: socket.socket | None = None

    def open(self, key: str) -> tuple[Path, Facts, bool]:
        """Return the instance of a stack, started if needed: folder, facts, and whether it is reused.

        Raises ServerFailed.
        """
        with self._lock:
            # Imported late: a session without processes need not import the API client.
            from prox.testing.server import ServerFailed

            if key in self._refused:
                raise ServerFailed(self._refused[key])
            if key not in self._opened:
                try:
                    self._opened[key] = self._start(Stack.from_key(key))
                except ServerFailed as failure:
                    self._refused[key] = str(failure)
                    raise
            return self._opened[key]

    @property
    def folders(self) -> list[Path]:
        """The folders of the open instances."""
        return [folder for folder, _, _ in self._opened.values()]

    def _start(self, stack: Stack) -> tuple[Path, Facts, bool]:
        from prox.testing.server import Server

        if self._reuse != "never":
            from prox.testing.reuse import find_reusable

            found = find_reusable(stack, required=self._reuse == "require")
            if found:
                return *found, True
        folder = self.folder / str(len(self._opened))
        if self._keep:
            folder = stack.path.parent / ".prox"
        server = Server(stack, folder, outlives=self._keep)
        server.start()
        if self._keep:
            self.kept.append(stack.path.parent)
        self._stack.callback(server.close)
        return folder, server.facts, False

    def bring_up(self, key: str, name: str, timeout: float, test: str) -> None:
        """Start a process of a stack for a test, until it is ready. Raises StartFailure."""
        with self._lock:
            if key not in self._starters:
                from prox.testing.instance import Instance
                from prox.testing.server import client_of
                from prox.testing.starting import Starter

                folder, facts, _ = self._opened[key]
                stack = Stack.from_key(key)
                instance = Instance(client_of(folder), folder, stack, facts, bring_up=lambda name, timeout: None)
                self._stack.callback(instance.close)
                self._starters[key] = Starter(instance)
        self._starters[key].bring_up(name, timeout, test)

    def listen(self) -> str:
        """Start to serve workers; return the path of the socket."""
        path = self.folder / "socket"
        if len(os.fsencode(path)) > _MAX_PATH:
            path = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="prox-")), "socket")
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        path.chmod(0o600)
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()
        return str(path)

    def close(self) -> None:
        """Stop all instances, and wait until they have ended."""
        if self._listener is not None:
            # close() alone would not wake the accepting thread.
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
        self._stack.close()

    def _accept(self) -> None:
        assert self._listener is not None
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        # The worker may have exited before the response.
        with suppress(OSError), connection, connection.makefile("rwb") as stream:
            stream.write(json.dumps(self._respond(json.loads(stream.readline(_MAX_MESSAGE)))).encode() + b"\n")

    def _respond(self, request: dict[str, Any]) -> dict[str, Any]:
        key = request["stack"]
        try:
            if request["ask"] == "open":
                folder, facts, reused = self.open(key)
                return {"folder": str(folder), "facts": asdict(facts), "reused": reused}
            self.bring_up(key, request["name"], request["timeout"], request["test"])
        except ProxError as error:
            return {"error": str(error)}
        except AssertionError as failure:
            return {"failure": str(failure)}
        return {"ready": True}


class RemoteServers:
    """The instances of the session, used by a worker over the controller's socket."""

    def __init__(self, path: str) -> None:
        self._path = path

    def open(self, key: str) -> tuple[Path, Facts, bool]:
        """Open as ``Servers.open``. Raises ServerFailed."""
        from prox.testing.server import Facts, ServerFailed

        answer = self._ask(ask="open", stack=key)
        if "folder" not in answer:
            raise ServerFailed(answer.get("error", "the controller of pytest-xdist is gone"))
        return Path(answer["folder"]), Facts.of(answer["facts"]), answer["reused"]

    def bring_up(self, key: str, name: str, timeout: float, test: str) -> None:
        """Start as ``Servers.bring_up``. Raises StartFailure, ServerFailed."""
        from prox.testing.failures import StartFailure
        from prox.testing.server import ServerFailed

        answer = self._ask(ask="bring up", stack=key, name=name, timeout=timeout, test=test)
        if "failure" in answer:
            raise StartFailure(answer["failure"])
        if "ready" not in answer:
            raise ServerFailed(answer.get("error", "the controller of pytest-xdist is gone"))

    def _ask(self, **request: str | float) -> dict[str, Any]:
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(self._path)
                with connection.makefile("rwb") as stream:
                    stream.write(json.dumps(request).encode() + b"\n")
                    stream.flush()
                    answer: dict[str, Any] = json.loads(stream.readline(_MAX_MESSAGE) or b"{}")
                    return answer
        except OSError:
            return {}
