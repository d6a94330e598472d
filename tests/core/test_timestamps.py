"""Instants as people give them, and as they arrive in a URL."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prox.core.timestamps import INSTANT, parse_instant

NOW = 1_737_283_000.0
BERLIN = ZoneInfo("Europe/Berlin")
AT = datetime(2025, 1, 19, 10, 32, 1, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2025-01-19T10:32:01Z", AT),
        ("2025-01-19t10:32:01z", AT),
        ("2025-01-19 10:32:01Z", AT),
        ("2025-01-19T10:32:01.5Z", AT + 0.5),
        ("2025-01-19T10:32:01.123456789Z", AT + 0.123456),
        ("2025-01-19T11:32:01+01:00", AT),
        ("2025-01-19T11:32:01 01:00", AT),
        ("2025-01-19T05:02:01-05:30", AT),
        ("5m", NOW - 300),
        ("1h30m", NOW - 5400),
        ("0", NOW),
        ("500ms", NOW - 0.5),
        ("0001-01-01T00:00:00+23:59", datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=23, minutes=59))).timestamp()),
    ],
)
def test_instants(text: str, instant: float) -> None:
    assert parse_instant(text, NOW) == pytest.approx(instant, abs=1e-5)


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "5", "-5m", "2025-01-19", "2025-01-19T10:32:01", "2025-02-30T10:32:01Z", "2025-01-19T25:32:01Z",
     "2025-01-19T10:32Z", "10:32:01Z", "2025-01-19T10:32:01+25:00", "٢٠٢٥-01-19T10:32:01Z", "2025-01-19T10:32:01Z\n"],
)  # fmt: skip
def test_invalid_instants(text: str) -> None:
    with pytest.raises(ValueError, match=r"^must be a time such as 2025-01-19T10:32:01\.123Z, or a duration back"):
        parse_instant(text, NOW)


@given(st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(2100, 1, 1)))
def test_isoformat_is_parsed(moment: datetime) -> None:
    moment = moment.replace(tzinfo=UTC)
    assert parse_instant(moment.isoformat(), NOW) == moment.timestamp()
    assert parse_instant(moment.isoformat().replace("+00:00", "Z"), NOW) == moment.timestamp()


@given(st.text(max_size=40))
def test_any_text_is_an_instant_or_an_error(text: str) -> None:
    try:
        found = parse_instant(text, NOW)
    except ValueError:
        return
    assert isinstance(found, float)


@settings(deadline=None, max_examples=100)
@given(st.from_regex(re.compile(INSTANT, re.ASCII), fullmatch=True))
def test_every_match_of_the_pattern_is_parsed(text: str) -> None:
    try:
        parse_instant(text, 0.0)
    except ValueError:
        # The only limit that no pattern has: a duration of 64 characters or 292 years.
        assert text[-1] in "smh"


@settings(deadline=None, max_examples=100)
@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-9, minutes=-30)), BERLIN])))
def test_every_instant_is_described_by_the_pattern(when: datetime) -> None:
    text = when.astimezone(UTC).isoformat().replace("+00:00", "Z")
    assert re.fullmatch(INSTANT, text)
    assert parse_instant(text, 0.0) == when.timestamp()


@pytest.mark.parametrize(
    "text",
    [
        *("0000-01-01T00:00:00Z", "2023-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2024-04-31T00:00:00Z"),
        *("2024-13-01T00:00:00Z", "2024-01-01T24:00:00Z", "2024-01-01T00:60:00Z"),
    ],
)
def test_days_and_hours_that_there_are_not(text: str) -> None:
    assert not re.fullmatch(INSTANT, text)
    with pytest.raises(ValueError, match="must be a time"):
        parse_instant(text, 0.0)
