"""Programs with which faults of other runners were reported: tailwindcss, concurrently, Celery."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from helpers.project import SECONDS, command, wait_until
from helpers.real import TOOLS, status, wait_healthy

if TYPE_CHECKING:
    from helpers.project import Project

GRACEFUL = "trap 'sleep 1; echo has ended in order; exit' INT TERM; echo begins; while :; do sleep 0.05; done"
TASKS = """
import os, pathlib
from celery import Celery

app = Celery(broker="redis://127.0.0.1:PORT/0")

@app.task
def slow():
    pathlib.Path("began").touch()
    while not pathlib.Path("stopping").exists():
        os.sched_yield()
    pathlib.Path("done").touch()
"""


@pytest.mark.real("tools")
def test_tailwind_watches(project: Project) -> None:
    project.write("@tailwind utilities;", "in.css")
    project.write("module.exports = {content: ['page.html']}", "tailwind.config.js")
    project.write('<p class="mt-7">', "page.html")
    out = project.folder / "o.css"
    cmd = f"{shlex.quote(str(TOOLS / 'tailwindcss'))} -i in.css -o o.css --watch"
    project.write(f"processes:\n  css: {{cmd: {cmd!r}}}\n")
    with project.up():
        wait_until(lambda: out.exists() and ".mt-7" in out.read_text())
        project.write('<p class="mt-7 pl-3">', "page.html")
        wait_until(lambda: ".pl-3" in out.read_text())
        assert status(project, "css")["status"] == "running"
        assert project.client("stop", "css").returncode == 0


@pytest.mark.real("tools")
def test_ctrl_c_of_concurrently_is_one_request(project: Project) -> None:
    """The terminal tells every program of the group, and concurrently tells its commands once more."""
    project.write(GRACEFUL, "graceful.sh")
    project.write("processes: {a: exec sh graceful.sh}")
    concurrently = subprocess.Popen(
        [TOOLS / "concurrently", shlex.join(command("up"))],
        cwd=project.folder,
        env=project.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        wait_until(lambda: project.state() is not None and "begins" in project.client("logs", "a").stdout)
        os.killpg(concurrently.pid, signal.SIGINT)
        said, _ = concurrently.communicate(timeout=SECONDS)
    finally:
        if concurrently.poll() is None:
            os.killpg(concurrently.pid, signal.SIGKILL)
            concurrently.communicate()
    assert "has ended in order" in said
    assert project.state() is None


@pytest.mark.real("redis-server")
@pytest.mark.real("celery")
def test_a_task_of_celery_is_not_lost(project: Project) -> None:
    python = shlex.quote(sys.executable)
    project.write(f"""
processes:
  redis:
    cmd: redis-server --port $PORT --bind 127.0.0.1 --save ''
    port: auto
    healthcheck: {{tcp: true}}
  worker:
    cmd: exec {python} -m celery -A tasks worker -c 2 --without-gossip --without-mingle --loglevel info
    depends_on: [redis]
    healthcheck: {{log: ready\\.}}
    stop: {{scope: leader, timeout: 20s}}
""")
    with project.up("redis") as prox:
        port = wait_healthy(project, "redis")["port"]
        project.write(TASKS.replace("PORT", str(port)), "tasks.py")
        assert project.client("start", "worker").returncode == 0
        wait_healthy(project, "worker")
        call = "import tasks; tasks.slow.delay()"
        subprocess.run([sys.executable, "-c", call], cwd=project.folder, env=project.env, check=True)
        wait_until((project.folder / "began").exists)
        prox.signal(signal.SIGTERM)
        prox.wait_line("Warm shutdown")
        project.write("", "stopping")
        assert prox.wait() == 0
    assert (project.folder / "done").exists()
