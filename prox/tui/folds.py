"""Stack traces among the lines of a store: which lines are folded below which one."""

from __future__ import annotations

from dataclasses import dataclass, field

from prox.tui.traces import part_of

Stream = tuple[int, bool]
"""The number of a process, and whether it is its standard error."""


@dataclass(slots=True)
class Fold:
    """The lines folded below one: their number, and the index of the last.

    ``message``: the index of the one that says what was raised.
    """

    count: int = 0
    last: int = 0
    message: int | None = None


@dataclass(slots=True)
class Head:
    """The first line of a trace: its index and text."""

    index: int
    text: str


@dataclass(slots=True)
class Folds:
    """``below``: what is folded below each line, by its index. ``pending``: the traces that may have further lines."""

    below: dict[int, Fold] = field(default_factory=dict)
    pending: dict[Stream, Head] = field(default_factory=dict)

    def begin(self, stream: Stream, text: str, index: int) -> None:
        """Note that a trace may begin with this line."""
        self.pending[stream] = Head(index, text)

    def take(self, stream: Stream, text: str, *, continues: bool, index: int) -> bool:
        """Return whether the next line of a stream is folded; a line that is not ends the trace.

        ``continues``: as in its log record.
        """
        head = self.pending.get(stream)
        if head is None:
            return False
        fold = self.below.get(head.index)
        part = "frame" if continues else part_of(head.text, text) if fold or not text else "no"
        if part == "no":
            del self.pending[stream]
            return False
        if fold is None:
            fold = self.below[head.index] = Fold()
        fold.count += 1
        fold.last = index
        if part == "message":
            fold.message = index
            del self.pending[stream]
        return True

    def forget_before(self, first: int) -> None:
        """Forget the lines before an index, which are no longer in memory."""
        if self.below:
            self.below = {index: fold for index, fold in self.below.items() if index >= first}
