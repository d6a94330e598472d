"""A block of consecutive log lines, as they are kept in memory."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from enum import IntFlag
from typing import TYPE_CHECKING

from prox.core.text import terminal_safe

if TYPE_CHECKING:
    from collections.abc import Sequence

BLOCK = 4096
"""Lines of a block."""
_ESCAPE = b"\x1b"


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


_ROWS = int(Flag.GAP | Flag.NOTE)


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
