"""The ring of exchanges and the memory of their bodies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio
import trio.testing
from msgspec.structs import replace

from helpers.exchanges import exchange
from prox.core.exchanges import ExchangeFilter
from prox.proxy import body_budget as module
from prox.proxy.capture import PART_BYTES
from prox.proxy.recorder import MAX_EXCHANGES, Recorder

if TYPE_CHECKING:
    from pathlib import Path


def test_what_is_captured_is_a_copy() -> None:
    """h11 gives mutable bytes, which are sent afterwards."""
    body = Recorder(max_body=100, folder=None).body()
    parts = [bytearray(b"ab"), bytearray(b"cd")]
    for part in parts:
        body.feed(part)
    assert parts == [b"ab", b"cd"]
    parts[0].clear()
    assert body.reader()() == b"abcd"


def test_the_newest_are_kept_and_ids_are_unique() -> None:
    recorder = Recorder(max_body=100, folder=None)
    ids = []
    for number in range(MAX_EXCHANGES + 50):
        ids.append(recorder.new_id())
        recorder.add(exchange(id=ids[-1], url=f"/{number}", active=False))
    assert len(recorder) == MAX_EXCHANGES
    assert [each.id for each in recorder] == ids[:49:-1]
    assert all(len(each) == 7 and int(each, 16) >= 0 for each in ids)
    assert recorder.get(ids[0]) is None
    assert recorder.get(ids[-1]) is not None


def test_what_is_under_way_is_dropped_last() -> None:
    recorder = Recorder(max_body=100, folder=None)
    hanging = exchange(id="aaaaaaa", active=True)
    recorder.add(hanging)
    for _ in range(2 * MAX_EXCHANGES):
        recorder.add(exchange(id=recorder.new_id(), active=False))
    assert recorder.get("aaaaaaa") is hanging


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


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MEMORY_BYTES", 1000)
    monkeypatch.setattr(module, "SPILL_BYTES", 600)


@pytest.mark.usefixtures("small")
async def test_bodies_move_to_private_files_and_go_with_their_exchanges(tmp_path: Path) -> None:
    folder = tmp_path / "capture"
    recorder = Recorder(max_body=100, folder=folder)
    bodies = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(recorder.bodies.run)
        for number in range(30):
            body = recorder.body()
            body.feed(b"%02d" % number * 50)
            recorder.add(replace(exchange(id=recorder.new_id()), request_body=body, response_body=recorder.body()))
            bodies.append(body)
            await trio.testing.wait_all_tasks_blocked(0.005)
            assert recorder.bodies.used <= 1000
        # All can still be read, from memory or from files that nobody else can read.
        assert [body.reader()() for body in bodies] == [b"%02d" % number * 50 for number in range(30)]
        files = list(folder.iterdir())
        assert files
        assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
        assert folder.stat().st_mode & 0o777 == 0o700
        for body in bodies:
            body.discard()
        while list(folder.iterdir()):
            await trio.testing.wait_all_tasks_blocked(0.005)
        assert recorder.bodies.used == 0
        nursery.cancel_scope.cancel()
    assert not folder.exists()


@pytest.mark.usefixtures("small")
async def test_where_memory_is_full_and_no_file_can_be_written_bodies_are_cut(tmp_path: Path) -> None:
    folder = tmp_path / "capture"
    folder.write_text("in the way")
    recorder = Recorder(max_body=500, folder=folder)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(recorder.bodies.run)
        for _ in range(10):
            body = recorder.body()
            body.feed(bytes(400))
            assert recorder.bodies.used <= 1000
        await trio.testing.wait_all_tasks_blocked(0.005)
        nursery.cancel_scope.cancel()
    assert folder.read_text() == "in the way"


async def test_a_body_that_moves_while_it_grows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SPILL_BYTES", 10)
    recorder = Recorder(max_body=10_000, folder=tmp_path / "capture")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(recorder.bodies.run)
        body = recorder.body()
        for number in range(50):
            body.feed(b"%03d" % number)
            await trio.lowlevel.checkpoint()
            if number % 10 == 0:
                await trio.testing.wait_all_tasks_blocked(0.002)
        assert body.reader()() == b"".join(b"%03d" % number for number in range(50))
        assert not body.truncated
        nursery.cancel_scope.cancel()


async def test_subscribers_get_what_is_done_and_wanted() -> None:
    recorder = Recorder(max_body=None, folder=None)
    with recorder.subscribe(ExchangeFilter(method="POST")) as subscription:
        for method in ("GET", "POST", "post"):
            recorder.done(exchange(method=method))
        assert [each.method for each in await subscription.receive()] == ["POST", "post"]
        recorder.close()
        with pytest.raises(trio.EndOfChannel):
            await subscription.receive()
    recorder.done(exchange(method="POST"))
    with recorder.subscribe(ExchangeFilter()) as late, pytest.raises(trio.EndOfChannel):
        await late.receive()


async def test_a_body_that_is_forgotten_while_it_moves(tmp_path: Path) -> None:
    folder = tmp_path / "capture"
    folder.mkdir()
    recorder = Recorder(max_body=100, folder=folder)
    body = recorder.body()
    body.feed(b"12345")
    body.begin_move()
    body.discard()
    body.move(folder / "file")
    body.end_move(folder / "file")
    assert recorder.bodies.used == 0
    async with trio.open_nursery() as nursery:
        nursery.start_soon(recorder.bodies.run)
        while list(folder.iterdir()):
            await trio.testing.wait_all_tasks_blocked(0.005)
        nursery.cancel_scope.cancel()
