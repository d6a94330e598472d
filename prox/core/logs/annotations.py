"""Annotate the lines of a batch with their level, and with whether they continue the line before.

One search over the batch finds the lines that may have an annotation; only those are examined one by one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from prox.core.logs.batch import Batch, line_count, text_of, whole_line
from prox.core.logs.levels import CANDIDATE, Level, continues, level_of
from prox.core.patterns import compile_finder

if TYPE_CHECKING:
    from collections.abc import Iterator


class Annotation(NamedTuple):
    level: Level | None
    continues: bool


PLAIN = Annotation(None, False)

_find = compile_finder(CANDIDATE)


def annotate_line(text: str) -> Annotation:
    """Return the annotation of one line."""
    return Annotation(level_of(text), continues(text))


def annotate_batch(batch: Batch) -> dict[int, Annotation]:
    """Return the annotations of a batch's lines by id; lines that are not in it are ``PLAIN``.

    The last part of a line published in parts has the level of the complete line.
    """
    whole = whole_line(batch)
    lines = [(batch.first_id, whole.decode())] if whole is not None else _candidates(batch)
    return {number: annotation for number, text in lines if (annotation := annotate_line(text)) != PLAIN}


def _candidates(batch: Batch) -> Iterator[tuple[int, str]]:
    """Yield the ids and texts of the lines in which ``CANDIDATE`` matches."""
    data, number, counted, place = batch.data, batch.first_id, 0, 0
    while place < len(data) and (match := _find(data, place)):
        begin, end = data.rfind(b"\n", 0, match[0]) + 1, data.find(b"\n", match[0])
        end = len(data) if end < 0 else end
        number += line_count(data[counted:begin])
        counted = begin
        yield number, text_of(data[begin:end], partial=batch.partial)
        place = end + 1
