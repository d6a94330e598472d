"""Blocking calls in a thread, or synchronously if the system allows no more threads."""

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
    """Call a function in a thread and return its result. ``limiter``: as of ``trio.to_thread.run_sync``.

    If no thread can be started (EAGAIN: process limits include threads), call it synchronously.
    """
    try:
        return await trio.to_thread.run_sync(function, *args, abandon_on_cancel=abandon_on_cancel, limiter=limiter)
    except RuntimeError as error:
        # CPython has no exception type for it, only this message.
        if "start new thread" not in str(error):
            raise
    return function(*args)
