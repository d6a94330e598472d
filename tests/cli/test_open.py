"""`prox open`: the address of the dashboard, with a ticket where one is needed, and a browser where there is one."""

from __future__ import annotations

import http.client
import os
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from helpers.project import Project


def browser(folder: Path) -> tuple[str, Path]:
    """Return a BROWSER that writes its argument to a named pipe, and the pipe."""
    program, pipe = folder / "browser", folder / "opened"
    os.mkfifo(pipe)
    program.write_text(f'#!/bin/sh\necho "$1" > {pipe}\n')
    program.chmod(0o755)
    return f"{program} %s", pipe


def test_the_address_is_printed(looked_at: Project, prox: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(looked_at.folder)
    for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"):
        monkeypatch.delenv(name, raising=False)
    state = looked_at.state()
    assert state
    base = f"http://127.0.0.1:{state['port']}"
    assert prox("open").stdout == f"{base}/#/processes\n"
    assert prox("open", "logs", "--print").stdout == f"{base}/#/logs\n"
    refused = prox("open", "nothing")
    assert refused.returncode == 64
    assert "'processes', 'logs', 'requests', 'graph', 'jobs', 'system'" in refused.stderr


def test_without_an_instance_it_is_69(project: Project) -> None:
    project.write("processes: {api: exit 0}")
    ran = project.run("open")
    assert (ran.returncode, ran.stdout) == (69, "")
    assert "no instance is running" in ran.stderr


def test_a_browser_is_opened_with_a_ticket_that_works_once(project: Project) -> None:
    project.write("api: {port: 0, auth: true}\nprocesses: {api: exec sleep 1000}")
    chosen, pipe = browser(project.folder)
    env = project.env | {"BROWSER": chosen}
    with project.up():
        # This one opens nothing: what is read below is the address of the second.
        assert project.run("open", "--print", env=env).returncode == 0
        ran = project.run("open", "graph", env=env)
        assert ran.returncode == 0
        assert pipe.read_text() == ran.stdout
        found = re.fullmatch(r"http://127\.0\.0\.1:(\d+)/\?ticket=([\w-]+)#/graph\n", ran.stdout)
        assert found
        statuses = []
        for _ in range(2):
            connection = http.client.HTTPConnection("127.0.0.1", int(found[1]))
            connection.request("GET", f"/?ticket={found[2]}")
            statuses.append(connection.getresponse().status)
            connection.close()
        assert statuses == [303, 401]
