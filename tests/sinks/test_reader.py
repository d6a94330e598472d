"""What was written to log files is read again: all of it, or the newest, over processes and rotated files."""

from __future__ import annotations

import os
import tempfile
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prox.core.logs.batch import Batch, Stream, timestamp
from prox.core.logs.lines import MAX_LINE
from prox.core.patterns import compile_pattern
from prox.sinks import reader
from prox.sinks.files import LogFiles
from prox.sinks.reader import BLOCK_BYTES, FileLine, LogFileUnreadable, names_in, read_log_files
from prox.sinks.record import head

if TYPE_CHECKING:
    from collections.abc import Sequence

NAMES = ("web", "api")
NOON = 1737282721.123


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "logs"
    path.mkdir()
    return path


def write(folder: Path, written: Sequence[tuple[str, Stream, float, list[bytes]]], max_size: int = 10_000_000) -> None:
    def fail(text: str) -> None:
        raise AssertionError(text)

    files = LogFiles(folder, max_size=max_size, keep=1000, report=fail)
    for process, stream, when, lines in written:
        files.write(Batch(process, stream, when, 1, len(lines), b"".join(line + b"\n" for line in lines)))
    files.close()


def lines(*numbers: int) -> list[bytes]:
    return [b"line %d" % number for number in numbers]


def data(found: Sequence[FileLine]) -> list[bytes]:
    return [line.data for line in found]


WRITTEN = st.lists(
    st.tuples(
        st.sampled_from(NAMES),
        st.sampled_from(["stdout", "stderr"]),
        st.integers(0, 3),
        st.lists(st.sampled_from([b"", b"a", b"b\r", b"ab" * 20, b"\xff"]), min_size=1, max_size=4),
    ),
    max_size=20,
)


@settings(deadline=None, max_examples=60)
@given(
    WRITTEN,
    st.integers(1, 500),
    st.sampled_from([1, 30, 64, BLOCK_BYTES]),
    st.none() | st.integers(0, 30),
    st.none() | st.integers(0, 30),
    st.none() | st.integers(0, 30),
    st.sampled_from([None, "stdout", "stderr"]),
    st.sampled_from([None, "a", "\ufffd"]),
)
def test_against_a_model(
    written: list[tuple[str, Stream, int, list[bytes]]],
    max_size: int,
    block: int,
    tail: int | None,
    since: float | None,
    until: float | None,
    stream: Stream | None,
    pattern: str | None,
) -> None:
    now = NOON
    batches = []
    for process, one_stream, seconds, texts in written:
        now += seconds
        batches.append((process, one_stream, now, texts))
    since = since if since is None else since + NOON
    until = until if until is None else until + NOON
    expected = [
        (when, timestamp(when), process, one_stream, text)
        # Lines of one time stand in the order of the names.
        for process, one_stream, when, texts in sorted(batches, key=lambda one: (one[2], NAMES.index(one[0])))
        for text in texts
        if (stream is None or one_stream == stream)
        and (since is None or when >= since)
        and (until is None or when < until)
        and (pattern is None or pattern in text.decode("utf-8", "replace"))
    ]
    if tail is not None:
        expected = expected[len(expected) - min(tail, len(expected)) :]

    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(reader, "BLOCK_BYTES", block)
        write(Path(name), batches, max_size)
        assert names_in(Path(name)) == sorted({process for process, *_ in batches})
        found = read_log_files(
            Path(name),
            NAMES,
            tail=tail,
            since=since,
            until=until,
            stream=stream,
            matches=compile_pattern(pattern, regex=False) if pattern else None,
        )
        assert [(line.time, line.timestamp, line.process, line.stream, line.data) for line in found] == expected


@settings(deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=4), st.sampled_from([1, 7, BLOCK_BYTES]), st.integers(0, 20))
def test_files_of_anything_can_be_read(contents: list[bytes], block: int, tail: int) -> None:
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(reader, "BLOCK_BYTES", block)
        for number, content in enumerate(contents):
            Path(name, f"api.log.{number}" if number else "api.log").write_bytes(content)
        everything = data([*read_log_files(Path(name), ["api"])])
        newest = data([*read_log_files(Path(name), ["api"], tail=tail)])
    expected = [line for content in reversed(contents) if content for line in content.removesuffix(b"\n").split(b"\n")]
    assert everything == expected
    assert newest == expected[len(expected) - min(tail, len(expected)) :]


def test_names(folder: Path) -> None:
    for name in (
        "api.log", "api.log.1", "api.log.12", "gone.log.3", "a.log.1.log", "a.log.log", "web.1.log",
        "x.log.0", "x.log.01", "x.log.gz", "x.txt", ".log", "-x.log", "a b.log", "\udcff.log",
    ):  # fmt: skip
        (folder / name).touch()
    assert names_in(folder) == ["a.log", "a.log.1", "api", "gone", "web.1"]
    assert names_in(folder / "not there") == []
    assert names_in(folder / "api.log") == []


def test_a_process_without_files(folder: Path) -> None:
    write(folder, [("api", "stdout", NOON, [b"x"])])
    for tail in (None, 5):
        assert data([*read_log_files(folder, ["api", "none", "../logs/api"], tail=tail)]) == [b"x"]
        assert list(read_log_files(folder / "not there", ["api"], tail=tail)) == []


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How much is asked for in each read of a file."""
    sizes = []
    real = os.pread

    def pread(descriptor: int, size: int, offset: int) -> bytes:
        sizes.append(size)
        return real(descriptor, size, offset)

    monkeypatch.setattr(os, "pread", pread)
    return sizes


def test_the_tail_is_read_from_the_end(folder: Path, reads: list[int]) -> None:
    blocks = [lines(*range(start, start + 1000)) for start in range(0, 100_000, 1000)]
    write(folder, [("api", "stdout", NOON, block) for block in blocks], 1_000_000)
    del reads[:]
    found = list(read_log_files(folder, ["api"], tail=100))
    assert data(found) == lines(*range(99_900, 100_000))
    assert sum(reads) <= BLOCK_BYTES


def test_files_that_were_not_changed_since_are_not_read(folder: Path, reads: list[int]) -> None:
    write(folder, [("api", "stdout", NOON, lines(1))])
    os.utime(folder / "api.log", (NOON, NOON))
    (folder / "api.log").rename(folder / "api.log.1")
    write(folder, [("api", "stdout", NOON + 60, lines(2))])
    os.utime(folder / "api.log", (NOON + 60, NOON + 60))
    for since, expected in ((NOON, lines(1, 2)), (NOON + 30, lines(2)), (NOON + 60, lines(2)), (NOON + 90, [])):
        for tail in (None, 10):
            del reads[:]
            assert data([*read_log_files(folder, ["api"], since=since, tail=tail)]) == expected
            assert len(reads) == len(expected)


def test_lines_of_one_time_stand_in_the_order_of_the_names(folder: Path) -> None:
    write(folder, [(process, "stdout", NOON, lines(1, 2)) for process in ("api", "web")])
    for tail in (None, 3, 4):
        found = read_log_files(folder, ["web", "api"], tail=tail)
        expected = [("web", b"line 1"), ("web", b"line 2"), ("api", b"line 1"), ("api", b"line 2")]
        assert [(line.process, line.data) for line in found] == expected[-(tail or 4) :]


@pytest.mark.parametrize("tail", [None, 3])
def test_a_long_line_comes_in_pieces(folder: Path, tail: int | None) -> None:
    text = bytes(range(32, 127)) * (2 * MAX_LINE // 95) + b"end"
    write(folder, [("api", "stdout", NOON, [b"before", text, b"after"])])
    found = list(read_log_files(folder, ["api"], tail=tail))[-3:]
    assert [line.partial for line in found] == [True, False, False]
    assert found[0].data + found[1].data == text
    assert found[2].data == b"after"


@pytest.mark.parametrize("tail", [None, 3])
def test_memory_is_bounded_whatever_stands_in_a_file(
    folder: Path, tail: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line without end, that nobody of us has written."""
    monkeypatch.setattr(reader, "CHUNK_BYTES", 2 * MAX_LINE)
    with (folder / "api.log").open("wb") as file:
        file.truncate(30 * MAX_LINE)
    tracemalloc.start()
    try:
        total = sum(len(line.data) for line in read_log_files(folder, ["api"], tail=tail))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert total == 30 * MAX_LINE if tail is None else total > 2 * MAX_LINE
    assert peak < 12 * MAX_LINE


def test_a_line_that_was_cut_off_stands_with_its_neighbours(folder: Path) -> None:
    write(folder, [("api", "stdout", NOON, [b"one"]), ("web", "stdout", NOON + 1, [b"two"])])
    with (folder / "api.log").open("ab") as file:
        file.write(b"2025-01-1\n" + head(NOON + 2, "stdout") + b"three\n2025")
    for tail in (None, 10):
        found = list(read_log_files(folder, NAMES, tail=tail))
        assert data(found) == [b"one", b"2025-01-1", b"two", b"three", b"2025"]
        assert [line.time - NOON for line in found] == pytest.approx([0, 0, 1, 2, 2], abs=1e-6)


def test_a_file_that_is_put_aside_meanwhile_is_read_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder, [("api", "stdout", NOON, lines(1))])
    (folder / "api.log").rename(folder / "api.log.1")
    write(folder, [("api", "stdout", NOON, lines(2))])
    real = os.open

    def open_and_rotate(path: Path, flags: int) -> int:
        descriptor = real(path, flags)
        if Path(path).name == "api.log":
            (folder / "api.log.1").rename(folder / "api.log.2")
            (folder / "api.log").rename(folder / "api.log.1")
            (folder / "api.log").write_bytes(head(NOON, "stdout") + b"too late\n")
        return descriptor

    monkeypatch.setattr(os, "open", open_and_rotate)
    assert data([*read_log_files(folder, ["api"])]) == lines(1, 2)


def test_what_is_no_file_is_not_read(folder: Path, tmp_path: Path) -> None:
    os.mkfifo(folder / "api.log")
    (folder / "api.log.1").mkdir()
    assert list(read_log_files(folder, ["api"])) == []


def test_a_file_that_cannot_be_read(folder: Path, tmp_path: Path) -> None:
    (folder / "api.log").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(LogFileUnreadable, match=r"cannot read .*api\.log: "):
        list(read_log_files(folder, ["api"]))


def test_descriptors_are_closed(folder: Path) -> None:
    write(folder, [("api", "stdout", NOON, lines(number)) for number in range(20)], 40)
    before = len(os.listdir("/dev/fd"))
    found = read_log_files(folder, ["api"])
    next(found)
    found.close()  # type: ignore[attr-defined]
    assert len(list(read_log_files(folder, ["api"], tail=1))) == 1
    assert len(os.listdir("/dev/fd")) == before
