"""Format batches for display: ``HH:MM:SS name │ text``, names padded and coloured.

``console`` prints lines as they arrive, `prox logs` those received from the API or read from files.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from prox.core.logs.batch import SYSTEM, Batch, Stream
from prox.core.text import terminal_safe

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PALETTE = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)
"""Colours of the processes, in the order of prox.yaml (SGR, ECMA-48 §8.3.117). Red is reserved for errors."""
_DIM, _BOLD, _RED = 2, 1, 31
CLEAR_LINE = b"\r\x1b[K"
"""Erases the line of the cursor (EL, ECMA-48 §8.3.41)."""


def prefixed(batch: Batch, prefix: bytes, *, continued: bool) -> bytes:
    """Return a batch's data with ``prefix`` before each line, except before a ``continued`` first one."""
    lead = b"" if continued else prefix
    if batch.partial or batch.count == 1:
        return lead + batch.data
    return b"".join((lead, batch.data[:-1].replace(b"\n", b"\n" + prefix), b"\n"))


def local_clock(when: float) -> str:
    """Return the local time of day, ``HH:MM:SS``."""
    return time.strftime("%H:%M:%S", time.localtime(when))


class LinePrinter:
    """A formatter of consecutive output, which tracks whether the last line has ended.

    ``names``: all processes, in the order of prox.yaml. ``color``: use colours, and keep those of processes. ``raw``:
    keep all control sequences of processes. ``clock``: formats a time in seconds since the epoch.
    """

    def __init__(
        self,
        names: Sequence[str],
        *,
        color: bool,
        raw: bool = False,
        clock: Callable[[float], str] = local_clock,
    ) -> None:
        self._color = color
        self._raw = raw
        self._clock = clock
        self._colors = {SYSTEM: _BOLD}
        self._unfinished: tuple[str, Stream] | None = None
        self.set_names(names)

    def set_names(self, names: Sequence[str]) -> None:
        """Set the width of the name column from the next line on. A name keeps its colour."""
        self._width = max(map(len, (*names, SYSTEM)))
        new = [name for name in names if name not in self._colors]
        first = len(self._colors) - 1
        self._colors |= {name: PALETTE[place % len(PALETTE)] for place, name in enumerate(new, first)}
        self._labels: dict[tuple[str, Stream], str] = {}

    def render(self, batch: Batch) -> bytes:
        """Return the formatted lines of a batch.

        A line that arrives in pieces has one prefix, and another one after each interruption by other lines. A new
        state of a line replaces it on a terminal; elsewhere it is a line of its own.
        """
        key = (batch.process, batch.stream)
        before, self._unfinished = self._unfinished, key if batch.partial else None
        shown = batch if self._raw else _cleaned(batch, color=self._color)
        continued = before == key and not batch.replaces
        text = prefixed(shown, self.prefix(batch.time, batch.process, batch.stream), continued=continued)
        if before is None or continued:
            return text
        return (CLEAR_LINE if before == key and self._color else b"\n") + text

    def line(
        self, when: float, process: str, stream: Stream, text: str, *, partial: bool = False, replaces: bool = False
    ) -> bytes:
        """Return one formatted line. ``text``: without line end. ``partial``, ``replaces``: as in Batch."""
        data = text.encode("utf-8", "replace")
        return self.render(Batch(process, stream, when, 0, 1, data if partial else data + b"\n", partial, replaces))

    def end(self) -> bytes:
        """Return the line end for an unfinished line; empty without one."""
        unfinished, self._unfinished = self._unfinished, None
        return b"\n" if unfinished else b""

    def prefix(self, when: float, process: str, stream: Stream) -> bytes:
        """Return the prefix of a line."""
        label = self._labels.get((process, stream))
        if label is None:
            label = self._labels[process, stream] = self._label(process, stream)
        return f"{self._paint(self._clock(when), _DIM)} {label}".encode()

    def _label(self, process: str, stream: Stream) -> str:
        name = terminal_safe(process.encode(), color=False).decode().ljust(self._width)
        bar = self._paint("│", _RED) if stream == "stderr" else "│"
        return f"{self._paint(name, self._colors.get(process, _DIM))} {bar} "

    def _paint(self, text: str, color: int) -> str:
        return f"\x1b[{color}m{text}\x1b[0m" if self._color else text


def _cleaned(batch: Batch, *, color: bool) -> Batch:
    data = terminal_safe(batch.data, color=color)
    if data is batch.data:
        return batch
    return replace(batch, data=data)
