"""Every error of every route and method: its status, its code, its form."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NoReturn

import trio

import prox
from prox.api.errors import STATUS
from prox.core.errors import ProxError

if TYPE_CHECKING:
    import pytest

    from conftest import Api, ErrorOf, Serve

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "FOO"]
ROUTES = {
    "/status": "GET, HEAD, OPTIONS",
    "/processes": "GET, HEAD, OPTIONS",
    "/processes/api": "GET, HEAD, OPTIONS",
    "/processes/api/start": "OPTIONS, POST",
    "/processes/api/stop": "OPTIONS, POST",
    "/processes/api/restart": "OPTIONS, POST",
    "/processes/api/signal": "OPTIONS, POST",
    "/processes/api/reset": "OPTIONS, POST",
    "/logs": "GET, HEAD, OPTIONS",
    "/logs/stream": "GET, HEAD, OPTIONS",
    "/events/stream": "GET, HEAD, OPTIONS",
    "/openapi.json": "GET, HEAD, OPTIONS",
    "/shutdown": "OPTIONS, POST",
}


async def test_a_method_that_a_route_does_not_take(api: Api, error_of: ErrorOf) -> None:
    for path, allowed in ROUTES.items():
        for method in METHODS:
            if method in allowed:
                continue
            answer = await api.ask(method, path)
            assert error_of(answer)[:2] == (405, "METHOD_NOT_ALLOWED"), (method, path)
            assert answer.headers["Allow"] == allowed
    head = await api.ask("HEAD", "/shutdown")
    assert (head.status, head.body, head.headers["Allow"]) == (405, b"", "OPTIONS, POST")
    assert api.supervisor.status == "running"


async def test_a_route_that_is_not_there(api: Api, error_of: ErrorOf) -> None:
    for method in (*METHODS, "OPTIONS", "HEAD"):
        for path in ("/nothing", "/", "/status/", "/processes/", "/processes/api/kill", "//status"):
            answer = await api.ask(method, path)
            assert answer.status == 404, (method, path)
            if method != "HEAD":
                assert error_of(answer)[1] == "NOT_FOUND"
    for path in (
        "/web/",
        "/web/../api/logs.py",
        "/favicon.ico",
        "/api",
        "/api/v2/status",
        "/metrics/",
        "/static/x",
        "/%00",
        "/api/v1/../v1/status",
    ):
        assert (await api.ask_root("GET", path)).status == 404, path


async def test_a_process_that_is_not_there(api: Api) -> None:
    for method, path in (("GET", ""), ("POST", "/start"), ("POST", "/stop"), ("POST", "/restart")):
        for name in ("nobody", "system", "API", "%00", "%FF", "a%0Ab", "x" * 5000):
            error = await api.error(method, f"/processes/{name}{path}")
            assert error[:2] == (404, "PROCESS_NOT_FOUND")
    assert (await api.error("GET", "/processes/nobody"))[2] == "no process named 'nobody'"


async def test_an_internal_error_shows_no_details(
    api: Api, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken() -> NoReturn:
        raise ZeroDivisionError("a secret of ours")

    monkeypatch.setattr(api.supervisor, "usage", broken)
    for path in ("/processes", "/processes/api"):
        status, code, message = await api.error("GET", path)
        assert (status, code) == (500, "INTERNAL_ERROR")
        assert "secret" not in message
        assert "ZeroDivisionError" not in message
    assert (await api.ask("HEAD", "/processes")).status == 500
    # The logs say it: those of the program, and prox's own lines.
    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 3
    lines = [line["line"] for line in (await api.get("/logs?process=system"))["logs"]]
    assert "Traceback (most recent call last):" in lines
    assert "ZeroDivisionError: a secret of ours" in lines
    await api.get("/status")


async def test_an_error_without_a_status_is_a_mistake_too(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken() -> NoReturn:
        raise ProxError("a secret of ours")

    monkeypatch.setattr(api.supervisor, "usage", broken)
    assert (await api.error("GET", "/processes"))[1:] == (
        "INTERNAL_ERROR",
        "internal error; see .prox/prox.log",
    )


async def test_several_mistakes_at_once(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail() -> NoReturn:
        raise ZeroDivisionError

    async def broken() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(fail)
            nursery.start_soon(fail)

    monkeypatch.setattr(api.supervisor, "usage", broken)
    assert (await api.error("GET", "/processes"))[:2] == (500, "INTERNAL_ERROR")


async def test_the_environment_does_not_turn_errors_into_tracebacks(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ("QUART_DEBUG", "FLASK_DEBUG", "QUART_TESTING", "QUART_PROPAGATE_EXCEPTIONS"):
        monkeypatch.setenv(name, "1")

    async def broken() -> NoReturn:
        raise ZeroDivisionError

    async with serve() as api:
        monkeypatch.setattr(api.supervisor, "usage", broken)
        assert (await api.error("GET", "/processes"))[:2] == (500, "INTERNAL_ERROR")
    # Nothing is printed in a program that embeds prox.
    assert capfd.readouterr() == ("", "")


def test_every_expected_error_of_a_request_has_a_status() -> None:
    named = [prox.UnknownProcess, prox.AlreadyRunning, prox.NotRunning, prox.StartFailed, prox.ShuttingDown]
    assert {error.code: STATUS[error.code] for error in [*named, prox.InvalidPattern]} == {
        "PROCESS_NOT_FOUND": 404,
        "PROCESS_ALREADY_RUNNING": 409,
        "PROCESS_NOT_RUNNING": 409,
        "START_FAILED": 500,
        "SHUTDOWN_IN_PROGRESS": 503,
        "INVALID_PATTERN": 400,
    }
