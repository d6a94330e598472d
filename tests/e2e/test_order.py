"""The order of processes on the real program: start, stop, names, groups, `prox graph`."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

from helpers.project import wait_until

if TYPE_CHECKING:
    from helpers.project import Project

STACK = """
api: {port: 0}
processes:
  web: {cmd: "trap 'echo web ends; exit' TERM; echo web begins; sleep 1000 & wait", depends_on: [api]}
  api:
    cmd: "trap 'echo api ends; exit' TERM; echo api begins; sleep 1000 & wait"
    depends_on: {db: healthy, migrate: completed}
    healthcheck: {log: api begins}
    groups: [back]
  db:
    cmd: "trap 'echo db ends; exit' TERM; until test -e go; do sleep 0.01; done; echo db begins; sleep 1000 & wait"
    healthcheck: {log: begins}
    groups: [back]
jobs:
  migrate: {cmd: echo migrated, depends_on: [db]}
"""


def statuses(project: Project) -> dict[str, str]:
    return {each["name"]: each["status"] for each in project.get("/processes").json()["processes"]}


def test_they_start_in_order_and_stop_in_the_reverse_one(project: Project) -> None:
    project.write(STACK)
    with project.up("--timings") as prox:
        shown = project.client("status").stdout
        assert "api: waiting for db, migrate" in shown
        assert "migrate: waiting for db" in shown
        assert project.get("/processes/web").json()["waiting_for"] == ["api"]
        assert statuses(project)["api"] == "starting"
        project.write("", "go")
        prox.wait_line("web begins")
        prox.wait_line("critical path: db → migrate → api → web")
        prox.signal(signal.SIGTERM)
        assert prox.wait() == 0
    lines = [line.split("│ ")[1].strip() for line in prox.output.splitlines()]
    order = ["db begins", "migrated", "api begins", "web begins", "web ends", "api ends", "db ends"]
    assert [line for line in lines if line in order] == order


def test_a_chain_of_causes_fails_up_wait(project: Project) -> None:
    project.write(STACK.replace("echo migrated", "exit 3"))
    project.write("", "go")
    ran = project.run("up", "--wait")
    assert ran.returncode == 69
    assert "web is not ready: it needs api: it needs migrate: exited with code 3" in ran.stderr
    assert "db ends" in ran.stdout


def test_keep_leaves_running_what_runs(project: Project) -> None:
    project.write(STACK.replace("echo migrated", "exit 3"))
    project.write("", "go")
    with project.up("--wait", "--keep") as prox:
        prox.wait_line("keeping the running processes (--keep)")
        assert statuses(project) == {"web": "crashed", "api": "crashed", "db": "running", "migrate": "crashed"}


def test_some_with_what_they_need_or_without(project: Project) -> None:
    project.write(STACK)
    project.write("", "go")
    with project.up("api") as prox:
        prox.wait_line("api begins")
        assert statuses(project) == {"web": "stopped", "api": "running", "db": "running", "migrate": "stopped"}
        assert project.client("start", "web").stdout == "web started\n"
    with project.up("--no-deps", "back") as prox:
        prox.wait_line("api begins")
        assert statuses(project)["migrate"] == "stopped"


def test_groups_over_the_api(project: Project) -> None:
    project.write(STACK)
    project.write("", "go")
    with project.up("web") as prox:
        prox.wait_line("web begins")
        assert project.post("/groups/back/stop").json() == {"success": True}
        assert statuses(project) == {"web": "running", "api": "stopped", "db": "stopped", "migrate": "stopped"}
        assert prox.output.index("api ends") < prox.output.index("db ends")
        assert project.post("/groups/back/start").json() == {"success": True}
        assert project.post("/groups/back/restart").json() == {"success": True}
        assert statuses(project)["api"] == "running"
        assert project.get("/logs?process=back,migrate").json()["total_count"] >= 6
        answer = project.post("/groups/front/stop")
        assert (answer.status, answer.json()["code"]) == (404, "PROCESS_NOT_FOUND")
        assert project.client("stop", "web", "back").stdout == "web stopped\napi stopped\ndb stopped\n"


def test_a_restart_brings_what_is_missing(project: Project) -> None:
    project.write(STACK)
    project.write("", "go")
    with project.up() as prox:
        prox.wait_line("web begins")
        project.client("stop", "back")
        assert project.client("restart", "api").returncode == 0
        wait_until(lambda: statuses(project)["db"] == "running")


def test_graph(project: Project) -> None:
    project.write(STACK)
    assert project.client("graph").stdout.splitlines() == [
        "db",
        "migrate (job)  after db (healthy)",
        "api            after db (healthy), migrate (completed)",
        "web            after api (healthy)",
    ]
    with project.up():
        text = project.client("graph").stdout
        assert "db             running" in text
        assert "api            starting, waiting for db and migrate  after db (healthy), migrate (completed)" in text
        found = json.loads(project.client("graph", "--json").stdout)
        assert {"name": "migrate", "kind": "job", "status": "starting", "ready": False} in found["nodes"]
        assert {"from": "web", "to": "api", "condition": "healthy", "restart": False} in found["edges"]
    mermaid = project.client("graph", "--mermaid").stdout
    assert mermaid.startswith("flowchart LR\n")
    assert '    n3(["migrate"])' in mermaid
    assert '    n3 -->|"completed"| n1' in mermaid
    assert project.client("graph", "--mermaid", "--json").returncode == 64
