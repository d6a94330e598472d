"""``notify``: datagrams as sd_notify(3) sends them, and as nobody should."""

from __future__ import annotations

import os
import socket
import stat
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trio

from prox.core.config.model import HealthCheck
from prox.core.health import CheckResult
from prox.runtime.commands import run_command
from prox.runtime.probe import Target, run_probe
from prox.runtime.probe.notify import MAX_AT_ONCE, NotifyProbe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prox.core.health import HealthState

TARGET = Target(name="api", instance="i1", pid=1, port=None, env={}, cwd="/")
SENDER = """
import os, socket, sys
sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
sender.sendto(b"STATUS=at your service\\nREADY=1\\n", os.environ["NOTIFY_SOCKET"])
"""


@pytest.fixture
def probe(tmp_path: Path) -> Iterator[NotifyProbe]:
    probe = NotifyProbe(tmp_path)
    yield probe
    probe.close()


@pytest.fixture
def sender(probe: NotifyProbe) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.connect(probe.env["NOTIFY_SOCKET"])
        sender.settimeout(5)
        yield sender


async def told(probe: NotifyProbe) -> CheckResult:
    with trio.fail_after(60):
        await probe.wait_notified()
    return await probe.check(TARGET)


async def test_a_process_says_that_it_is_ready(probe: NotifyProbe) -> None:
    assert await probe.check(TARGET) == CheckResult(False, "READY=1 not received yet")
    await run_command((sys.executable, "-c", SENDER), cwd="/", env=os.environ | probe.env)
    assert await told(probe) == CheckResult(True, "at your service")


async def test_the_status_is_shown_before_and_after(probe: NotifyProbe, sender: socket.socket) -> None:
    sender.send(b"STATUS=loading")
    assert await told(probe) == CheckResult(False, "READY=1 not received yet: loading")
    sender.send(b"READY=1\nSTATUS=")
    assert await told(probe) == CheckResult(True, "READY=1")
    sender.send(b"STATUS=3 clients")
    assert await told(probe) == CheckResult(True, "3 clients")


@pytest.mark.parametrize("datagram", [b"", b"\xff\x00\n=\n==1\n", b"READY=10", b"XREADY=1", b"READY=0", b"x" * 50_000])
async def test_garbage_means_nothing(probe: NotifyProbe, sender: socket.socket, datagram: bytes) -> None:
    sender.send(datagram)
    assert not (await told(probe)).ok
    sender.send(b"READY=1")
    assert (await told(probe)).ok


async def test_descriptors_that_come_along_are_closed_at_once(probe: NotifyProbe, sender: socket.socket) -> None:
    before = len(os.listdir("/dev/fd"))
    ours, theirs = os.pipe()
    socket.send_fds(sender, [b"BARRIER=1"], [theirs])
    os.close(theirs)
    await told(probe)
    # The barrier: whoever holds the other end sees that nobody holds this one any more.
    with trio.fail_after(60):
        await trio.lowlevel.wait_readable(ours)
    assert os.read(ours, 1) == b""
    os.close(ours)
    assert len(os.listdir("/dev/fd")) == before


async def test_a_process_that_talks_without_end_neither_blocks_nor_is_blocked(
    probe: NotifyProbe, sender: socket.socket
) -> None:
    seen: list[HealthState] = []
    healthy = trio.Event()

    def report(state: HealthState) -> None:
        seen.append(state)
        if state.health == "healthy":
            healthy.set()

    def talk() -> None:
        for number in range(20 * MAX_AT_ONCE):
            sender.send(b"STATUS=%d" % number)
        sender.send(b"READY=1\nSTATUS=done")

    async with trio.open_nursery() as nursery:
        nursery.start_soon(run_probe, probe, HealthCheck(notify=True), TARGET, report)
        with trio.fail_after(60):
            await trio.to_thread.run_sync(talk)
            await healthy.wait()
        nursery.cancel_scope.cancel()
    assert seen[-1].last_output == "done"


def test_the_socket_is_private_and_goes_with_the_probe(tmp_path: Path) -> None:
    probe = NotifyProbe(tmp_path)
    path = Path(probe.env["NOTIFY_SOCKET"])
    assert path.parent == tmp_path
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    probe.close()
    assert list(tmp_path.iterdir()) == []


def test_a_socket_whose_path_would_be_too_long_has_a_folder_of_its_own(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    probe = NotifyProbe(deep)
    path = Path(probe.env["NOTIFY_SOCKET"])
    assert path.is_socket()
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    probe.close()
    assert not path.parent.exists()


def test_a_folder_that_was_removed_is_not_needed(tmp_path: Path) -> None:
    probe = NotifyProbe(tmp_path / "gone")
    path = Path(probe.env["NOTIFY_SOCKET"])
    assert path.is_socket()
    probe.close()
    assert not path.parent.exists()
    assert not (tmp_path / "gone").exists()


def test_no_place_for_the_socket_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(OSError, match=r"^cannot create the notify socket in .*gone: No such file"):
        NotifyProbe(tmp_path / "gone")
