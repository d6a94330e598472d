"""`prox down`: everything is stopped, shown as it goes, and gone at the end."""

from __future__ import annotations

import signal
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from helpers.instance import CUT, FakeInstance, process
from helpers.killed import left_running
from prox.instance.folder import InstanceFolder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Run = Callable[..., Any]


def let_stop(instance: FakeInstance, *events: tuple[str, Any], answer: Any = None) -> None:
    """Let the shutdown be answered, and the stream of events go on with these once it was asked for."""
    asked = threading.Event()

    def shut_down(body: bytes) -> Any:
        asked.set()
        return answer or {}

    def stream() -> Iterator[tuple[str, Any]]:
        yield "snapshot", {"processes": [process("api"), process("db", "starting"), process("old", "crashed")]}
        asked.wait(30)
        yield from events

    instance.answers["POST /shutdown"] = shut_down
    instance.streams["/events/stream"] = stream()


def test_processes_are_named_as_they_go(instance: FakeInstance, ask: Run) -> None:
    let_stop(
        instance,
        ("process", process("api", "stopping")),
        ("process", process("api", "stopped")),
        ("process", process("api", "stopped")),
        ("process", process("old", "stopped")),
        ("process", process("db", "crashed")),
    )
    ran = ask("down")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.splitlines() == ["stopping api, db", "  api stopped", "  db crashed", "stopped"]


def test_what_is_still_running_after_the_stop_is_a_failure(instance: FakeInstance, ask: Run) -> None:
    left = {"process": "api", "pid": 7, "command": "daemon", "ports": [80]}
    let_stop(instance, ("process", process("api", "stopped")), ("leftover", {"left": [left]}))
    ran = ask("down")
    assert ran.returncode == 70
    assert ran.stderr == "prox: still running after the stop: api: daemon (pid 7), holds port 80\n"
    assert ran.stdout.splitlines()[-1] == "  api stopped"


def test_a_shutdown_that_is_under_way_is_waited_for(instance: FakeInstance, ask: Run) -> None:
    let_stop(
        instance,
        ("process", process("api", "stopped")),
        answer=(409, {"error": "everything is being stopped", "code": "SHUTDOWN_IN_PROGRESS"}),
    )
    ran = ask("down")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.endswith("  api stopped\nstopped\n")


def test_a_shutdown_that_is_refused_is_a_failure(instance: FakeInstance, ask: Run) -> None:
    let_stop(instance, answer=(401, {"error": "no token", "code": "UNAUTHORIZED"}))
    ran = ask("down")
    assert (ran.returncode, ran.stdout, ran.stderr) == (1, "", "prox: no token\n")


def test_an_end_without_the_last_events_is_an_end(instance: FakeInstance, ask: Run) -> None:
    let_stop(instance, CUT)
    ran = ask("down")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.splitlines() == ["stopping api, db", "stopped"]


def test_it_returns_once_the_lock_is_free(folder: Path, prox: Run) -> None:
    (folder / "prox.yaml").write_text("processes: {api: x}")
    with ExitStack() as running:
        lock = running.enter_context(InstanceFolder(folder / ".prox"))
        with FakeInstance(lock.instance) as instance:
            lock.write_state(host="127.0.0.1", port=instance.port, config_file=None, started_at=0.0)
            ending = threading.Thread(target=running.close)

            def events() -> Iterator[tuple[str, Any]]:
                # The end of the stream comes before the end of the instance.
                ending.start()
                yield from ()

            let_stop(instance)
            stream = instance.streams["/events/stream"]
            instance.streams["/events/stream"] = (event for part in (stream, events()) for event in part)
            ran = prox("down")
            assert not (folder / ".prox" / "prox.pid").exists()
            ending.join()
    assert (ran.returncode, ran.stdout.splitlines()[-1]) == (0, "stopped")


def test_nothing_running_is_no_error(folder: Path, prox: Run) -> None:
    (folder / "prox.yaml").write_text("processes: {api: x}")
    ran = prox("down")
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "nothing is running\n", "")


@pytest.mark.parametrize("command", ["down", "stop"])
def test_what_a_killed_prox_left_is_ended(folder: Path, prox: Run, command: str) -> None:
    (folder / "prox.yaml").write_text("processes: {api: x}")
    with left_running(folder / ".prox", "api") as left:
        ran = prox(command)
        assert left.wait() == -signal.SIGTERM
    assert ran.returncode == 0
    assert ran.stdout == (
        f"left running by a prox that was killed: api: sh -c echo ready; read _ (pid {left.pid}); ended\n"
    )  # fmt: skip
