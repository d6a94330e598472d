"""The page of the dashboard and its files: access, policy, caching."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from prox.api.web import FOLDER, TYPES
from prox.instance.token import load_token

if TYPE_CHECKING:
    from conftest import Api, Serve

POLICY = {
    "content-security-policy": "default-src 'self'",
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}


def policy(headers: object) -> dict[str, str]:
    return {name.lower(): value for name, value in dict(headers).items() if name.lower() in POLICY}  # type: ignore[call-overload]


async def test_the_page(api: Api) -> None:
    answer = await api.ask_root("GET", "/")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert answer.body == (FOLDER / "index.html").read_bytes()
    assert policy(answer.headers) == POLICY


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/status", 200),
        ("GET", "/nothing", 404),
        ("DELETE", "/api/v1/status", 405),
        ("OPTIONS", "/api/v1/status", 204),
        ("GET", "/health", 200),
    ],
)
async def test_the_policy_is_on_every_response(api: Api, method: str, path: str, status: int) -> None:
    answer = await api.ask_root(method, path)
    assert (answer.status, policy(answer.headers)) == (status, POLICY)


async def test_the_policy_is_on_refusals_before_routing(api: Api) -> None:
    head = (await api.send(b"garbage\r\n\r\n")).decode().lower()
    assert head.startswith("http/1.1 400")
    assert all(f"{name}: {value}".lower() in head for name, value in POLICY.items())


async def test_files_have_types_and_are_not_sent_twice(api: Api) -> None:
    names = [path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*") if path.suffix in TYPES]
    for name in names:
        answer = await api.ask_root("GET", f"/web/{name}")
        assert (answer.status, answer.body) == (200, (FOLDER / name).read_bytes()), name
        again = await api.ask_root("GET", f"/web/{name}", {"If-None-Match": answer.headers["ETag"]})
        assert (again.status, again.body) == (304, b"")
    assert (await api.ask_root("GET", "/web/nothing.js")).status == 404


async def test_access_by_ticket(serve: Serve) -> None:
    """A ticket becomes a cookie, with which a page reads, and changes something if its script says so."""
    async with serve(settings="auth: true") as api:
        refused = await api.ask_root("GET", "/")
        assert (refused.status, refused.headers["Content-Type"]) == (401, "text/html; charset=utf-8")
        assert "prox open" in refused.body.decode()
        assert "api" not in refused.body.decode()
        assert policy(refused.headers) == POLICY
        assert (await api.ask_root("GET", "/web/index.html")).status == 401

        token = {"Authorization": f"Bearer {load_token()}"}
        ticket = (await api.ask("POST", "/tickets", token)).json()["ticket"]
        opened = await api.ask_root("GET", f"/?ticket={ticket}")
        assert (opened.status, opened.headers["Location"], opened.body) == (303, "/", b"")
        cookie = {"Cookie": opened.headers["Set-Cookie"].partition(";")[0]}
        assert re.match(rf"prox_{api.supervisor.instance}=", cookie["Cookie"])
        assert (await api.ask_root("GET", f"/?ticket={ticket}")).status == 401

        assert (await api.ask_root("GET", "/", cookie)).status == 200
        assert (await api.ask_root("GET", "/web/index.html", cookie)).status == 200
        assert (await api.get("/status", cookie))["status"] == "running"
        status, code, message = await api.error("POST", "/processes/worker/start", cookie)
        assert (status, code) == (403, "FORBIDDEN_ORIGIN")
        assert "X-Prox-Request: 1" in message
        change = cookie | {"X-Prox-Request": "1"}
        assert (await api.ask("POST", "/processes/worker/start", change)).status == 200
        # The same from a page of another site, and with a wrong token beside the cookie.
        other = change | {"Origin": "https://evil.example"}
        assert (await api.error("POST", "/processes/worker/stop", other))[:2] == (403, "FORBIDDEN_ORIGIN")
        assert (await api.error("GET", "/status", cookie | {"Authorization": "Bearer x"}))[0] == 401
        # The token alone needs no further header.
        assert (await api.ask("POST", "/processes/worker/stop", token)).status == 200


async def test_the_page_is_for_this_host_only(api: Api) -> None:
    answer = await api.ask_root("GET", "/", {"Host": "evil.example"})
    assert answer.status == 403
    assert (await api.ask_root("GET", "/", {"Sec-Fetch-Site": "cross-site"})).status == 403
