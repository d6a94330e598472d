"""The exit status of a child, which stays a zombie for its owner to reap."""

from __future__ import annotations

import os
import signal
import subprocess
from functools import partial

import pytest
import trio

from prox.core.lifecycle import Exit
from prox.system.exits import wait_exit


@pytest.mark.parametrize("with_pidfd", [True, False])
@pytest.mark.parametrize(
    ("command", "exit"),
    [("exit 3", Exit(code=3)), ("exit 0", Exit(code=0)), ("kill -SEGV $$", Exit(signal="SIGSEGV"))],
)
def test_it_is_returned_and_the_child_is_not_reaped(command: str, exit: Exit, with_pidfd: bool) -> None:
    with subprocess.Popen(["sh", "-c", command]) as child:
        pidfd = os.pidfd_open(child.pid) if with_pidfd else None
        assert trio.run(wait_exit, child, pidfd) == exit
        assert os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT) is not None
        if pidfd is not None:
            os.close(pidfd)


@pytest.mark.parametrize("with_pidfd", [True, False])
def test_a_wait_can_be_cancelled(with_pidfd: bool) -> None:
    async def wait_a_moment(child: subprocess.Popen[bytes], pidfd: int | None) -> bool:
        with trio.move_on_after(0.01) as scope:
            await wait_exit(child, pidfd)
        return scope.cancelled_caught

    with subprocess.Popen(["sleep", "1000"]) as child:
        pidfd = os.pidfd_open(child.pid) if with_pidfd else None
        assert trio.run(partial(wait_a_moment, child, pidfd))
        child.send_signal(signal.SIGKILL)
        if pidfd is not None:
            os.close(pidfd)
