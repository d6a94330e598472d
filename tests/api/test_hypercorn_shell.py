"""The parts of Hypercorn that are not documented and that prox.api.hypercorn_shell builds on, each by its name.

One that changes with a new release turns the test that names it red, before any client notices.
"""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import h11
import hypercorn.app_wrappers
import hypercorn.config
import hypercorn.events
import hypercorn.protocol.events
import hypercorn.protocol.h11
import hypercorn.protocol.http_stream
import hypercorn.trio.task_group
import hypercorn.trio.worker_context
import hypercorn.typing
import hypercorn.utils
import pytest
import trio

import prox
from prox.api.hypercorn_shell import Http1, SignedConfig, _Request

PROTOCOL = hypercorn.protocol.h11.H11Protocol
STREAM = hypercorn.protocol.http_stream.HTTPStream


def parameters(function: object) -> list[str]:
    return list(inspect.signature(function).parameters)  # type: ignore[arg-type]


def test_h11_protocol_takes_its_arguments_in_this_order() -> None:
    assert parameters(PROTOCOL) == [
        "app", "config", "context", "task_group", "connection_state", "ssl", "client", "server", "send",
    ]  # fmt: skip


def test_h11_protocol_has_the_attributes_that_are_read() -> None:
    source = inspect.getsource(PROTOCOL)
    for name in ("app", "config", "context", "task_group", "ssl", "client", "server", "connection_state", "stream"):
        assert f"self.{name}" in source, name
    assert "self.connection: h11.Connection" in source or "self.connection = " in source
    assert "self.send = send" in source


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("_check_protocol", ["self", "event"]),
        ("_create_stream", ["self", "request"]),
        ("_send_error_response", ["self", "status_code"]),
        ("_maybe_recycle", ["self"]),
        ("stream_send", ["self", "event"]),
        ("handle", ["self", "event"]),
    ],
)
def test_h11_protocol_calls_and_has_the_method(name: str, arguments: list[str]) -> None:
    method = getattr(PROTOCOL, name)
    assert inspect.iscoroutinefunction(method)
    assert parameters(method) == arguments
    if name in Http1.__dict__:
        assert f"self.{name}(" in inspect.getsource(PROTOCOL), f"H11Protocol no longer calls {name}"


def test_http_stream_takes_its_arguments_in_this_order() -> None:
    assert parameters(STREAM) == [
        "app", "config", "context", "task_group", "ssl", "client", "server", "send", "stream_id",
    ]  # fmt: skip


@pytest.mark.parametrize(("name", "arguments"), [("handle", ["self", "event"]), ("_send_closed", ["self"])])
def test_http_stream_has_the_method(name: str, arguments: list[str]) -> None:
    assert inspect.iscoroutinefunction(getattr(STREAM, name))
    assert parameters(getattr(STREAM, name)) == arguments
    assert name in _Request.__dict__


def test_http_stream_closed_says_whether_it_is_over() -> None:
    assert "self.closed = " in inspect.getsource(STREAM)
    assert "self._send_closed(" in inspect.getsource(STREAM)


def test_events_carry_what_is_read() -> None:
    events = hypercorn.events
    assert events.RawData(b"x").data == b"x"
    assert events.Updated(idle=True).idle
    events.Closed()
    protocol = hypercorn.protocol.events
    assert protocol.Body(stream_id=1, data=b"x").data == b"x"
    protocol.EndBody(stream_id=1)
    protocol.StreamClosed(stream_id=1)
    assert parameters(protocol.Request) == ["stream_id", "headers", "http_version", "method", "raw_path", "state"]
    assert hypercorn.protocol.h11.STREAM_ID == 1


def test_connection_state_is_a_dictionary() -> None:
    assert hypercorn.typing.ConnectionState({"a": 1}) == {"a": 1}


def test_config_response_headers_take_the_protocol(monkeypatch: pytest.MonkeyPatch) -> None:
    import logging

    config = SignedConfig("abc", logging.getLogger("prox.test"))
    headers = dict(config.response_headers("h11"))
    assert headers[b"server"] == b"prox"
    assert headers[b"x-prox-instance"] == b"abc"
    assert b"hypercorn-h11" not in headers.values()


async def test_worker_context_terminated_can_be_set() -> None:
    context = hypercorn.trio.worker_context.WorkerContext(None)
    assert not context.terminated.is_set()
    await context.terminated.set()
    assert context.terminated.is_set()


async def test_task_group_is_a_nursery_with_spawn() -> None:
    async with hypercorn.trio.task_group.TaskGroup() as tasks:
        done = trio.Event()

        async def work() -> None:
            done.set()

        tasks.spawn(work)
        await done.wait()


def test_asgi_wrapper_takes_an_app() -> None:
    assert parameters(hypercorn.app_wrappers.ASGIWrapper) == ["app"]


def test_parse_socket_addr_takes_family_and_address() -> None:
    import socket

    assert hypercorn.utils.parse_socket_addr(socket.AF_INET, ("127.0.0.1", 80)) == ("127.0.0.1", 80)
    assert hypercorn.utils.parse_socket_addr(socket.AF_INET6, ("::1", 80, 0, 0)) == ("::1", 80)


def test_h11_states_of_a_connection_that_was_read_to_the_end() -> None:
    connection = h11.Connection(h11.SERVER)
    assert connection.their_state is h11.IDLE
    connection.receive_data(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert isinstance(connection.next_event(), h11.Request)
    assert isinstance(connection.next_event(), h11.EndOfMessage)
    assert connection.their_state is h11.DONE


def test_no_other_module_imports_hypercorn() -> None:
    root = Path(prox.__file__).parent
    found = [
        str(path.relative_to(root))
        for path in root.rglob("*.py")
        if re.search(r"^\s*(from|import) hypercorn", path.read_text(), re.MULTILINE)
    ]
    assert found == ["api/hypercorn_shell.py"]
