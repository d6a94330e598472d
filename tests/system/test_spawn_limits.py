"""What a child inherits: the descriptor limit that prox was started with, its marker, and no ignored signal."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import resource, signal, subprocess, sys
from prox.system import spawn_limits

soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
signal.signal(signal.SIGUSR1, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])
spawn_limits.reset_inherited_signals()
spawn_limits.raise_descriptor_limit()
print(resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 256 or hard <= 256)
print(signal.getsignal(signal.SIGUSR1) not in (signal.SIG_IGN, signal.SIG_DFL))
print(signal.pthread_sigmask(signal.SIG_BLOCK, []))
LOOK = (
    "import resource, signal; "
    "print(resource.getrlimit(resource.RLIMIT_NOFILE)[0], getattr(resource, 'RLIMIT_RTTIME', None) is None "
    "or resource.getrlimit(resource.RLIMIT_RTTIME)[0] == TAG, signal.getsignal(signal.SIGUSR1) == signal.SIG_DFL, "
    "signal.pthread_sigmask(signal.SIG_BLOCK, []))"
)
own = getattr(resource, "RLIMIT_RTTIME", None) and resource.getrlimit(resource.RLIMIT_RTTIME)
tag = 1 << 62
look = [sys.executable, "-c", LOOK.replace("TAG", str(tag))]
with spawn_limits.popen(look, tag=tag, stdout=subprocess.PIPE) as child:
    print(child.stdout.read().decode().strip())
print(own == (getattr(resource, "RLIMIT_RTTIME", None) and resource.getrlimit(resource.RLIMIT_RTTIME)))

# With more descriptors open than the child may have.
held = [open("/dev/null") for _ in range(300)] if hard > 700 else []
with spawn_limits.popen([sys.executable, "-c", "import resource; print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])"],
                        stdout=subprocess.PIPE) as child:
    print(child.stdout.read().decode().strip())
"""


def test_a_child_gets_the_limits_of_the_start_and_no_ignored_or_blocked_signal() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines() == ["True", "True", "set()", "256 True True set()", "True", "256"], done.stderr


def test_a_command_that_cannot_be_run_raises_as_popen_does() -> None:
    from prox.system.spawn_limits import popen

    with pytest.raises(FileNotFoundError):
        popen(["/does/not/exist"])
