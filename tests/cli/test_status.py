"""`prox status`, and how a command finds the instance that it is about."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from helpers.project import SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from helpers.project import Project

    Run = Callable[..., Any]


def test_the_table(look: Run) -> None:
    ran = look("status")
    assert (ran.returncode, ran.stderr) == (0, "")
    head, web, worker, done, broken, *reasons = ran.stdout.splitlines()
    assert head.split() == ["NAME", "STATUS", "HEALTH", "PID", "UPTIME", "RESTARTS", "CPU", "MEMORY", "PORT", "URL"]
    assert re.fullmatch(r"web +running +healthy +\d+ +\d+s +0 +[\d.%-]+ +[\d.]+ [KM]B +(\d+) +http://localhost:\1", web)
    assert re.match(r"worker +running +unknown +\d+ +\d+s +0 ", worker)
    assert re.fullmatch(r"done +stopped +unknown +- +- +0 +- +- +- +-", done)
    assert re.match(r"broken +crashed +unknown +- +- +0 ", broken)
    assert reasons == ["", "broken: exited with code 3"]


def test_on_a_terminal(looked_at: Project) -> None:
    shown = looked_at.launch("status", terminal=True, env=looked_at.env | {"TERM": "xterm"})
    assert shown.wait() == 0
    assert "\x1b[32mrunning\x1b[0m" in shown.output
    assert "\x1b[31mcrashed\x1b[0m" in shown.output
    # Of 80 columns.
    assert "PORT" in shown.output
    assert "URL" not in shown.output


def test_json(look: Run, looked_at: Project) -> None:
    status = json.loads(look("status", "--json").stdout)
    assert (status["status"], status["project_dir"]) == ("running", str(looked_at.folder))
    assert [process["name"] for process in status["processes"]] == ["web", "worker", "done", "broken"]
    assert status["processes"][3]["reason"] == "exited with code 3"


def test_where_it_is_found(looked_at: Project, prox: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    state = looked_at.state()
    assert state
    folder, elsewhere, address = looked_at.folder, looked_at.folder.parent, f"http://127.0.0.1:{state['port']}"
    for cwd, arguments in (
        (folder / "below", ("status", "--json")),
        (elsewhere, ("status", "--json", "--config", str(folder / "prox.yaml"))),
        (elsewhere, ("--project-dir", str(folder), "status", "--json")),
        (elsewhere, ("--addr", address, "status", "--json")),
    ):
        monkeypatch.chdir(cwd)
        ran = prox(*arguments)
        assert (ran.returncode, ran.stderr) == (0, "")
        assert json.loads(ran.stdout)["instance"] == state["instance"]
    assert prox("status").returncode == 78
    monkeypatch.setenv("PROX_ADDR", address)
    assert json.loads(prox("status", "--json").stdout)["instance"] == state["instance"]


def test_where_none_answers(prox: Run, monkeypatch: pytest.MonkeyPatch, project: Project) -> None:
    """It is code 69 for every command that needs one; the address may be somebody else's."""
    project.write("processes: {web: touch started}")
    monkeypatch.chdir(project.folder)
    for arguments in (("status",), ("start", "web"), ("stop", "web"), ("restart", "web"), ("wait",), ("logs", "-f")):
        ran = prox(*arguments)
        assert (ran.returncode, ran.stdout) == (69, "")
        assert ran.stderr == (
            f"prox: no instance is running in {project.folder}; `prox up` starts one, `prox list` shows all\n"
        )
        ran = prox(*arguments, "--addr", "http://127.0.0.1:1")
        assert (ran.returncode, ran.stdout) == (69, "")
        assert ran.stderr == "prox: no instance answers at http://127.0.0.1:1: Connection refused\n"
    assert prox("down", "--addr", "http://127.0.0.1:1").returncode == 69


def test_clients_import_nothing_heavy(looked_at: Project) -> None:
    """They are to start fast, and need neither the supervisor nor its API."""
    (looked_at.folder.parent / "empty").mkdir(exist_ok=True)
    commands = [
        ["status"], ["status", "--json"], ["logs"], ["logs", "-n", "1", "--json", "web"], ["wait", "web"],
        ["wait", "web", "--log", "plain"], ["start", "web"], ["stop", "done"], ["list"], ["version"], ["--help"],
        ["down", "--project-dir", "../empty"],
    ]  # fmt: skip
    heavy = {"trio", "quart", "quart_trio", "hypercorn", "h11", "re2", "psutil", "dotenv", "yaml", "msgspec"}
    code = f"""
import sys
from prox.cli.main import run
print([run(arguments) for arguments in {commands!r}])
print(sorted({heavy!r} & set(sys.modules)))
"""
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=looked_at.folder, env=looked_at.env, capture_output=True, text=True,
        timeout=SECONDS, check=True,
    )  # fmt: skip
    # What is there already, or is not, fails; each has asked the instance all the same.
    *_, codes, imported = ran.stdout.splitlines()
    assert codes == str([0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0])
    assert imported == "[]"
