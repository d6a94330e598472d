"""The reset of a running process: a command in its environment, or an HTTP request to its port."""

from __future__ import annotations

import http.server
import threading
from typing import TYPE_CHECKING

import pytest
import trio

import prox
from prox.core.errors import NoReset, ResetFailed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PORT = "auto, healthcheck: {tcp: true, listener: any}"
TEXT = """
processes:
  command: {{cmd: exec sleep 1000, env: {{FILE: mark}}, reset: 'echo "$PROX_PROCESS" > $FILE'}}
  failing: {{cmd: exec sleep 1000, reset: echo broken; exit 3}}
  none: exec sleep 1000
  off: {{cmd: exec sleep 1000, reset: exit 0, autostart: false}}
  web: {{cmd: exec sleep 1000, port: {0}, reset: {{http: POST /reset}}}}
  missing: {{cmd: exec sleep 1000, port: {0}, reset: {{http: POST /nope}}}}
"""


@pytest.fixture
def server() -> Iterator[tuple[int, list[str]]]:
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(f"{self.command} {self.path}")
            self.send_response(204 if self.path == "/reset" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as found:
        thread = threading.Thread(target=found.serve_forever, args=(0.01,))
        thread.start()
        yield found.server_port, asked
        found.shutdown()
        thread.join()


async def test_a_command_runs_in_the_environment_and_folder_of_the_process(tmp_path: Path) -> None:
    config = prox.parse_config(TEXT.format(PORT), folder=tmp_path)
    with trio.fail_after(30):
        async with prox.open_supervisor(config, names=["command", "failing", "none"]) as supervisor:
            await supervisor.wait_ready("command", "failing", "none")
            await supervisor.reset("command")
            assert (tmp_path / "mark").read_text() == "command\n"
            assert supervisor.details("command").history[-1].event == "reset"
            with pytest.raises(ResetFailed, match=r"the reset of failing failed: .*broken"):
                await supervisor.reset("failing")
            with pytest.raises(NoReset, match=r"none has no reset; set processes.none.reset"):
                await supervisor.reset("none")
            with pytest.raises(prox.NotRunning, match="off is not running, it is stopped"):
                await supervisor.reset("off")


async def test_a_request_goes_to_the_port_of_the_process(tmp_path: Path, server: tuple[int, list[str]]) -> None:
    port, asked = server
    config = prox.parse_config(TEXT.format(PORT), folder=tmp_path)
    with trio.fail_after(30):
        async with prox.open_supervisor(config, names=["web", "missing"]) as supervisor:
            await supervisor.wait_status("web", "running")
            await supervisor.wait_status("missing", "running")
            supervisor._context.ports["web"] = supervisor._context.ports["missing"] = port
            await supervisor.reset("web")
            with pytest.raises(ResetFailed, match="404"):
                await supervisor.reset("missing")
    assert asked == ["POST /reset", "POST /nope"]
