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
_GO_HEAD = re.compile(r"goroutine \d+ |created by |\[signal |panic: ")
_GO_FUNCTION = re.compile(r"[\w./*()\[\]-]+?\(")

Part = Literal["no", "frame", "message"]


def part_of(head: str, text: str) -> Part:
    """Return what a line, which is not marked as continuing, is in a trace that began with the line ``head``.

    ``message``: it says what was raised, and ends the trace.
    """
    if head.startswith(_PYTHON):
        return "message" if _RAISED.match(text) else "no"
    if head.startswith(_GO):
        return "frame" if _is_go_frame(text) else "no"
    return "no"


def _is_go_frame(text: str) -> bool:
    """Return whether it is a function with its arguments, the head of a goroutine and the like, or a blank line.

    The end of the arguments is tested without an expression, whose time would be quadratic.
    """
    if not text or _GO_HEAD.match(text):
        return True
    return text.endswith(")") and _GO_FUNCTION.match(text) is not None
