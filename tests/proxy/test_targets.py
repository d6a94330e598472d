"""Requests to the service of a process while it starts, runs, or is down."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import trio

from helpers.malformed import head

if TYPE_CHECKING:
    from pathlib import Path

HTML = "Accept: text/html,application/xhtml+xml"
SERVE = f"exec {sys.executable} -m http.server --bind 127.0.0.1 $PORT"


def process(cmd: str, rest: str = "") -> str:
    return f"api: {{cmd: '{cmd}', port: auto{rest}}}"


SERVICES = "  api: {process: api}\n"


async def test_a_request_waits_for_a_process_that_starts(proxied, tmp_path: Path) -> None:
    cmd = f"echo not yet; until test -e go; do sleep 0.01; done; {SERVE}"
    check = ", healthcheck: {http: /, interval: 50ms, start_interval: 20ms}"
    async with proxied(services=SERVICES, processes=process(cmd, check)) as proxy:
        proxy.supervisor.begin()
        # A browser is told at once, and loads the page again by itself.
        status, headers, body = await proxy.ask("GET", "/", HTML, host="api.localhost")
        assert (status, headers["retry-after"]) == (503, "1")
        assert b'http-equiv="refresh"' in body
        assert b"its health check" in body or b"api is starting" in body
        answers: list[int] = []

        async def ask() -> None:
            answers.append((await proxy.ask("GET", "/go", host="api.localhost"))[0])

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask)
            while not any(exchange.active for exchange in proxy.exchanges()):
                await trio.lowlevel.checkpoint()
            (tmp_path / "go").touch()
        assert answers == [200]


async def test_a_process_without_a_check_is_waited_for_until_it_listens(proxied, tmp_path: Path) -> None:
    cmd = f"until test -e go; do sleep 0.01; done; {SERVE}"
    async with proxied(services=SERVICES, processes=process(cmd)) as proxy:
        proxy.supervisor.begin()
        await proxy.supervisor.wait_ready("api")
        status, _, body = await proxy.ask("GET", "/", HTML, host="api.localhost")
        assert status == 503
        assert b"refresh" in body
        assert b"nothing listens on its port yet" in body
        (tmp_path / "go").touch()
        assert (await proxy.ask("GET", "/go", host="api.localhost"))[0] == 200


async def test_the_wait_has_an_end(proxied) -> None:
    for rest in ("", ", healthcheck: {http: /}"):
        async with proxied(
            services=SERVICES, processes=process("exec sleep 1000", rest), settings=", wait: 200ms"
        ) as proxy:
            proxy.supervisor.begin()
            status, headers, body = await proxy.ask("GET", "/", host="api.localhost")
            assert (status, headers["retry-after"]) == (503, "1")
            assert json.loads(body)["code"] == "SERVICE_STARTING"


async def test_a_client_that_leaves_ends_its_wait(proxied) -> None:
    async with proxied(services=SERVICES, processes=process("exec sleep 1000", ", healthcheck: {http: /}")) as proxy:
        proxy.supervisor.begin()
        async with proxy.connect() as stream:
            await stream.send_all(head(b"GET / HTTP/1.1", host=b"Host: api.localhost"))
            while not proxy.exchanges():
                await trio.lowlevel.checkpoint()
        assert (await proxy.wait_done()).error == "the client closed the connection"


async def test_a_process_that_crashed(proxied) -> None:
    cmd = 'echo "<b>last words</b>"; exit 3'
    async with proxied(services=SERVICES, processes=process(cmd)) as proxy:
        proxy.supervisor.begin()
        await proxy.supervisor.wait_status("api", "crashed")
        status, _, body = await proxy.ask("GET", "/", host="api.localhost")
        assert status == 502
        assert json.loads(body) == {"error": "api is crashed: exited with code 3", "code": "SERVICE_DOWN"}
        _, _, page = await proxy.ask("GET", "/", HTML, host="api.localhost")
        assert b"prox start api" in page
        assert b"&lt;b&gt;last words&lt;/b&gt;" in page
        assert b"refresh" not in page
        exchange = await proxy.wait_done()
        assert (exchange.status, exchange.error) == (502, "api is crashed: exited with code 3")


async def test_a_process_that_was_never_started(proxied) -> None:
    async with proxied(services=SERVICES, processes=process(SERVE, ", autostart: false")) as proxy:
        status, _, body = await proxy.ask("POST", "/", body=b"x", host="api.localhost")
        assert status == 502
        assert json.loads(body)["error"] == "api is not running"


async def test_requests_during_a_restart_wait(proxied) -> None:
    check = ", healthcheck: {http: /, interval: 50ms, start_interval: 20ms}"
    async with proxied(services=SERVICES, processes=process(SERVE, check)) as proxy:
        proxy.supervisor.begin()
        await proxy.supervisor.wait_ready("api")
        proxy.supervisor.restart("api")
        assert (await proxy.ask("GET", "/", host="api.localhost"))[0] == 200
        assert proxy.supervisor.process("api").restarts == 1


async def test_the_index_shows_states(proxied) -> None:
    async with proxied(services=SERVICES, processes=process("exit 1")) as proxy:
        proxy.supervisor.begin()
        await proxy.supervisor.wait_status("api", "crashed")
        _, _, body = await proxy.ask(host="localhost")
        states = {each["name"]: each["state"] for each in json.loads(body)["services"]}
        assert states["api"] == "crashed"
