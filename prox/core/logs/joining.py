"""Join the records of a line that was published in parts (``lines.Piece``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prox.core.logs.batch import LogLine


class LineJoiner:
    """The unfinished lines of several streams."""

    def __init__(self) -> None:
        self._unfinished: dict[tuple[str, str], str] = {}

    def add(self, process: str, stream: str, text: str, *, partial: bool, replaces: bool) -> str:
        """Add a record, and return its line so far."""
        key = (process, stream)
        line = text if replaces else self._unfinished.get(key, "") + text
        if partial:
            self._unfinished[key] = line
        else:
            self._unfinished.pop(key, None)
        return line

    @property
    def unfinished(self) -> list[str]:
        return list(self._unfinished.values())


def joined(lines: Iterable[LogLine]) -> list[str]:
    """Return the texts of complete lines, each once."""
    joiner = LineJoiner()
    texts = []
    for line in lines:
        text = joiner.add(line.process, line.stream, line.text, partial=line.partial, replaces=line.replaces)
        if not line.partial:
            texts.append(text)
    return texts + joiner.unfinished
