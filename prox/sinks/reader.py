"""Read lines from the log files of several processes, merged by time, including rotated files.

Counterpart of ``files``; ``record`` defines the format. Memory is bounded for any content, and files may be written or
rotated while they are read.
"""

from __future__ import annotations

import heapq
import os
import re
import stat
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from prox.core.errors import ProxError
from prox.sinks.record import Decoder, FileLine, first_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from prox.core.logs.batch import Stream

BLOCK_BYTES = 256 * 1024
"""Size of one read, in bytes."""
CHUNK_BYTES = 16 * 1024 * 1024
"""How far back the beginning of a line is searched; longer lines are cut."""

# A process name as in prox.yaml, and the number of a rotated file.
_NAME = re.compile(r"([A-Za-z0-9][A-Za-z0-9_.-]{0,62})\.log(?:\.([1-9][0-9]{0,8}))?")
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class LogFileUnreadable(ProxError):
    """A log file that exists but cannot be read."""

    code = "LOG_FILE_UNREADABLE"


def names_in(folder: Path) -> list[str]:
    """Return the sorted names of the processes with log files in a folder; empty if the folder does not exist.

    Raises LogFileUnreadable.
    """
    try:
        return sorted(_numbers(folder))
    except OSError as error:
        raise _unreadable(error, folder) from None


def read_log_files(
    folder: Path,
    names: Sequence[str],
    *,
    tail: int | None = None,
    since: float | None = None,
    until: float | None = None,
    stream: Stream | None = None,
    matches: Callable[[bytes], bool] | None = None,
) -> Iterator[FileLine]:
    """Yield the matching lines of processes, oldest first: the newest ``tail`` lines, or all.

    ``since`` (inclusive) and ``until`` (exclusive) in seconds since the epoch; ``matches`` gets a line's text in
    UTF-8. With ``tail``, files are read backwards as far as needed, and the lines are held in memory; otherwise memory
    holds one block and one line per process. Raises LogFileUnreadable.
    """

    def wanted(line: FileLine) -> bool:
        return (
            (stream is None or line.stream == stream)
            and (since is None or line.time >= since)
            and (until is None or line.time < until)
            and (matches is None or matches(line.text.encode()))
        )

    try:
        with ExitStack() as stack:
            numbers = _numbers(folder)
            logs = [_Log(name, _open_files(folder, name, numbers.get(name, []), since, stack)) for name in names]
            if tail is None:
                yield from filter(wanted, heapq.merge(*(log.forwards() for log in logs), key=_time))
                return
            # Reversed names, so that lines with the same time have the same order in both directions.
            newest = heapq.merge(*(log.backwards() for log in reversed(logs)), key=_time, reverse=True)
            yield from reversed(list(islice(filter(wanted, newest), tail)))
    except OSError as error:
        raise _unreadable(error, folder) from None


def _time(line: FileLine) -> float:
    return line.time


@dataclass(frozen=True, slots=True)
class _File:
    descriptor: int
    size: int
    """The size when the file was opened. Later output is not read."""
    changed: float

    def forwards(self) -> Iterator[bytes]:
        """Yield the content in blocks."""
        for start in range(0, self.size, BLOCK_BYTES):
            yield os.pread(self.descriptor, min(BLOCK_BYTES, self.size - start), start)

    def backwards(self) -> Iterator[bytes]:
        """Yield the content from the end, in chunks of whole lines."""
        end = self.size
        later: list[bytes] = []
        held = 0
        while end > 0:
            start = max(0, end - BLOCK_BYTES)
            block = os.pread(self.descriptor, end - start, start)
            # The part before the first LF belongs to a line that begins earlier.
            begins = start == 0 or held >= CHUNK_BYTES
            cut = 0 if begins else block.find(b"\n") + 1
            if begins or cut:
                yield b"".join((block[cut:], *reversed(later)))
                later, held = [block[:cut]], cut
            else:
                later.append(block)
                held += len(block)
            end = start


@dataclass(frozen=True, slots=True)
class _Log:
    process: str
    files: list[_File]
    """Newest first."""

    def forwards(self) -> Iterator[FileLine]:
        if self.files:
            decoder = Decoder(self.process, self.files[-1].changed)
            for file in reversed(self.files):
                yield from decoder.lines(file.forwards())

    def backwards(self) -> Iterator[FileLine]:
        for file in self.files:
            for chunk in file.backwards():
                decoder = Decoder(self.process, first_time(chunk) or file.changed)
                yield from reversed(list(decoder.lines([chunk])))


def _numbers(folder: Path) -> dict[str, list[int]]:
    """Return the numbers of the log files in a folder, by process; 0 is the current file."""
    numbers: dict[str, list[int]] = {}
    try:
        found = os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return numbers
    for match in filter(None, map(_NAME.fullmatch, found)):
        numbers.setdefault(match[1], []).append(int(match[2] or 0))
    return numbers


def _open_files(folder: Path, name: str, numbers: list[int], since: float | None, stack: ExitStack) -> list[_File]:
    """Open the files of a process that may contain lines since ``since``, newest first.

    A file that is rotated meanwhile is opened under both numbers and used once: numbers only increase.
    """
    files: dict[tuple[int, int], _File] = {}
    for number in sorted({*numbers, *(number + 1 for number in numbers)}):
        try:
            descriptor = os.open(folder / (f"{name}.log.{number}" if number else f"{name}.log"), _FLAGS)
        except FileNotFoundError:
            continue
        stack.callback(os.close, descriptor)
        found = os.fstat(descriptor)
        # A file contains no line later than its mtime.
        if stat.S_ISREG(found.st_mode) and (since is None or found.st_mtime + 1 >= since):
            files.setdefault((found.st_dev, found.st_ino), _File(descriptor, found.st_size, found.st_mtime))
    return list(files.values())


def _unreadable(error: OSError, folder: Path) -> LogFileUnreadable:
    return LogFileUnreadable(f"cannot read {error.filename or folder}: {error.strerror}")
