"""``POST /shutdown``, and what is answered while everything stops."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Serve
    from helpers.project import Project

STUBBORN = "trap '' TERM; echo ready; while :; do sleep 1000; done"


async def test_it_begins_and_the_connection_closes(serve: Serve) -> None:
    async with serve() as api:
        head = b"POST /api/v1/shutdown HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"
        # It comes to its end although the client would keep the connection.
        answer = await api.send(head)
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert b"\r\nconnection: close\r\n" in answer.lower()
        assert answer.endswith(b'\r\n\r\n{"success":true}')
        await api.supervisor.wait_stopped()


async def test_the_api_answers_while_processes_are_going(serve: Serve) -> None:
    text = f'shutdown_timeout: 1h\nprocesses: {{api: "{STUBBORN}", off: {{cmd: x, autostart: false}}}}'
    async with serve(text) as api:
        await api.line("api", "ready")
        assert (await api.ask("POST", "/shutdown")).status == 200
        assert (await api.get("/status"))["status"] == "stopping"
        going, off = (await api.get("/processes"))["processes"]
        assert (going["status"], off["status"]) == ("stopping", "stopped")
        assert going["pid"] > 0
        assert (await api.get("/logs?process=api"))["logs"]
        async with api.stream("/events/stream") as reader:
            snapshot = await reader.event()
            assert snapshot
            assert snapshot.data["status"] == "stopping"
        for path in (
            "/shutdown",
            "/processes/api/start",
            "/processes/api/stop",
            "/processes/api/restart",
            "/processes/off/start",
            "/processes/off/stop",
        ):
            assert (await api.error("POST", path))[:2] == (503, "SHUTDOWN_IN_PROGRESS"), path
        assert (await api.error("POST", "/processes/nobody/start"))[:2] == (404, "PROCESS_NOT_FOUND")
        api.supervisor.kill()


def test_it_ends_the_program(project: Project) -> None:
    project.write("processes: {api: exec sleep 1000}")
    with project.up() as prox:
        answer = project.post("/shutdown")
        assert (answer.status, answer.json(), answer.headers["Connection"]) == (200, {"success": True}, "close")
        assert prox.wait() == 0
    assert project.state() is None
