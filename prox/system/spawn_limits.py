"""Inherited process attributes that differ between prox and its children: descriptors, signals, limits.

A child does not inherit ignored or blocked signals, and has the descriptor limit that prox was started with, while prox
raises its own. ``preexec_fn`` is not safe with threads, so inherited attributes are changed here before the spawn.
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
"""Python ignores the first two, and ``Popen`` restores them. Ignoring the others lets prox print as a background job;
children never get them, as their sessions have no terminal."""

_MANY = 1 << 20
"""The descriptor limit to set if the hard limit is infinite."""

RTTIME = getattr(resource, "RLIMIT_RTTIME", -1)
"""-1 if the system has no such limit."""

_given: tuple[int, int] | None = None
"""The soft and hard limits that prox was started with, if it has raised them."""


def reset_inherited_signals() -> None:
    """Make children inherit no ignored or blocked signals. Only for a program that belongs to prox."""
    for number in signal.valid_signals() - _KEPT:
        if signal.getsignal(number) is signal.SIG_IGN:
            # An empty handler ignores the signal in prox, and is reset to the default in a child (execve(2)).
            signal.signal(number, _ignore)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _ignore(number: int, frame: object) -> None:
    pass


def raise_descriptor_limit() -> None:
    """Raise the soft descriptor limit of prox to the hard limit, for many connections and processes."""
    global _given
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = _MANY if hard == resource.RLIM_INFINITY else min(hard, _MANY)
    # macOS allows fewer than the hard limit.
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
    # prox has more descriptors open than that: set the child's limit right after the spawn.
    del limits[resource.RLIMIT_NOFILE]
    with _limited(limits):
        child = subprocess.Popen(argv, **options)
    with suppress(OSError):
        resource.prlimit(child.pid, resource.RLIMIT_NOFILE, _given)
    return child


@contextmanager
def _limited(limits: dict[int, tuple[int, int]]) -> Iterator[None]:
    """Set limits temporarily, for a child to inherit. Limits that the system refuses stay unchanged."""
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
