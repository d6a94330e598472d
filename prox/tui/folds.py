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
class _Open:
    """A trace that may have further lines: the index and the text of its first line."""

    index: int
    text: str


@dataclass(slots=True)
class Folds:
    """``below``: what is folded below each line, by its index."""

    below: dict[int, Fold] = field(default_factory=dict)
    _open: dict[Stream, _Open] = field(default_factory=dict)

    @property
    def are_open(self) -> bool:
        """Whether the next line may belong to a trace."""
        return bool(self._open)

    def open(self, stream: Stream, text: str, index: int) -> None:
        """Note that a trace may begin with this line."""
        self._open[stream] = _Open(index, text)

    def take(self, stream: Stream, text: str, *, continues: bool, index: int) -> bool:
        """Return whether the next line of a stream is folded; a line that is not ends the trace.

        ``continues``: as in its log record.
        """
        head = self._open.get(stream)
        if head is None:
            return False
        fold = self.below.get(head.index)
        part = "frame" if continues else part_of(head.text, text) if fold or not text else "no"
        if part == "no":
            del self._open[stream]
            return False
        if fold is None:
            fold = self.below[head.index] = Fold()
        fold.count += 1
        fold.last = index
        if part == "message":
            fold.message = index
            del self._open[stream]
        return True

    def forget_before(self, first: int) -> None:
        """Forget the lines before an index, which are no longer in memory."""
        if self.below:
            self.below = {index: fold for index, fold in self.below.items() if index >= first}
