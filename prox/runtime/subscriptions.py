"""Lossy subscriptions: each subscriber has a backlog of its own, and a publisher waits for none of them."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Generic, Self, TypeVar

import trio

if TYPE_CHECKING:
    from types import TracebackType

T = TypeVar("T")


class Subscribers(Generic[T]):
    """The open subscriptions of one publisher."""

    def __init__(self) -> None:
        self._open: dict[Subscription[T], None] = {}
        self._closed = False

    def __len__(self) -> int:
        return len(self._open)

    def add(self, subscription: Subscription[T]) -> None:
        self._open[subscription] = None
        if self._closed:
            subscription.close()

    def remove(self, subscription: Subscription[T]) -> None:
        self._open.pop(subscription, None)

    def publish(self, item: T) -> None:
        for subscription in self._open:
            subscription.put(item)

    def close(self) -> None:
        """End every subscription after its backlog."""
        self._closed = True
        for subscription in self._open:
            subscription.close()


class Subscription(Generic[T]):
    """The backlog of one subscriber, from its creation until its context ends. Subclasses bound it (``keep``)."""

    def __init__(self, subscribers: Subscribers[T]) -> None:
        self.waiting: deque[T] = deque()
        """The backlog."""
        self._subscribers = subscribers
        self._news = trio.Event()
        self._closed = False
        subscribers.add(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
        self.waiting.clear()
        self._subscribers.remove(self)

    async def receive(self) -> list[T]:
        """Return the whole backlog, at least one item. Raises trio.EndOfChannel at the end."""
        while not (ready := self.take()):
            if self._closed:
                raise trio.EndOfChannel
            await self.wait_news()
        return ready

    def take(self) -> list[T]:
        """Return the whole backlog, which may be empty."""
        ready = list(self.waiting)
        self.waiting.clear()
        return ready

    @property
    def over(self) -> bool:
        """Whether the backlog is empty and stays so."""
        return self._closed and not self.waiting

    async def wait_news(self) -> None:
        """Wait until the backlog is not empty, or the subscription is closed."""
        while not self.waiting and not self._closed:
            self._news = trio.Event()
            await self._news.wait()

    def close(self) -> None:
        """Accept no more items; the backlog can still be received."""
        self._closed = True
        self._news.set()

    def put(self, item: T) -> None:
        if not self._closed:
            self.keep(item)
            self._news.set()

    def keep(self, item: T) -> None:
        """Add an item to the backlog, and bound it."""
        self.waiting.append(item)
