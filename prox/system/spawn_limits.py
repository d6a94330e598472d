"""Inherited process attributes that differ between prox and its children: descriptors, signals, limits.

A child starts clean: no signal is ignored or blocked because somebody above prox did so, and the limit of open
descriptors is the one that prox was started with, while prox's own is as high as it may be. There is no ``preexec_fn``
(it is not safe beside threads): what a child inherits is changed here, before it is spawned.
"""

from __future__ import annotations

import errno
import resource
import signal
import subprocess
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_KEPT = {signal.SIGPIPE, signal.SIGXFSZ, signal.SIGTTIN, signal.SIGTTOU}
"""Python ignores the first two, and ``Popen`` gives them back. The others, ignored, keep a background job alive that
prints; to children in sessions without a terminal they are never sent."""

_MANY = 1 << 20
"""Descriptors. What has no upper limit gets that one."""

RTTIME = getattr(resource, "RLIMIT_RTTIME", -1)
"""-1: the system has no such limit."""

_given: tuple[int, int] | None = None
"""Soft and hard limit that prox was started with, where it has another one now."""


def start_clean() -> None:
    """Ignore no signal in a way that children inherit, and block none. For a program that is prox's alone."""
    for number in signal.valid_signals() - _KEPT:
        if signal.getsignal(number) is signal.SIG_IGN:
            # A handler that does nothing is as good as none for prox, and gone in a child (execve(2)).
            signal.signal(number, _ignore)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _ignore(number: int, frame: object) -> None:
    pass


def raise_descriptor_limit() -> None:
    """Let prox itself have as many descriptors as it may: a connection or a process more is one or three of them."""
    global _given
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = _MANY if hard == resource.RLIM_INFINITY else min(hard, _MANY)
    # macOS allows less than it says.
    with suppress(ValueError, OSError):
        if soft != resource.RLIM_INFINITY and soft < highest:
            resource.setrlimit(resource.RLIMIT_NOFILE, (highest, hard))
            _given = soft, hard


def popen(argv: list[str], *, tag: int | None = None, **options: Any) -> subprocess.Popen[bytes]:
    """Spawn a child with the limits that prox was started with, and ``tag`` as its marker (``watchdog.marks``).

    Raises OSError and ValueError as ``Popen`` does.
    """
    limits = {resource.RLIMIT_NOFILE: _given} if _given else {}
    if tag is not None and RTTIME >= 0:
        limits[RTTIME] = (tag, resource.getrlimit(RTTIME)[1])
    try:
        with _limited(limits):
            return subprocess.Popen(argv, **options)
    except OSError as error:
        if not _given or error.errno != errno.EMFILE or not hasattr(resource, "prlimit"):
            raise
    # prox has more open than that itself: the child gets its limit a moment after it has begun.
    del limits[resource.RLIMIT_NOFILE]
    with _limited(limits):
        child = subprocess.Popen(argv, **options)
    with suppress(OSError):
        resource.prlimit(child.pid, resource.RLIMIT_NOFILE, _given)
    return child


@contextmanager
def _limited(limits: dict[int, tuple[int, int]]) -> Iterator[None]:
    """Have these limits for a moment, which a child inherits. One that is not allowed is left as it is."""
    own = {kind: resource.getrlimit(kind) for kind in limits}
    try:
        for kind, wanted in limits.items():
            with suppress(ValueError, OSError):
                resource.setrlimit(kind, wanted)
        yield
    finally:
        for kind, before in own.items():
            with suppress(ValueError, OSError):
                resource.setrlimit(kind, before)
