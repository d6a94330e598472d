"""What tests have left running: found by the parent, and by a variable that every process of a session inherits."""

from __future__ import annotations

import os
import secrets
import select
import time
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterable

MARKER = "TESTING_PROX"
ENDING_SECONDS = 2.0
"""How long something that is about to end may take. Whoever waits for a lock sees it free before its holder is gone."""


class Leftovers:
    """Finds the processes of this test session. Strangers are looked at once only, which keeps a look cheap."""

    def __init__(self) -> None:
        self.session = secrets.token_hex(8)
        self._strangers: set[int] = set()

    def running(self) -> set[psutil.Process]:
        """Return what descends from this process, daemons included, and lives (or is ours to reap)."""
        pids = set(psutil.pids()) - {os.getpid()}
        self._strangers &= pids
        new = pids - self._strangers
        ours = {process for process in map(_look_up, new) if process and self._is_ours(process)}
        self._strangers.update(new - {process.pid for process in ours})
        return ours

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            return process.ppid() == os.getpid() or process.environ().get(MARKER) == self.session
        except psutil.Error:  # gone, dead and not ours to reap, part of the kernel, or another user's
            return False


def _look_up(pid: int) -> psutil.Process | None:
    try:
        return psutil.Process(pid)
    except psutil.NoSuchProcess:
        return None


def describe(process: psutil.Process) -> str:
    try:
        command = " ".join(process.cmdline())[:200] or process.name()
        return f"{process.pid} ({process.status()}): {command}"
    except psutil.Error:
        return f"{process.pid} (gone meanwhile)"


def end(processes: Iterable[psutil.Process], *, patience: float = ENDING_SECONDS) -> list[str]:
    """Kill what does not end by itself within ``patience`` seconds, and return what that was, in words."""
    alive = wait_ended(processes, patience)
    described = [describe(process) for process in alive]
    for process in alive:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    wait_ended(alive, ENDING_SECONDS)
    return described


def wait_ended(processes: Iterable[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Wait until all have ended, and return those that have not. A child of ours counts until it is reaped."""
    deadline = time.monotonic() + seconds
    return [process for process in processes if not _wait_one(process, deadline - time.monotonic())]


def _wait_one(process: psutil.Process, seconds: float) -> bool:
    # Where orphans are not reaped, as in many containers, a dead one keeps its number: only a pidfd tells its end.
    if not hasattr(os, "pidfd_open"):
        return not psutil.wait_procs([process], max(seconds, 0))[1]
    try:
        descriptor = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return True
    try:
        ready, _, _ = select.select([descriptor], [], [], max(seconds, 0))
        return bool(ready) and not _is_child(process)
    finally:
        os.close(descriptor)


def _is_child(process: psutil.Process) -> bool:
    try:
        return process.ppid() == os.getpid()
    except psutil.NoSuchProcess:
        return False


def is_alive(pid: int) -> bool:
    """Say whether a process lives. One that is dead may keep its number until whoever adopted it reaps it."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
