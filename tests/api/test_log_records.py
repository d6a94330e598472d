"""Lines as records."""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec import UNSET, to_builtins

from prox.api.log_records import file_record, record
from prox.core.logs.batch import LogLine
from prox.sinks.record import FileLine


def test_a_line_in_memory() -> None:
    when = datetime(2025, 1, 19, 10, 32, 1, 123000, UTC)
    found = record(LogLine(2**60, when, "api", "stderr", "  at x", partial=True))
    assert to_builtins(found) == {
        "id": str(2**60), "timestamp": "2025-01-19T10:32:01.123Z", "process": "api", "stream": "stderr",
        "line": "  at x", "level": None, "continues": True, "partial": True,
    }  # fmt: skip


def test_a_line_of_a_file_has_no_id() -> None:
    found = file_record(FileLine(0.0, "1970-01-01T00:00:00.000Z", "api", "stdout", b"ERROR: \xff"))
    assert (found.id, found.line, found.level, found.continues, found.partial) == (
        None, "ERROR: \ufffd", "error", UNSET, UNSET
    )  # fmt: skip
