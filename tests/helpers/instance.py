"""An instance as clients see it: it answers over HTTP what a test says, and keeps what it was asked."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Iterable

CUT = ("", None)
"""As the last event of a stream: the connection is lost before its end."""


class FakeInstance:
    """``answers`` has, by method and path below /api/v1, the JSON of an answer; what is not there is an empty object.

    A tuple is a status and the JSON; a callable is given the request's body, and returns an answer. ``streams`` has the
    events of a stream by its path: pairs of a name and the JSON. ``requests`` has all but those for the status.
    """

    def __init__(self, instance: str = "ab12") -> None:
        self.instance = instance
        self.answers: dict[str, Any] = {"GET /status": {"status": "running", "pid": 7, "config_file": None}}
        self.streams: dict[str, Iterable[tuple[str, Any]]] = {}
        self.requests: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        # Joined at the end.
        self._server.daemon_threads = False
        self.port: int = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def processes(self, *processes: dict[str, Any]) -> None:
        """Let these be the processes."""
        self.answers["GET /processes"] = {"processes": list(processes)}


def process(name: str, status: str = "running", **rest: Any) -> dict[str, Any]:
    """Return a process as the API shows it."""
    usual = {
        "name": name,
        "kind": "process",
        "status": status,
        "health": "unknown",
        "ready": status == "running",
        "pid": 7,
        "port": None,
        "exit_code": None,
        "signal": None,
        "reason": None,
    }
    return usual | rest


def _handler(instance: FakeInstance) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            path = self.path.removeprefix("/api/v1")
            asked = f"{self.command} {path}"
            if asked != "GET /status":
                instance.requests.append(asked)
            plain = path.partition("?")[0]
            if plain in instance.streams:
                self._stream(instance.streams[plain])
                return
            found = instance.answers.get(asked, instance.answers.get(f"{self.command} {plain}", {}))
            if callable(found):
                found = found(body)
            status, value = found if isinstance(found, tuple) else (200, found)
            self._answer(status, json.dumps(value).encode())

        do_POST = do_GET

        def _answer(self, status: int, content: bytes) -> None:
            self.send_response(status)
            self.send_header("X-Prox-Instance", instance.instance)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def _stream(self, events: Iterable[tuple[str, Any]]) -> None:
            self.close_connection = True
            self.send_response(200)
            self.send_header("X-Prox-Instance", instance.instance)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for name, data in events:
                if not name:
                    return
                content = f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()
                self.wfile.write(b"%x\r\n%b\r\n" % (len(content), content))
            self.wfile.write(b"0\r\n\r\n")

        def log_message(self, *_: object) -> None: ...

    return Handler
