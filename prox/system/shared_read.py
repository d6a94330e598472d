"""A slow read from the system, in a thread, shared by all tasks that ask at the same moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

import trio

from prox.system.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class SharedRead(Generic[T]):
    """A shared call of a blocking function ``read`` in a thread. At most one call runs, and one more is pending."""

    def __init__(self, read: Callable[[], T]) -> None:
        self._read = read
        # One for each run of Trio: several threads may each have one.
        self._state: trio.lowlevel.RunVar[_State[T]] = trio.lowlevel.RunVar("SharedRead")

    async def look(self) -> T:
        """Return the result of a ``read`` that begins after this call. Raises OSError as ``read`` does."""
        try:
            state = self._state.get()
        except LookupError:
            state = _State()
            self._state.set(state)
        mine = state.due = state.due or _Look()
        async with state.running:
            if not mine.done:
                # Tasks that ask from now on need a new call.
                state.due = None
                # It takes milliseconds, and other tasks may wait for the result.
                with trio.CancelScope(shield=True):
                    try:
                        mine.found = await in_thread(self._read, limiter=state.limiter)
                    except OSError as error:
                        mine.failure = error
                mine.done = True
        if mine.failure is not None:
            raise mine.failure
        return mine.found


class _Look(Generic[T]):
    found: T

    def __init__(self) -> None:
        self.done = False
        self.failure: OSError | None = None


class _State(Generic[T]):
    def __init__(self) -> None:
        self.due: _Look[T] | None = None
        self.running = trio.Lock()
        # Not the default limiter: this must not wait for other blocking threads.
        self.limiter = trio.CapacityLimiter(1)
