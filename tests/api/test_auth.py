"""The token: where it is needed, where it is not, and that it stands nowhere."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

import pytest

from prox.api.auth import require_token
from prox.api.errors import Unauthorized
from prox.instance.token import TokenError, load_token

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Api, ErrorOf, Serve
    from helpers.project import Project

ROUTES = [
    ("GET", "/status"),
    ("HEAD", "/status"),
    ("OPTIONS", "/status"),
    ("DELETE", "/status"),
    ("GET", "/processes"),
    ("GET", "/processes/api"),
    ("GET", "/processes/nobody"),
    ("POST", "/processes/api/start"),
    ("POST", "/processes/api/stop"),
    ("POST", "/processes/api/restart"),
    ("POST", "/processes/api/signal"),
    ("POST", "/processes/api/reset"),
    ("GET", "/logs"),
    ("GET", "/logs?lines=0"),
    ("GET", "/logs/stream"),
    ("HEAD", "/logs/stream"),
    ("GET", "/events/stream"),
    ("GET", "/proxy/requests"),
    ("GET", "/proxy/requests/stream"),
    ("GET", "/openapi.json"),
    ("POST", "/shutdown"),
    ("GET", "/nothing"),
    ("POST", ""),
]


@pytest.fixture
def token() -> str:
    return load_token()


async def test_every_route_and_method_needs_it(serve: Serve, error_of: ErrorOf, token: str) -> None:
    async with serve(settings="auth: true") as api:
        await api.line("api", "one")
        pid = api.supervisor.process("api").pid
        for method, path in ROUTES:
            for headers in ({}, {"Authorization": f"Bearer {token}x"}):
                answer = await api.ask(method, path, headers)
                assert answer.status == 401, (method, path)
                assert answer.headers["WWW-Authenticate"] == "Bearer"
                if method != "HEAD":
                    assert error_of(answer)[1] == "UNAUTHORIZED"
                    assert token not in answer.body.decode()
        assert (api.supervisor.status, api.supervisor.process("api").pid) == ("running", pid)


async def test_with_it_everything_works(serve: Serve, token: str) -> None:
    async with serve(settings="auth: true") as api:
        headers = {"Authorization": f"Bearer {token}"}
        for path in ("/status", "/processes", "/processes/api", "/logs", "/openapi.json"):
            assert token not in str(await api.get(path, headers))
        async with api.stream("/events/stream", headers) as reader:
            assert (reader.status, reader.headers["content-type"]) == (200, "text/event-stream")
        assert (await api.error("GET", "/nothing", headers))[:2] == (404, "NOT_FOUND")
        assert (await api.error("DELETE", "/status", headers))[:2] == (405, "METHOD_NOT_ALLOWED")
        assert (await api.ask("POST", "/processes/worker/start", headers)).status == 200
        lines = await api.get("/logs", headers)
        assert token not in str(lines)


async def test_health_needs_none(serve: Serve) -> None:
    async with serve(settings="auth: true") as api:
        for method in ("GET", "HEAD"):
            assert (await api.ask_root(method, "/health")).status == 200
        # What only looks like it.
        for path in ("/health/", "/Health", "/healthz", "/health/../api/v1/status", "/api/v1/health", "/"):
            assert (await api.ask_root("GET", path)).status == 401, path


async def test_a_loopback_address_needs_none(api: Api) -> None:
    await api.get("/status")
    # One that is sent all the same does no harm.
    await api.get("/status", {"Authorization": "Bearer whatever"})


async def test_any_other_address_needs_it(serve: Serve, token: str) -> None:
    async with serve(settings="host: 0.0.0.0") as api:
        assert (await api.error("GET", "/status"))[:2] == (401, "UNAUTHORIZED")
        await api.get("/status", {"Authorization": f"Bearer {token}"})
        assert (await api.get("/logs", {"Authorization": f"Bearer {token}"}))["logs"] is not None


async def test_none_on_another_address_is_warned_of(serve: Serve) -> None:
    async with serve(settings="host: 0.0.0.0, auth: false") as api:
        await api.get("/status")
        (warning,) = (await api.get("/logs?process=system"))["logs"]
        assert "warning: api.auth is false" in warning["line"]
        assert f"0.0.0.0, port {api.port}" in warning["line"]


async def test_no_warning_without_reason(api: Api) -> None:
    assert (await api.get("/logs?process=system"))["logs"] == []


async def test_a_token_that_others_can_read(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    load_token()
    (tmp_path / ".prox" / "token").chmod(0o644)
    with pytest.raises(TokenError, match="other users can read"):
        async with serve(settings="auth: true"):
            raise AssertionError("never entered")


def test_it_stands_in_one_file_only(project: Project) -> None:
    project.write("api: {port: 0, auth: true}\nprocesses: {api: 'env; exec sleep 1000'}")
    with project.up() as prox:
        token = (project.folder.parent / "home" / ".prox" / "token").read_text().strip()
        assert project.get("/status").status == 401
        assert project.get("/status", Authorization=f"Bearer {token}").status == 200
        assert project.get("/status", Authorization=f"Bearer {token[:-1]}").status == 401
        assert project.post("/shutdown", Authorization=f"Bearer {token}").status == 200
        assert prox.wait() == 0
        assert token not in prox.output
    files = [path for path in project.folder.rglob("*") if path.is_file()]
    assert [path.name for path in files if path.name.endswith(".log")]
    assert not [path for path in files if token.encode() in path.read_bytes()]


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "secret-of-16-chars",
        "Basic secret-of-16-chars",
        "Bearer secret-of-16-char",
        "Bearer secret-of-16-charsx",
        "Bearer SECRET-OF-16-CHARS",
        "Bearer secret-of-16-chars secret-of-16-chars",
        "Bearer \xe9",
        "Bearer \N{SNOWMAN}",
    ],
)
def test_what_is_refused(header: str | None) -> None:
    with pytest.raises(Unauthorized) as caught:
        require_token(header, "secret-of-16-chars")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "header", ["Bearer secret-of-16-chars", "bearer secret-of-16-chars", "BEARER  secret-of-16-chars "]
)
def test_what_is_accepted(header: str) -> None:
    require_token(header, "secret-of-16-chars")


def test_it_takes_as_long_for_any_token(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def compare(given: bytes, right: bytes) -> bool:
        compared.append((given, right))
        return given == right

    monkeypatch.setattr(hmac, "compare_digest", compare)
    with pytest.raises(Unauthorized):
        require_token("Bearer x", "secret-of-16-chars")
    require_token("Bearer secret-of-16-chars", "secret-of-16-chars")
    assert compared == [(b"x", b"secret-of-16-chars"), (b"secret-of-16-chars", b"secret-of-16-chars")]
