from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from prox.testing.dying import is_dying, shows_end

STAT = "71 (a ) b) {state} 1 71 71 0 -1 {flags} 181 0 0 0 0 0 0 0 20 0 1 0 4711 2297856 212\n"
STATUS = "Name:\ta\nSigQ:\t1/9\nSigPnd:\t{own:016x}\nShdPnd:\t{shared:016x}\nSigBlk:\t{blocked:016x}\n" + (
    "SigIgn:\t{ignored:016x}\nSigCgt:\t{caught:016x}\nCapInh:\t0\n"
)


def mask(*numbers: int) -> int:
    return sum(1 << (number - 1) for number in numbers)


def ends(state: str = "R", flags: int = 0x400000, **masks: int) -> bool:
    full = dict.fromkeys(("own", "shared", "blocked", "ignored", "caught"), 0) | masks
    return shows_end(STAT.format(state=state, flags=flags).encode(), STATUS.format(**full).encode())


def test_states_that_the_kernel_shows() -> None:
    segv, term = mask(signal.SIGSEGV), mask(signal.SIGTERM)
    assert not ends()
    assert ends("Z")
    assert ends(flags=0x400004)
    assert ends(flags=0x400400)
    assert ends(shared=segv)
    assert ends(own=segv)
    assert ends(shared=segv | term, caught=term)
    assert not ends(shared=term, caught=term)
    assert not ends(shared=term, blocked=term)
    assert not ends(shared=term, ignored=term)
    assert not ends(shared=mask(signal.SIGCHLD, signal.SIGCONT, signal.SIGWINCH))
    assert not ends("T", shared=segv)
    assert ends("T", own=mask(signal.SIGKILL))


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="the system has no /proc")
def test_of_a_process() -> None:
    assert not is_dying(0)
    assert not is_dying(os.getpid())
    code = "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM}); print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        child.send_signal(signal.SIGTERM)
        assert not is_dying(child.pid)
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert is_dying(child.pid)
    assert is_dying(child.pid)
