"""`prox graph`: which process or job waits for which, as text, JSON and a Mermaid flowchart."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from helpers.config import config_of
from helpers.instance import process
from prox.cli.graph import as_mermaid, as_object, as_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from helpers.instance import FakeInstance

TEXT = """
processes:
  web: {cmd: x, depends_on: {api: {condition: healthy, restart: true}, db: {log: 'a|"b" <c>&'}}}
  api: {cmd: x, healthcheck: {tcp: 80}, depends_on: [migrate]}
  db: x
jobs: {migrate: {cmd: x, depends_on: [db]}}
"""
CONFIG = config_of(TEXT)
STATES = {
    "web": process("web", "starting", waiting_for=["api", "db"]),
    "api": process("api", health="unhealthy"),
    "migrate": process("migrate", "stopped", kind="job", ready=True),
}


def test_those_that_others_wait_for_come_first() -> None:
    assert as_text(CONFIG, {}).splitlines() == [
        "db",
        "migrate (job)  after db (started)",
        "api            after migrate (completed)",
        'web            after api (healthy), db (log: a|"b" <c>&)',
    ]


def test_states_are_shown_where_they_are_known() -> None:
    lines = as_text(CONFIG, STATES).splitlines()
    assert [" ".join(line.partition(" after")[0].split()) for line in lines] == [
        "db",
        "migrate (job) completed",
        "api running, unhealthy",
        "web starting, waiting for api and db",
    ]
    assert len({line.index("after") for line in lines if "after" in line}) == 1


def test_an_object_has_every_node_and_every_edge() -> None:
    found = as_object(CONFIG, STATES)
    assert found["nodes"] == [
        {"name": "web", "kind": "process", "status": "starting", "ready": False},
        {"name": "api", "kind": "process", "status": "running", "ready": True},
        {"name": "db", "kind": "process", "status": None, "ready": None},
        {"name": "migrate", "kind": "job", "status": "stopped", "ready": True},
    ]
    assert {"from": "web", "to": "api", "condition": "healthy", "restart": True} in found["edges"]
    assert {"from": "migrate", "to": "db", "condition": "started", "restart": False} in found["edges"]
    assert len(found["edges"]) == 4


def test_a_flowchart_leads_to_those_that_wait_and_escapes_its_labels() -> None:
    assert as_mermaid(CONFIG, {"api": STATES["api"]}).splitlines() == [
        "flowchart LR",
        '    n0["web"]',
        '    n1["api<br/>running, unhealthy"]',
        '    n2["db"]',
        '    n3(["migrate"])',
        '    n1 -->|"healthy"| n0',
        '    n2 -->|"log: a#124;#quot;b#quot; #lt;c>#amp;"| n0',
        '    n3 -->|"completed"| n1',
        '    n2 -->|"started"| n3',
    ]


def test_the_command_asks_an_instance_for_its_states(
    folder: Path, instance: FakeInstance, ask: Callable[..., Any], prox: Callable[..., Any]
) -> None:
    (folder / "prox.yaml").write_text("processes: {db: x}")
    (folder / "prox.yaml").chmod(0o644)
    instance.processes(process("db"))
    assert ask("graph").stdout.split() == ["db", "running"]
    assert json.loads(ask("graph", "--json").stdout)["nodes"][0]["status"] == "running"
    assert prox("graph").stdout == "db\n"
    assert prox("graph", "--json", "--mermaid").returncode == 64
