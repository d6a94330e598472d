"""Find the first line in a process's output that matches a pattern."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prox.core.logs.batch import text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from prox.core.logs.lines import Piece


def first_match(pieces: Sequence[Piece], matches: Callable[[bytes], bool]) -> str | None:
    """Return the text of the first line that matches; None if none does."""
    for piece in pieces:
        records = [piece.data] if piece.partial else piece.data[:-1].split(b"\n")
        if piece.file and not piece.partial:
            # The complete line, parts of which were published before.
            records.append(piece.file[:-1])
        for record in records:
            text = text_of(record, partial=piece.partial)
            if matches(text.encode()):
                return text
    return None
