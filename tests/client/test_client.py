"""The routes as calls, against the real API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio

import prox
from prox.client.client import Client
from prox.client.errors import ApiError, ConnectionLost
from prox.client.sse import BadStream
from prox.client.target import Target, parse_address

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from conftest import Server
    from prox.runtime.supervisor import Supervisor

TEXT = """
api: {port: 0}
processes:
  api: "echo one; echo two >&2; exec sleep 1000"
  worker: "exec sleep 1000"
"""


@pytest.fixture
async def supervisor(tmp_path: Path) -> AsyncIterator[Supervisor]:
    config = prox.parse_config(TEXT, folder=tmp_path)
    with trio.fail_after(30):
        async with prox.open_supervisor(config, api=True) as supervisor:
            await supervisor.wait_ready()
            yield supervisor


@pytest.fixture
def client(supervisor: Supervisor) -> Client:
    assert supervisor.api_url
    host, port = parse_address(supervisor.api_url)
    return Client(Target(host=host, port=port, instance=supervisor.instance))


async def wait_lines(supervisor: Supervisor) -> None:
    lines = supervisor.follow_logs("api", tail=10)
    await anext(lines)
    await anext(lines)


async def test_what_is_known(supervisor: Supervisor, client: Client) -> None:
    run = trio.to_thread.run_sync
    assert (await run(client.status))["instance"] == supervisor.instance
    processes = await run(client.processes)
    assert [(process["name"], process["status"]) for process in processes] == [
        ("api", "running"),
        ("worker", "running"),
    ]
    assert (await run(client.process, "worker"))["cmd"] == "exec sleep 1000"
    with pytest.raises(ApiError) as caught:
        await run(client.process, "no such?one")
    assert (caught.value.code, caught.value.status) == ("PROCESS_NOT_FOUND", 404)


async def test_goals(supervisor: Supervisor, client: Client) -> None:
    run = trio.to_thread.run_sync
    await run(client.stop, "worker")
    assert supervisor.process("worker").status == "stopped"
    with pytest.raises(ApiError) as caught:
        await run(client.stop, "worker")
    assert caught.value.code == "PROCESS_NOT_RUNNING"
    await run(client.start, "worker")
    before = supervisor.process("worker").pid
    await run(client.restart, "worker")
    assert supervisor.process("worker").pid != before


async def test_logs(supervisor: Supervisor, client: Client) -> None:
    await wait_lines(supervisor)
    found = await trio.to_thread.run_sync(
        lambda: client.logs(process="api", lines=10, regex=True, pattern="^(one|two)$")
    )
    assert sorted(line["line"] for line in found["logs"]) == ["one", "two"]
    assert found["total_count"] == 2


async def test_streams_until_the_end(supervisor: Supervisor, client: Client) -> None:
    await wait_lines(supervisor)

    def follow() -> list[str]:
        with client.follow_logs(process="api", tail=1, stream="stdout") as lines:
            first = next(lines)
            with client.follow_events() as events:
                names = [next(events).name]
                client.shutdown()
                names += [event.name for event in events]
            assert list(lines) == []
        return [first.data["line"], names[0], *sorted(set(names[1:]))]

    assert await trio.to_thread.run_sync(follow) == ["one", "snapshot", "process", "shutdown"]


@pytest.mark.parametrize(
    ("end", "error"),
    [
        (b"", ConnectionLost),
        (b"5\r\ndata:", ConnectionLost),
        (b"7\r\ndata: {\r\n2\r\n\n\n\r\n", BadStream),
        (b"9\r\ndata: []\n\r\n1\r\n\n\r\n", BadStream),
    ],
)
def test_a_stream_that_is_cut_or_garbage(
    serve: Callable[[Callable[[str], bytes | None]], Server],
    answer: Callable[..., bytes],
    end: bytes,
    error: type[Exception],
) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Prox-Instance: ab12\r\n\r\n"
    first = b'10\r\ndata: {"a": 1}\n\n\r\n'

    def reply(request: str) -> bytes | None:
        return head + first + end if "stream" in request else answer()

    server = serve(reply)
    client = Client(Target(host="127.0.0.1", port=server.port))
    with client.follow_events() as events:
        assert next(events).data == {"a": 1}
        server.hang_up()
        with pytest.raises(error):
            next(events)
