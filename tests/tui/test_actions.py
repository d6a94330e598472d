"""Actions on processes of a real instance."""

from __future__ import annotations

import queue
import signal
from typing import TYPE_CHECKING

import pytest

from prox.client.client import Client
from prox.client.target import Target
from prox.core.errors import ProxError
from prox.tui.actions import Actions, act_on

if TYPE_CHECKING:
    from collections.abc import Callable

    from helpers.project import Project

STUBBORN = "trap '' TERM; echo ready; while :; do sleep 1000; done"


def client_of(project: Project) -> Client:
    state = project.state()
    assert state
    return Client(Target(host=state["host"], port=state["port"], instance=state["instance"]))


def test_start_stop_restart_and_kill(project: Project) -> None:
    project.write(
        "api: {port: 0}\nshutdown_timeout: 1h\nprocesses: "
        f'{{web: exec sleep 1000, stubborn: {{cmd: "{STUBBORN}", restart: always}}}}'
    )
    with project.up() as prox:
        prox.wait_line("ready")
        client = client_of(project)
        assert act_on(client, "stop", "web") == "stopped"
        assert act_on(client, "start", "web") == "started"
        assert act_on(client, "restart", "web") == "restarted"
        # Neither its grace period nor its restart policy keeps it.
        assert act_on(client, "kill", "stubborn") == "killed"
        found = client.process("stubborn")
        assert (found["status"], found["signal"]) == ("stopped", signal.Signals.SIGKILL.name)
        with pytest.raises(ProxError, match="stubborn is not running"):
            act_on(client, "kill", "stubborn")


def test_results_and_failures_are_delivered(project: Project) -> None:
    calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
    said: list[object] = []
    project.write("api: {port: 0}\nprocesses: {web: exec sleep 1000}")
    with project.up():
        actions = Actions(lambda: client_of(project), calls.put)
        actions.ask(lambda client: client.status()["status"], said.append, said.append)
        calls.get(timeout=30)()
        actions.ask(lambda client: client.process("nobody"), said.append, said.append)
        calls.get(timeout=30)()
    assert said == ["running", "no process named 'nobody'"]
