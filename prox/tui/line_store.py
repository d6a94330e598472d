"""The log lines in memory, shared by all views: a million lines in less than 200 MB.

Lines are kept in blocks. A full block is one byte string with the text of all its lines, and arrays of their other
properties, so that a line costs its text and about 24 bytes, and a pattern searches thousands of lines at once. A
line's index never changes: the oldest blocks are dropped, and the indices of the others stay.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from prox.core.text import terminal_safe
from prox.tui.block import BLOCK, Block, Flag
from prox.tui.folds import Folds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from prox.tui.records import Record

MAX_LINES = 1_000_000
MAX_BYTES = 160 * 1024 * 1024
"""Maximum bytes of text of all blocks together."""
MAX_TEXT = 1024 * 1024
"""Bytes kept of one line that came in many parts."""
_ESCAPE = b"\x1b"

LEVELS = (None, "debug", "info", "warn", "error")

_LEVEL_BITS = 7
_STDERR = int(Flag.STDERR)
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
        self.folds = Folds()
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
        unfinished, traces = self._unfinished, self.folds.pending
        for place, record in enumerate(records):
            special = record.partial or record.replaces or record.continues or record.level == "error"
            if special or colored or unfinished or traces:
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
        plain = terminal_safe(text, color=False) if _ESCAPE in text else text
        if self.folds.take(stream, plain.decode(), continues=record.continues, index=self.end):
            flags |= Flag.FOLDED
        elif record.level == "error":
            self.folds.begin(stream, plain.decode(), self.end)
        self._append(id, time, stream[0], flags, text)

    def copy_from(self, other: LineStore, index: int) -> None:
        """Append a line of another store."""
        block, offset = other.block_of(index), index % BLOCK
        assert block is not None
        process = self.number_of(other.names[block.processes[offset]])
        self._append(block.ids[offset], block.times[offset], process, block.flags[offset], block.colored_of(offset))

    def note(self, process: str, text: str, *, gap: bool = False, time: int = 0) -> None:
        """Append a row that is not a line: a gap, or a note on a process. ``time``: in milliseconds since the epoch."""
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
            self.folds.forget_before(self.first)


_ERROR = LEVELS.index("error")
_IS_ERROR = bytes(1 if flags & _LEVEL_BITS == _ERROR and not flags & Flag.FOLDED else 0 for flags in range(256))


def error_from(store: LineStore, number: int, step: int) -> int | None:
    """Return the next (1) or previous (-1) error from a line on, of all processes; a stack trace is one."""
    for block in store.blocks[::step]:
        begin = block.number * BLOCK
        kinds = block.flags.translate(_IS_ERROR)
        offset = kinds.find(1, max(0, number + 1 - begin)) if step > 0 else kinds.rfind(1, 0, max(0, number - begin))
        if offset >= 0:
            return begin + offset
    return None


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
