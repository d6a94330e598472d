"""Slow looks at the system in a thread, or here and now where the system gives no thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, TypeVarTuple

import trio

if TYPE_CHECKING:
    from collections.abc import Callable

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")


async def in_thread(
    function: Callable[[*Arguments], Result],
    *args: *Arguments,
    abandon_on_cancel: bool = False,
    limiter: trio.CapacityLimiter | None = None,
) -> Result:
    """Call a function in a thread and return its result. ``limiter``: how many of its kind may do so at a time.

    Where there can be no more threads (EAGAIN: a limit of processes counts them, too), everything waits for it instead.
    """
    try:
        return await trio.to_thread.run_sync(function, *args, abandon_on_cancel=abandon_on_cancel, limiter=limiter)
    except RuntimeError as error:
        # The words are CPython's; there is no type for it.
        if "start new thread" not in str(error):
            raise
    return function(*args)
