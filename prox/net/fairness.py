"""Fairness between CPU-bound tasks.

At most one task of a kind runs per scheduler pass, so that a hundred busy streams do not add up to the latency of
everything else: Trio runs every runnable task once before it looks at any of them again.
"""

from __future__ import annotations

import trio

_LOCKS: trio.lowlevel.RunVar[dict[str, trio.Lock]] = trio.lowlevel.RunVar("_LOCKS")


def fair_lock(kind: str) -> trio.Lock:
    """Return the lock that tasks of a kind hold during one piece of work. It is granted in the order of requests."""
    try:
        locks = _LOCKS.get()
    except LookupError:
        locks = {}
        _LOCKS.set(locks)
    return locks.setdefault(kind, trio.Lock())
