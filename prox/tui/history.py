"""Lines that the UI does not hold: of earlier runs, and of the log files before those in memory."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec

from prox.core.logs.batch import timestamp
from prox.tui.block import BLOCK
from prox.tui.line_store import LineStore
from prox.tui.queries import parse_query
from prox.tui.records import Record

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from prox.client.client import Client
    from prox.tui.line_store import Line
    from prox.tui.queries import Query

MAX_LINES = 10_000
"""The most that the API gives."""


def run_before(history: Sequence[Mapping[str, str]], back: int) -> tuple[str, str] | None:
    """Return begin and end of a run of a process, ``back`` before the present one; None if there is no such run."""
    starts = [each["timestamp"] for each in history if each["event"].startswith("started")]
    return (starts[-1 - back], starts[-back]) if back < len(starts) else None


def lines_of_run(client: Client, name: str, back: int) -> LineStore | None:
    """Return the lines of a run of a process; None if prox knows no such run (``run_before``)."""
    found = run_before(client.process(name)["history"], back)
    if found is None:
        return None
    query: dict[str, str | int | bool | None] = {
        "process": name,
        "since": found[0],
        "until": found[1],
        "lines": MAX_LINES,
    }
    return store_of(client.log_files(**query)["logs"] or client.logs(**query)["logs"])


def earlier_lines(client: Client, store: LineStore, processes: frozenset[str] | None, text: str) -> LineStore:
    """Return the lines of the log files that ``store`` does not have any more and that match a text of a search.

    ``processes``: None: of all. Raises InvalidPattern.
    """
    query = query_of(store, processes, text)
    return only_earlier(store_of(client.log_files(**query)["logs"]), store, parse_query(text)) if query else LineStore()


def query_of(
    store: LineStore, processes: frozenset[str] | None, text: str
) -> dict[str, str | int | bool | None] | None:
    """Return the API's parameters for ``earlier_lines``; None if ``store`` has no line of these processes."""
    held = [line for name, line in _oldest_lines(store).items() if processes is None or name in processes]
    if not held:
        return None
    pattern = _pattern(text)
    return {
        "process": ",".join(sorted(processes)) if processes is not None else None,
        # Times are in milliseconds, and the end is exclusive.
        "until": timestamp((max(line.time for line in held) + 1) / 1000),
        "pattern": pattern,
        "regex": True if pattern else None,
        "lines": MAX_LINES,
    }


def only_earlier(found: LineStore, store: LineStore, query: Query | None) -> LineStore:
    """Return those of the lines found in files that match a query and that ``store`` does not have."""
    held = _oldest_lines(store)
    known = Counter(
        (name, line.text) for name, first in held.items() for line in _lines_at(store, first) if line.process == name
    )
    kept = []
    # From the newest, since of several lines with one time the store has the last.
    for line in reversed(list(found.lines())):
        # The API has searched for the first word only.
        if query is not None and not query.matches(line.text.encode("utf-8", "replace")):
            continue
        first = held.get(line.process)
        if first is not None and line.time > first.time:
            continue
        if first is not None and line.time == first.time and known[line.process, line.text]:
            known[line.process, line.text] -= 1
        else:
            kept.append(line.number)
    earlier = LineStore()
    for number in reversed(kept):
        earlier.copy_from(found, number)
    return earlier


def _oldest_lines(store: LineStore) -> dict[str, Line]:
    """Return the oldest line of each process."""
    found: dict[str, Line] = {}
    for block in store.blocks:
        for number in set(block.processes) - {store.number_of(name) for name in found}:
            line = store.get(block.number * BLOCK + block.processes.index(number))
            if line is not None and line.id:
                found[line.process] = line
        if len(found) == len(store.names):
            break
    return found


def _lines_at(store: LineStore, first: Line) -> Iterator[Line]:
    """Yield the lines from one on that have its time."""
    number = first.number
    while (line := store.get(number)) is not None and line.time == first.time:
        yield line
        number += 1


def _pattern(text: str) -> str | None:
    """Return a regular expression for the API that each line matches which the text of a search finds."""
    ignore_case = "" if any(char.isupper() for char in text) else "(?i)"
    if text.startswith("~"):
        return ignore_case + text[1:].strip()
    word = next((word for word in text.split() if not word.startswith("!")), None)
    return ignore_case + re.escape(word) if word else None


def store_of(lines: list[dict[str, Any]]) -> LineStore:
    """Return a store with records of the API."""
    store = LineStore()
    store.extend(msgspec.convert(lines, list[Record]))
    return store
