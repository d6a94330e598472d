"""Programs that no one here wrote: whether they are there, and the life that each of them leads under prox.

A test that needs one says so: ``@pytest.mark.real("redis-server")``. Where it is missing, the test is left out and
the end of the run says why; with ``PROX_REQUIRE_REAL=1``, as in CI, it fails.
"""

from __future__ import annotations

import shutil
import socket
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from helpers.leftovers import is_alive

if TYPE_CHECKING:
    from collections.abc import Callable

    from helpers.project import Project

REAL = Path(__file__).parents[2] / ".real"
VITE = REAL / "vite" / "node_modules" / "vite" / "bin" / "vite.js"
FULLSTACK = REAL / "fullstack"
"""The Python environment and the npm packages of examples/fullstack."""
TOOLS = REAL / "tools" / "node_modules" / ".bin"
"""concurrently and tailwindcss."""
SUITES = REAL / "suites"
"""For examples/suite-redis and suite-postgres: the Python environment and the unpacked suite of each."""


def why_missing(program: str) -> str | None:
    """Say why a program cannot be run here, and what to do; None where it can."""
    match program:
        case "redis-server":
            if not shutil.which("redis-server"):
                return "it is not on PATH (Debian: apt-get install redis-server)"
        case "postgres":
            if not (shutil.which("initdb") or any(Path("/usr/lib/postgresql").glob("*/bin/initdb"))):
                return "initdb is neither on PATH nor in /usr/lib/postgresql (Debian: apt-get install postgresql)"
        case "fullstack":
            if not (FULLSTACK / ".installed").exists():
                return f"{FULLSTACK} does not hold its packages (`make real` installs them, and says what fails)"
        case "suites":
            if missing := [name for name in ("redis", "postgres") if not (SUITES / name / ".installed").exists()]:
                return f"{SUITES} lacks {' and '.join(missing)} (`make real` installs them, and says what fails)"
        case "httpbin":
            if not (find_spec("httpbin") and find_spec("gunicorn")):
                return "httpbin and gunicorn are not installed (pip install -e '.[real]')"
        case "node":
            if not shutil.which("node"):
                return "it is not on PATH (install Node.js 20.19 or newer)"
        case "vite":
            if not shutil.which("node"):
                return "node is not on PATH (install Node.js 20.19 or newer with npm, then `make real`)"
            if not VITE.exists():
                return f"{VITE.parents[2]} does not hold it (`make real` installs it with npm, and says what fails)"
        case "tools":
            if not (shutil.which("node") and (TOOLS / "concurrently").exists()):
                return f"{TOOLS.parents[1]} does not hold its packages (`make real` installs them with npm)"
        case "celery":
            if not (find_spec("celery") and find_spec("redis")):
                return "celery and redis are not installed (pip install -e '.[real]')"
        case "faketime":
            if not faketime():
                return "its library is not installed (Debian: apt-get install faketime)"
        case "certutil":
            if not shutil.which("certutil"):
                return "it is not on PATH (Debian: apt-get install libnss3-tools)"
        case "chromium":
            if not shutil.which("chromium"):
                return "it is not on PATH (Debian: apt-get install chromium)"
        case "git":
            if not shutil.which("git"):
                return "it is not on PATH (Debian: apt-get install git)"
        case "curl":
            if not shutil.which("curl"):
                return "it is not on PATH (Debian: apt-get install curl)"
        case _:
            raise ValueError(f"no such real program: {program}")
    return None


def faketime() -> Path | None:
    """Return the library that lets programs see another time, where it is installed."""
    return next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))), None)


def live_a_life(project: Project, name: str, *, works: Callable[[int], None], logged: str) -> None:
    """Start, use, watch, restart and stop the process ``name`` of a project. ``works`` uses it through its port."""
    with project.up() as prox:
        first = wait_healthy(project, name)
        works(first["port"])
        assert any(logged in line["line"] for line in logs(project, name))

        assert project.post(f"/processes/{name}/restart").json() == {"success": True}
        second = wait_healthy(project, name)
        assert second["pid"] != first["pid"]
        assert second["restarts"] == 1
        assert not is_alive(first["pid"])
        works(second["port"])

        leader = psutil.Process(second["pid"])
        tree = [leader, *leader.children(recursive=True)]
        assert project.post(f"/processes/{name}/stop").json() == {"success": True}
        assert status(project, name)["signal"] != "SIGKILL", "it had to be killed"
        assert [process for process in tree if is_alive(process.pid)] == []
        assert is_free(second["port"])
        assert status(project, name)["status"] == "stopped"
    assert prox.wait() == 0
    assert project.state() is None


def wait_healthy(project: Project, name: str) -> dict[str, Any]:
    """Wait until a process is healthy, and return what the API says of it."""
    waited = project.run("wait", name, "--for", "healthy", "--timeout", "20s")
    assert waited.returncode == 0, waited.stderr + project.started[-1].output
    process = status(project, name)
    assert (process["status"], process["health"], process["ready"]) == ("running", "healthy", True)
    return process


def status(project: Project, name: str) -> dict[str, Any]:
    return project.get(f"/processes/{name}").json()


def logs(project: Project, name: str) -> list[dict[str, Any]]:
    return project.get(f"/logs?process={name}&lines=1000").json()["logs"]


def is_free(port: int) -> bool:
    with socket.socket() as sock:
        # Connections that were closed a moment ago do not count.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
