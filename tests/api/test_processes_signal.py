"""``POST /processes/{name}/signal``."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING, NoReturn

import pytest

if TYPE_CHECKING:
    from conftest import Api, ErrorOf, Serve
    from helpers.project import Answer

LISTENING = "trap 'echo usr1' USR1; trap 'echo hup' HUP; sleep 1000 & echo ready; while :; do wait $!; done"


async def send(api: Api, name: str, body: object) -> Answer:
    return await api.ask("POST", f"/processes/{name}/signal", body=json.dumps(body).encode())


async def done(api: Api, name: str, text: str) -> None:
    answer = await send(api, name, {"signal": text})
    assert (answer.status, answer.body, answer.headers["Content-Type"]) == (
        200,
        b'{"success":true}',
        "application/json",
    )


@pytest.mark.parametrize("text", ["SIGUSR1", "USR1", "sigusr1", "uSr1"])
async def test_a_signal_arrives(serve: Serve, text: str) -> None:
    async with serve(f'processes: {{api: "{LISTENING}"}}') as api:
        await api.line("api", "ready")
        await done(api, "api", text)
        await api.line("api", "usr1")
        assert api.supervisor.process("api").status == "running"
        await done(api, "api", "HUP")
        await api.line("api", "hup")


async def test_what_else_is_in_the_body_is_ignored(api: Api) -> None:
    assert (await send(api, "api", {"signal": "CONT", "more": [1, {"a": None}]})).status == 200


async def test_only_the_process_itself_gets_it(serve: Serve) -> None:
    inner = "trap 'echo inner' USR1; trap 'echo asked; exit' HUP; echo ready; while :; do sleep 0.01; done"
    async with serve(f"""
processes:
  api: |
    trap 'echo outer; kill -HUP $!' USR1
    sh -c "{inner}" &
    wait; wait
    exec sleep 1000
""") as api:
        await api.line("api", "ready")
        await done(api, "api", "USR1")
        await api.line("api", "outer")
        await api.line("api", "asked")
        lines = [line["line"] for line in (await api.get("/logs?process=api"))["logs"]]
        assert lines == ["ready", "outer", "asked"]


@pytest.mark.parametrize("name", ["SIGTERM", "SIGKILL", "SIGSEGV", "SIGRTMIN+3"])
async def test_one_that_it_ends_by_has_crashed(api: Api, name: str) -> None:
    await done(api, "api", name)
    await api.supervisor.wait_status("api", "crashed")
    crashed = await api.get("/processes/api")
    assert (crashed["signal"], crashed["exit_code"], crashed["reason"]) == (name, None, f"ended by {name}")
    answer = await send(api, "api", {"signal": name})
    assert (answer.status, answer.json()["code"]) == (409, "PROCESS_NOT_RUNNING")


async def test_a_process_that_is_stopped_by_a_signal_goes_on_by_another(serve: Serve) -> None:
    async with serve(f'processes: {{api: "{LISTENING}"}}') as api:
        await api.line("api", "ready")
        for name in ("STOP", "USR1", "CONT"):
            await done(api, "api", name)
        await api.line("api", "usr1")


async def test_one_that_is_stopping_can_be_hurried(serve: Serve) -> None:
    stubborn = "trap '' TERM; trap 'echo hup' HUP; echo ready; while :; do sleep 0.01; done"
    async with serve(f'processes: {{api: {{cmd: "{stubborn}", stop: {{timeout: 1h}}}}}}') as api:
        await api.line("api", "ready")
        stopped = api.supervisor.stop("api")
        await done(api, "api", "HUP")
        await api.line("api", "hup")
        await done(api, "api", "KILL")
        await stopped.wait_done()
        # It was to be stopped, and so it has not crashed.
        assert (await api.get("/processes/api"))["status"] == "stopped"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "JSON object with signal"),
        (b"signal=USR1", "JSON object with signal"),
        (b"{", "JSON object with signal"),
        (b"[]", "got `array`"),
        (b"null", "got `null`"),
        (b"{}", "required field `signal`"),
        (b'{"Signal": "USR1"}', "required field `signal`"),
        (b'{"signal": null}', "`$.signal`"),
        (b'{"signal": 10}', "`$.signal`"),
        (b'{"signal": ["USR1"]}', "`$.signal`"),
        (b'{"signal": ""}', "`$.signal`"),
        (b'{"signal": "%s"}' % (b"x" * 1000), "`$.signal`"),
        (b'{"signal": "\xff"}', "JSON object with signal"),
        (b'{"signal": "\\ud800"}', "JSON object with signal"),
        (b'{"more": %s' % (b"[" * 500_000), "JSON object with signal"),
        (b'{"signal": "SIG"}', "signal must be the name of a signal"),
        (b'{"signal": "10"}', "signal must be the name of a signal"),
        (b'{"signal": "SIGSIGHUP"}', "signal must be the name of a signal"),
        (b'{"signal": "USR1 "}', "signal must be the name of a signal"),
        (b'{"signal": "SIG_IGN"}', "signal must be the name of a signal"),
        (b'{"signal": "SIGTREM"}', "did you mean 'SIGTERM'?"),
    ],
)
async def test_what_is_no_signal(api: Api, error_of: ErrorOf, body: bytes, words: str) -> None:
    pid = api.supervisor.process("api").pid
    # curl's content type for what it sends is that of a form; it does not matter.
    for headers in ({}, {"Content-Type": "application/x-www-form-urlencoded"}):
        answer = await api.ask("POST", "/processes/api/signal", headers, body)
        status, code, message = error_of(answer)
        assert (status, code) == (400, "INVALID_PARAMETER")
        assert words in message
        assert len(message) < 300
    assert api.supervisor.process("api").pid == pid


async def test_the_content_type_does_not_matter(api: Api) -> None:
    for kind in ("application/x-www-form-urlencoded", "application/json", "text/plain", "multipart/form-data"):
        answer = await api.ask("POST", "/processes/api/signal", {"Content-Type": kind}, b'{"signal":"CONT"}')
        assert answer.status == 200, kind


async def test_a_process_that_cannot_get_one(api: Api, error_of: ErrorOf) -> None:
    for name in ("nobody", "system"):
        assert error_of(await send(api, name, {"signal": "USR1"}))[:2] == (404, "PROCESS_NOT_FOUND")
    status, code, message = error_of(await send(api, "worker", {"signal": "USR1"}))
    assert (status, code) == (409, "PROCESS_NOT_RUNNING")
    assert message == "worker is not running, it is stopped"


async def test_a_process_of_another_user(api: Api, error_of: ErrorOf, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: int) -> NoReturn:
        raise PermissionError(1, "Operation not permitted")

    with monkeypatch.context() as patch:
        patch.setattr(signal, "pidfd_send_signal", refuse)
        status, code, message = error_of(await send(api, "api", {"signal": "USR1"}))
    assert (status, code) == (500, "SIGNAL_FAILED")
    assert "api" in message
    assert "another user" in message


async def test_none_is_sent_while_everything_stops(serve: Serve, error_of: ErrorOf) -> None:
    stubborn = "trap '' TERM; echo ready; while :; do sleep 1000; done"
    async with serve(f'shutdown_timeout: 1h\nprocesses: {{api: "{stubborn}"}}') as api:
        await api.line("api", "ready")
        api.supervisor.shutdown()
        assert error_of(await send(api, "api", {"signal": "USR1"}))[:2] == (503, "SHUTDOWN_IN_PROGRESS")
        api.supervisor.kill()


async def test_a_body_that_is_too_large(api: Api, error_of: ErrorOf) -> None:
    body = b'{"signal": "USR1", "more": "%s"}' % (b"x" * 1024 * 1024)
    answer = await api.ask("POST", "/processes/api/signal", body=body)
    assert error_of(answer)[:2] == (413, "PAYLOAD_TOO_LARGE")


async def test_the_description_says_what_it_takes(api: Api) -> None:
    document = await api.get("/openapi.json")
    operations = document["paths"]
    taken = operations["/api/v1/processes/{name}/signal"]["post"]["requestBody"]
    assert taken["required"] is True
    reference = taken["content"]["application/json"]["schema"]["$ref"]
    schema = document["components"]["schemas"][reference.rpartition("/")[2]]
    assert (schema["type"], schema["required"]) == ("object", ["signal"])
    assert schema["properties"]["signal"]["type"] == "string"
    # No other route takes one.
    assert [path for path, one in operations.items() for each in one.values() if "requestBody" in each] == [
        "/api/v1/processes/{name}/signal"
    ]
