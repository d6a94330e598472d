"""Several streams as one: their events, their ends, their errors, and the time that all may take."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from prox.cli.merged_streams import MergedStreams, ReceiveTimeout
from prox.client.client import StreamEvent
from prox.client.errors import ConnectionLost

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    Follow = Callable[[], AbstractContextManager[Iterator[StreamEvent]]]


def stream(*names: str, then: Callable[[], object] = lambda: None) -> Follow:
    """Return a stream of events of these names, at whose end ``then`` is called."""

    def events() -> Iterator[StreamEvent]:
        yield from (StreamEvent(name, {}) for name in names)
        then()

    @contextmanager
    def follow() -> Iterator[Iterator[StreamEvent]]:
        yield events()

    return follow


def test_events_come_in_order_with_their_kind_and_then_the_end() -> None:
    merged = MergedStreams(None)
    merged.listen("logs", stream("a", "b"))
    received = [merged.receive() for _ in range(3)]
    assert [(kind, event and event.name) for kind, event in received] == [("logs", "a"), ("logs", "b"), ("logs", None)]


def test_streams_are_read_at_once() -> None:
    both = threading.Barrier(2)
    merged = MergedStreams(None)
    merged.listen("a", stream("x", then=both.wait))
    merged.listen("b", stream("y", then=both.wait))
    received = [merged.receive() for _ in range(4)]
    assert sorted((kind, event.name) for kind, event in received if event) == [("a", "x"), ("b", "y")]
    assert sorted(kind for kind, event in received if event is None) == ["a", "b"]


def test_what_goes_wrong_with_a_stream_is_raised() -> None:
    def fail() -> None:
        raise ConnectionLost("gone")

    merged = MergedStreams(None)
    merged.listen("logs", stream("a", then=fail))
    assert merged.receive()[0] == "logs"
    with pytest.raises(ConnectionLost, match="gone"):
        merged.receive()


def test_a_stream_that_cannot_be_opened_is_raised() -> None:
    def follow() -> AbstractContextManager[Iterator[StreamEvent]]:
        raise ConnectionLost("not there")

    merged = MergedStreams(None)
    merged.listen("logs", follow)
    with pytest.raises(ConnectionLost, match="not there"):
        merged.receive()


@pytest.mark.parametrize(("timeout", "at_most"), [(0.0, None), (None, 0.0), (0.0, 1000.0), (1000.0, 0.0)])
def test_the_shorter_limit_ends_the_waiting(timeout: float | None, at_most: float | None) -> None:
    with pytest.raises(ReceiveTimeout):
        MergedStreams(timeout).receive(at_most=at_most)


def test_what_has_come_is_returned_although_the_time_is_up() -> None:
    read = threading.Event()
    merged = MergedStreams(0)
    merged.listen("logs", stream("a", then=read.set))
    read.wait()
    assert merged.receive()[1] == StreamEvent("a", {})
