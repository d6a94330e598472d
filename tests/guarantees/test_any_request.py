"""Thousands of requests that nobody has thought of, to the real program: no 5xx, and no effect without the token.

schemathesis makes them up from the description, Hypothesis from the parts of HTTP. What is sent is the same in each
run.
"""

from __future__ import annotations

import os
import re
import signal
import socket
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from helpers.project import SECONDS, Answer
from helpers.scale import figure, times

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from helpers.project import Project

PROJECT = """
api: {port: 0, auth: true}
shutdown_timeout: 1h
processes:
  web: "trap 'echo signalled' USR1; echo begun; while :; do sleep 1000 & wait; done"
  idle: {cmd: exec sleep 1000, autostart: false}
  late: "trap '' TERM; echo deaf; while :; do sleep 1000; done"
"""
NAMES = (None, "web", "idle", "nobody")
"""What stands in a path for the name of a process; None: what was made up."""
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


class Running:
    """An instance with its token."""

    def __init__(self, project: Project) -> None:
        state = project.state()
        assert state
        self.address: tuple[str, int] = state["host"], state["port"]
        self.url = f"http://{state['host']}:{state['port']}"
        token = (project.folder.parent / "home" / ".prox" / "token").read_text().strip()
        self.authorization = {"Authorization": f"Bearer {token}"}
        self.statuses: Counter[int] = Counter()
        self._project = project

    def get(self, path: str) -> Answer:
        return self._project.get(path, **self.authorization)

    def effects(self) -> tuple[object, ...]:
        """Return all that a request could have changed."""
        processes = [
            [process[key] for key in ("name", "status", "pid", "restarts", "exit_code")]
            for process in self.get("/processes").json()["processes"]
        ]
        lines = [line["line"] for line in self.get("/logs?process=web").json()["logs"]]
        return self.get("/status").json()["status"], processes, lines


@pytest.fixture
def running(project: Project) -> Iterator[Running]:
    project.write(PROJECT)
    with project.up() as prox:
        for line in ("begun", "deaf"):
            prox.wait_line(line)
        found = Running(project)
        (late,) = (each["pid"] for each in found.get("/processes").json()["processes"] if each["name"] == "late")
        try:
            yield found
        finally:
            # It keeps prox from ending, so that what ends it can be asked for again.
            os.killpg(late, signal.SIGKILL)


def many(examples: int) -> settings:
    return settings(
        max_examples=examples, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
    )


def test_requests_from_the_description(running: Running) -> None:
    """Without the token, which one operation answers; then with it, where the last one ends everything."""
    operations = sorted(described(running), key=lambda operation: operation.path.endswith("shutdown"))
    assert len(operations) == 25
    before = running.effects()
    with requests.Session() as session:
        for operation in operations:
            ask(running, session, operation, {}, refused)
        assert running.effects() == before
        assert running.statuses.keys() <= {200, 400, 401, 403, 404, 405, 406, 413}
        for operation in operations:
            ask(running, session, operation, running.authorization, answered)
    assert min(running.statuses[status] for status in (200, 400, 401, 404, 503)) > 0
    figure("requests from the description, with the token and without", times=running.statuses.total())


def described(running: Running) -> list[Any]:
    # Not from its address: then that one's own route would be left out.
    description = schemathesis.openapi.from_dict(running.get("/openapi.json").json())
    return [found.ok() for found in description.get_all_operations()]


def refused(case: schemathesis.Case, response: requests.Response) -> None:
    assert response.status_code >= 400 or case.operation.path == "/health"


def answered(case: schemathesis.Case, response: requests.Response) -> None:
    """Show that an answer is one that the description has."""
    if response.headers["Content-Type"] == "text/event-stream":
        assert next(response.iter_content(4)) == b": pr"
    elif response.status_code == 503:
        assert response.json()["code"] == "SHUTDOWN_IN_PROGRESS"
    else:
        case.validate_response(response, checks=CHECKS)


def ask(
    running: Running,
    session: requests.Session,
    operation: Any,
    authorization: dict[str, str],
    check: Callable[[schemathesis.Case, requests.Response], None],
) -> None:
    # Nothing can be wrong where nothing is asked for.
    wrong = [GenerationMode.NEGATIVE] if list(operation.iter_parameters()) else []
    for mode in [GenerationMode.POSITIVE, *wrong]:

        @many(times(2, 250))
        @given(case=operation.as_strategy(generation_mode=mode), name=st.sampled_from(NAMES))
        def ask_once(case: schemathesis.Case, name: str | None) -> None:
            if name and "name" in case.path_parameters:
                case.path_parameters["name"] = name
            sent = case.as_transport_kwargs(base_url=running.url, headers=authorization)
            with session.request(**sent, stream=True, timeout=SECONDS) as response:
                running.statuses[response.status_code] += 1
                check(case, response)

        ask_once()


TOKENS = st.text("!#$%&'*+-.^_`|~abzABZ019", min_size=1, max_size=12).map(str.encode)
"""Tokens of HTTP (RFC 9110, 5.6.2)."""
ANYTHING = st.binary(max_size=64)
PATHS = [b"/", b"/health", b"/metrics", b"/api/v1", b"/proxy/requests", *(
    b"/api/v1/" + rest for rest in (
        b"status", b"processes", b"processes/web", b"processes/web/start", b"processes/web/stop",
        b"processes/idle/start", b"processes/web/restart", b"processes/web/signal", b"logs", b"logs/stream",
        b"events/stream", b"openapi.json", b"proxy/requests", b"proxy/requests/stream", b"nothing",
    )
)]  # fmt: skip
METHODS = [b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"TRACE", b"CONNECT", b"PRI", b"get"]
HEADERS = [
    b"Host: localhost", b"Host: evil.example", b"Host:", b"Host: a, b", b"Origin: null", b"Origin: http://localhost",
    b"Sec-Fetch-Site: cross-site", b"Content-Type: application/json", b"Content-Type: text/plain; charset=\xff",
    b"Content-Length: 22", b"Content-Length: 0", b"Content-Length: -1", b"Content-Length: 9" + b"9" * 30,
    b"Content-Length: 22, 22", b"Transfer-Encoding: chunked", b"Transfer-Encoding: gzip, chunked", b"Connection: close",
    b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: websocket", b"Upgrade: h2c", b"HTTP2-Settings: AAAA",
    b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", b"Expect: 100-continue",
    b"Expect: nothing", b"Accept: */*", b"Accept: text/html;q=x", b"Accept-Encoding: gzip", b"Last-Event-ID: 1",
    b"Last-Event-ID: \xc2\xb2", b"Range: bytes=0-", b"If-None-Match: *", b"Cookie: token=x", b"Authorization: Bearer x",
    b"Authorization: Basic Og==", b"Authorization: \xff", b" folded: line", b"no colon", b"X-Forwarded-For: 127.0.0.1",
    b"X-HTTP-Method-Override: POST", b"Trailer: Authorization",
]  # fmt: skip
PLAIN = [b"/api/v1/status", b"/api/v1/nothing"]
"""Requested once each as they are: 200 and 404 with the token, 401 without."""
QUERIES = [
    b"lines=1", b"lines=-1", b"lines=" + b"9" * 40, b"lines=\xd9\xa1", b"tail=1", b"process=web", b"process=,",
    b"regex=true", b"pattern=(", b"pattern=%ff", b"since=1h", b"since=now", b"since=9999-12-31T23:59:59Z", b"until=-1",
    b"stream=stderr", b"wait=true", b"%00", b"&&=", b"token=x",
]  # fmt: skip
STATUS = re.compile(rb"^HTTP/1\.[01] ([2-9]\d\d) ", re.MULTILINE)
"""That of an answer which is not provisional."""
BODIES = [
    b'{"signal": "SIGUSR1"}\n', b'{"signal": 1e999}     ', b"16\r\n" + b'{"signal": "SIGUSR1"}\n' + b"\r\n0\r\n\r\n",
    b"0\r\nAuthorization: x\r\n\r\n", b"zz\r\n", b"[" * 1000, b"\xff" * 22,
]  # fmt: skip


@st.composite
def raw_requests(draw: st.DrawFn, authorization: list[bytes], paths: list[bytes]) -> bytes:
    """What arrives at the socket: mostly HTTP, and often not quite; ``authorization``: a header that all of it has."""
    method = draw(st.sampled_from(METHODS) | TOKENS)
    path = draw(st.sampled_from(paths)) + draw(st.just(b"") | ANYTHING)
    query = b"&".join(draw(st.lists(st.sampled_from(QUERIES) | ANYTHING, max_size=3)))
    version = draw(st.sampled_from([b"HTTP/1.1"] * 6 + [b"HTTP/1.0", b"HTTP/2.0", b"HTTP/9", b""]))
    some = st.sampled_from(HEADERS) | st.tuples(TOKENS, ANYTHING).map(b": ".join)
    headers = draw(st.lists(st.just(b"Host: localhost"), max_size=1)) + draw(st.lists(some, max_size=5))
    body = draw(st.just(b"") | st.sampled_from(BODIES) | ANYTHING)
    end = draw(st.sampled_from([b"\r\n"] * 8 + [b"\n", b"\r", b""]))
    target = path + b"?" + query if query else path
    return end.join([b" ".join([method, target, version]), *authorization, *headers, b"", body])


def test_requests_of_the_parts_of_http(running: Running) -> None:
    """Without the token, over all paths; then with it, over those that do not end everything."""

    def ask_all(authorization: list[bytes], paths: list[bytes]) -> Counter[int | None]:
        statuses: Counter[int | None] = Counter()

        plain = [
            b"\r\n".join([b"GET %s HTTP/1.1" % path, b"Host: localhost", *authorization, b"", b""]) for path in PLAIN
        ]

        @many(times(100, 2500))
        @given(sent=raw_requests(authorization, paths))
        @example(sent=plain[0])
        @example(sent=plain[1])
        @example(sent=b"GET / HTTP/1.1\r\n\r\n")
        def ask_once(sent: bytes) -> None:
            status = status_of(running.address, sent)
            statuses[status] += 1
            # RFC 9112 §6.1: an unknown transfer coding is answered with 501. No proxy runs here (PROXY_NOT_ENABLED).
            assert (
                status is None
                or status < 500
                or (status == 501 and b"transfer-encoding" in sent.lower())
                or (status == 503 and b"/proxy" in sent)
            )

        ask_once()
        return statuses

    before = running.effects()
    without = ask_all([], [*PATHS, b"/api/v1/shutdown"])
    assert running.effects() == before
    assert min(without[400], without[401]) > 0
    (authorization,) = running.authorization.items()
    with_it = ask_all([": ".join(authorization).encode()], PATHS)
    assert min(with_it[status] for status in (200, 400, 404)) > 0, with_it
    assert running.get("/status").json()["status"] == "running"
    figure("requests of the parts of HTTP, with the token and without", times=without.total() + with_it.total())


def status_of(address: tuple[str, int], sent: bytes) -> int | None:
    """Send something over a connection of its own; return the status of the first answer, None where none comes."""
    with socket.create_connection(address, SECONDS) as connection, suppress(ConnectionError):
        connection.sendall(sent)
        answer = b""
        # What waits for the rest of a request is told that there is none.
        connection.settimeout(0.1)
        while not (found := STATUS.search(answer)):
            try:
                more = connection.recv(65536)
            except TimeoutError:
                connection.settimeout(SECONDS)
                connection.shutdown(socket.SHUT_WR)
                continue
            if not more:
                return None
            answer += more
        return int(found[1])
    return None
