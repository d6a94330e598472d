"""The app as a whole: its routes, and what holds for each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prox.api.app import MAX_BODY

if TYPE_CHECKING:
    from conftest import Api


async def test_routes_are_below_the_prefix_except_two(api: Api) -> None:
    paths = set((await api.get("/openapi.json"))["paths"])
    assert {path for path in paths if not path.startswith("/api/v1/")} == {"/health", "/metrics"}
    assert (await api.ask_root("GET", "/status")).status == 404


async def test_slashes_are_not_merged_into_another_route(api: Api) -> None:
    assert (await api.ask_root("GET", "/api/v1//status")).status == 404


async def test_a_body_is_checked_on_routes_that_take_none(api: Api) -> None:
    pid = (await api.get("/processes/api"))["pid"]
    status, code, _ = await api.error("POST", "/processes/api/restart", {"Content-Length": str(MAX_BODY + 1)})
    assert (status, code) == (413, "PAYLOAD_TOO_LARGE")
    assert (await api.get("/processes/api"))["pid"] == pid
