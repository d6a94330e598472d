"""``/proxy``: no proxy runs in this version, and every route says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Api, ErrorOf


async def test_every_route_says_so(api: Api, error_of: ErrorOf) -> None:
    for method, path in (
        ("GET", "/proxy"),
        ("GET", "/proxy/requests"),
        ("GET", "/proxy/requests?limit=0&min_status=x"),
        ("GET", "/proxy/requests/stream"),
        ("GET", "/proxy/requests/0a1b2c3"),
        ("GET", "/proxy/requests/0a1b2c3?include=body"),
        ("POST", "/proxy/requests/0a1b2c3/replay"),
        ("GET", "/proxy/requests.har"),
        ("DELETE", "/proxy/requests"),
        ("PUT", "/proxy/anything"),
        ("PATCH", "/proxy/anything/at/all"),
    ):
        answer = await api.ask(method, path)
        assert error_of(answer)[:2] == (503, "PROXY_NOT_ENABLED"), (method, path)
    assert (await api.ask("HEAD", "/proxy/requests")).status == 503


async def test_what_only_looks_like_one(api: Api) -> None:
    assert (await api.error("GET", "/proxyx"))[:2] == (404, "NOT_FOUND")
    assert (await api.error("TRACE", "/proxy/requests"))[:2] == (405, "METHOD_NOT_ALLOWED")
