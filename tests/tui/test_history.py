"""Lines of the log files, without those that memory has."""

from __future__ import annotations

import pytest

from prox.tui.history import only_earlier, query_of, run_before, store_of
from prox.tui.line_store import LineStore
from prox.tui.queries import parse_query
from prox.tui.records import Record


def at(time: int) -> str:
    return f"2025-01-19T10:32:{time:02d}.000Z"


def memory(*lines: tuple[str, str, int]) -> LineStore:
    store = LineStore()
    store.extend(
        [
            Record(id=str(n), timestamp=at(time), process=process, stream="stdout", line=text)
            for n, (process, text, time) in enumerate(lines, 1)
        ]
    )
    return store


def texts(store: LineStore) -> list[str]:
    return [line.text for line in store.lines()]


def test_lines_that_memory_has_are_left_out() -> None:
    found = memory(
        ("web", "one", 1), ("web", "same", 2), ("api", "a", 2), ("web", "same", 2), ("web", "two", 3), ("api", "b", 4)
    )  # fmt: skip
    store = memory(("web", "same", 2), ("web", "two", 3), ("api", "b", 4))
    assert texts(only_earlier(found, store, None)) == ["one", "same", "a"]
    assert texts(only_earlier(found, store, parse_query("one"))) == ["one"]
    assert texts(only_earlier(found, store, parse_query("!one"))) == ["same", "a"]


@pytest.mark.parametrize(
    ("text", "pattern"),
    [("one", "(?i)one"), ("One two", "One"), ("a.b", "(?i)a\\.b"), ("~^x|y", "(?i)^x|y"), ("!no", None), ("", None)],
)
def test_the_api_searches_for_the_first_word(text: str, pattern: str | None) -> None:
    query = query_of(memory(("web", "x", 1)), None, text)
    assert query
    assert (query["pattern"], query["regex"]) == (pattern, True if pattern else None)


def test_the_files_are_read_up_to_the_newest_of_the_oldest_lines() -> None:
    store = memory(("web", "x", 1), ("api", "y", 4), ("web", "z", 5))
    query = query_of(store, None, "")
    assert query
    assert (query["process"], query["until"]) == (None, "2025-01-19T10:32:04.001Z")
    query = query_of(store, frozenset({"web"}), "")
    assert query
    assert (query["process"], query["until"]) == ("web", "2025-01-19T10:32:01.001Z")
    assert query_of(store, frozenset({"db"}), "") is None
    assert query_of(LineStore(), None, "") is None


def test_runs_are_counted_back_from_the_present_one() -> None:
    events = [(1, "started (pid 1)"), (2, "exited with code 0"), (3, "started (pid 2)"), (5, "started (pid 3)")]
    history = [{"timestamp": at(time), "event": event} for time, event in events]
    assert run_before(history, 1) == (at(3), at(5))
    assert run_before(history, 2) == (at(1), at(3))
    assert run_before(history, 3) is None


def test_records_of_the_api_become_lines() -> None:
    record = {"id": None, "timestamp": at(1), "process": "web", "stream": "stderr", "line": "x", "level": None}
    assert texts(store_of([record])) == ["x"]
