"""A child starts clean, whatever prox itself was started with."""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from helpers.leftovers import MARKER

if TYPE_CHECKING:
    from helpers.project import Project

CHILD = """
import json, os, resource, signal
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(json.dumps({
    "ignored": int(status["SigIgn"], 16), "blocked": int(status["SigBlk"], 16),
    "descriptors": sorted(map(int, os.listdir("/proc/self/fd"))), "limit": resource.getrlimit(resource.RLIMIT_NOFILE),
    "environment": dict(os.environ), "umask": os.umask(0), "session": os.getsid(0) == os.getpid(),
}), flush=True)
"""
STRANGE = (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGCHLD, signal.SIGUSR1, signal.SIGTERM)


def strange_start() -> None:
    """Make of a process that is about to become prox one with odd habits."""
    for number in STRANGE:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGUSR2, signal.SIGTERM))
    resource.setrlimit(resource.RLIMIT_NOFILE, (200, 4000))
    os.umask(0o027)


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="there is no /proc to read it from")
def test_what_a_child_is_started_with(project: Project) -> None:
    project.write(CHILD, "child.py")
    project.write(f"""
api: {{port: 0}}
processes:
  web: {{cmd: [{sys.executable}, -S, child.py], env: {{SET: here}}, port: 4321}}
""")
    reading, writing = os.pipe()
    env = project.env | {"PROX_CONFIG": "prox.yaml", "NOTIFY_SOCKET": "/x", "LISTEN_FDS": "1", "GIVEN": "yes"}
    with project.up("--exit-when-done", preexec_fn=strange_start, env=env, pass_fds=[writing]) as prox:
        found = json.loads(prox.wait_line('"ignored"').partition("│ ")[2])
        prox.wait()
    os.close(reading)
    os.close(writing)
    # The C library keeps 32 and 33 for itself: nobody can change what they were inherited as (nptl(7)).
    assert found["ignored"] & ~(_mask(32) | _mask(33)) == _python_ignores()
    assert found["blocked"] == 0
    # The fourth is that of the folder which is being listed.
    assert found["descriptors"][:3] == [0, 1, 2]
    assert len(found["descriptors"]) == 4
    assert found["limit"] == [200, 4000]
    assert found["umask"] == 0o027
    assert found["session"]
    own = {name: value for name, value in found["environment"].items() if name not in project.env}
    instance = own.pop("PROX_INSTANCE")
    assert instance
    assert own.pop("LC_CTYPE", None) in (None, "C.UTF-8")
    assert own == {
        "PWD": str(project.folder),
        "PROX_PROCESS": "web", "PROX_PORT_WEB": "4321", "PORT": "4321", "PYTHONUNBUFFERED": "1",
        "SET": "here", "GIVEN": "yes",
    }  # fmt: skip
    assert MARKER in found["environment"]


def _mask(number: int) -> int:
    return 1 << (number - 1)


def _python_ignores() -> int:
    """Python itself, which is the child here, ignores these."""
    return _mask(signal.SIGPIPE) | _mask(signal.SIGXFSZ)
