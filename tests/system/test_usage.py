"""CPU and memory of real processes."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from prox.system.process_table import read_process_table
from prox.system.usage import MIN_WINDOW, Usage, UsageSampler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SIZE = 32 * 1024 * 1024
CHILD = f"""
import sys
block = bytearray({SIZE})
block[::4096] = b"x" * len(block[::4096])
print(flush=True)
sys.stdin.read()
"""
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {CHILD!r}])"
WORKER = """
import sys, time
for line in sys.stdin:
    end = time.process_time() + float(line)
    while time.process_time() < end:
        pass
    print(flush=True)
"""
CHILD_SECONDS = 0.3
WAITING = f"""
import signal, subprocess, sys
work = "import sys, time\\nwhile time.process_time() < {CHILD_SECONDS}: pass\\nprint(flush=True); sys.stdin.read()"
for line in sys.stdin:
    if line == "ignore\\n":
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    child = subprocess.Popen([sys.executable, "-c", work], stdin=subprocess.PIPE)
    sys.stdin.readline()
    child.communicate()
    print(flush=True)
"""


@pytest.fixture
def start() -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []

    def start(program: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.communicate()


def wait_line(process: subprocess.Popen[str]) -> None:
    assert process.stdout
    assert process.stdout.readline() == "\n"


def work(process: subprocess.Popen[str], seconds: float) -> None:
    """Let a worker use so much CPU."""
    assert process.stdin
    process.stdin.write(f"{seconds}\n")
    wait_line(process)


def test_memory_is_that_of_the_whole_tree(start: Callable[[str], subprocess.Popen[str]]) -> None:
    parent = start(PARENT)
    wait_line(parent)
    usage = UsageSampler().sample({"api": parent.pid}, read_process_table())["api"]
    (child,) = psutil.Process(parent.pid).children()
    resident = [psutil.Process(parent.pid).memory_info().rss, child.memory_info().rss]
    assert usage.memory_bytes is not None
    assert usage.memory_bytes > SIZE
    assert abs(usage.memory_bytes - sum(resident)) < 1024 * 1024


def test_the_first_share_is_that_since_the_start_and_the_next_since_the_last_sample(
    start: Callable[[str], subprocess.Popen[str]],
) -> None:
    sampler = UsageSampler()
    begun = time.monotonic()
    busy, idle = start(WORKER), start(WORKER)
    pids = {"busy": busy.pid, "idle": idle.pid}
    work(busy, 2 * MIN_WINDOW)
    first = sampler.sample(pids, read_process_table())
    expected = 100 * 2 * MIN_WINDOW / (time.monotonic() - begun)
    assert first["busy"].cpu_percent == pytest.approx(expected, rel=0.3)
    assert first["idle"].cpu_percent is not None
    assert first["idle"].cpu_percent < first["busy"].cpu_percent

    # Until enough time has passed for a new share, the last one holds.
    assert sampler.sample(pids, read_process_table())["busy"].cpu_percent == first["busy"].cpu_percent

    work(idle, 2 * MIN_WINDOW)
    second = sampler.sample(pids, read_process_table())
    assert second["busy"].cpu_percent is not None
    assert second["busy"].cpu_percent < 10
    assert second["idle"].cpu_percent is not None
    assert second["idle"].cpu_percent > 10


def test_the_seconds_never_fall(start: Callable[[str], subprocess.Popen[str]]) -> None:
    sampler = UsageSampler()
    process = start(WAITING)

    def tell(word: str) -> None:
        assert process.stdin
        process.stdin.write(f"{word}\n")
        wait_line(process)

    def seconds() -> float:
        used = sampler.sample({"it": process.pid}, read_process_table())["it"].cpu_seconds
        assert used is not None
        return used

    found = [seconds()]
    for how in ("wait", "wait", "ignore"):
        tell(how)
        found.append(seconds())
        # The child is gone; what it has used was told to who waited for it, and to nobody where it was ignored.
        tell("end")
        found.append(seconds())
    assert found == sorted(found)
    assert found[-1] >= 3 * CHILD_SECONDS - 0.1


def test_who_is_gone_uses_nothing(start: Callable[[str], subprocess.Popen[str]]) -> None:
    sampler = UsageSampler()
    process = start(WORKER)
    pids = {"here": process.pid, "gone": 2**22 + 1}
    usage = sampler.sample(pids, read_process_table())
    assert usage["gone"] == Usage(None, None)
    assert usage["here"].memory_bytes
    process.communicate()
    assert sampler.sample(pids, read_process_table()) == {"here": Usage(None, None), "gone": Usage(None, None)}
    assert sampler.sample({}, read_process_table()) == {}
