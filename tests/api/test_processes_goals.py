"""``POST /processes/{name}/start | stop | restart``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psutil
import pytest
import trio

from helpers.leftovers import is_alive

if TYPE_CHECKING:
    from conftest import Api, Serve

DONE = b'{"success":true}'
STUBBORN = "trap '' TERM; echo ready; while :; do sleep 1000; done"
SLOW = "trap 'sleep 0.2; echo bye; kill -9 $! 2>&-; exit 0' TERM; sleep 1000 & echo ready; wait"


async def post(api: Api, name: str, what: str) -> None:
    answer = await api.ask("POST", f"/processes/{name}/{what}")
    assert (answer.status, answer.body, answer.headers["Content-Type"]) == (200, DONE, "application/json")


async def test_start(api: Api) -> None:
    await post(api, "worker", "start")
    worker = await api.get("/processes/worker")
    assert (worker["status"], worker["restarts"]) == ("running", 0)
    assert psutil.pid_exists(worker["pid"])
    status, code, message = await api.error("POST", "/processes/worker/start")
    assert (status, code) == (409, "PROCESS_ALREADY_RUNNING")
    assert "worker" in message


async def test_stop(api: Api) -> None:
    pid = api.supervisor.process("api").pid
    await post(api, "api", "stop")
    assert not psutil.pid_exists(pid)
    assert (await api.get("/processes/api"))["status"] == "stopped"
    status, code, message = await api.error("POST", "/processes/api/stop")
    assert (status, code) == (409, "PROCESS_NOT_RUNNING")
    assert "api" in message


async def test_stop_leaves_nothing(serve: Serve) -> None:
    async with serve(
        f"""processes: {{api: {{cmd: "sleep 1000 & echo $!; {STUBBORN}", stop: {{timeout: 50ms}}}}}}"""
    ) as api:
        await api.line("api", "ready")
        inner = int((await api.get("/logs?process=api"))["logs"][0]["line"])
        await post(api, "api", "stop")
        assert not is_alive(inner)
        assert (await api.get("/processes/api"))["signal"] == "SIGKILL"


async def test_restart(api: Api) -> None:
    before = await api.get("/processes/api")
    await post(api, "api", "restart")
    after = await api.get("/processes/api")
    assert after["pid"] not in (0, before["pid"])
    assert (after["status"], after["restarts"]) == ("running", 1)
    assert not psutil.pid_exists(before["pid"])
    # One that is not running is started.
    await post(api, "worker", "restart")
    worker = await api.get("/processes/worker")
    assert (worker["status"], worker["restarts"]) == ("running", 0)


async def test_what_cannot_be_started(serve: Serve) -> None:
    text = (
        "processes: {api: {cmd: [no-such-program], autostart: false}, lost: {cmd: x, cwd: nowhere, autostart: false}}"
    )
    async with serve(text) as api:
        for what in ("start", "restart"):
            status, code, message = await api.error("POST", f"/processes/api/{what}")
            assert (status, code) == (500, "START_FAILED")
            assert "'no-such-program' not found" in message
        assert "nowhere" in (await api.error("POST", "/processes/lost/start"))[2]
        assert (await api.get("/processes/api"))["status"] == "crashed"


async def test_a_start_during_a_stop_waits_for_its_end(serve: Serve) -> None:
    async with serve(f'processes: {{api: {{cmd: "{STUBBORN}", stop: {{timeout: 200ms}}}}}}') as api:
        await api.line("api", "ready")
        first = api.supervisor.process("api").pid
        async with trio.open_nursery() as nursery:
            nursery.start_soon(post, api, "api", "stop")
            await api.supervisor.wait_status("api", "stopping")
            await post(api, "api", "start")
        now = await api.get("/processes/api")
        assert (now["status"], now["restarts"]) == ("running", 1)
        assert not is_alive(first)


@pytest.mark.parametrize("what", ["restart", "stop"])
async def test_who_asked_and_went_away_changes_nothing(serve: Serve, what: str) -> None:
    """A client that leaves in the middle leaves no half-done restart behind, and makes no kill out of a stop."""
    async with serve(f'processes: {{api: "{SLOW}"}}') as api:
        await api.line("api", "ready")
        first = api.supervisor.process("api").pid
        async with api.connect() as connection:
            head = f"POST /api/v1/processes/api/{what} HTTP/1.1\r\nHost: localhost\r\n\r\n"
            await connection.send_all(head.encode())
            await api.supervisor.wait_status("api", "stopping")
        await api.supervisor.wait_status("api", "running" if what == "restart" else "stopped")
        now = await api.get("/processes/api")
        assert now["restarts"] == (what == "restart")
        assert not is_alive(first)
        assert (await api.get("/logs?process=api&pattern=bye"))["total_count"] == 1
        assert (await api.get("/logs?process=system&pattern=failed"))["logs"] == []


async def test_many_at_once(api: Api) -> None:
    """Whatever comes at the same time, there is one process in the end, and an answer for everybody."""
    codes: list[int] = []

    async def ask(what: str) -> None:
        codes.append((await api.ask("POST", f"/processes/worker/{what}")).status)

    async with trio.open_nursery() as nursery:
        for what in ("start", "restart", "stop", "start", "restart") * 4:
            nursery.start_soon(ask, what)
    assert len(codes) == 20
    # A start that a later stop overtook says that it failed.
    assert set(codes) <= {200, 409, 500}
    await post(api, "worker", "restart")
    assert (await api.get("/processes/worker"))["status"] == "running"
