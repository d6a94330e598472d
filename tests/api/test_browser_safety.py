"""Browser safety: which names are answered to, and which pages."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from prox.api.browser_safety import check_host, check_origin
from prox.api.errors import ForbiddenHost, ForbiddenOrigin
from prox.instance.token import load_token

if TYPE_CHECKING:
    from conftest import Api, ErrorOf, Serve
    from helpers.project import Answer

ROUTES = [
    ("GET", "/status"),
    ("HEAD", "/status"),
    ("OPTIONS", "/status"),
    ("PUT", "/status"),
    ("GET", "/processes/api"),
    ("POST", "/processes/api/stop"),
    ("POST", "/processes/api/restart"),
    ("POST", "/processes/api/signal"),
    ("POST", "/processes/api/reset"),
    ("GET", "/logs"),
    ("GET", "/logs/stream"),
    ("GET", "/events/stream"),
    ("GET", "/proxy/requests"),
    ("POST", "/shutdown"),
    ("GET", "/nothing"),
]


async def refused(api: Api, error_of: ErrorOf, headers: dict[str, str], code: str) -> None:
    """Show that no route is answered with these headers, and that nothing happens."""
    before = api.supervisor.process("api").pid
    for method, path in ROUTES:
        answer = await api.ask(method, path, headers)
        assert answer.status == 403, (method, path)
        assert no_cors(answer)
        if method != "HEAD":
            assert error_of(answer)[1] == code
    answer = await api.ask_root("GET", "/health", headers)
    assert error_of(answer)[:2] == (403, code)
    assert (api.supervisor.status, api.supervisor.process("api").pid) == ("running", before)


def no_cors(answer: Answer) -> bool:
    return not [name for name in answer.headers if name.lower().startswith("access-control-")]


async def test_a_name_of_somebody_else(api: Api, error_of: ErrorOf) -> None:
    # DNS rebinding: the name of a page on the web that stands for 127.0.0.1 now.
    await refused(api, error_of, {"Host": f"evil.example:{api.port}"}, "FORBIDDEN_HOST")


async def test_requests_of_a_foreign_page_are_refused(api: Api, error_of: ErrorOf) -> None:
    await refused(api, error_of, {"Origin": "https://evil.example"}, "FORBIDDEN_ORIGIN")


async def test_a_page_that_does_not_say_whose_it_is(api: Api, error_of: ErrorOf) -> None:
    await refused(api, error_of, {"Origin": "null"}, "FORBIDDEN_ORIGIN")
    await refused(api, error_of, {"Sec-Fetch-Site": "cross-site"}, "FORBIDDEN_ORIGIN")


LOOKALIKES = [
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "evil-localhost",
    "localhost@evil.example",
    "evil.example#localhost",
    "0.0.0.0",
    "2130706433",
    "[::2]",
]


async def test_names_that_resemble_this_machine_are_refused(api: Api) -> None:
    for name in LOOKALIKES:
        for method, path, headers, code in (
            ("GET", "/status", {"Host": name}, "FORBIDDEN_HOST"),
            ("GET", "/status", {"Origin": f"http://{name}"}, "FORBIDDEN_ORIGIN"),
            ("POST", "/shutdown", {"Origin": f"http://{name}:80"}, "FORBIDDEN_ORIGIN"),
        ):
            assert (await api.error(method, path, headers))[:2] == (403, code), headers


async def test_this_machine_by_its_names(api: Api) -> None:
    for name in ("localhost", "LOCALHOST:1", "app.localhost", "127.0.0.1", "127.9.9.9:80", "[::1]:80"):
        answer = await api.ask("GET", "/status", {"Host": name, "Origin": f"http://{name}"})
        assert answer.status == 200, name
        # As it was sent, not as it was read.
        assert answer.headers["Access-Control-Allow-Origin"] == f"http://{name}"


async def test_a_host_that_is_no_name(api: Api) -> None:
    for name in ("", "a b", "\xe9", "a..b", "x" * 70, "." * 70 + "example", "localhost/..", "localhost, evil.example"):
        assert (await api.error("GET", "/status", {"Host": name}))[:2] == (403, "FORBIDDEN_HOST"), name
    # Nobody can resolve these to another machine.
    for name in ("a..localhost", "x" * 70 + ".localhost"):
        assert (await api.ask("GET", "/status", {"Host": name})).status == 200, name


async def test_a_request_without_a_host(api: Api) -> None:
    answer = await api.send(b"GET /api/v1/status HTTP/1.0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert b"FORBIDDEN_HOST" in answer


async def test_several_origins(api: Api) -> None:
    head = f"GET /api/v1/status HTTP/1.1\r\nHost: localhost:{api.port}\r\nConnection: close\r\n"
    both = head + "Origin: http://localhost\r\nOrigin: http://evil.example\r\n\r\n"
    assert b"FORBIDDEN_ORIGIN" in await api.send(both.encode())
    assert b"FORBIDDEN_ORIGIN" in await api.send((head + "Origin:\r\n\r\n").encode())


async def test_names_that_are_allowed(serve: Serve) -> None:
    async with serve(settings="allowed_hosts: [Prox.Test, 192.0.2.7]") as api:
        for name in ("prox.test", "PROX.TEST.:80", "192.0.2.7:5555", "localhost"):
            assert (await api.ask("GET", "/status", {"Host": name})).status == 200, name
        for name in ("www.prox.test", "prox.test.evil.example", "192.0.2.70"):
            assert (await api.error("GET", "/status", {"Host": name}))[1] == "FORBIDDEN_HOST", name
        # A page that such a name serves is one of somebody else's all the same.
        for name in ("prox.test", "192.0.2.7"):
            headers = {"Host": name, "Origin": f"http://{name}"}
            assert (await api.error("GET", "/status", headers))[1] == "FORBIDDEN_ORIGIN"


async def test_the_address_that_is_bound(serve: Serve) -> None:
    async with serve(settings="host: 127.0.0.2") as api:
        assert (await api.ask("GET", "/status", {"Host": "127.0.0.2"})).status == 200
    # Bound to all of them, the one at which the client came in.
    async with serve(settings="host: 0.0.0.0, auth: false") as api:
        assert (await api.ask("GET", "/status", {"Host": "0.0.0.0"})).status == 200
        assert (await api.error("GET", "/status", {"Host": "192.0.2.7"}))[1] == "FORBIDDEN_HOST"


async def test_an_address_of_version_6(serve: Serve) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    async with serve(settings="host: '::1'") as api:
        assert api.host == "::1"
        for name in ("[::1]", "[0:0:0:0:0:0:0:1]:80", "localhost"):
            assert (await api.ask("GET", "/status", {"Host": name})).status == 200
        for name in ("::1", "[::2]", "[fe80::1]"):
            assert (await api.error("GET", "/status", {"Host": name}))[1] == "FORBIDDEN_HOST"


async def test_with_a_token_any_name_will_do_and_no_page(serve: Serve) -> None:
    async with serve(settings="auth: true") as api:
        token = {"Authorization": f"Bearer {load_token()}"}
        for name in ("evil.example", "x" * 70, "a..b", "a b"):
            assert (await api.ask("GET", "/status", token | {"Host": name})).status == 200
        for page in ({"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
            assert (await api.error("GET", "/status", token | page))[1] == "FORBIDDEN_ORIGIN"


@pytest.mark.parametrize(
    ("origins", "site", "allowed"),
    [
        ([], "", True),
        ([], "same-origin", True),
        ([], "none", True),
        ([], "cross-site", False),
        ([], "Cross-Site", False),
        # From one port of this machine, or one of its names, to another.
        (["http://localhost:3000"], "same-site", True),
        (["http://localhost:3000"], "cross-site", True),
        (["http://localhost", "null"], "same-origin", False),
        (["file://"], "", False),
        ([""], "", False),
    ],
)
def test_which_pages(origins: list[str], site: str, allowed: bool) -> None:
    if allowed:
        check_origin(origins, site)
    else:
        with pytest.raises(ForbiddenOrigin):
            check_origin(origins, site)


def test_which_names() -> None:
    check_host("localhost", frozenset())
    check_host("dev.test:80", frozenset({"dev.test"}))
    with pytest.raises(ForbiddenHost, match=r"api\.allowed_hosts"):
        check_host("dev.test", frozenset())
