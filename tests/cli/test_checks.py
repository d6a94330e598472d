"""Why a running process is not ready: the latest word of its check."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpers.instance import process
from prox.cli.checks import last_check_results
from prox.client.client import Client
from prox.client.target import Target

if TYPE_CHECKING:
    from helpers.instance import FakeInstance


def test_only_running_processes_that_are_not_ready_are_asked_about(instance: FakeInstance) -> None:
    instance.answers = {
        "GET /processes/slow": {"healthcheck": {"last_output": "connection refused\nby port 80\x1b[2J"}},
        "GET /processes/silent": {"healthcheck": {"last_output": ""}},
        "GET /processes/unchecked": {},
    }
    processes = [
        process("slow", ready=False),
        process("silent", ready=False),
        process("unchecked", ready=False),
        process("ready"),
        process("crashed", "crashed"),
    ]
    found = last_check_results(Client(Target(host="127.0.0.1", port=instance.port)), processes)
    assert list(found) == ["slow"]
    assert found["slow"].startswith("connection refused")
    assert "\n" not in found["slow"]
    assert instance.requests == ["GET /processes/slow", "GET /processes/silent", "GET /processes/unchecked"]
