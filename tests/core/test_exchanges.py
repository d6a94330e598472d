"""Records of exchanges, and the filters of the API."""

from __future__ import annotations

import pytest

from helpers.exchanges import exchange
from prox.core.exchanges import ExchangeFilter, record_of


def test_a_record() -> None:
    record = record_of(exchange())
    assert (record.status_code, record.duration_ms, record.state) == (200, 12.5, "done")
    assert (record.request_bytes, record.response_bytes, record.frames_sent) == (3, 5, None)
    assert record.timestamp == "1970-01-01T00:16:40.000Z"


def test_one_under_way_has_no_status_yet_unless_it_is_a_tunnel() -> None:
    active = record_of(exchange(active=True))
    assert (active.status_code, active.duration_ms, active.state) == (0, 0, "active")
    tunnel = record_of(exchange(active=True, is_tunnel=True, status=101, frames_sent=2, frames_received=3))
    assert (tunnel.status_code, tunnel.frames_sent, tunnel.frames_received) == (101, 2, 3)


@pytest.mark.parametrize(
    ("wanted", "changes", "expected"),
    [
        ({}, {}, True),
        ({"subdomain": "API"}, {}, True),
        ({"subdomain": "web"}, {}, False),
        ({"method": "get"}, {}, True),
        ({"method": "POST"}, {}, False),
        ({"min_status": 200, "max_status": 299}, {}, True),
        ({"min_status": 201}, {}, False),
        ({"max_status": 199}, {}, False),
        ({"min_status": 100}, {"active": True}, False),
        ({"min_status": 100}, {"active": True, "is_tunnel": True, "status": 101}, True),
        ({"min_status": 100}, {"status": 0}, False),
        ({}, {"active": True}, True),
        ({"since": 1000.0}, {}, True),
        ({"since": 1000.1}, {}, False),
    ],
)
def test_filters(wanted: dict[str, object], changes: dict[str, object], expected: bool) -> None:
    assert ExchangeFilter(**wanted).wants(exchange(**changes)) is expected  # type: ignore[arg-type]
