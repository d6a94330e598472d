"""``GET /health``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Api, ErrorOf


async def test_it_answers(api: Api, error_of: ErrorOf) -> None:
    answer = await api.ask_root("GET", "/health")
    assert (answer.status, answer.body) == (200, b"ok")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    head = await api.ask_root("HEAD", "/health")
    assert (head.status, head.body, head.headers["Content-Length"]) == (200, b"", "2")
    posted = await api.ask_root("POST", "/health")
    assert error_of(posted)[:2] == (405, "METHOD_NOT_ALLOWED")
    assert posted.headers["Allow"] == "GET, HEAD, OPTIONS"


async def test_it_is_at_the_root_only(api: Api) -> None:
    assert (await api.error("GET", "/health"))[:2] == (404, "NOT_FOUND")
