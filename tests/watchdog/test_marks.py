"""What the process table says of real processes."""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

from prox.watchdog.marks import Mark, is_in_exec, mark_of, row_of

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def running(env: dict[str, str]) -> Iterator[int]:
    """Run a program with this environment, and give its pid once it runs."""
    with subprocess.Popen(["/bin/cat"], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin
        assert child.stdout
        child.stdin.write(b"x")
        child.stdin.flush()
        child.stdout.read(1)
        yield child.pid
        child.stdin.close()


def test_the_mark_of_a_process() -> None:
    with running({"PROX_INSTANCE": "i1", "PROX_PROCESS": "api"}) as pid:
        assert mark_of(pid) == Mark("i1", "api")


def test_a_value_that_looks_like_a_mark_is_none() -> None:
    with running({"A": "x PROX_INSTANCE=i1 PROX_PROCESS=api"}) as pid:
        assert mark_of(pid) is None


def test_a_process_with_an_empty_environment_is_not_in_exec() -> None:
    with running({}) as pid:
        assert mark_of(pid) is None
        assert not is_in_exec(pid)


def test_processes_that_are_no_programs_are_not_in_exec() -> None:
    with subprocess.Popen(["true"]) as child:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert not is_in_exec(child.pid), "a zombie"
    assert not is_in_exec(child.pid), "gone"
    assert not is_in_exec(2**22 + 1)


def test_the_row_of_this_process() -> None:
    row = row_of(os.getpid())
    assert row
    assert (row.parent, row.group, row.session) == (os.getppid(), os.getpgid(0), os.getsid(0))
    assert not row.zombie
