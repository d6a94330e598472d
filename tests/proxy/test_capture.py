"""A captured body: its full size, its first bytes up to the limit, and no gaps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from prox.proxy.body_budget import BodyBudget
from prox.proxy.capture import PART_BYTES, SMALL_PART, CapturedBody
from prox.proxy.recorder import Recorder

if TYPE_CHECKING:
    from pathlib import Path


def test_captured_bytes_are_a_copy() -> None:
    """h11 gives mutable bytes, which are sent afterwards."""
    body = Recorder(max_body=100, folder=None).body()
    parts = [bytearray(b"ab"), bytearray(b"cd")]
    for part in parts:
        body.feed(part)
    assert parts == [b"ab", b"cd"]
    parts[0].clear()
    assert body.reader()() == b"abcd"


def test_a_body_is_counted_whole_and_kept_up_to_a_limit() -> None:
    recorder = Recorder(max_body=10, folder=None)
    body = recorder.body()
    for part in (b"12345", b"678", b"90ab", b"cd"):
        body.feed(part)
    assert (body.size, body.truncated, body.reader()()) == (14, True, b"1234567890")
    assert recorder.bodies.used == 10 + PART_BYTES
    body.discard()
    assert (body.size, body.reader()(), recorder.bodies.used) == (14, b"", 0)


def test_without_capture_bodies_are_only_counted() -> None:
    body = Recorder(max_body=None, folder=None).body()
    body.feed(b"12345")
    assert (body.size, body.truncated, body.reader()()) == (5, True, b"")


def test_small_parts_are_joined_and_large_ones_kept_apart() -> None:
    budget = BodyBudget(None)
    body = CapturedBody(10 * SMALL_PART, budget)
    for _ in range(100):
        body.feed(b"x")
    assert budget.used == 100 + PART_BYTES
    body.feed(bytes(SMALL_PART))
    assert budget.used == 100 + SMALL_PART + 2 * PART_BYTES


def test_a_body_that_was_cut_keeps_nothing_after_the_gap() -> None:
    class Full(BodyBudget):
        full = False

        def reserve(self, body: object, size: int) -> bool:
            return not self.full

    budget = Full(None)
    body = CapturedBody(1000, budget)
    body.feed(b"before")
    budget.full = True
    body.feed(b"lost")
    budget.full = False
    body.feed(b"after")
    assert (body.reader()(), body.size, body.truncated) == (b"before", 15, True)


def test_a_reader_shows_the_body_as_it_was_when_it_was_asked_for(tmp_path: Path) -> None:
    body = CapturedBody(1000, BodyBudget(tmp_path))
    body.feed(b"in the file ")
    body.begin_move()
    body.move(tmp_path / "file")
    body.end_move(tmp_path / "file")
    body.feed(b"in memory")
    read = body.reader()
    body.feed(b" and more")
    assert read() == b"in the file in memory"
    (tmp_path / "file").unlink()
    assert read() == b""


def test_a_body_is_not_moved_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "target")
    body = CapturedBody(1000, BodyBudget(tmp_path))
    body.feed(b"secret")
    body.begin_move()
    with pytest.raises(OSError, match="symbolic link"):
        body.move(tmp_path / "link")
    assert not (tmp_path / "target").exists()
