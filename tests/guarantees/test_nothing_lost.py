"""Log files hold what processes have written, to the last byte, whatever ends the process or prox."""

from __future__ import annotations

import re
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from helpers.project import wait_until
from helpers.scale import Repeats, figure, times

if TYPE_CHECKING:
    from pathlib import Path

    from helpers.project import Project

WRITERS = 8
LINES = times(5_000, 125_000)
"""What each writer would write in all."""

WRITER = """
import os, signal, sys

name, total = sys.argv[1], int(sys.argv[2])
done = 0
stop = False

def end(*_):
    global stop
    stop = True

signal.signal(signal.SIGTERM, end)
while not stop and done < total:
    block = b"".join(b"%d of %s\\n" % (n, name.encode()) for n in range(done, min(done + 50, total)))
    rest = memoryview(block)
    while rest:
        rest = rest[os.write(1, rest):]
    done += block.count(b"\\n")
os.write(1, b"the last of %s" % name.encode())
with open(name + ".count", "w") as file:
    file.write(str(done))
if not stop:
    signal.pause()
"""
_HEAD = re.compile(rb"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z out ")


def write_project(project: Project) -> None:
    project.write(WRITER, "writer.py")
    writers = "".join(
        f"  w{number}: [{sys.executable}, -S, writer.py, w{number}, '{LINES}']\n" for number in range(WRITERS)
    )
    project.write(f"api: {{port: 0}}\nlogs: {{max_size: 100KB, keep: 1000}}\nprocesses:\n{writers}")


def written(logs: Path, name: str) -> list[bytes]:
    """Return the lines in the files of a process, the oldest first."""
    rotated = sorted(logs.glob(f"{name}.log.*"), key=lambda path: -int(path.suffix[1:]))
    lines = b"".join(path.read_bytes() for path in [*rotated, logs / f"{name}.log"]).splitlines()
    for line in lines:
        assert _HEAD.match(line), line
    return [_HEAD.sub(b"", line) for line in lines]


@pytest.mark.parametrize("how", ["prox", "processes"])
def test_a_burst_that_is_stopped_in_the_middle(project: Project, how: str) -> None:
    write_project(project)
    logs = project.folder / ".prox" / "logs"
    files, lines = 0, 0
    repeats = Repeats(1, 50)
    for _ in repeats:
        # Nobody reads what it prints: the files are complete all the same.
        with project.launch("up") as prox:
            wait_until(lambda: (logs / "w7.log.1").exists())
            if how == "prox":
                prox.signal(signal.SIGTERM)
            else:
                assert project.client("stop", *(f"w{number}" for number in range(WRITERS))).returncode == 0
                prox.signal(signal.SIGTERM)
            assert prox.wait() == 0
        for number in range(WRITERS):
            name = f"w{number}"
            count = int((project.folder / f"{name}.count").read_text())
            expected = [b"%d of %s" % (n, name.encode()) for n in range(count)] + [b"the last of %s" % name.encode()]
            assert written(logs, name) == expected
            (project.folder / f"{name}.count").unlink()
            files += len(list(logs.glob(f"{name}.log*")))
            lines += count
        assert project.run("logs", "w3", "-n", "1").stdout.endswith("w3     │ the last of w3\n")
        for file in logs.iterdir():
            file.unlink()
    figure(f"a burst, {how} stopped in the middle", times=repeats.count, files=files, lines=lines)
