"""Whatever ends prox, and however often: no process of it is left, no state file, and the code is what was promised."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from helpers.leftovers import is_alive
from helpers.project import kill_with_guard, wait_until, watchdogs_of
from helpers.scale import Repeats, figure, times
from prox.instance.folder import instance_prefix
from prox.watchdog.marks import marked

if TYPE_CHECKING:
    from helpers.project import Project, RunningProx

PROMISED_SECONDS = 3.0
"""Within so long everything is gone after a SIGKILL."""

CROWD = "api: {port: 0}\nprocesses:\n" + "".join(
    [f"  plain{n}: exec sleep 1000\n" for n in range(10)]
    + [f"  parent{n}: sleep 1000 & exec sleep 1000\n" for n in range(5)]
    + [f"  daemon{n}: (setsid sleep 1000 &); exec sleep 1000\n" for n in range(5)]
)
"""20 children, 5 of them with a grandchild in the background, 5 with one in a session of its own."""
COUNT = 30


def crowd(project: Project) -> set[int]:
    """Return the processes of the project that live, whoever is their parent."""
    return {pid for pid in marked(instance_prefix(project.folder / ".prox")) if is_alive(pid)}


def start(project: Project, **options: bool) -> RunningProx:
    prox = project.launch("up", **options)
    prox.wait_line("prox 0.")
    wait_until(lambda: len(crowd(project)) == COUNT)
    return prox


def guard_of(prox: RunningProx) -> int:
    (guard,) = watchdogs_of(prox.pid)
    return guard


def wait_gone(project: Project) -> float:
    """Wait until nothing of the project lives, and say how long that took."""
    begun = time.monotonic()
    wait_until(lambda: not crowd(project))
    return time.monotonic() - begun


def state_files(project: Project) -> set[str]:
    return set(os.listdir(project.folder / ".prox")) - {".gitignore", "logs"}


def test_prox_is_killed(project: Project) -> None:
    project.write(CROWD)
    took = []
    for _ in Repeats(1, 300):
        with start(project) as prox:
            guard = guard_of(prox)
            prox.signal(signal.SIGKILL)
            took.append(wait_gone(project))
            wait_until(lambda: not is_alive(guard))  # noqa: B023 - called at once
            assert state_files(project) == set()
            assert prox.wait() == -signal.SIGKILL
    figure("SIGKILL to prox", times=len(took), worst_seconds=max(took))
    # The bar is for a machine that does nothing else, as in `make torture`.
    assert max(took) < PROMISED_SECONDS * times(5, 1)


@pytest.mark.parametrize(
    ("name", "signals", "code"),
    [
        ("SIGTERM", [signal.SIGTERM], 0),
        ("SIGHUP", [signal.SIGHUP], 0),
        ("SIGINT twice, 10 ms apart", [signal.SIGINT, signal.SIGINT], 0),
    ],
)
def test_prox_is_asked_to_end(project: Project, name: str, signals: list[int], code: int) -> None:
    project.write(CROWD)
    took = []
    for _ in Repeats(1, 300):
        with start(project) as prox:
            begun = time.monotonic()
            for number in signals:
                prox.signal(number)
                # The time between the two is what is tried here; the first may be all that it takes.
                time.sleep(0.01)
            ended = prox.wait()
            took.append(time.monotonic() - begun)
            assert ended == code
            assert crowd(project) == set()
            assert state_files(project) == set()
    figure(name, times=len(took), worst_seconds=max(took))


def test_the_terminal_is_closed(project: Project) -> None:
    project.write(CROWD)
    took = []
    for _ in Repeats(1, 300):
        with start(project, terminal=True) as prox:
            prox.hang_up()
            begun = time.monotonic()
            assert prox.wait() == 0
            took.append(time.monotonic() - begun)
            assert crowd(project) == set()
            assert state_files(project) == set()
    figure("the terminal is closed", times=len(took), worst_seconds=max(took))


def test_the_watchdog_is_killed(project: Project) -> None:
    """Another one takes its place, and everything ends as usual."""
    project.write(CROWD)
    took = []
    for _ in Repeats(1, 100):
        with start(project) as prox:
            first = guard_of(prox)
            os.kill(first, signal.SIGKILL)
            prox.wait_line("restarting it")
            wait_until(lambda: len(watchdogs_of(prox.pid)) == 1)
            # The new one knows all that the one before did.
            prox.signal(signal.SIGKILL)
            took.append(wait_gone(project))
            prox.wait()
            wait_until(lambda: state_files(project) == set())
    figure("SIGKILL to the watchdog, then to prox", times=len(took), worst_seconds=max(took))


@pytest.mark.parametrize("command", ["up", "down"])
def test_watchdog_and_prox_are_killed_together(project: Project, command: str) -> None:
    """What is left is found by its variable at the next `prox up` or `prox down`, named, and ended."""
    project.write(CROWD)
    repeats = Repeats(1, 50)
    for _ in repeats:
        with start(project) as prox:
            kill_with_guard(prox.pid)
            prox.wait()
        left = crowd(project)
        assert len(left) == COUNT
        assert project.client("status").returncode == 69
        if command == "down":
            ran = project.client("down")
            assert ran.returncode == 0
            assert ran.stdout.count("left running by a prox that was killed") == COUNT
        else:
            with start(project) as prox:
                assert prox.output.count("an earlier prox was killed and has left") == COUNT
                assert not left & crowd(project)
                prox.signal(signal.SIGTERM)
                assert prox.wait() == 0
        assert crowd(project) == set()
        assert state_files(project) == set()
    figure(f"SIGKILL to guard and prox together, then `prox {command}`", times=repeats.count)


def test_the_watchdog_costs_next_to_nothing(project: Project) -> None:
    project.write(CROWD)
    with start(project) as prox:
        guard = psutil.Process(guard_of(prox))
        used = guard.cpu_times()
        memory = guard.memory_full_info().pss if hasattr(guard.memory_full_info(), "pss") else 0
        assert memory <= 12 * 1024 * 1024
        # It waits for prox to say something, and for nothing else.
        project.client("status")
        assert guard.cpu_times() == used
        assert os.getsid(guard.pid) == guard.pid
        assert guard.environ() == {}
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGTSTP):
            guard.send_signal(number)
        figure("the watchdog", memory_mib=round(memory / 1024**2, 1))
        prox.signal(signal.SIGTERM)
        assert prox.wait() == 0
    assert not is_alive(guard.pid)
