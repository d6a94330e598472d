"""Turns: of many tasks that all have work to do, one does some at a time, so that others are not kept waiting by all.

Trio runs every task that can run before it looks at one of them again: a hundred streams of a millisecond of work each
would make a tenth of a second of every step that an answer, or a pump, takes.
"""

from __future__ import annotations

import trio

_TURNS: trio.lowlevel.RunVar[dict[str, trio.Lock]] = trio.lowlevel.RunVar("_TURNS")


def turn(kind: str) -> trio.Lock:
    """Return what is held during a piece of work of that kind. Who has asked for it first, has it first."""
    try:
        turns = _TURNS.get()
    except LookupError:
        turns = {}
        _TURNS.set(turns)
    return turns.setdefault(kind, trio.Lock())
