"""Where the system has no more to give, the environment goes on where it can, says so once, and recovers."""

from __future__ import annotations

import os
import resource
import secrets
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from helpers.project import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from helpers.project import Project

MANY = "api: {port: 0}\nprocesses:\n" + "".join(f"  p{n}: exec sleep 1000\n" for n in range(40))
CGROUPS = Path("/sys/fs/cgroup/pids")


def limited(kind: int, soft: int, hard: int) -> Callable[[], None]:
    """Return what limits a process before it becomes prox."""
    return lambda: resource.setrlimit(kind, (soft, hard))


def check_some_run_and_others_can_later(project: Project, why: str, relieve: Callable[[], object]) -> None:
    processes = {each["name"]: each for each in project.get("/processes").json()["processes"]}
    running = [name for name, each in processes.items() if each["status"] == "running"]
    crashed = [name for name, each in processes.items() if each["status"] == "crashed"]
    assert running
    assert crashed
    assert len(running) + len(crashed) == 40
    for name in crashed:
        assert why in processes[name]["reason"]
    # What there is still works: answers, logs, and the end of a process; and what is free again is used again.
    assert project.client("logs", running[0]).returncode == 0
    assert project.client("stop", *running[:2]).returncode == 0
    assert project.client("start", running[0]).returncode == 0
    relieve()
    assert project.client("start", *crashed[:2]).returncode == 0


def test_no_descriptors(project: Project) -> None:
    project.write(MANY)
    with project.up(preexec_fn=limited(resource.RLIMIT_NOFILE, 64, 64)) as prox:

        def relieve() -> None:
            processes = project.get("/processes").json()["processes"]
            running = [each["name"] for each in processes if each["status"] == "running"]
            assert project.client("stop", *running[:3]).returncode == 0

        check_some_run_and_others_can_later(project, "too many open files", relieve)
        assert project.client("down").returncode == 0
        assert prox.wait() == 0


@contextmanager
def few_processes(limit: int) -> Iterator[tuple[Callable[[], None], Callable[[], None]]]:
    """Give what puts a process into a group of so many at the most, and what lifts the limit."""
    group = CGROUPS / f"prox-test-{secrets.token_hex(4)}"
    try:
        group.mkdir()
    except OSError as error:
        pytest.skip(f"left out: a limit of processes needs {CGROUPS} (version 1), which cannot be used: {error}")
    (group / "pids.max").write_text(str(limit))
    try:
        yield (
            lambda: (group / "cgroup.procs").write_text(str(os.getpid())) and None,
            lambda: (group / "pids.max").write_text("max") and None,
        )
    finally:
        wait_until(lambda: not (group / "cgroup.procs").read_text())
        group.rmdir()


def test_no_more_processes(project: Project) -> None:
    """Nor any threads, which the system counts with them."""
    project.write(MANY)
    with few_processes(16) as (enter, relieve), project.up(preexec_fn=enter) as prox:
        check_some_run_and_others_can_later(project, "too many processes", relieve)
        assert project.client("down").returncode == 0
        assert prox.wait() == 0


def test_a_full_disk(project: Project) -> None:
    """Here it is a limit of the size of files, which the test can lift."""
    project.write("""
api: {port: 0}
processes:
  loud: "exec 3<>again; while read line <&3; do seq 1000; done"
  other: exec sleep 1000
""")
    # Opened for both, it has no end when whoever writes into it closes it.
    os.mkfifo(project.folder / "again")
    log = project.folder / ".prox" / "logs" / "loud.log"
    with project.up(preexec_fn=limited(resource.RLIMIT_FSIZE, 4096, resource.RLIM_INFINITY)) as prox:
        for count in (1, 2):
            _write_line(project.folder / "again")
            wait_until(lambda: prox.output.count("loud   │ 1000\n") == count)  # noqa: B023 - called at once
        prox.wait_line("cannot be written: File too large")
        assert project.get("/processes/loud").json()["status"] == "running"
        resource.prlimit(prox.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        _write_line(project.folder / "again")
        prox.wait_line("log files can be written again")
        wait_until(lambda: log.read_bytes().endswith(b"out 1000\n"))
        assert prox.output.count("File too large") == 1
        # Nothing was lost where there was room for it.
        assert prox.output.count("loud   │ 1000\n") == 3
        assert project.client("down").returncode == 0
        assert prox.wait() == 0


def test_a_log_folder_that_is_in_the_way_and_goes(project: Project) -> None:
    project.write("""
api: {port: 0}
processes: {loud: "exec 3<>again; while read line <&3; do echo said $line; done"}
""")
    os.mkfifo(project.folder / "again")
    logs = project.folder / ".prox" / "logs"
    with project.up() as prox:
        _write_line(project.folder / "again", "one")
        prox.wait_line("said one")
        wait_until(lambda: (logs / "loud.log").exists())
        for file in logs.iterdir():
            file.unlink()
        logs.rmdir()
        logs.write_text("in the way")
        _write_line(project.folder / "again", "two")
        prox.wait_line("cannot be written: Not a directory")
        logs.unlink()
        _write_line(project.folder / "again", "three")
        prox.wait_line("log files can be written again")
        wait_until(lambda: (logs / "loud.log").read_bytes().endswith(b"out said three\n"))
        assert project.client("down").returncode == 0
        assert prox.wait() == 0


def _write_line(fifo: Path, text: str = "x") -> None:
    fifo.write_text(f"{text}\n")
