"""The launcher of the watchdog: what it tells it, and that there is always one."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import TYPE_CHECKING

import psutil
import pytest
import trio

import prox
from prox.core.errors import StartFailed
from prox.instance.folder import InstanceFolder
from prox.runtime import watchdog as module
from prox.runtime.watchdog import Watchdog, watch_list
from prox.system.children import add_child, remove_child

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def dogs() -> list[psutil.Process]:
    """Return the living watchdogs of this process."""
    return [each for each in psutil.Process().children() if is_dog(each)]


def is_dog(process: psutil.Process) -> bool:
    try:
        return "prox-watchdog" in process.cmdline()
    except psutil.Error:
        return False


def the_dog() -> psutil.Process:
    """Return the watchdog once its arguments can be read, which takes a moment after its spawn."""
    while not (found := dogs()):
        pass
    (dog,) = found
    return dog


@pytest.fixture
def session() -> Iterator[subprocess.Popen[bytes]]:
    """A process with a session of its own, registered as a child of prox."""
    with subprocess.Popen(["sleep", "1000"], start_new_session=True) as started:
        yield started
        started.kill()


def told(folder: Path) -> list[tuple[str, str]]:
    return [("instance", f"0123456789abcdef-{os.getpid()}"), ("folder", str(folder))]


def test_it_ends_with_its_block_and_leaves_everything_alone(tmp_path: Path, session: subprocess.Popen[bytes]) -> None:
    with Watchdog(told(tmp_path)):
        add_child(session.pid)
        dog = the_dog()
        assert os.getsid(dog.pid) == dog.pid
    assert dogs() == []
    assert session.poll() is None
    remove_child(session.pid)


def test_an_unexpected_exception_makes_it_end_what_was_started(
    tmp_path: Path, session: subprocess.Popen[bytes]
) -> None:
    with pytest.raises(ZeroDivisionError), Watchdog(told(tmp_path)):
        add_child(session.pid)
        raise ZeroDivisionError
    assert session.wait() == -signal.SIGTERM
    remove_child(session.pid)


def test_an_expected_error_is_an_orderly_end(tmp_path: Path, session: subprocess.Popen[bytes]) -> None:
    with pytest.raises(StartFailed), Watchdog(told(tmp_path)):
        add_child(session.pid)
        raise StartFailed("expected")
    assert session.poll() is None
    remove_child(session.pid)


def test_one_that_is_killed_is_replaced_and_the_new_one_knows_the_children(
    tmp_path: Path, session: subprocess.Popen[bytes]
) -> None:
    async def kill_it(watchdog: Watchdog) -> list[str]:
        reports: list[str] = []
        async with trio.open_nursery() as nursery:
            nursery.start_soon(watchdog.keep_running, reports.append)
            first = the_dog()
            first.kill()
            while first in (found := dogs()) or not found:
                await trio.lowlevel.checkpoint()
            nursery.cancel_scope.cancel()
        return reports

    reports: list[str] = []
    with pytest.raises(ZeroDivisionError), Watchdog(told(tmp_path)) as watchdog:
        add_child(session.pid)
        reports += trio.run(kill_it, watchdog)
        raise ZeroDivisionError
    assert session.wait() == -signal.SIGTERM
    remove_child(session.pid)
    assert reports == [
        "the watchdog, which ends all processes if prox is killed, ended by SIGKILL; restarting it",
    ]


async def test_a_failure_to_start_one_is_reported_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module.sys, "executable", "/does/not/exist")
    reports: list[str] = []
    with Watchdog(told(tmp_path)) as watchdog, trio.move_on_after(0.05):
        await watchdog.keep_running(reports.append)
    assert reports == [
        "cannot start the watchdog, which ends all processes if prox is killed: No such file or directory"
    ]


def test_its_first_messages_name_the_instance_and_what_is_spared(tmp_path: Path) -> None:
    config = prox.parse_config(
        "processes: {kept: {cmd: x, stop: {leftovers: ignore}}, web: x}\n"
        "jobs: {job: {cmd: y, stop: {leftovers: report}}}",
        folder=tmp_path,
    )
    with InstanceFolder(tmp_path / ".prox", listed=False) as folder:
        found = list(watch_list(config, folder))
    assert found == [
        ("instance", folder.instance), ("folder", str(tmp_path / ".prox")), ("spare", "kept"), ("spare", "job")
    ]  # fmt: skip
