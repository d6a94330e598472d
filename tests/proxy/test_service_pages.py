"""The proxy's responses about services: the index, an unknown name, a crashed process, a failed upstream."""

from __future__ import annotations

import json

from prox.proxy import pages

SERVICES = "  api: {process: api}\n  gone: {port: 9}"
HTML = "Accept: text/html"


async def test_the_index_lists_every_service_with_its_url_and_state(proxied) -> None:
    async with proxied(
        services=SERVICES, processes="api: {cmd: exec sleep 1000, port: auto, autostart: false}"
    ) as proxy:
        _, _, body = await proxy.ask(host="localhost")
        found = {each["name"]: (each["url"], each["state"]) for each in json.loads(body)["services"]}
        assert set(found) == {"up", "api", "gone"}
        assert found["api"] == (proxy.supervisor.urls["api"], "stopped")
        assert found["gone"][1] == "localhost:9"


async def test_an_unknown_name_is_answered_with_the_known_ones(proxied) -> None:
    async with proxied(services="  api: {port: 9}") as proxy:
        status, _, body = await proxy.ask(host="nope.localhost")
        answer = json.loads(body)
        assert (status, answer["code"]) == (404, "SERVICE_NOT_FOUND")
        assert answer["error"] == "no service named nope.localhost; known services: up, api"


async def test_the_page_of_a_crashed_process_has_its_last_lines_and_the_command_that_starts_it(proxied) -> None:
    command = "api: {cmd: 'for i in $(seq 30); do echo line $i.; done; exit 3', port: auto}"
    async with proxied(services="  api: {process: api}", processes=command) as proxy:
        proxy.supervisor.begin()
        await proxy.supervisor.wait_status("api", "crashed")
        status, _, page = await proxy.ask("GET", "/", HTML, host="api.localhost")
        assert status == 502
        assert b"<pre>prox start api</pre>" in page
        assert page.count(b"line ") == pages.SHOWN_LINES
        assert b"line 30." in page


async def test_an_upstream_without_listener_is_named_with_the_reason(proxied) -> None:
    async with proxied(services="  gone: {host: 127.0.0.1, port: 9}") as proxy:
        status, _, body = await proxy.ask(host="gone.localhost")
        answer = json.loads(body)
        assert (status, answer["code"]) == (502, "BAD_GATEWAY")
        assert answer["error"].startswith("gone does not answer: ")
        assert "refused" in answer["error"]
