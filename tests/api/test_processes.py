"""``/processes``: what is known of each."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import psutil
import trio

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Api, Serve

OFF = {
    "pid": 0,
    "uptime_seconds": 0,
    "restarts": 0,
    "health": "unknown",
    "kind": "process",
    "ready": False,
    "crashes": 0,
    "down": True,
    "ready_seconds": None,
    "exit_code": None,
    "signal": None,
    "reason": None,
    "started_at": None,
    "waiting_for": [],
    "next_restart_at": None,
    "port": None,
    "url": None,
    "groups": [],
    "depends_on": [],
    "config_digest": "",
    "description": "",
    "cpu_percent": None,
    "memory_bytes": None,
}
"""What is known of a process that never ran."""


async def test_all_of_them(api: Api) -> None:
    found = await api.get("/processes")
    assert found.keys() == {"processes"}
    running, off = found["processes"]
    assert re.fullmatch("[0-9a-f]{16}", off["config_digest"])
    assert off | {"config_digest": ""} == OFF | {"name": "worker", "status": "stopped", "description": "does nothing"}
    assert running.keys() == off.keys()
    assert (running["name"], running["status"], running["ready"], running["groups"]) == (
        "api",
        "running",
        True,
        ["all"],
    )
    assert psutil.pid_exists(running["pid"])
    assert 0 <= running["uptime_seconds"] < 60
    assert running["memory_bytes"] > 0
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", running["started_at"])
    # What it uses of a processor is the difference between two looks.
    while (used := (await api.get("/processes"))["processes"][0]["cpu_percent"]) is None:
        pass
    assert 0 <= used < 10000


async def test_the_order_is_that_of_the_file(serve: Serve) -> None:
    names = ["zebra", "api", "Web", "a-b", "m_1"]
    async with serve("processes:\n" + "".join(f"  {name}: exec sleep 1000\n" for name in names)) as api:
        assert [process["name"] for process in (await api.get("/processes"))["processes"]] == names


async def test_one_in_full(api: Api) -> None:
    full = await api.get("/processes/api")
    listed = (await api.get("/processes"))["processes"][0]
    assert full.keys() == listed.keys() | {"cmd", "cwd", "env", "check_results", "listens_on", "history"}
    assert full["cmd"] == "echo one; echo two >&2; exec sleep 1000"
    assert full["env"] == {"COLOR": "blue", "DB_PASSWORD": "[REDACTED]"}
    for field in ("name", "status", "pid", "restarts", "started_at", "groups"):
        assert full[field] == listed[field]


async def test_the_environment_is_what_was_set(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("FROM_FILE=1\nSESSION_SECRET=abc123\n")
    text = """
env_file: .env
env: {COMMON: "yes", api_key: abc123}
processes:
  api:
    cmd: [sleep, "1000"]
    env: {N: 0123, X_TOKEN: abc123, MY_CREDENTIALS: abc123, PRIVATE_URL: abc123, AUTHOR: abc123, Password: abc123}
"""
    async with serve(text) as api:
        full = await api.get("/processes/api")
        secret = dict.fromkeys(
            ["SESSION_SECRET", "api_key", "X_TOKEN", "MY_CREDENTIALS", "PRIVATE_URL", "AUTHOR", "Password"],
            "[REDACTED]",
        )
        # HOME and PATH, which are inherited, are not there.
        assert full["env"] == {"FROM_FILE": "1", "COMMON": "yes", "N": "0123"} | secret
        assert full["cmd"] == "sleep 1000"
        assert "abc123" not in str(await api.get("/processes"))


async def test_a_health_check(serve: Serve, tmp_path: Path) -> None:
    check = "{cmd: 'echo not yet; test -e healthy', interval: 20ms, start_interval: 20ms, retries: 2, start_period: 0s}"
    late = "{cmd: 'true', interval: 1h, start_interval: 1h}"
    text = f"""
processes:
  api: {{cmd: exec sleep 1000, healthcheck: {check}}}
  late: {{cmd: exec sleep 1000, autostart: false, healthcheck: {late}}}
"""
    async with serve(text) as api:
        assert (await api.get("/processes/late"))["healthcheck"] == {
            "enabled": True,
            "last_check": None,
            "last_output": "",
            "consecutive_failures": 0,
        }
        async with api.stream("/events/stream") as reader:
            event: Any = await reader.event()
            state = event.data["processes"][0]
            while state["health"] != "unhealthy":
                state = (await reader.event()).data  # type: ignore[union-attr]
            assert (state["ready"], state["status"]) == (False, "running")
            check_now = (await api.get("/processes/api"))["healthcheck"]
            assert check_now["consecutive_failures"] >= 2
            assert check_now["last_output"] == "exit code 1: not yet"
            assert (await api.get("/processes/api"))["check_results"].keys() == {"exit code 1: not yet"}
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", check_now["last_check"])
            (tmp_path / "healthy").touch()
        await api.supervisor.wait_ready("api")
        full = await api.get("/processes/api")
        assert (full["health"], full["ready"], full["healthcheck"]["consecutive_failures"]) == ("healthy", True, 0)


async def test_how_it_ended(serve: Serve) -> None:
    text = "processes: {ok: exit 0, bad: exit 3, killed: kill -SEGV $$, missing: [no-such-program]}"
    async with serve(text) as api:
        for name, status in (("ok", "stopped"), ("bad", "crashed"), ("killed", "crashed"), ("missing", "crashed")):
            await api.supervisor.wait_status(name, status)
        ok, bad, killed, missing = (await api.get("/processes"))["processes"]
        for process in (ok, bad, killed, missing):
            assert (process["pid"], process["uptime_seconds"], process["ready"]) == (0, 0, False)
            assert process["memory_bytes"] is None
        ends = [(process["status"], process["exit_code"], process["signal"]) for process in (ok, bad, killed, missing)]
        assert ends == [
            ("stopped", 0, None),
            ("crashed", 3, None),
            ("crashed", None, "SIGSEGV"),
            ("crashed", 127, None),
        ]
        assert ok["reason"] is None
        assert all(process["reason"] for process in (bad, killed, missing))


async def test_ports(serve: Serve) -> None:
    text = "processes: {web: {cmd: exec sleep 1000, port: auto}, db: {cmd: x, autostart: false, port: 65000}}"
    async with serve(text) as api:
        web, db = (await api.get("/processes"))["processes"]
        assert db["port"] == 65000
        assert 0 < web["port"] < 65536
        assert web["url"] == f"http://localhost:{web['port']}"


async def test_what_happened_to_it(serve: Serve) -> None:
    text = "processes: {web: {cmd: 'echo up; exec sleep 1000', healthcheck: {log: up}}, bad: 'exit 3'}"
    async with serve(text) as api:
        await api.supervisor.wait_ready("web")
        await api.supervisor.wait_status("bad", "crashed")
        pid = (await api.get("/processes/web"))["pid"]
        await api.ask("POST", "/processes/web/stop")
        web, bad = await api.get("/processes/web"), await api.get("/processes/bad")
        assert [entry["event"] for entry in web["history"]] == [
            f"started (pid {pid})",
            "healthy",
            "stop requested",
            "stopped (ended by SIGTERM)",
        ]
        assert (web["crashes"], bad["crashes"]) == (0, 1)
        assert [entry["event"] for entry in bad["history"]][1:] == ["exited with code 3"]
        assert web["ready_seconds"] >= 0


SERVER = """
import http.server, socket
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        print(self.path, self.headers["Content-Length"], flush=True)
        self.send_response(204 if self.path == "/reset" else 500, "no")
        self.end_headers()
server = http.server.HTTPServer(("", 0), Handler, bind_and_activate=False)
server.socket.close()
server.socket = socket.socket(fileno=3)
print("up", flush=True)
server.serve_forever()
"""


async def test_a_listener_that_prox_opens(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "server.py").write_text(SERVER)
    text = """
processes:
  web: {cmd: [python3, server.py], port: {fd: 3}, healthcheck: {log: up}, reset: {http: POST /reset}}
  through_a_shell: {cmd: "exec python3 server.py", port: {fd: 3}, healthcheck: {log: up}, reset: {http: POST /other}}
  missing: {cmd: [no-such-program], port: {fd: 3}}
"""
    async with serve(text) as api:
        await api.supervisor.wait_ready("web", "through_a_shell")
        web = await api.get("/processes/web")
        assert web["listens_on"] == [web["port"]]
        # The request for the reset is answered on the listener.
        assert (await api.ask("POST", "/processes/web/reset")).json() == {"success": True}
        failed = await api.ask("POST", "/processes/through_a_shell/reset")
        assert (failed.status, failed.json()["code"]) == (500, "RESET_FAILED")
        assert failed.json()["error"] == "the reset of through_a_shell failed: status 500 no"
        await api.supervisor.wait_status("missing", "crashed")
        assert "'no-such-program' not found" in (await api.get("/processes/missing"))["reason"]
        await api.ask("POST", "/processes/web/restart")
        assert (await api.get("/processes/web"))["port"] == web["port"]


async def test_a_reset_by_a_command(serve: Serve, tmp_path: Path) -> None:
    text = """
processes:
  db: {cmd: exec sleep 1000, port: auto, reset: "echo $PORT >> resets; pwd; test ! -e broken"}
  off: {cmd: x, autostart: false, reset: "true"}
  without: exec sleep 1000
"""
    async with serve(text) as api:
        await api.supervisor.wait_ready("db", "without")
        assert (await api.ask("POST", "/processes/db/reset")).status == 200
        assert (tmp_path / "resets").read_text() == f"{(await api.get('/processes/db'))['port']}\n"
        assert (await api.get("/processes/db"))["history"][-1]["event"] == "reset"
        (tmp_path / "broken").touch()
        for name, status, code, what in (
            ("db", 500, "RESET_FAILED", f"the reset of db failed: exit code 1: {tmp_path}"),
            ("off", 409, "PROCESS_NOT_RUNNING", "off is not running, it is stopped"),
            ("without", 409, "NO_RESET", "without has no reset; set processes.without.reset"),
            ("nobody", 404, "PROCESS_NOT_FOUND", "no process named 'nobody'"),
        ):
            answer = await api.ask("POST", f"/processes/{name}/reset")
            assert (answer.status, answer.json()) == (status, {"error": what, "code": code})


async def test_a_signal_to_the_whole_group(serve: Serve) -> None:
    async with serve("processes: {web: 'sleep 1000 & echo $!; echo up; wait'}") as api:
        await api.line("web", "up")
        child = psutil.Process(int((await api.get("/logs?process=web"))["logs"][0]["line"]))
        for signal, wanted in (("STOP", {psutil.STATUS_STOPPED}), ("CONT", {psutil.STATUS_SLEEPING})):
            body = json.dumps({"signal": signal, "scope": "group"}).encode()
            assert (await api.ask("POST", "/processes/web/signal", body=body)).status == 200
            while child.status() not in wanted:
                await trio.lowlevel.checkpoint()
        wrong = json.dumps({"signal": "STOP", "scope": "all"}).encode()
        refused = await api.ask("POST", "/processes/web/signal", body=wrong)
        assert (refused.status, refused.json()["code"]) == (400, "INVALID_PARAMETER")
