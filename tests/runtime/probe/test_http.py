"""``http``: real servers, some of which answer as no server should."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import trio

from helpers.probes import first_report
from prox.core.config.model import HealthCheck
from prox.core.health import CheckResult
from prox.runtime.probe.http import HttpProbe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conftest import Started
    from prox.runtime.probe import Target

OK = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine"
KEY_PAIR = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgznXOH5L8BT27TyiC
vge0+AdrstYbR1at9s8apOyUX5ahRANCAASdhSQRbv9h0uaB0YH8uBVAFVfIFCX1
z5qP0ufrQ81VR55bNHhZIpx7mmEiSCqKH0EK4953F1dZ7zM1HIQhwyCC
-----END PRIVATE KEY-----
-----BEGIN CERTIFICATE-----
MIIBlTCCATugAwIBAgIUIHNYbAiVFD2Tyr4kt7zQJ/lONzowCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJcHJveC50ZXN0MCAXDTI2MTEyNDE2NDA0OFoYDzIxMjYxMDMx
MTY0MDQ4WjAUMRIwEAYDVQQDDAlwcm94LnRlc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAASdhSQRbv9h0uaB0YH8uBVAFVfIFCX1z5qP0ufrQ81VR55bNHhZIpx7
mmEiSCqKH0EK4953F1dZ7zM1HIQhwyCCo2kwZzAdBgNVHQ4EFgQUVM5w6ZnwQV3B
PWWMiTMNfUkqjUgwHwYDVR0jBBgwFoAUVM5w6ZnwQV3BPWWMiTMNfUkqjUgwDwYD
VR0TAQH/BAUwAwEB/zAUBgNVHREEDTALgglwcm94LnRlc3QwCgYIKoZIzj0EAwID
SAAwRQIhANoumXSCFe+Bc+at0ifD9qDnAZrCDgz0DVExw5cej8gmAiAwepFAM9/L
w8OMdlnci5K7VSc+0lazEBZ/K6GB3PQ6bQ==
-----END CERTIFICATE-----
"""
"""Of no use to anybody: signed by itself, for prox.test, a name that cannot exist (RFC 6761 §6.2)."""


@pytest.fixture
def certificate(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "pair.pem"
    path.write_text(KEY_PAIR)
    return path


async def check(url: str, target: Target, status: tuple[int, ...] = ()) -> CheckResult:
    with trio.fail_after(60):
        return await HttpProbe(url, status).check(target)


async def test_a_path_is_asked_for_on_the_processs_own_port(serve: Callable[..., Started]) -> None:
    server = serve("HTTP/1.1 200 OK\r\n\r\nREQUEST")
    result = await check("/health check?deep=1&é", server.target)
    assert result.ok
    first, *headers = result.output.removeprefix("status 200 OK: ").splitlines()
    assert first == "GET /health%20check?deep=1&%C3%A9 HTTP/1.1"
    assert sorted(header.lower() for header in headers) == [
        "accept: */*",
        "connection: close",
        f"host: localhost:{server.port}",
        "user-agent: prox-healthcheck",
    ]


@pytest.mark.parametrize(("host", "bound"), [("127.0.0.1", "127.0.0.1"), ("[::1]", "::1"), ("LOCALHOST", "::1")])
async def test_a_whole_url(serve: Callable[..., Started], host: str, bound: str) -> None:
    server = serve("HTTP/1.1 204 No Content\r\n\r\n", hosts=bound)
    result = await check(f"http://{host}:{server.port}", server.target)
    assert result == CheckResult(True, "status 204 No Content")


async def test_the_host_is_that_of_the_url(serve: Callable[..., Started]) -> None:
    server = serve("HTTP/1.1 200 OK\r\n\r\nREQUEST", hosts="::1")
    result = await check(f"http://[::1]:{server.port}", server.target)
    assert result.output.startswith("status 200 OK: GET / HTTP/1.1")
    assert f"host: [::1]:{server.port}" in result.output.lower()


@pytest.mark.parametrize(
    ("answer", "accepted", "ok"),
    [
        ("200 OK", (), True),
        ("302 Found\r\nLocation: http://127.0.0.1:1/", (), True),
        ("399 Odd", (), True),
        ("400 Bad Request", (), False),
        ("199 Odd\r\n\r\nHTTP/1.1 200 OK", (), True),
        ("401 Unauthorized", (200, 401), True),
        ("302 Found", (200, 401), False),
        ("500 Oops", (500,), True),
    ],
)
async def test_which_statuses_are_healthy(
    serve: Callable[..., Started], answer: str, accepted: tuple[int, ...], ok: bool
) -> None:
    server = serve(f"HTTP/1.1 {answer}\r\nContent-Length: 0\r\n\r\n")
    assert (await check("/", server.target, accepted)).ok is ok


async def test_a_failure_shows_status_and_beginning_of_the_body(serve: Callable[..., Started]) -> None:
    server = serve("HTTP/1.1 503 Service Unavailable\r\n\r\n" + "database is down\n" + "x" * 100_000)
    result = await check("/", server.target)
    assert not result.ok
    assert result.output.startswith("status 503 Service Unavailable: database is down\nxxx")
    assert len(result.output) < 600


async def test_a_body_without_end_does_not_delay_the_verdict(serve: Callable[..., Started]) -> None:
    server = serve("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: MORE")
    with trio.fail_after(60):
        assert await check("/", server.target) == CheckResult(True, "status 200 OK: data: MORE")


async def test_a_body_that_is_cut_off_changes_nothing(serve: Callable[..., Started]) -> None:
    server = serve("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")
    assert await check("/", server.target) == CheckResult(True, "status 200 OK: half")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("", "the connection was closed"),
        ("SSH-2.0-OpenSSH_9.2\r\n", "the connection was closed"),
        ("220 mail.example ESMTP\r\n\r\n", "illegal status line"),
        ("HTTP/1.1 200 OK\r\nX: " + "x" * 100_000, "too long"),
        ("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "Content-Length"),
    ],
)
async def test_invalid_responses(serve: Callable[..., Started], answer: str, words: str) -> None:
    server = serve(answer)
    result = await check("/", server.target)
    assert not result.ok
    assert re.match(rf"no response from 127\.0\.0\.1:{server.port}: .*({words})", result.output), result.output


async def test_nobody_listens(serve: Callable[..., Started], unused: int) -> None:
    server = serve(OK)
    result = await check(f"http://localhost:{unused}/", server.target)
    assert result == CheckResult(False, f"connection refused at 127.0.0.1:{unused} and [::1]:{unused}")


async def test_no_answer_in_time(serve: Callable[..., Started]) -> None:
    server = serve("HTTP/1.1 200 MORE")
    state = await first_report(HttpProbe("/", ()), HealthCheck(http="/", timeout=0.2), server.target)
    assert state.last_output == "timed out after 0.2s"


async def test_https_on_loopback_takes_any_certificate(serve: Callable[..., Started], certificate: Path) -> None:
    server = serve(OK, certificate=certificate)
    result = await check(f"https://localhost:{server.port}/", server.target)
    assert result == CheckResult(True, "status 200 OK: fine")


async def test_https_elsewhere_takes_none_that_nobody_knows(
    serve: Callable[..., Started], certificate: Path, own_address: str
) -> None:
    server = serve(OK, hosts=own_address, certificate=certificate)
    result = await check(f"https://{own_address}:{server.port}/", server.target)
    assert not result.ok
    assert "its certificate is not trusted: " in result.output


async def test_no_tls_where_https_was_asked_for(serve: Callable[..., Started]) -> None:
    server = serve("HTTP/1.1 400 Bad Request\r\n\r\n")
    with trio.fail_after(60):
        result = await HttpProbe(f"https://127.0.0.1:{server.port}/", ()).check(server.target)
    assert not result.ok
    assert "no response from" in result.output


async def test_a_process_without_a_port_is_told_so(start: Callable[..., Started], idle: str) -> None:
    result = await check("/", start(idle).target)
    assert result == CheckResult(False, "it has no port of its own; set processes.api.port")
