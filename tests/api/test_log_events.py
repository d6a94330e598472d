"""Batches as server-sent events: encoded once, with gaps in their place."""

from __future__ import annotations

import json

from prox.api.log_events import LogEncoder, LogEvents, encode_batch
from prox.api.sse import CHUNK_BYTES
from prox.core.logs.batch import Batch
from prox.core.logs.query import LogFilter
from prox.core.patterns import compile_pattern
from prox.runtime.broadcast.subscription import Dropped

EVERYTHING = LogFilter()


def batch(*lines: str, first_id: int = 7, **changes: object) -> Batch:
    data = "".join(f"{line}\n" for line in lines).encode()
    usual: dict[str, object] = {"process": "api", "stream": "stdout", "time": 0.0, "count": len(lines), "data": data}
    return Batch(first_id=first_id, **(usual | changes))  # type: ignore[arg-type]


def events(data: bytes) -> list[tuple[int, dict[str, object]]]:
    """Return the id and the record of each event."""
    found = []
    for block in data.decode().split("\n\n")[:-1]:
        id, record = block.split("\n")
        found.append((int(id.removeprefix("id: ")), json.loads(record.removeprefix("data: "))))
    return found


def test_each_line_is_an_event_with_its_id() -> None:
    encoded = encode_batch(batch("one", 'tw"o\t\u2028', first_id=40), None)
    assert events(encoded) == [
        (40, {"timestamp": "1970-01-01T00:00:00.000Z", "process": "api", "stream": "stdout", "line": "one"}),
        (41, {"timestamp": "1970-01-01T00:00:00.000Z", "process": "api", "stream": "stdout", "line": 'tw"o\t\u2028'}),
    ]


def test_a_part_of_a_line_says_so() -> None:
    (event,) = events(encode_batch(batch("", data=b"prompt> ", count=1, partial=True, replaces=True), None))
    assert (event[1]["line"], event[1]["partial"], event[1]["replaces"]) == ("prompt> ", True, True)


def test_only_lines_that_match_are_encoded() -> None:
    lines = batch("GET /a", "POST /b", "GET /c")
    matches = compile_pattern("GET", regex=False)
    assert [(id, record["line"]) for id, record in events(encode_batch(lines, matches))] == [
        (7, "GET /a"),
        (9, "GET /c"),
    ]
    assert encode_batch(lines, compile_pattern("DELETE", regex=False)) == b""


def test_a_batch_is_encoded_once_while_it_is_kept() -> None:
    encoder = LogEncoder(limit=200)
    lines = batch("one")
    first = encoder.events(lines, None)
    assert encoder.events(lines, None) is first
    encoder.events(batch("x" * 300, first_id=8), None)
    assert encoder.events(lines, None) is not first


def test_a_gap_stands_where_its_lines_were_and_has_the_id_before_it() -> None:
    stream = LogEvents(LogEncoder(), EVERYTHING, position=3)
    (data,) = stream.encode([batch("one"), Dropped(12), batch("two", first_id=30)])
    assert [block.split("\n")[:2] for block in data.decode().split("\n\n")[:-1]][1] == ["id: 7", "event: dropped"]
    assert b'data: {"count":12}' in data
    assert data.index(b"one") < data.index(b"dropped") < data.index(b"two")


def test_chunks_are_bounded_and_nothing_is_sent_for_nothing() -> None:
    stream = LogEvents(LogEncoder(), EVERYTHING, position=0)
    large = [batch("x" * CHUNK_BYTES, first_id=id) for id in range(3)]
    assert [len(events(chunk)) for chunk in stream.encode([*large, batch("rest", first_id=3)])] == [1, 1, 1, 1]
    assert list(stream.encode([])) == []
