"""Rings against a model that keeps every record and looks at it."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prox.core.logs.batch import Batch
from prox.core.logs.ring import Ring


class Record(NamedTuple):
    id: int
    data: bytes
    partial: bool

    @property
    def size(self) -> int:
        return len(self.data) + (not self.partial)


PIECES = st.one_of(
    st.lists(st.integers(0, 12), min_size=1, max_size=6).map(
        lambda sizes: (b"".join(b"x" * n + b"\n" for n in sizes), False)
    ),
    st.integers(1, 12).map(lambda size: (b"y" * size, True)),
)


def batches_of(pieces: list[tuple[bytes, bool]], gaps: list[int]) -> list[Batch]:
    """Return batches whose ids rise, with gaps, in which other processes wrote."""
    batches = []
    next_id = 100
    for (data, partial), gap in zip(pieces, gaps, strict=False):
        count = 1 if partial else data.count(b"\n")
        batches.append(Batch("api", "stdout", 0.0, next_id, count, data, partial))
        next_id += count + gap
    return batches


def records_of(batches: list[Batch]) -> list[Record]:
    return [
        Record(batch.first_id + place, data, batch.partial)
        for batch in batches
        for place, data in enumerate(batch.records())
    ]


def model(records: list[Record], max_lines: int, max_bytes: int) -> list[Record]:
    kept: list[Record] = []
    for record in reversed(records):
        if kept and (len(kept) == max_lines or sum(r.size for r in kept) + record.size > max_bytes):
            break
        kept.insert(0, record)
    return kept


@settings(deadline=None)
@given(
    st.lists(PIECES, max_size=12),
    st.lists(st.integers(0, 3), min_size=12, max_size=12),
    st.integers(1, 12),
    st.integers(1, 60),
)
def test_the_newest_lines_within_the_bounds(
    pieces: list[tuple[bytes, bool]], gaps: list[int], max_lines: int, max_bytes: int
) -> None:
    ring = Ring(max_lines, max_bytes)
    batches = batches_of(pieces, gaps)
    assert list(ring.newest_first()) == []
    for count, batch in enumerate(batches, 1):
        ring.append(batch)
        records = records_of(batches[:count])
        held = model(records, max_lines, max_bytes)
        assert records_of(list(ring.newest_first())[::-1]) == held
        assert ring.lines_in == len(records)
        for last_id in range(98, batch.end_id + 2):
            assert ring.held_after(last_id) == sum(record.id > last_id for record in held)
            lost = sum(record.id > last_id for record in records) - ring.held_after(last_id)
            assert ring.lost_after(last_id) >= lost
            if not any(gaps):
                assert ring.lost_after(last_id) == lost


def test_the_newest_record_is_kept_even_where_it_is_too_large() -> None:
    ring = Ring(10, 100)
    for first_id, data in enumerate([b"a\n", b"x" * 500 + b"\n"]):
        ring.append(Batch("api", "stdout", 0.0, first_id, 1, data))
    assert [batch.first_id for batch in ring.newest_first()] == [1]
    ring.append(Batch("api", "stdout", 0.0, 2, 2, b"y" * 500 + b"\n" + b"z" * 500 + b"\n"))
    assert [batch.data for batch in ring.newest_first()] == [b"z" * 500 + b"\n"]


@pytest.mark.parametrize(("max_lines", "max_bytes"), [(10, 100_000), (100, 1000)])
def test_what_no_bound_asks_for_is_not_held(max_lines: int, max_bytes: int) -> None:
    ring = Ring(max_lines, max_bytes)
    for first_id in range(1000):
        ring.append(Batch("api", "stdout", 0.0, first_id, 1, b"x" * 99 + b"\n"))
    assert len(list(ring.newest_first())) == 10
    assert len(ring._batches) == 10
