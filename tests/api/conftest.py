"""A supervisor with its API, and clients of it: whole answers by http.client, event streams and raw bytes by Trio."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import h11
import pytest
import trio

import prox
from helpers.project import Answer, request
from prox.api.listening import listen
from prox.api.server import serve_api
from prox.api.settings import ApiSettings
from prox.client.target import parse_address
from prox.proxy.recorder import Recorder
from prox.runtime.supervisor import Supervisor

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    Serve = Callable[..., AbstractAsyncContextManager["Api"]]
    ErrorOf = Callable[[Answer], tuple[int, str, str]]

SECONDS = 30
"""How long anything may take before a test has failed."""

TEXT = """
processes:
  api: {cmd: "echo one; echo two >&2; exec sleep 1000", env: {COLOR: blue, DB_PASSWORD: hunter2}, groups: [all]}
  worker: {cmd: "exec sleep 1000", autostart: false, description: does nothing}
"""


@dataclass(frozen=True)
class Event:
    """One event of a stream, its data as it is in JSON."""

    id: int
    name: str
    data: Any


class EventReader:
    """What comes on an event stream. ``status`` and ``headers`` are the answer's."""

    def __init__(self, stream: trio.SocketStream) -> None:
        self._stream = stream
        self._http = h11.Connection(h11.CLIENT)
        self._text = b""
        self.status = 0
        self.headers: dict[str, str] = {}

    async def open(self, host: str, path: str, headers: Mapping[str, str]) -> None:
        asked = h11.Request(method="GET", target=path, headers=[("Host", host), *headers.items()])
        await self._stream.send_all(self._http.send(asked) + self._http.send(h11.EndOfMessage()))
        head = await self._next()
        assert isinstance(head, h11.Response)
        self.status = head.status_code
        self.headers = {name.decode(): value.decode() for name, value in head.headers}

    async def block(self) -> str | None:
        """Return what stands up to the next blank line; None at the end of the stream."""
        while b"\n\n" not in self._text:
            part = await self._next()
            if isinstance(part, h11.EndOfMessage):
                assert not self._text, "cut in the middle of an event"
                return None
            self._text += part.data
        found, _, self._text = self._text.partition(b"\n\n")
        return found.decode()

    async def event(self) -> Event | None:
        """Return the next event, past any comments; None at the end of the stream."""
        while (block := await self.block()) is not None:
            if not block.startswith(":"):
                fields = dict(line.split(": ", 1) for line in block.split("\n"))
                assert fields.keys() <= {"id", "event", "data"}
                return Event(int(fields["id"]), fields.get("event", "message"), json.loads(fields["data"]))
        return None

    async def lines(self, count: int) -> list[str]:
        """Return the text of the next ``count`` log lines."""
        found = []
        for _ in range(count):
            event = await self.event()
            assert event, f"the stream ended after {found}"
            assert event.name == "message"
            found.append(event.data["line"])
        return found

    async def rest(self) -> list[Event]:
        """Return all events up to the end of the stream."""
        found = []
        while (event := await self.event()) is not None:
            found.append(event)
        return found

    async def _next(self) -> Any:
        while (part := self._http.next_event()) is h11.NEED_DATA:
            self._http.receive_data(await self._stream.receive_some())
        return part


class Api:
    """The API of a running supervisor. Paths are those below /api/v1."""

    def __init__(self, supervisor: Supervisor) -> None:
        assert supervisor.api_url
        self.supervisor = supervisor
        self.host, self.port = parse_address(supervisor.api_url)

    async def ask(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        return await self.ask_root(method, "/api/v1" + path, headers, body)

    async def ask_root(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        """The same for a path below the root."""
        return await trio.to_thread.run_sync(request, self.host, self.port, method, path, body, headers)

    async def get(self, path: str, headers: Mapping[str, str] | None = None) -> Any:
        """Return the JSON of an answer that is 200."""
        answer = await self.ask("GET", path, headers)
        assert answer.status == 200, answer
        assert answer.headers["Content-Type"] == "application/json"
        return answer.json()

    async def error(self, method: str, path: str, headers: Mapping[str, str] | None = None) -> tuple[int, str, str]:
        """Return status, code and message of an answer that is an error, whose form is checked."""
        return error_of(await self.ask(method, path, headers))

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[trio.SocketStream]:
        stream = await trio.open_tcp_stream(self.host, self.port)
        async with stream:
            yield stream

    async def send(self, *parts: bytes) -> bytes:
        """Send bytes on a connection of their own, and return what comes until it is closed."""
        async with self.connect() as stream:
            for part in parts:
                await stream.send_all(part)
            return b"".join([part async for part in stream])

    @asynccontextmanager
    async def stream(self, path: str, headers: Mapping[str, str] | None = None) -> AsyncIterator[EventReader]:
        """Open an event stream; the client leaves with the block."""
        async with self.connect() as connection:
            reader = EventReader(connection)
            await reader.open(f"localhost:{self.port}", "/api/v1" + path, headers or {})
            yield reader

    async def line(self, name: str, text: str) -> None:
        """Wait until a process has written a line."""
        async for line in self.supervisor.follow_logs(name, tail=1000):
            if line.text == text:
                return


def error_of(answer: Answer) -> tuple[int, str, str]:
    assert answer.status >= 400, answer
    assert answer.headers["Content-Type"] == "application/json"
    body = answer.json()
    assert body.keys() == {"error", "code"}
    assert body["error"]
    assert "\n" not in body["error"]
    return answer.status, body["code"], body["error"]


@pytest.fixture(name="error_of")
def _error_of() -> ErrorOf:
    """A function: status, code and message of an answer that is an error."""
    return error_of


@pytest.fixture
def serve(tmp_path: Path) -> Serve:
    """A function that runs a supervisor: the configuration without ``api``, and what ``api`` has besides a port."""

    @asynccontextmanager
    async def run(
        text: str = TEXT,
        settings: str = "",
        folder: Path = tmp_path,
        seconds: float = SECONDS,
        instance_dir: Path | None = None,
    ) -> AsyncIterator[Api]:
        config = prox.parse_config(f"api: {{port: 0, {settings}}}\n{text}", folder=folder)
        with trio.fail_after(seconds):
            async with prox.open_supervisor(config, api=True, instance_dir=instance_dir) as supervisor:
                yield Api(supervisor)

    return run


@pytest.fixture
async def api(serve: Serve) -> AsyncIterator[Api]:
    """The API of a supervisor whose process ``api`` has written ``one`` and, to stderr, ``two``."""
    async with serve() as api:
        await api.line("api", "one")
        await api.line("api", "two")
        yield api


WITH_PROXY = """
processes:
  api: {cmd: "echo before; exec sleep 1000"}
services: {api: {port: 1}}
"""


@pytest.fixture
def shown(tmp_path: Path) -> object:
    """An API with a recorder that a test fills."""

    @asynccontextmanager
    async def start(text: str = WITH_PROXY) -> AsyncIterator[tuple[Api, Recorder]]:
        recorder = Recorder(max_body=1000, folder=None)
        config = prox.parse_config(text, folder=tmp_path)
        supervisor = Supervisor(config, folder=tmp_path)
        with listen("127.0.0.1", 0) as sock, trio.fail_after(30):
            settings = ApiSettings.of(config.api, sock)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(supervisor.run)
                supervisor.begin()
                await nursery.start(partial(serve_api, supervisor, sock, recorder, settings=settings))
                supervisor.api_url = settings.url
                yield Api(supervisor), recorder
                supervisor.shutdown()
                await supervisor.wait_stopped()
                nursery.cancel_scope.cancel()

    return start
