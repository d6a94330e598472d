"""The guard that looks after each test: it sees children and daemons, and nobody else's."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import psutil
import pytest

from helpers.leftovers import MARKER, Leftovers, end

if TYPE_CHECKING:
    from collections.abc import Iterator

DAEMON = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=0, stdout=subprocess.DEVNULL, start_new_session=True)
print(child.pid)
child.returncode = 0  # it is meant to be left
"""


@pytest.fixture
def leftovers(monkeypatch: pytest.MonkeyPatch) -> Leftovers:
    leftovers = Leftovers()
    monkeypatch.setenv(MARKER, leftovers.session)
    return leftovers


@pytest.fixture
def held_open() -> Iterator[int]:
    """A pipe that is never written to, for those who are to wait."""
    read, write = os.pipe()
    yield read
    os.close(read)
    os.close(write)


def test_a_daemon_is_found_and_ended(leftovers: Leftovers, held_open: int) -> None:
    ran = subprocess.run([sys.executable, "-c", DAEMON], stdin=held_open, stdout=subprocess.PIPE, check=True)
    daemon = psutil.Process(int(ran.stdout))
    assert leftovers.running() == {daemon}
    (described,) = end([daemon], patience=0)
    assert str(daemon.pid) in described
    assert not leftovers.running()


def test_a_child_is_found_whatever_its_environment(leftovers: Leftovers, held_open: int) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=held_open, env={}) as child:
        assert leftovers.running() == {psutil.Process(child.pid)}
        child.kill()
        child.wait()
    assert leftovers.running() == set()


def test_a_stranger_is_none_of_ours(leftovers: Leftovers, held_open: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MARKER, "another session")
    ran = subprocess.run([sys.executable, "-c", DAEMON], stdin=held_open, stdout=subprocess.PIPE, check=True)
    assert leftovers.running() == set()
    end([psutil.Process(int(ran.stdout))], patience=0)
