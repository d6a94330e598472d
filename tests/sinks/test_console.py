"""The printer on real pipes, files and terminals."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tty
from contextlib import contextmanager
from io import FileIO
from typing import TYPE_CHECKING

import pytest
import trio
import trio.testing

from prox.core.logs.batch import Batch
from prox.sinks.console import BACKLOG_BYTES, WRITE_BYTES, Console

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def batch(data: bytes, process: str = "api") -> Batch:
    partial = not data.endswith(b"\n")
    return Batch(process, "stdout", 1737282721.9, 1, 1 if partial else data.count(b"\n"), data, partial)


def texts(printed: bytes) -> list[str]:
    return [line.partition("│ ")[2] for line in printed.decode().splitlines()]


@contextmanager
def pipe() -> Iterator[tuple[FileIO, FileIO]]:
    """A pipe whose ends may be closed before the end of the block."""
    reader, writer = (FileIO(end, mode) for end, mode in zip(os.pipe(), ("r", "w"), strict=True))
    with reader, writer:
        yield reader, writer


async def read(descriptor: int, end: bytes) -> bytes:
    """Read until ``end`` was read."""
    data = bytearray()
    with trio.fail_after(60):
        while not data.endswith(end):
            data += await trio.to_thread.run_sync(os.read, descriptor, 1 << 20, abandon_on_cancel=True)
    return bytes(data)


async def test_lines_are_printed_in_order() -> None:
    with pipe() as (reader, writer):
        console = Console(writer.fileno(), color=False)
        console.write(batch(b"before it runs\n"))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(console.run)
            console.write(batch(b"one\ntwo\n"))
            console.write(batch(b"three\n", "web"))
            assert texts(await read(reader.fileno(), b"three\n")) == ["before it runs", "one", "two", "three"]
            console.write(batch(b"four\n", "system"))
            assert (await read(reader.fileno(), b"four\n")).decode().endswith(" system │ four\n")
            nursery.cancel_scope.cancel()


async def test_the_last_words_are_shown() -> None:
    with pipe() as (reader, writer):
        console = Console(writer.fileno(), color=False)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(console.run)
            console.write(batch(b"x" * 10_000 + b"\n"))
            console.write(batch(b"a line that is not finished"))
            await console.flush(10)
            nursery.cancel_scope.cancel()
        writer.close()
        printed = os.read(reader.fileno(), 1 << 20)
        assert texts(printed) == ["x" * 10_000, "a line that is not finished"]
        assert printed.endswith(b"\n")


async def test_much_goes_through_in_order() -> None:
    """Into a pipe that is read slowly, in writes of bounded size."""
    with pipe() as (reader, writer):
        console = Console(writer.fileno(), color=False)
        lines = [b"%07d %s" % (number, b"x" * 100) for number in range(100_000)]
        printed = bytearray()

        async def print_all() -> None:
            async with trio.open_nursery() as printing:
                printing.start_soon(console.run)
                for start in range(0, len(lines), 500):
                    console.write(batch(b"".join(line + b"\n" for line in lines[start : start + 500])))
                    await console.wait_for_capacity()
                await console.flush(20)
                printing.cancel_scope.cancel()
            writer.close()

        with trio.fail_after(30):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(print_all)
                while chunk := await trio.to_thread.run_sync(os.read, reader.fileno(), 1 << 16):
                    printed += chunk
                nursery.cancel_scope.cancel()
        assert texts(bytes(printed)) == [line.decode() for line in lines]


async def test_who_is_not_read_makes_the_processes_wait() -> None:
    with pipe() as (reader, writer):
        console = Console(writer.fileno(), color=False)
        line = b"x" * (WRITE_BYTES - 1) + b"\n"
        count = BACKLOG_BYTES // WRITE_BYTES + 1
        async with trio.open_nursery() as nursery:
            nursery.start_soon(console.run)
            console.write(batch(line))
            with trio.fail_after(60):
                await console.wait_for_capacity()
            for _ in range(count):
                console.write(batch(line))
            waited = trio.Event()

            async def pump() -> None:
                await console.wait_for_capacity()
                waited.set()

            nursery.start_soon(pump)
            await trio.testing.wait_all_tasks_blocked()
            assert not waited.is_set()
            with trio.fail_after(60):
                await console.flush(0.1)
            with trio.fail_after(60):
                while not waited.is_set():
                    await trio.to_thread.run_sync(os.read, reader.fileno(), 1 << 20)
            nursery.cancel_scope.cancel()


@pytest.mark.parametrize("when", ["before", "while it writes"])
async def test_a_closed_stdout_holds_up_nobody(when: str) -> None:
    """`prox up | head -1`: the environment goes on, and nothing is kept for nobody."""
    with pipe() as (reader, writer):
        console = Console(writer.fileno(), color=False)
        async with trio.open_nursery() as nursery:
            for _ in range(12 if when == "before" else 3):
                console.write(batch(b"x" * WRITE_BYTES + b"\n"))
            if when == "before":
                reader.close()
            nursery.start_soon(console.run)
            if when != "before":
                await trio.to_thread.run_sync(os.read, reader.fileno(), 1)
                reader.close()
            with trio.fail_after(60):
                await console.wait_for_capacity()
                await console.flush(60)
            for _ in range(20):
                console.write(batch(b"x" * WRITE_BYTES + b"\n"))
            with trio.fail_after(60):
                await console.wait_for_capacity()
        assert console._waiting == 0
        assert not console._backlog


async def test_a_printer_that_was_cancelled_holds_up_nobody() -> None:
    with pipe() as (_, writer):
        console = Console(writer.fileno(), color=False)
        for _ in range(12):
            console.write(batch(b"x" * WRITE_BYTES + b"\n"))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(console.run)
            await trio.testing.wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()
        with trio.fail_after(60):
            await console.wait_for_capacity()
            await console.flush(60)


async def test_a_terminal_that_goes_away() -> None:
    """Its owner closes the other end of the pty: writes fail with EIO."""
    master, slave = os.openpty()
    tty.setraw(slave)
    console = Console(slave, color=True)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(console.run)
        console.write(batch(b"hello\n"))
        assert b"hello\n" in await read(master, b"hello\n")
        os.close(master)
        with trio.fail_after(60):
            console.write(batch(b"into the void\n"))
            await console.flush(60)
            for _ in range(12):
                console.write(batch(b"x" * WRITE_BYTES + b"\n"))
            await console.wait_for_capacity()
    os.close(slave)


async def test_a_non_blocking_stdout() -> None:
    """Somebody who shares it, such as node, may have made it so."""
    with pipe() as (reader, writer):
        os.set_blocking(writer.fileno(), False)
        console = Console(writer.fileno(), color=False)
        lines = [b"x" * 1000] * 1000
        async with trio.open_nursery() as nursery:
            nursery.start_soon(console.run)
            console.write(batch(b"\n".join(lines) + b"\nend\n"))
            await trio.testing.wait_all_tasks_blocked()
            started = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
            with trio.move_on_after(0.3):
                await console.flush(60)
            assert sum(resource.getrusage(resource.RUSAGE_SELF)[:2]) - started < 0.1, "it spins"
            assert len(texts(await read(reader.fileno(), b"end\n"))) == 1001
            nursery.cancel_scope.cancel()


# A file must not get larger than this, which stands for a full disk.
FULL = """
import resource, signal, sys, trio
from prox.core.logs.batch import Batch
from prox.sinks.console import Console

async def main():
    console = Console(1, color=False)
    def say(text):
        console.write(Batch("api", "stdout", 0.0, 1, 1, text.encode() + b"\\n"))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(console.run)
        say("before")
        await console.flush(10)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))
        say("x" * 200)
        await console.flush(10)
        say("y" * 200)
        await console.flush(10)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        say("after")
        say("at the end")
        await console.flush(10)
        nursery.cancel_scope.cancel()

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
trio.run(main)
"""


def test_a_full_disk_leaves_a_gap_that_is_told(tmp_path: Path) -> None:
    with (tmp_path / "out").open("wb") as out:
        subprocess.run([sys.executable, "-c", FULL], stdout=out, check=True, timeout=30)
    before, torn, gap, after, end = (tmp_path / "out").read_text().splitlines()
    assert before.endswith(" api    │ before")
    assert 0 < torn.count("x") < 200
    assert gap.endswith(" system │ lines are missing here: File too large")
    assert after.endswith(" api    │ after")
    assert end.endswith(" api    │ at the end")


def visible(printed: bytes) -> list[str]:
    """Return the lines that a terminal shows in the end: what was erased is gone (EL, ECMA-48 §8.3.41)."""
    return [line.rpartition("\r\x1b[K")[2] for line in printed.decode().split("\n")]


async def test_a_footer_stays_below_the_lines_and_is_gone_in_the_end() -> None:
    with pipe() as (reader, writer):
        console = Console(writer.fileno(), color=False, footer=lambda: b"running: a")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(console.run)
            console.write(batch(b"one\n"))
            first = await read(reader.fileno(), b"running: a")
            console.write(batch(b"two\n"))
            first += await read(reader.fileno(), b"running: a")
            # Nothing is shown below a line that is not finished.
            console.write(batch(b"three"))
            console.write(batch(b"four\n"))
            await console.flush(5)
            nursery.cancel_scope.cancel()
        writer.close()
        printed = first + reader.readall()
    lines = visible(printed)
    assert [line.partition("│ ")[2] for line in lines[:-1]] == ["one", "two", "threefour"]
    assert lines[-1] == ""
