"""prox.example.yaml, which `make demo` runs, and examples/: all that they promise to show is there."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from helpers.project import SECONDS, RunningProx, request
from prox.system.ports import free_ports

if TYPE_CHECKING:
    from helpers.project import Project

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"


def test_the_example_runs_and_ends_without_a_word_of_complaint(project: Project) -> None:
    shutil.copy(ROOT / "prox.example.yaml", project.folder / "prox.yaml")
    with project.up("--http-port", "0") as prox:
        waited = project.run("wait", "api", "web", "worker", "ticker", "--for", "healthy", "--timeout", "25s")
        assert waited.returncode == 0, waited.stderr + prox.output
        prox.wait_line("job #4 was slow")
        prox.wait_line("importer crashed")
        processes = {process["name"]: process for process in project.get("/processes").json()["processes"]}

        page = request("127.0.0.1", processes["web"]["port"], "GET", "/")
        assert b"Hello from prox" in page.body
        assert b"http://127.0.0.1:%d/status" % processes["api"]["port"] in page.body
        found = re.search(r"proxy: http://localhost:(\d+), services: web, api", prox.output)
        assert found
        named = request("127.0.0.1", int(found[1]), "GET", "/", headers={"Host": "web.localhost"})
        assert named.body == page.body
        answer = request("127.0.0.1", processes["api"]["port"], "GET", "/status")
        assert answer.json()["jobs_done"] >= 4
        assert answer.headers["Access-Control-Allow-Origin"] == "*"

        assert (processes["importer"]["status"], processes["importer"]["exit_code"]) == ("crashed", 3)
        assert {process["status"] for name, process in processes.items() if name != "importer"} == {"running"}
        lines = project.get("/logs?lines=1000").json()["logs"]
        assert {"stdout", "stderr"} <= {line["stream"] for line in lines if line["process"] == "worker"}
        assert any("\x1b[36m" in line["line"] for line in lines)
        assert "ValueError" in project.run("logs", "importer").stdout
        before_the_end = len(prox.output)
        prox.signal(signal.SIGINT)
        assert prox.wait() == 0
    assert not re.search("Traceback|Error", prox.output[before_the_end:])
    assert "the ticker stops" in prox.output[before_the_end:]


def test_the_demo_prints_commands_that_work(project: Project) -> None:
    """`make demo` in a copy of what it needs, with the prox that the tests run and a free port."""
    # Never the real environment: make would build it again if its stamps were missing.
    venv = project.folder / ".venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "prox").symlink_to(Path(sys.executable).with_name("prox"))
    text = {name: (ROOT / name).read_text() for name in ("Makefile", "prox.example.yaml", "pyproject.toml")}
    (port,) = free_ports(1)
    for name in text:
        project.write(text[name].replace("6788", str(port)), name)
        os.utime(project.folder / name, (0, 0))
    for stamp in (".created", ".for-use"):
        (venv / stamp).touch()
    options = {"cwd": project.folder, "env": project.env}
    with RunningProx(["make", "demo"], options) as demo:
        demo.wait_line("services: web, api")
        ready = project.run("-c", "prox.example.yaml", "wait", "web", "api", "worker", "--timeout", "25s")
        assert ready.returncode == 0, ready.stderr + demo.output
        printed = [line.strip() for line in demo.output.splitlines() if line.startswith("  ")]
        assert len(printed) == 5
        for command in printed:
            ran = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=SECONDS, **options)
            assert ran.returncode == 0, f"{command}\n{ran.stdout}{ran.stderr}"
            assert ran.stdout
        os.killpg(demo.pid, signal.SIGINT)
        demo.wait()
    assert "stopping; press Ctrl-C again to kill" in demo.output


def test_a_program_of_ones_own_runs_the_tree(tmp_path: Path) -> None:
    shutil.copytree(EXAMPLES / "embedded", tmp_path / "embedded")
    ran = subprocess.run(
        [sys.executable, tmp_path / "embedded" / "main.py"], capture_output=True, text=True, timeout=SECONDS
    )
    assert ran.stderr == ""
    assert "it answered 200" in ran.stdout
    assert "it is running again" in ran.stdout
    assert ran.returncode == 0


def test_a_process_says_by_itself_that_it_is_ready(project: Project) -> None:
    shutil.copytree(EXAMPLES / "notify", project.folder, dirs_exist_ok=True)
    with project.up() as prox:
        assert project.run("wait", "worker", "--for", "healthy", "--timeout", "20s").returncode == 0
        assert "loading" in prox.output
