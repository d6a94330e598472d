"""Which lines belong to a stack trace, besides those that the API marks with ``continues``.

The API looks at each line alone; whether an unindented line ends a trace depends on how the trace began.
"""

from __future__ import annotations

import re
from typing import Literal

_PYTHON = "Traceback (most recent call last)"
_GO = ("panic: ", "fatal error: ")

_RAISED = re.compile(r"[A-Za-z_][\w.]*(?:: |:?$)")
"""The last line of a Python traceback: the class of the exception, and its message."""
_GO_FRAME = re.compile(r"(?:goroutine \d+ |created by |\[signal |panic: )|[\w./*()\[\]-]+\(.*\)$|$")
"""An unindented line of a Go traceback: a function with its arguments, the head of a goroutine, or a blank line."""

Part = Literal["no", "frame", "message"]


def part_of(head: str, text: str) -> Part:
    """Return what a line, which is not marked as continuing, is in a trace that began with the line ``head``.

    ``message``: it says what was raised, and ends the trace.
    """
    if head.startswith(_PYTHON):
        return "message" if _RAISED.match(text) else "no"
    if head.startswith(_GO):
        return "frame" if _GO_FRAME.match(text) else "no"
    return "no"
