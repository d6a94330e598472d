"""The recorded frames of WebSockets, and what is dropped to stay within the budget."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prox.proxy import frames
from prox.proxy.frames import FrameBudget, FrameLog

if TYPE_CHECKING:
    import pytest


def text(payload: bytes) -> bytes:
    return bytes([0x81, len(payload)]) + payload


def payloads(log: FrameLog) -> list[tuple[str, bytes]]:
    return [(each.direction, each.frame.payload) for each in log.kept]


def test_both_directions_in_the_order_of_time() -> None:
    log = FrameLog(1000, FrameBudget())
    assert log.kept == ()
    sent, feed_sent = log.reader("sent", inflates=False)
    _, feed_received = log.reader("received", inflates=False)
    feed_sent(text(b"a"))
    feed_received(text(b"b") + text(b"c"))
    feed_sent(text(b"d"))
    assert payloads(log) == [("sent", b"a"), ("received", b"b"), ("received", b"c"), ("sent", b"d")]
    assert [each.time for each in log.kept] == sorted(each.time for each in log.kept)
    assert (sent.frames, log.dropped) == (2, 0)


def test_the_newest_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "MAX_FRAMES", 3)
    log = FrameLog(1000, FrameBudget())
    _, feed = log.reader("sent", inflates=False)
    for number in range(10):
        feed(text(b"%d" % number))
    assert payloads(log) == [("sent", b"7"), ("sent", b"8"), ("sent", b"9")]
    assert log.dropped == 7


def test_the_budget_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "BUDGET_BYTES", 3 * (frames.FRAME_BYTES + 10))
    budget = FrameBudget()
    one, other = FrameLog(1000, budget), FrameLog(1000, budget)
    _, feed_one = one.reader("sent", inflates=False)
    _, feed_other = other.reader("sent", inflates=False)
    for letter in b"abcd":
        feed_one(text(bytes([letter]) * 10))
    # Its own oldest frame makes room.
    assert (len(one.kept), one.dropped) == (3, 1)
    feed_other(text(b"x"))
    assert (len(other.kept), other.dropped) == (0, 1)
    one.discard()
    assert (budget.used, one.kept) == (0, ())
    feed_one(text(b"late"))
    feed_other(text(b"x"))
    assert (len(one.kept), len(other.kept)) == (0, 1)


def test_without_capture_there_are_no_payloads() -> None:
    log = FrameLog(0, FrameBudget())
    _, feed = log.reader("sent", inflates=False)
    feed(text(b"secret"))
    assert [(each.frame.size, each.frame.payload, each.frame.truncated) for each in log.kept] == [(6, b"", True)]
