"""What was seen to go wrong in tools like this one, and is tested nowhere else (each test names its line)."""

from __future__ import annotations

import re
import signal
import sys
from typing import TYPE_CHECKING

from helpers.project import wait_until

if TYPE_CHECKING:
    from helpers.project import Project

PYTHON = sys.executable


def test_variables_of_the_tool_itself_do_not_leak(project: Project) -> None:
    project.write("processes: {web: {cmd: env, port: auto}}")
    own = {"PROX_DEBUG": "0", "PROX_CONFIG": str(project.folder / "prox.yaml"), "PROX_FOO": "x", "NOTIFY_SOCKET": "/x"}
    ran = project.run("up", "--exit-when-done", env=project.env | own | {"SHELL_LIKE": "yes"}, cwd="/")
    assert ran.returncode == 0, ran.stderr
    found = dict(re.findall(r"web    │ (\w+)=(.*)", ran.stdout))
    assert found["SHELL_LIKE"] == "yes"
    assert {name for name in found if name.startswith("PROX_")} == {"PROX_PROCESS", "PROX_INSTANCE", "PROX_PORT_WEB"}
    assert "NOTIFY_SOCKET" not in found


def test_nothing_of_a_burst_is_lost(project: Project) -> None:
    """Not half of a burst, not the lines of others, not what follows a line of more than a mebibyte."""
    project.write(f"""
processes:
  chatty: seq 100000
  quiet: echo one line
  wide: [{PYTHON}, -c, "print('x' * 3_000_000); print('after it')"]
""")
    with project.up() as prox:
        prox.wait_line("all processes have ended")
        assert project.client("logs", "quiet").stdout.endswith("quiet  │ one line\n")
        assert project.client("logs", "chatty", "-n", "1").stdout.endswith("chatty │ 100000\n")
    numbers = re.findall(r"^\S+ chatty │ (\d+)$", prox.output, re.MULTILINE)
    assert numbers == [str(number) for number in range(1, 100_001)]
    kept = (project.folder / ".prox" / "logs" / "chatty.log").read_text()
    assert re.findall(r"^\S+ out (\d+)$", kept, re.MULTILINE) == numbers
    for text in (prox.output, (project.folder / ".prox" / "logs" / "wide.log").read_text()):
        assert text.count("x") - text.count("prox") - text.count("exited") == 3_000_000
        assert "after it" in text


def test_one_that_stops_reading_slows_nobody(project: Project) -> None:
    """Neither its stream nor the end is held up."""
    project.write("""
processes:
  chatty: echo begin; until test -e go; do sleep 0.01; done; seq 300000; touch written; exec sleep 1000
""")
    with project.up() as prox:
        reader = project.launch("logs", "-f")
        reader.wait_line("begin")
        reader.signal(signal.SIGSTOP)
        project.write("", "go")
        wait_until((project.folder / "written").exists)
        prox.signal(signal.SIGTERM)
        assert prox.wait() == 0
        reader.signal(signal.SIGCONT)
        reader.wait()


def test_why_a_check_fails_is_said(project: Project) -> None:
    project.write("""
processes:
  web:
    cmd: exec sleep 1000
    port: auto
    healthcheck: {http: /health, interval: 50ms, retries: 1, start_period: 0s}
""")
    with project.up():
        port = project.get("/processes/web").json()["port"]
        late = project.client("wait", "web", "--timeout", "500ms")
        why = f"health check: connection refused at 127.0.0.1:{port}"
        assert late.returncode == 124
        assert late.stderr.startswith(f"prox: not ready after 0.5 s: web ({why}")
        assert f"\nweb: {why}" in project.client("status").stdout
