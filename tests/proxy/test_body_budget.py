"""The memory of all captured bodies is bounded, and the oldest move to private files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trio
import trio.testing
from msgspec.structs import replace

from helpers.exchanges import exchange
from prox.proxy import body_budget as module
from prox.proxy.recorder import Recorder

if TYPE_CHECKING:
    from pathlib import Path


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


async def test_a_body_is_discarded_while_it_moves(tmp_path: Path) -> None:
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
