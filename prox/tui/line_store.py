"""The log lines in memory, shared by all views: a million lines in less than 200 MB.

Lines are kept in blocks. A full block is one byte string with the text of all its lines, and arrays of their other
properties, so that a line costs its text and about 24 bytes, and a pattern searches thousands of lines at once. A
line's index never changes: the oldest blocks are dropped, and the indices of the others stay.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from datetime import datetime
from enum import IntFlag
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from prox.core.text import terminal_safe

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prox.tui.records import Record

BLOCK = 4096
"""Lines of a block."""
MAX_LINES = 1_000_000
MAX_BYTES = 160 * 1024 * 1024
"""Maximum bytes of text of all blocks together."""
MAX_TEXT = 1024 * 1024
"""Bytes kept of one line that came in many parts."""
_ESCAPE = b"\x1b"

LEVELS = (None, "debug", "info", "warn", "error")


class Flag(IntFlag):
    """Properties of a line besides its level, which is in the three lowest bits."""

    STDERR = 8
    FOLDED = 16
    """It belongs to a stack trace that begins with an earlier line of the same stream."""
    GAP = 32
    """It stands for lines that are missing."""
    NOTE = 64
    """It tells of a start or an end, in the views of single processes."""
    PARTIAL = 128
    """Its end has not been written yet."""


_LEVEL_BITS = 7
_STDERR = int(Flag.STDERR)
_ROWS = int(Flag.GAP | Flag.NOTE)
_LEVEL_NUMBER = {level: number for number, level in enumerate(LEVELS)}


class Line(NamedTuple):
    """One line. ``time``: milliseconds since the epoch. ``text`` has no control sequences, ``colored`` only SGR."""

    number: int
    """Its index in the store."""
    id: int
    time: int
    process: str
    flags: int
    text: str
    colored: str

    @property
    def level(self) -> str | None:
        return LEVELS[self.flags & _LEVEL_BITS]


class Block:
    """Up to BLOCK lines. ``number``: its position among all blocks ever, so the first line has number × BLOCK."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.ids = array("Q")
        self.times = array("Q")
        self.processes = array("H")
        self.flags = bytearray()
        self.size = 0
        """Bytes of text."""
        self.has_notes = False
        """Whether some rows are gaps or notes."""
        self._texts: list[bytes] | None = []
        self._colored: dict[int, bytes] = {}
        self._joined = b""
        self._joined_lines = 0
        self._ends = array("I")

    def __len__(self) -> int:
        return len(self.flags)

    def append(self, id: int, time: int, process: int, flags: int, colored: bytes) -> None:
        assert self._texts is not None
        text = colored
        if _ESCAPE in colored:
            text = terminal_safe(colored, color=False)
            self._colored[len(self.flags)] = colored
        self.ids.append(id)
        self.times.append(time)
        self.processes.append(process)
        self.flags.append(flags)
        self.has_notes |= flags & _ROWS != 0
        self._texts.append(text)
        self.size += len(text)

    def extend(
        self, ids: Sequence[int], times: Sequence[int], processes: Sequence[int], flags: bytes, texts: Sequence[bytes]
    ) -> None:
        """Append lines without control sequences."""
        assert self._texts is not None
        self.ids.extend(ids)
        self.times.extend(times)
        self.processes.extend(processes)
        self.flags += flags
        self._texts += texts
        self.size += sum(map(len, texts))

    def replace(self, offset: int, id: int, flags: int, colored: bytes) -> None:
        """Replace the text of a line that is still being written."""
        assert self._texts is not None
        text = colored
        self._colored.pop(offset, None)
        if _ESCAPE in colored:
            text = terminal_safe(colored, color=False)
            self._colored[offset] = colored
        self.size += len(text) - len(self._texts[offset])
        self._texts[offset] = text
        self.ids[offset], self.flags[offset] = id, flags
        self._joined_lines = 0

    def seal(self) -> None:
        """Keep the text as one byte string, which takes less memory; no line can be appended or replaced after this."""
        self._join()
        self._texts = None

    @property
    def is_sealed(self) -> bool:
        return self._texts is None

    @property
    def text(self) -> bytes:
        """The text of all lines, each ended by LF."""
        self._join()
        return self._joined

    def line_at(self, position: int) -> int:
        """Return the offset of the line that has the byte at a position of ``text``."""
        return bisect_right(self._ends, position)

    def end_of(self, offset: int) -> int:
        """Return the position in ``text`` after a line and its LF."""
        return self._ends[offset]

    def text_of(self, offset: int) -> bytes:
        if self._texts is not None:
            return self._texts[offset]
        begin = self._ends[offset - 1] if offset else 0
        return self._joined[begin : self._ends[offset] - 1]

    def colored_of(self, offset: int) -> bytes:
        return self._colored.get(offset) or self.text_of(offset)

    def _join(self) -> None:
        if self._texts is None or (self._joined_lines == len(self._texts) and self._joined):
            return
        self._joined = b"".join([text + b"\n" for text in self._texts])
        ends, end = array("I"), 0
        for text in self._texts:
            end += len(text) + 1
            ends.append(end)
        self._ends, self._joined_lines = ends, len(self._texts)


class LineStore:
    """The newest lines of all processes, up to ``max_lines`` and ``max_bytes`` of text."""

    def __init__(self, max_lines: int = MAX_LINES, max_bytes: int = MAX_BYTES) -> None:
        self._max_lines = max_lines
        self._max_bytes = max_bytes
        self.blocks: list[Block] = [Block(0)]
        self._size = 0
        self._names: list[str] = []
        self._numbers: dict[str, int] = {}
        self._unfinished: dict[tuple[int, bool], int] = {}
        """The index of the last line of each stream that is still being written."""
        self._traces: dict[tuple[int, bool], int] = {}
        """The index of the line with which the current stack trace of each stream began."""
        self.folded: dict[int, int] = {}
        """The number of lines folded below a line, by its index."""
        self.changed: list[int] = []
        """Indices of lines whose text has changed since the caller has cleared the list."""

    @property
    def first(self) -> int:
        """The index of the oldest line."""
        return self.blocks[0].number * BLOCK

    @property
    def end(self) -> int:
        """The index after the newest line."""
        return self.blocks[-1].number * BLOCK + len(self.blocks[-1])

    def __len__(self) -> int:
        return self.end - self.first

    @property
    def names(self) -> Sequence[str]:
        """All processes that have written a line, in the order of their numbers."""
        return self._names

    def number_of(self, name: str) -> int:
        """Return the number of a process, which is that of its lines in ``Block.processes``."""
        number = self._numbers.get(name)
        if number is None:
            number = self._numbers[name] = len(self._names)
            self._names.append(name)
        return number

    def block_of(self, index: int) -> Block | None:
        """Return the block of a line; None if it was dropped or does not exist yet."""
        place = index // BLOCK - self.blocks[0].number
        return self.blocks[place] if 0 <= place < len(self.blocks) else None

    def get(self, index: int) -> Line | None:
        """Return a line; None if it was dropped or does not exist yet."""
        block = self.block_of(index)
        offset = index % BLOCK
        if block is None or offset >= len(block):
            return None
        text, colored = block.text_of(offset), block.colored_of(offset)
        plain = text.decode("utf-8", "replace")
        return Line(
            index,
            block.ids[offset],
            block.times[offset],
            self._names[block.processes[offset]],
            block.flags[offset],
            plain,
            plain if colored is text else colored.decode("utf-8", "replace"),
        )

    def lines(self) -> Iterator[Line]:
        """Yield all lines, oldest first."""
        for index in range(self.first, self.end):
            if line := self.get(index):
                yield line

    # -- adding

    def extend(self, records: Sequence[Record]) -> None:
        """Append log records in their order."""
        # One call for all lines makes them safe for a terminal.
        data = "".join([f"{record.line}\n" for record in records]).encode("utf-8", "replace")
        texts = terminal_safe(data, color=True).split(b"\n")
        begin = 0
        colored = _ESCAPE in data
        for place, record in enumerate(records):
            special = record.partial or record.replaces or record.continues or record.level == "error"
            if special or colored or self._unfinished or self._traces:
                self._extend_plain(records[begin:place], texts[begin:place])
                self._add(record, texts[place])
                begin = place + 1
        self._extend_plain(records[begin:], texts[begin : len(records)])
        self._trim()

    def _extend_plain(self, records: Sequence[Record], texts: Sequence[bytes]) -> None:
        """Append complete lines without colours, none of which begins or continues a stack trace."""
        if not records:
            return
        number = self.number_of
        ids = [int(record.id or 0) for record in records]
        times = [milliseconds(record.timestamp) for record in records]
        processes = [number(record.process) for record in records]
        flags = bytes(
            [_LEVEL_NUMBER.get(record.level, 0) | (_STDERR if record.stream == "stderr" else 0) for record in records]
        )
        done = 0
        while done < len(ids):
            block = self._open_block()
            end = done + BLOCK - len(block)
            block.extend(ids[done:end], times[done:end], processes[done:end], flags[done:end], texts[done:end])
            done = end
        self._size += sum(map(len, texts))

    def _add(self, record: Record, text: bytes) -> None:
        stderr = record.stream == "stderr"
        flags = _LEVEL_NUMBER.get(record.level, 0) | (_STDERR if stderr else 0)
        stream = (self.number_of(record.process), stderr)
        id, time = int(record.id or 0), milliseconds(record.timestamp)
        if record.partial or record.replaces or stream in self._unfinished:
            self._add_part(stream, id, time, flags, text, record)
            return
        head = self._traces.get(stream)
        if head is not None and record.continues:
            flags |= Flag.FOLDED
            self.folded[head] = self.folded.get(head, 0) + 1
        self._append(id, time, stream[0], flags, text)
        if not record.continues:
            self._traces.pop(stream, None)
            if record.level == "error":
                self._traces[stream] = self.end - 1

    def copy_from(self, other: LineStore, index: int) -> None:
        """Append a line of another store."""
        block, offset = other.block_of(index), index % BLOCK
        assert block is not None
        process = self.number_of(other.names[block.processes[offset]])
        self._append(block.ids[offset], block.times[offset], process, block.flags[offset], block.colored_of(offset))

    def note(self, process: str, text: str, *, gap: bool = False) -> None:
        """Append a row that is not a line: a gap, or a note on a process."""
        time = self.blocks[-1].times[-1] if len(self.blocks[-1]) else 0
        data = terminal_safe(text.replace("\n", " ").encode("utf-8", "replace") + b"\n", color=False)[:-1]
        self._append(0, time, self.number_of(process), Flag.GAP if gap else Flag.NOTE, data)
        self._trim()

    def _append(self, id: int, time: int, process: int, flags: int, text: bytes) -> None:
        block = self._open_block()
        size = block.size
        block.append(id, time, process, flags, text)
        self._size += block.size - size

    def _open_block(self) -> Block:
        """Return a block with room for a line."""
        block = self.blocks[-1]
        if len(block) == BLOCK:
            block.seal()
            block = Block(block.number + 1)
            self.blocks.append(block)
        return block

    def _add_part(self, stream: tuple[int, bool], id: int, time: int, flags: int, text: bytes, record: Record) -> None:
        """Append to the unfinished line of a stream, or replace it; begin one if there is none in memory."""
        index = self._unfinished.get(stream)
        block = self.block_of(index) if index is not None else None
        if index is None or block is None or block.is_sealed:
            self._append(id, time, stream[0], flags | (Flag.PARTIAL if record.partial else 0), text)
            index = self.end - 1
        else:
            before = b"" if record.replaces else block.colored_of(index % BLOCK)
            whole = (before + text)[:MAX_TEXT]
            size = block.size
            block.replace(index % BLOCK, id, flags | (Flag.PARTIAL if record.partial else 0), whole)
            self._size += block.size - size
            self.changed.append(index)
        if record.partial:
            self._unfinished[stream] = index
        else:
            self._unfinished.pop(stream, None)

    def _trim(self) -> None:
        while len(self.blocks) > 1 and (
            len(self) - len(self.blocks[0]) >= self._max_lines or self._size > self._max_bytes
        ):
            dropped = self.blocks.pop(0)
            self._size -= dropped.size
            begin, end = dropped.number * BLOCK, (dropped.number + 1) * BLOCK
            if self.folded:
                self.folded = {index: count for index, count in self.folded.items() if not begin <= index < end}


def fold_head(store: LineStore, index: int) -> int | None:
    """Return the index of the line that a folded line is folded below; None if it is not folded, or that is gone."""
    line = store.get(index)
    if line is None or not line.flags & Flag.FOLDED:
        return None
    stream = line.flags & Flag.STDERR
    for earlier in range(index - 1, store.first - 1, -1):
        before = store.get(earlier)
        same = before and before.process == line.process and before.flags & Flag.STDERR == stream
        if same and before and not before.flags & (Flag.FOLDED | Flag.NOTE | Flag.GAP):
            return earlier
    return None


@lru_cache(maxsize=1024)
def milliseconds(timestamp: str) -> int:
    """Return a timestamp of the API in milliseconds since the epoch; 0 if it is malformed."""
    try:
        return round(datetime.fromisoformat(timestamp).timestamp() * 1000)
    except ValueError:
        return 0
