"""Split a stream of bytes into lines, independent of the chunks.

A line ends at LF, which is not part of it; a CR before it is kept. A line longer than ``MAX_LINE`` is split into
pieces, to bound the memory of a line.

An unfinished line, such as a prompt or a progress bar, can be published before its LF (``show``); the rest follows in
further pieces. Of text rewritten by CR, only the newest state is published. Log files get the complete line once.
"""

from __future__ import annotations

from typing import NamedTuple

MAX_LINE = 1024 * 1024
"""Bytes of a line above which it is split into pieces."""


class Piece(NamedTuple):
    """Complete lines, each ended by LF, or (``partial``) a part of one line that continues."""

    data: bytes
    partial: bool = False
    replaces: bool = False
    """``data`` is the newest state of a line rewritten by CR, and replaces the earlier pieces of the line."""
    file: bytes | None = None
    """The bytes for log files instead of ``data``: none, or the whole line; None: ``data``."""


class LineSplitter:
    """Splits one stream into lines. An unfinished line is kept until the next chunk."""

    def __init__(self, max_line: int = MAX_LINE) -> None:
        self._max_line = max_line
        self._tail = bytearray()
        self._shown = 0
        """Bytes of the tail that were published."""
        self._is_shown = False
        """Whether a part of the current line was published."""

    @property
    def has_news(self) -> bool:
        """Whether the unfinished line has bytes that were not published."""
        return len(self._tail) > self._shown

    def show(self) -> list[Piece]:
        """Return the unpublished part of the unfinished line, or its newest state."""
        state = _whole_chars(bytes(self._tail).rstrip(b"\r"))
        if len(state) <= self._shown:
            return []
        rewritten = state.rfind(b"\r") + 1
        new = state[rewritten or self._shown :]
        self._shown = len(state)
        replaces, self._is_shown = bool(rewritten and self._is_shown), True
        return [Piece(new, partial=True, replaces=replaces, file=b"")]

    def feed(self, chunk: bytes) -> list[Piece]:
        """Return the pieces that ``chunk`` completes, in order."""
        end = chunk.rfind(b"\n") + 1
        if not end:
            self._tail += chunk
            return self._cut_tail()
        if self._is_shown:
            first = chunk.find(b"\n") + 1
            self._tail += chunk[:first]
            pieces = [*self._cut_tail(), self._completed()]
            return pieces + (self.feed(chunk[first:]) if first < len(chunk) else [])
        whole = b"".join((self._tail, memoryview(chunk)[:end])) if self._tail else chunk[:end]
        self._tail = bytearray(chunk[end:])
        # Only a block longer than the limit can hold a line longer than the limit.
        pieces = [Piece(whole)] if len(whole) <= self._max_line else self._cut_lines(whole)
        return pieces + self._cut_tail()

    def flush(self) -> list[Piece]:
        """Return the last line, without LF, as complete: the stream has ended."""
        if self._is_shown:
            self._tail += b"\n"
            return [self._completed()]
        tail, self._tail = bytes(self._tail), bytearray()
        return [Piece(tail + b"\n")] if tail else []

    def _completed(self) -> Piece:
        """Return the rest of a partly published line, which is now complete."""
        line = bytes(self._tail)
        state = line[:-1].rstrip(b"\r")
        rewritten = state.rfind(b"\r") + 1
        shown = self._shown
        self._tail.clear()
        self._shown, self._is_shown = 0, False
        if rewritten:
            return Piece(state[rewritten:] + b"\n", replaces=True, file=line)
        return Piece(line[shown:], file=line)

    def _cut_tail(self) -> list[Piece]:
        """Split pieces off an unfinished line while it is longer than the limit."""
        pieces = []
        while len(self._tail) > self._max_line:
            size = _char_boundary(self._tail, self._max_line)
            part = bytes(self._tail[:size])
            if not self._is_shown:
                pieces.append(Piece(part, partial=True))
            elif rewritten := part.rfind(b"\r") + 1:
                pieces.append(Piece(part[rewritten:], partial=True, replaces=True, file=part))
            else:
                pieces.append(Piece(part[self._shown :], partial=True, file=part))
            del self._tail[:size]
            self._shown = max(0, self._shown - size)
        return pieces

    def _cut_lines(self, whole: bytes) -> list[Piece]:
        """Split the lines of a block that are longer than the limit; lines between them stay together."""
        pieces: list[Piece] = []
        plain_from = start = 0
        while start < len(whole):
            end = whole.index(b"\n", start) + 1
            if end - 1 - start > self._max_line:
                if start > plain_from:
                    pieces.append(Piece(whole[plain_from:start]))
                while end - 1 - start > self._max_line:
                    size = _char_boundary(whole[start : start + self._max_line + 1], self._max_line)
                    pieces.append(Piece(whole[start : start + size], partial=True))
                    start += size
                plain_from = start
            start = end
        pieces.append(Piece(whole[plain_from:]))
        return pieces


def _whole_chars(data: bytes) -> bytes:
    """Return data without an incomplete UTF-8 character at its end."""
    for place in range(1, min(4, len(data) + 1)):
        byte = data[-place]
        if byte & 0xC0 != 0x80:
            length = 4 if byte >= 0xF0 else 3 if byte >= 0xE0 else 2 if byte >= 0xC0 else 1
            return data[:-place] if length > place else data
    return data


def _char_boundary(data: bytes | bytearray, size: int) -> int:
    """Return the last position up to ``size`` that does not split a UTF-8 character (RFC 3629 §3)."""
    for place in range(size, max(size - 4, 0), -1):
        if data[place] & 0xC0 != 0x80:
            return place
    return size
