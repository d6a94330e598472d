"""Processes of the running instance that a run uses: which are lent, when they are ready, and when they have ended."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
import trio

from helpers.config import config_of
from helpers.instance import CUT, FakeInstance, process
from prox.cli.borrowing import borrow
from prox.core.config.digest import digests
from prox.core.errors import NotReady
from prox.core.lifecycle import Exit
from prox.instance.folder import InstanceFolder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONFIG = config_of("processes: {db: {cmd: x, port: 5432}, cache: y, api: z}\njobs: {test: t}")


def lent(name: str, status: str = "running", **rest: Any) -> dict[str, Any]:
    """Return a process of the instance, with the configuration that the run has for it."""
    return process(name, status, config_digest=digests(CONFIG)[name], **rest)


def snapshot(*processes: dict[str, Any]) -> tuple[str, Any]:
    return "snapshot", {"processes": list(processes)}


@pytest.fixture
def running(folder: Path) -> Iterator[FakeInstance]:
    """The instance that runs in the current folder."""
    with InstanceFolder(folder / ".prox") as lock, FakeInstance(lock.instance) as instance:
        lock.write_state(host="127.0.0.1", port=instance.port, config_file=None, started_at=0.0)
        instance.answers["GET /status"]["urls"] = {"app": "http://app.localhost"}
        instance.processes(lent("db", port=5432), lent("cache", pid=8))
        instance.streams["/events/stream"] = [snapshot(lent("db"), lent("cache"))]
        yield instance


def test_where_no_instance_runs_nothing_is_lent(folder: Path) -> None:
    (folder / "prox.yaml").write_text("processes: {db: x}")
    assert borrow(CONFIG, ["db"]) is None


def test_processes_with_the_same_configuration_are_lent(
    running: FakeInstance, capsys: pytest.CaptureFixture[str]
) -> None:
    lender = borrow(CONFIG, ["db", "cache", "api", "test"])
    assert lender
    assert {name: child.pid for name, child in lender.borrowed.children.items()} == {"db": 7, "cache": 8}
    assert lender.borrowed.ports == {"db": 5432}
    assert lender.borrowed.urls == {"app": "http://app.localhost"}
    assert capsys.readouterr().out == "using db, cache of the running instance (pid 7)\n"


@pytest.mark.parametrize(
    "other",
    [
        process("db", config_digest="another"),
        process("db"),
        lent("db", "stopped"),
        lent("db", "crashed"),
        lent("db", "stopping"),
    ],
)
def test_others_are_not(running: FakeInstance, other: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    running.processes(other, lent("cache"))
    assert borrow(CONFIG, ["db"]) is None
    assert capsys.readouterr().out == ""
    assert "GET /events/stream" not in running.requests


def test_those_that_start_are_waited_for(running: FakeInstance) -> None:
    running.processes(lent("db", "starting"))
    running.streams["/events/stream"] = [
        snapshot(lent("db", "starting"), lent("cache")),
        ("process", lent("db", "crashed", next_restart_at="2026-01-02T03:04:05.678Z")),
        ("process", lent("db", ready=False)),
        ("process", lent("db")),
        ("process", lent("db", "crashed")),
    ]
    assert borrow(CONFIG, ["db"])


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (lent("db", "crashed", reason="exited with code 3"), "is not ready: exited with code 3"),
        (lent("db", "stopped"), "is not ready: it is stopped"),
        (lent("cache"), "the running instance exited before these were ready: db"),
    ],
)
def test_one_that_does_not_become_ready(running: FakeInstance, event: dict[str, Any], message: str) -> None:
    running.processes(lent("db", "starting"))
    running.streams["/events/stream"] = [snapshot(lent("db", "starting")), ("process", event)]
    with pytest.raises(NotReady, match=message):
        borrow(CONFIG, ["db"])


@pytest.mark.parametrize("end", [[], [CUT]])
async def test_ends_are_noticed_and_the_end_of_the_instance_is_the_end_of_all(
    running: FakeInstance, end: list[tuple[str, Any]]
) -> None:
    lender = borrow(CONFIG, ["db", "cache"])
    assert lender
    running.streams["/events/stream"] = [
        snapshot(lent("db"), lent("cache"), lent("api")),
        ("process", lent("db", "stopping")),
        ("process", lent("api", "crashed", exit_code=1)),
        ("process", lent("cache", "crashed", exit_code=1, next_restart_at="2026-01-02T03:04:05.678Z")),
        ("process", lent("db", "crashed", exit_code=3)),
        *end,
    ]
    with trio.fail_after(30):
        await lender.watch()
        assert await lender.borrowed.children["db"].wait() == Exit(code=3)
        assert await lender.borrowed.children["cache"].wait() == Exit()


async def test_a_watch_ends_when_it_is_cancelled(running: FakeInstance) -> None:
    lender = borrow(CONFIG, ["db"])
    assert lender
    followed, over = trio.Event(), threading.Event()
    token = trio.lowlevel.current_trio_token()

    def events() -> Iterator[tuple[str, Any]]:
        yield snapshot(lent("db"))
        trio.from_thread.run_sync(followed.set, trio_token=token)
        over.wait(30)

    running.streams["/events/stream"] = events()
    try:
        with trio.fail_after(30):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(lender.watch)
                await followed.wait()
                nursery.cancel_scope.cancel()
    finally:
        over.set()
