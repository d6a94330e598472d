"""Many starts and ends: descriptors, threads and zombies are back at where they were, and each end is seen at once."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from typing import TYPE_CHECKING

import psutil

from helpers.leftovers import is_alive
from helpers.project import SECONDS, request, wait_until
from helpers.scale import Repeats, figure, times
from prox.instance.folder import instance_prefix
from prox.watchdog.marks import marked

if TYPE_CHECKING:
    from helpers.project import Project, RunningProx


def base(prox: RunningProx) -> tuple[int, int, int]:
    """Return how many descriptors and threads prox has, and how many of its children are zombies."""
    process = psutil.Process(prox.pid)
    zombies = [child for child in process.children() if child.status() == psutil.STATUS_ZOMBIE]
    return process.num_fds(), process.num_threads(), len(zombies)


def settle(prox: RunningProx, before: tuple[int, int, int]) -> None:
    """Wait until nothing is left of what was done. Threads that are kept for later work may be more by a few."""

    def settled() -> bool:
        descriptors, threads, zombies = base(prox)
        return descriptors <= before[0] and threads <= before[1] + 8 and zombies == 0

    wait_until(settled)


def test_exits_with_a_grandchild_that_holds_the_pipe(project: Project) -> None:
    project.write("""
api: {port: 0}
processes:
  web: {cmd: "echo $$; (setsid sleep 1000 &); (sleep 1000 &); exec 3<>gate; read x <&3"}
""")
    os.mkfifo(project.folder / "gate")
    repeats = Repeats(15, 1000)
    worst = 0.0
    with project.up() as prox:
        wait_until(lambda: project.get("/processes/web").json()["status"] == "running")
        before = base(prox)
        state = project.state()
        assert state
        for _ in repeats:
            begun = time.monotonic()
            (project.folder / "gate").write_text("go\n")
            wait_until(lambda: _process(state, "web")["status"] == "stopped")
            worst = max(worst, time.monotonic() - begun)
            assert request(state["host"], state["port"], "POST", "/api/v1/processes/web/start").status == 200
        settle(prox, before)
        prox.signal(signal.SIGTERM)
        assert prox.wait() == 0
    figure("exits with a grandchild that holds the pipe", times=repeats.count, worst_seconds=worst)
    assert worst < 0.5 * times(10, 1)
    assert not _crowd(project)


def test_quick_starts(project: Project) -> None:
    project.write("api: {port: 0}\nprocesses: {quick: 'true', other: exec sleep 1000}")
    repeats = Repeats(60, 10_000)
    with project.up() as prox:
        before = base(prox)
        state = project.state()
        assert state
        memory = psutil.Process(prox.pid).memory_info().rss
        begun = time.monotonic()
        for _ in repeats:
            assert request(state["host"], state["port"], "POST", "/api/v1/processes/quick/restart").status == 200
        took = time.monotonic() - begun
        settle(prox, before)
        grown = psutil.Process(prox.pid).memory_info().rss - memory
        assert project.get("/processes/quick").json()["restarts"] == repeats.count
        assert grown < 30 * 1024 * 1024
        prox.signal(signal.SIGTERM)
        assert prox.wait() == 0
    figure(
        "quick starts", times=repeats.count, per_second=round(repeats.count / took), grown_mib=round(grown / 1024**2, 1)
    )


ACTIONS = ("start", "stop", "restart", "crash", "leave")


def test_random_goals_from_many_clients(project: Project) -> None:
    """At every quiet moment what prox says is what the process table says."""
    names = [f"p{number}" for number in range(8)]
    project.write(
        "api: {port: 0}\nprocesses:\n"
        + "".join(f"  {name}: trap 'exit 0' TERM; (setsid sleep 1000 &); sleep 1000 & wait\n" for name in names)
    )
    with project.up() as prox:
        before = base(prox)
        state = project.state()
        assert state
        memory = psutil.Process(prox.pid).memory_info().rss
        rounds = Repeats(1, 60)
        for number in rounds:
            _all_at_once(state, names, seed=number, seconds=times(1, 5))
            wait_until(lambda: _agrees(project, state, names))
        for name in names:
            request(state["host"], state["port"], "POST", f"/api/v1/processes/{name}/restart")
        wait_until(lambda: _agrees(project, state, names))
        settle(prox, (before[0] + 5, before[1], 0))
        grown = psutil.Process(prox.pid).memory_info().rss - memory
        assert grown < 40 * 1024 * 1024
        prox.signal(signal.SIGTERM)
        assert prox.wait() == 0
    figure(
        "random goals from 8 clients",
        rounds=rounds.count,
        seconds=rounds.count * times(1, 5),
        grown_mib=grown // 1024**2,
    )
    assert not _crowd(project)


def _all_at_once(state: dict[str, int], names: list[str], *, seed: int, seconds: int) -> None:
    """Let 8 clients do as they like for a while."""
    ends = time.monotonic() + seconds
    failures: list[str] = []

    def client(number: int) -> None:
        chance = random.Random(seed * 100 + number)
        while time.monotonic() < ends:
            name, action = chance.choice(names), chance.choice(ACTIONS)
            path = f"/api/v1/processes/{name}"
            try:
                if action == "crash":
                    request(state["host"], state["port"], "POST", f"{path}/signal", b'{"signal": "SIGKILL"}')
                elif action == "leave":
                    _ask_and_leave(state, f"{path}/restart")
                else:
                    answer = request(state["host"], state["port"], "POST", f"{path}/{action}")
                    if answer.status not in (200, 409):
                        failures.append(f"{action} {name}: {answer}")
            except OSError as error:
                failures.append(f"{action} {name}: {error}")

    clients = [threading.Thread(target=client, args=(number,)) for number in range(8)]
    for each in clients:
        each.start()
    for each in clients:
        each.join(SECONDS)
    # A start that a stop of another client overtakes has failed, and says so.
    assert [failure for failure in failures if "before it was started" not in failure] == []


def _ask_and_leave(state: dict[str, int], path: str) -> None:
    """Ask for something, and be gone before the answer."""
    import socket

    with socket.create_connection((state["host"], state["port"]), timeout=SECONDS) as connection:
        connection.sendall(f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n".encode())


def _agrees(project: Project, state: dict[str, int], names: list[str]) -> bool:
    """Say whether everything is quiet, and each process is there exactly where prox says so."""
    said = {name: _process(state, name) for name in names}
    if any(each["status"] in ("starting", "stopping") for each in said.values()):
        return False
    leaders = {each["pid"] for each in said.values() if each["status"] == "running"}
    found = {pid for pid in _crowd(project) if _is_leading_shell(pid)}
    running = sum(each["status"] == "running" for each in said.values())
    # Each that runs has its leader, a child in the background and one in a session of its own.
    return leaders == found and len(_crowd(project)) == 3 * running


def _is_leading_shell(pid: int) -> bool:
    try:
        return os.getsid(pid) == pid and "trap" in " ".join(psutil.Process(pid).cmdline())
    except (psutil.Error, ProcessLookupError):
        # It has ended since the table was read.
        return False


def _crowd(project: Project) -> set[int]:
    return {pid for pid in marked(instance_prefix(project.folder / ".prox")) if is_alive(pid)}


def _process(state: dict[str, int], name: str) -> dict[str, object]:
    found = request(state["host"], state["port"], "GET", "/api/v1/processes").json()["processes"]
    (process,) = [each for each in found if each["name"] == name]
    return process
