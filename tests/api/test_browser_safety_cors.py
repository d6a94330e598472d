"""CORS: headers for pages from this machine, for nobody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Api, Serve
    from helpers.project import Answer

PAGE = "http://localhost:3000"


def cors(answer: Answer) -> dict[str, str]:
    return {name.lower(): value for name, value in answer.headers.items() if name.lower().startswith("access-control-")}


async def test_a_page_from_this_machine_may_read_every_answer(api: Api) -> None:
    for method, path, status in (
        ("GET", "/status", 200),
        ("HEAD", "/logs/stream", 200),
        ("POST", "/processes/api/start", 409),
        ("GET", "/processes/nobody", 404),
        ("GET", "/nothing", 404),
        ("DELETE", "/status", 405),
        ("GET", "/logs?lines=0", 400),
        ("GET", "/proxy/requests", 503),
    ):
        answer = await api.ask(method, path, {"Origin": PAGE})
        assert answer.status == status
        assert cors(answer) == {"access-control-allow-origin": PAGE}, path
        # For caches between them.
        assert answer.headers["Vary"] == "Origin"


async def test_streams_too(api: Api) -> None:
    async with api.stream("/events/stream", {"Origin": PAGE}) as reader:
        assert reader.headers["access-control-allow-origin"] == PAGE


async def test_without_a_token_too(serve: Serve) -> None:
    async with serve(settings="auth: true") as api:
        answer = await api.ask("GET", "/status", {"Origin": PAGE})
        assert (answer.status, cors(answer)) == (401, {"access-control-allow-origin": PAGE})


async def test_other_origins_get_no_cors_headers(api: Api) -> None:
    assert cors(await api.ask("GET", "/status")) == {}
    for origin in ("http://evil.example", "null", "http://localhost.evil.example", "*"):
        for method in ("GET", "OPTIONS", "POST"):
            answer = await api.ask(method, "/status", {"Origin": origin, "Access-Control-Request-Method": "POST"})
            assert (answer.status, cors(answer)) == (403, {})
    # Where the name is refused, the page does not matter.
    answer = await api.ask("GET", "/status", {"Origin": PAGE, "Host": "evil.example"})
    assert (answer.status, cors(answer)) == (403, {})


async def test_a_preflight(api: Api) -> None:
    asked = {
        "Origin": PAGE,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    answer = await api.ask("OPTIONS", "/processes/api/restart", asked)
    assert (answer.status, answer.body) == (204, b"")
    headers = cors(answer)
    assert sorted(headers.pop("access-control-allow-methods").split(", ")) == ["OPTIONS", "POST"]
    assert headers == {
        "access-control-allow-origin": PAGE,
        "access-control-allow-headers": "Authorization, Content-Type, Last-Event-ID, X-Prox-Request",
        "access-control-max-age": "600",
    }
    assert api.supervisor.process("api").restarts == 0
    # One for a route that is not there grants nothing that could be used.
    assert (await api.ask("OPTIONS", "/nothing", asked)).status == 404


async def test_options_of_no_page(api: Api) -> None:
    answer = await api.ask("OPTIONS", "/status")
    assert (answer.status, cors(answer)) == (204, {})
    assert sorted(answer.headers["Allow"].split(", ")) == ["GET", "HEAD", "OPTIONS"]
