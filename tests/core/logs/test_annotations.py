"""The lines of a batch with an annotation: found by one search, the same as line by line."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from prox.core.logs.annotations import PLAIN, Annotation, annotate_batch, annotate_line
from prox.core.logs.batch import Batch, texts_of

LINES = st.lists(
    st.sampled_from(
        ["ok", "", "ERROR: x", "  at y", "\tz", "é warn", "[info] é", "WARN x\r", '{"level":30}', "Caused by: "]
    ),
    min_size=1,
    max_size=12,
)


def batch(data: bytes, **more: object) -> Batch:
    usual: dict[str, object] = {"process": "api", "stream": "stdout", "time": 0.0, "first_id": 7}
    return Batch(**(usual | {"count": max(1, data.count(b"\n")), "data": data} | more))  # type: ignore[arg-type]


@given(LINES, st.booleans())
def test_a_batch_is_annotated_as_its_lines(lines: list[str], invalid: bool) -> None:
    data = "".join(f"{line}\n" for line in lines).encode() + b"\xff ERROR\n" * invalid
    found = batch(data)
    expected = {number: annotate_line(text) for number, text in enumerate(texts_of(found), 7)}
    assert annotate_batch(found) == {number: each for number, each in expected.items() if each != PLAIN}


def test_the_end_of_a_line_in_parts_has_the_level_of_the_whole() -> None:
    whole = batch(b"bad\n", file=b"ERROR: bad\n")
    assert annotate_batch(whole) == {7: Annotation("error", False)}


def test_a_part_has_the_level_that_is_known_so_far() -> None:
    assert annotate_batch(batch(b"WARN: lo", partial=True)) == {7: Annotation("warn", False)}
    assert annotate_batch(batch(b"WA", partial=True)) == {}
