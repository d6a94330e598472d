"""Several subscriptions as one: their items in the order in which they are received."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Protocol, Self

import trio

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType


class Part(Protocol):
    """A subscription that can be received without waiting."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...

    @property
    def over(self) -> bool:
        """Whether nothing more follows."""

    def take(self) -> Sequence[Any]:
        """Return the waiting items, which may be none."""

    async def wait_news(self) -> None:
        """Wait until there are items, or the subscription is over."""


class MergedSubscription:
    """The items of ``parts``, until all of them but those in ``endless`` are over. A context manager, as its parts."""

    def __init__(self, parts: Sequence[Part], endless: Sequence[Part] = ()) -> None:
        self._ending = parts
        self._parts = [*parts, *endless]
        self._open = ExitStack()

    def __enter__(self) -> Self:
        for part in self._parts:
            self._open.enter_context(part)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._open.close()

    async def receive(self) -> list[Any]:
        """Return the waiting items, at least one. Raises trio.EndOfChannel at the end."""
        while not (ready := [item for part in self._parts for item in part.take()]):
            if all(part.over for part in self._ending):
                raise trio.EndOfChannel
            async with trio.open_nursery() as nursery:
                for part in self._parts:
                    if not part.over:
                        nursery.start_soon(_wait, part, nursery.cancel_scope)
        return ready


async def _wait(part: Part, others: trio.CancelScope) -> None:
    await part.wait_news()
    others.cancel()
