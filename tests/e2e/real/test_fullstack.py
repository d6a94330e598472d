"""examples/fullstack: PostgreSQL, Redis, Flask, an RQ worker and Vite behind the proxy, and its jobs."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from helpers.project import request, wait_until
from helpers.real import FULLSTACK, is_free

if TYPE_CHECKING:
    from helpers.project import Answer, Project

pytestmark = [pytest.mark.real("postgres"), pytest.mark.real("redis-server"), pytest.mark.real("fullstack")]

EXAMPLE = Path(__file__).parents[3] / "examples" / "fullstack"
PROCESSES = ["db", "redis", "api", "worker", "web"]
BREAD = {"item": "bread", "quantity": 10}
TIMEOUT = 100.0
"""Seconds for the whole stack: other tests keep the machine busy."""


@pytest.fixture
def shop(project: Project) -> Project:
    """A copy of the example, with the packages that `make real` has installed."""
    made = shutil.ignore_patterns(".data", ".prox", ".venv", "node_modules", "out", "__pycache__")
    shutil.copytree(EXAMPLE, project.folder, dirs_exist_ok=True, ignore=made)
    for name in (".venv", "node_modules"):
        (project.folder / name).symlink_to(FULLSTACK / name)
    return project


def test_the_stack_is_up_in_one_command_and_keeps_its_data(shop: Project) -> None:
    urls = up(shop)
    page = ask(urls["app"], "GET", "/")
    assert b"<title>Shop</title>" in page.body
    assert urls["api"].encode() in ask(urls["app"], "GET", "/main.ts").body
    created = ask(urls["api"], "POST", "/orders", BREAD)
    assert created.status == 201
    wait_until(lambda: BREAD | {"id": 1, "status": "done", "total": 3150} in orders(urls))
    kept = orders(urls)
    down(shop)

    urls = up(shop)
    assert orders(urls) == kept
    down(shop)


def test_run_is_green(shop: Project) -> None:
    ran = shop.run("run", "--isolated", "--report", "json=report.json", timeout=TIMEOUT)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    jobs = {job["name"]: job for job in json.loads((shop.folder / "report.json").read_text())["jobs"]}
    assert set(jobs) == {"initdb", "migrate", "unit", "e2e"}
    assert (shop.folder / "out" / "unit.xml").exists()
    assert_database_stopped(shop)


def test_run_is_red_with_a_bug_and_says_why_on_the_last_screen(shop: Project) -> None:
    """The bug is in the worker, so that unit tests do not see it: it forgets the quantity."""
    tasks = (shop.folder / "shop" / "tasks.py").read_text()
    broken = tasks.replace('row["quantity"])\n', "1)\n")
    assert broken != tasks
    shop.write(broken, "shop/tasks.py")
    ran = shop.run("run", "--isolated", timeout=TIMEOUT)
    # pytest's own code, of the one job that failed.
    assert ran.returncode == 1, ran.stdout + ran.stderr
    lines = (ran.stdout + ran.stderr).splitlines()
    screen = "\n".join(lines[-40:])
    assert "assert 350 == 3150" in screen
    (row,) = [line.split() for line in lines[-40:] if line.startswith("e2e ")]
    assert row[1] == "failed"
    assert_database_stopped(shop)


def up(shop: Project) -> dict[str, str]:
    """Run `prox up -d --wait`, and return the addresses of the services."""
    ran = shop.run("up", "-d", "--wait", "--api-port", "0", "--http-port", "0", timeout=TIMEOUT)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    answer = shop.get("/processes").json()["processes"]
    found = {process["name"]: process for process in answer if process["name"] in PROCESSES}
    assert {name: process["health"] for name, process in found.items()} == dict.fromkeys(PROCESSES, "healthy")
    return shop.get("/status").json()["urls"]


def down(shop: Project) -> None:
    """Run `prox down`. That no process is left, each test's fixture checks."""
    ports = [process["port"] for process in shop.get("/processes").json()["processes"] if process.get("port")]
    assert len(ports) == 4
    ran = shop.run("down", timeout=TIMEOUT)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert [port for port in ports if not is_free(port)] == []
    assert shop.state() is None
    assert_database_stopped(shop)


def assert_database_stopped(shop: Project) -> None:
    """PostgreSQL removes this file at the end of an orderly shutdown only."""
    assert (shop.folder / ".data" / "postgres" / "PG_VERSION").exists()
    assert not os.path.lexists(shop.folder / ".data" / "postgres" / "postmaster.pid")


def orders(urls: dict[str, str]) -> list[dict[str, Any]]:
    return ask(urls["api"], "GET", "/orders").json()["orders"]


def ask(url: str, method: str, path: str, body: object = None) -> Answer:
    """Ask a service through the proxy, by its name in ``Host``."""
    address = urlsplit(url)
    assert address.port
    headers = {"Host": address.netloc, "Accept": "text/html, */*", "Content-Type": "application/json"}
    return request("127.0.0.1", address.port, method, path, json.dumps(body).encode() if body else None, headers)
