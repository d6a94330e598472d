"""What a process writes is in its file, byte for byte."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prox.core.logs.batch import Batch, Stream
from prox.core.logs.lines import LineSplitter
from prox.core.logs.query import LogFilter
from prox.runtime.broadcast.hub import LogHub
from prox.sinks.files import WAITING_BYTES, LogFiles, Records

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prox.core.logs.lines import Piece

NOON = 1737282721.123
OUT, ERR = b"2025-01-19T10:32:01.123Z out ", b"2025-01-19T10:32:01.123Z err "


def batch(data: bytes, stream: Stream = "stdout", process: str = "api", when: float = NOON) -> Batch:
    partial = not data.endswith(b"\n")
    return Batch(process, stream, when, 1, 1 if partial else data.count(b"\n"), data, partial)


class Files(LogFiles):
    """Log files that keep what they report."""

    def __init__(self, folder: Path, *, max_size: int = 10_000_000, keep: int = 3) -> None:
        self.said: list[str] = []
        super().__init__(folder, max_size=max_size, keep=keep, report=self.said.append)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "logs"


def test_a_file_for_each_process(folder: Path) -> None:
    files = Files(folder)
    files.write(batch(b"one\n\nt\xffwo\r\n"))
    files.write(batch(b"oops\n", "stderr"))
    files.write(batch(b"\x1b[31mred\0\n", process="web.1"))
    files.write(batch(b"of prox itself\n", process="system"))
    files.close()
    assert sorted(os.listdir(folder)) == ["api.log", "system.log", "web.1.log"]
    assert (folder / "system.log").read_bytes() == OUT + b"of prox itself\n"
    assert (folder / "api.log").read_bytes() == (OUT + b"one\n" + OUT + b"\n" + OUT + b"t\xffwo\r\n" + ERR + b"oops\n")
    assert (folder / "web.1.log").read_bytes() == OUT + b"\x1b[31mred\0\n"
    assert files.said == []


def test_runs_follow_each_other(folder: Path) -> None:
    for text in (b"first\n", b"second\n"):
        files = Files(folder)
        files.write(batch(text))
        files.close()
    assert (folder / "api.log").read_bytes() == OUT + b"first\n" + OUT + b"second\n"


async def test_nobody_waits_for_files(folder: Path) -> None:
    await Files(folder).wait_for_capacity()


WRITES = st.lists(
    st.tuples(st.sampled_from(["stdout", "stderr"]), st.lists(st.integers(0, 40), max_size=4), st.integers(1, 60)),
    max_size=15,
)


@settings(deadline=None, max_examples=60)
@given(WRITES, st.integers(1, 20), st.integers(50, 1000), st.booleans())
def test_every_byte_of_every_stream_is_there_in_order(
    writes: list[tuple[Stream, list[int], int]], max_line: int, max_size: int, shown: bool
) -> None:
    """Whatever is cut by chunks, by long lines and by rotation. A line is cut in the file only where it is too long."""
    splitters = {"stdout": LineSplitter(max_line), "stderr": LineSplitter(max_line)}
    written: dict[str, bytes] = {"stdout": b"", "stderr": b""}
    with tempfile.TemporaryDirectory() as name:
        files = Files(Path(name), max_size=max_size, keep=1000)
        for number, (stream, sizes, chunk) in enumerate(writes):
            data = b"\n".join(b"%c" % (97 + (number + size) % 26) * size for size in sizes)
            written[stream] += data
            for start in range(0, len(data), chunk):
                emit(files, stream, splitters[stream].feed(data[start : start + chunk]))
                if shown:
                    emit(files, stream, splitters[stream].show())
        for stream in ("stdout", "stderr"):
            emit(files, stream, splitters[stream].flush())
        files.close()
        assert files.said == []
        found = read(Path(name))
    for stream in ("stdout", "stderr"):
        lines = written[stream].removesuffix(b"\n").split(b"\n") if written[stream] else []
        assert b"".join(found[stream]) == b"".join(lines)
        if all(len(line) + len(OUT) < max_size for line in lines):
            assert found[stream] == lines


def emit(files: LogFiles, stream: Stream, pieces: Sequence[Piece]) -> None:
    for piece in pieces:
        files.write(replace(batch(piece.data, stream), file=piece.file))


def read(folder: Path) -> dict[str, list[bytes]]:
    """Return the lines of each stream; fail where one is not in the format."""
    lines: dict[str, list[bytes]] = {"stdout": [], "stderr": []}
    files = sorted(folder.iterdir(), key=lambda file: -int(file.suffix[1:] if file.suffix != ".log" else 0))
    for line in b"".join(file.read_bytes() for file in files).splitlines(keepends=True):
        assert line.startswith((OUT, ERR))
        assert line.endswith(b"\n")
        lines["stdout" if line.startswith(OUT) else "stderr"].append(line[len(OUT) : -1])
    return lines


def records(*batches: Batch, longest: int = 1000) -> list[bytes]:
    made = Records(longest)
    return [made.add(one) for one in batches] + [made.end()]


def test_a_long_line_is_one_line() -> None:
    assert records(batch(b"lo"), batch(b"ng"), batch(b" line\nnext\n")) == [
        OUT + b"lo",
        b"ng",
        b" line\n" + OUT + b"next\n",
        b"",
    ]


def test_the_other_stream_waits_for_its_end() -> None:
    assert records(
        batch(b"lo"), batch(b"one\n", "stderr"), batch(b"two\n", "stderr"), batch(b"ng\n"), batch(b"three\n", "stderr")
    ) == [OUT + b"lo", b"", b"", b"ng\n" + ERR + b"one\n" + ERR + b"two\n", ERR + b"three\n", b""]


def test_two_long_lines_at_once() -> None:
    assert records(
        batch(b"a"), batch(b"b", "stderr"), batch(b"a\n"), batch(b"c\n"), batch(b"b\n", "stderr"), batch(b"d\n")
    ) == [OUT + b"a", b"", b"a\n" + ERR + b"b", b"", b"b\n" + OUT + b"c\n", OUT + b"d\n", b""]


@pytest.mark.parametrize("partial", [False, True])
def test_a_line_that_holds_up_too_much_is_ended(partial: bool) -> None:
    much = b"x" * WAITING_BYTES + (b"" if partial else b"\n")
    made = records(batch(b"lo"), batch(much, "stderr"), batch(b"ng\n"), batch(b"y\n", "stderr"))
    assert made[:2] == [OUT + b"lo", b"\n" + ERR + much]
    if partial:
        assert made[2:] == [b"", b"y\n" + OUT + b"ng\n", b""]
    else:
        assert made[2:] == [OUT + b"ng\n", ERR + b"y\n", b""]


def test_no_line_is_longer_than_a_file() -> None:
    piece = b"x" * 40
    assert records(batch(piece), batch(piece), batch(piece), batch(b"y\n"), longest=100) == [
        OUT + piece, piece + b"\n", OUT + piece, b"y\n", b"",
    ]  # fmt: skip


def test_what_waited_before_a_long_line_is_not_held_against_it() -> None:
    waiting = [batch(b"z" * 60 + b"\n", "stderr"), batch(b"lo", "stderr")]
    made = records(batch(b"a"), *waiting, batch(b"a\n"), batch(b"n", "stderr"), batch(b"g\n", "stderr"), longest=100)
    assert made[3:] == [b"a\n" + ERR + b"z" * 60 + b"\n" + ERR + b"lo", b"n", b"g\n", b""]


def test_lines_that_are_never_ended_are_ended_at_the_end() -> None:
    assert records(batch(b"lo"), batch(b"x\n", "stderr"), batch(b"y", "stderr"))[-1] == (
        b"\n" + ERR + b"x\n" + ERR + b"y\n"
    )


def test_what_keeps_files_from_being_written_is_said_once(folder: Path) -> None:
    """And all goes on, and again when the cause has ended."""
    folder.write_bytes(b"in the way")
    files = Files(folder)
    for process in ("api", "web", "api"):
        files.write(batch(b"one\ntwo\n", process=process))
    assert files.said == [f"log file {folder / 'api.log'} cannot be written: Not a directory"]
    folder.unlink()
    files.write(batch(b"three\n"))
    files.write(batch(b"four\n", process="web"))
    assert files.said[1:] == ["log files can be written again: 6 lines are missing"]
    files.close()
    assert (folder / "api.log").read_bytes() == OUT + b"three\n"
    assert len(files.said) == 2


def test_a_folder_that_is_removed_is_made_again(folder: Path) -> None:
    files = Files(folder)
    files.write(batch(b"one\n"))
    shutil.rmtree(folder)
    files.write(batch(b"two\n"))
    files.close()
    assert (folder / "api.log").read_bytes() == OUT + b"two\n"
    assert files.said == []


def test_a_long_line_of_which_a_piece_is_missing(folder: Path) -> None:
    """What comes after the gap is a line of its own, and what waited for it is counted."""
    files = Files(folder)
    files.write(batch(b"lo"))
    files.write(batch(b"waits\n", "stderr"))
    shutil.rmtree(folder)
    folder.write_bytes(b"in the way")
    files.write(batch(b"ng"))
    folder.unlink()
    files.write(batch(b" line\n"))
    files.write(batch(b"next\n", "stderr"))
    files.close()
    assert (folder / "api.log").read_bytes() == OUT + b" line\n" + ERR + b"next\n"
    assert files.said[1:] == ["log files can be written again: 2 lines are missing"]


def test_reports_may_go_through_the_hub(folder: Path) -> None:
    """As they do in prox: they are lines in their turn."""
    hub = LogHub(["api"], max_lines=100, max_bytes=10_000)
    folder.write_bytes(b"in the way")
    files = LogFiles(folder, max_size=1000, keep=1, report=hub.system)
    hub.add_sink(files)
    hub.publish("api", "stdout", LineSplitter().feed(b"one\ntwo\n"))
    hub.remove_sink(files)
    files.close()

    shown = [(line.process, line.text) for line in hub.select(LogFilter()).lines]
    assert shown == [
        ("api", "one"),
        ("api", "two"),
        ("system", f"log file {folder / 'api.log'} cannot be written: Not a directory"),
        # The two, and the one that said so.
        ("system", "log files are incomplete: 3 lines are missing"),
    ]


def test_descriptors_are_closed(folder: Path) -> None:
    before = os.listdir("/dev/fd")
    files = Files(folder)
    for number in range(20):
        files.write(batch(b"x\n", process=f"p{number}"))
    files.close()
    assert len(os.listdir("/dev/fd")) == len(before)


def test_lines_say_when_they_came(folder: Path) -> None:
    files = Files(folder)
    files.write(batch(b"x\n", when=NOON + 86_400.5))
    files.close()
    assert re.fullmatch(rb"2025-01-20T10:32:01\.623Z out x\n", (folder / "api.log").read_bytes())
