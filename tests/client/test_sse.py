"""Bytes → events, the same whatever way the bytes were split."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prox.client.sse import BadStream, EventParser, SseEvent

STREAM = (
    b": prox\n\n"
    b'id: 1\ndata: {"line": "\xe2\x94\x82"}\n\n'
    b"id: 2\r\nevent: dropped\r\ndata: 3\r\n\r\n"
    b"data:one\ndata: two\ndata\n\n"
    b"event: nothing\n\n"
    b"event:\ndata: plain\n\n"
    b"retry: 10\nunknown: x\n: a comment\n\n"
    b"data: unfinished"
)
EVENTS = [
    SseEvent("message", '{"line": "│"}'),
    SseEvent("dropped", "3"),
    SseEvent("message", "one\ntwo\n"),
    SseEvent("message", "plain"),
]


def test_whole() -> None:
    assert EventParser().feed(STREAM) == EVENTS


@given(st.lists(st.integers(0, len(STREAM))))
def test_any_split_gives_the_same_events(places: list[int]) -> None:
    parser = EventParser()
    cuts = [0, *sorted(places), len(STREAM)]
    events = [event for begin, end in pairwise(cuts) for event in parser.feed(STREAM[begin:end])]
    assert events == EVENTS


def test_heartbeats_are_not_kept() -> None:
    parser = EventParser(max_event=100)
    for _ in range(1000):
        assert parser.feed(b": still here\n\n") == []


@pytest.mark.parametrize("chunk", [b"data: " + b"x" * 30, b"data: " + b"x" * 20 + b"\n", b"x" * 30, b": " + b"x" * 30])
def test_an_event_without_end_is_no_event(chunk: bytes) -> None:
    parser = EventParser(max_event=100)
    with pytest.raises(BadStream, match="more than 100 bytes"):
        for _ in range(5):
            parser.feed(chunk)
