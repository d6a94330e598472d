"""Batches as server-sent events: encoded once, with gaps in their place."""

from __future__ import annotations

import json

from prox.api.log_events import LogEncoder, LogEvents, as_events, as_list
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
    encoded = as_events(batch("one", 'tw"o\t\u2028', first_id=40), EVERYTHING)
    same = {"timestamp": "1970-01-01T00:00:00.000Z", "process": "api", "stream": "stdout", "level": None}
    assert events(encoded) == [
        (40, {"id": "40", "line": "one", **same}),
        (41, {"id": "41", "line": 'tw"o\t\u2028', **same}),
    ]


def test_level_and_continuation_are_those_of_each_line() -> None:
    lines = batch("ready", "Traceback (most recent call last):", '  File "x.py", line 3', "WARN: low", "done")
    found = [(record["level"], record.get("continues", False)) for _, record in events(as_events(lines, EVERYTHING))]
    assert found == [(None, False), ("error", False), (None, True), ("warn", False), (None, False)]


def test_a_list_has_the_same_records() -> None:
    lines = batch("ready", "ERROR: bad", "\tat x", first_id=2**60)
    assert json.loads(b"[%s]" % as_list(lines, EVERYTHING)) == [
        record for _, record in events(as_events(lines, EVERYTHING))
    ]
    assert as_list(lines, LogFilter(levels=frozenset({"debug"}))) == b""


def test_a_part_of_a_line_says_so() -> None:
    (event,) = events(as_events(batch("", data=b"prompt> ", count=1, partial=True, replaces=True), EVERYTHING))
    assert (event[1]["line"], event[1]["partial"], event[1]["replaces"]) == ("prompt> ", True, True)


def test_only_lines_that_match_are_encoded() -> None:
    lines = batch("GET /a", "POST /b", "GET /c")
    wanted = LogFilter(matches=compile_pattern("GET", regex=False))
    assert [(id, record["line"]) for id, record in events(as_events(lines, wanted))] == [
        (7, "GET /a"),
        (9, "GET /c"),
    ]
    assert as_events(lines, LogFilter(matches=compile_pattern("DELETE", regex=False))) == b""


def test_a_batch_is_encoded_once_while_it_is_kept() -> None:
    encoder = LogEncoder(as_events, limit=200)
    lines = batch("one")
    first = encoder.encoded(lines, EVERYTHING)
    assert encoder.encoded(lines, EVERYTHING) is first
    encoder.encoded(batch("x" * 300, first_id=8), EVERYTHING)
    assert encoder.encoded(lines, EVERYTHING) is not first


def test_a_gap_stands_where_its_lines_were_and_has_the_id_before_it() -> None:
    stream = LogEvents(LogEncoder(as_events), EVERYTHING, position=3)
    (data,) = stream.encode([batch("one"), Dropped(12), batch("two", first_id=30)])
    assert [block.split("\n")[:2] for block in data.decode().split("\n\n")[:-1]][1] == ["id: 7", "event: dropped"]
    assert b'data: {"count":12}' in data
    assert data.index(b"one") < data.index(b"dropped") < data.index(b"two")


def test_chunks_are_bounded_and_nothing_is_sent_for_nothing() -> None:
    stream = LogEvents(LogEncoder(as_events), EVERYTHING, position=0)
    large = [batch("x" * CHUNK_BYTES, first_id=id) for id in range(3)]
    assert [len(events(chunk)) for chunk in stream.encode([*large, batch("rest", first_id=3)])] == [1, 1, 1, 1]
    assert list(stream.encode([])) == []
