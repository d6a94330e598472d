"""Host → service."""

from __future__ import annotations

import pytest

from prox.core.routing import Route, route

SERVICES = {"api": 1, "web": 2}


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        (b"api.local.dev", Route("service", "api", "api")),
        (b"API.Local.DEV", Route("service", "api", "api")),
        (b"api.local.dev.", Route("service", "api", "api")),
        (b"api.local.dev:8080", Route("service", "api", "api")),
        (b"x.api.local.dev", Route("service", "x.api", "api")),
        (b"web.api.local.dev", Route("service", "web.api", "api")),
        (b"local.dev", Route("index")),
        (b"local.dev:1", Route("index")),
        (b"nope.local.dev", Route("unknown", "nope")),
        (b"api.nope.local.dev", Route("unknown", "api.nope")),
        (b"apilocal.dev", Route("unknown", "apilocal.dev")),
        (b"other.example", Route("unknown", "other.example")),
        (b"127.0.0.1", Route("unknown", "127.0.0.1")),
        (b"[::1]:80", Route("unknown", "::1")),
        (b"..api.local.dev", Route("unknown", "..api")),
        (None, Route("unknown")),
        (b"a b", Route("unknown")),
    ],
)
def test_route(host: bytes | None, expected: Route) -> None:
    assert route(host, "local.dev", SERVICES) == expected
