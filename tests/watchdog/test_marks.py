"""What the process table says of real processes."""

from __future__ import annotations

import os
import subprocess

from prox.watchdog.marks import Mark, is_in_exec, mark_of, row_of


def test_the_mark_of_a_process() -> None:
    env = {"PROX_INSTANCE": "i1", "PROX_PROCESS": "api"}
    with subprocess.Popen(["cat"], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin
        assert child.stdout
        child.stdin.write(b"x")
        child.stdin.flush()
        child.stdout.read(1)
        assert mark_of(child.pid) == Mark("i1", "api")
        child.stdin.close()


def test_a_process_with_an_empty_environment_is_not_in_exec() -> None:
    with subprocess.Popen(["/bin/cat"], env={}, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin
        assert child.stdout
        child.stdin.write(b"x")
        child.stdin.flush()
        child.stdout.read(1)
        assert mark_of(child.pid) is None
        assert not is_in_exec(child.pid)
        child.stdin.close()


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


def test_a_value_that_looks_like_a_mark_is_none() -> None:
    env = {"A": "x PROX_INSTANCE=i1 PROX_PROCESS=api"}
    with subprocess.Popen(["/bin/cat"], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin
        assert child.stdout
        child.stdin.write(b"x")
        child.stdin.flush()
        child.stdout.read(1)
        assert mark_of(child.pid) is None
        child.stdin.close()
