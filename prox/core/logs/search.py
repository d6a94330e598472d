"""Find the lines of a batch that match a pattern: by one search over the batch if possible, otherwise line by line.

``line_by_line`` is the reference, ``at_once`` is fast. Both find the same lines if the pattern is compiled for it
(``patterns.Pattern.find``) and the bytes are valid UTF-8 without CR.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prox.core.logs.batch import Batch, line_count, texts_of, whole_line

if TYPE_CHECKING:
    from prox.core.patterns import Pattern


def matching_lines(batch: Batch, pattern: Pattern) -> list[tuple[int, str]]:
    """Return the ids and texts of the matching lines of a batch."""
    found = None if batch.partial or batch.file is not None else at_once(batch, pattern)
    return line_by_line(batch, pattern) if found is None else found


def line_by_line(batch: Batch, pattern: Pattern) -> list[tuple[int, str]]:
    """Like ``matching_lines``. The last part of a line published in parts matches if the complete line does."""
    lines = list(enumerate(texts_of(batch), batch.first_id))
    whole = whole_line(batch)
    if whole is not None and pattern(whole):
        return lines
    return [(number, text) for number, text in lines if pattern(text.encode())]


def at_once(batch: Batch, pattern: Pattern) -> list[tuple[int, str]] | None:
    """Like ``matching_lines``, for a batch of complete lines; None if each line must be examined."""
    data = batch.data
    if pattern.find is None or b"\r" in data or not _is_utf8(data):
        return None
    found = []
    counted, number = 0, batch.first_id
    place = 0
    while place < len(data) and (match := pattern.find(data, place)):
        begin, end = data.rfind(b"\n", 0, match[0]) + 1, data.find(b"\n", match[0])
        if end < 0:
            break
        if match[1] > end:
            # It extends into the next line, and may hide a match there. Searching again would take quadratic time.
            return None
        number += line_count(data[counted:begin])
        counted = begin
        found.append((number, data[begin:end].decode()))
        place = end + 1
    return found


def _is_utf8(data: bytes) -> bool:
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
