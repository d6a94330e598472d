"""Durations and sizes: accepted forms, rejected forms, and round trips."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prox.core.config.units import (
    DURATION,
    MAX_BYTES,
    MAX_NANOSECONDS,
    SIZE,
    format_duration,
    format_size,
    parse_duration,
    parse_size,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("500ms", 0.5),
        ("10s", 10),
        ("1h30m", 5400),
        ("1.5s", 1.5),
        ("1m0.5s", 60.5),
        ("2h0m1s", 7201),
        (".5s", 0.5),
        ("5.s", 5),
        ("10us", 0.00001),
        ("10µs", 0.00001),
        ("10μs", 0.00001),
        ("1ns", 1e-9),
        ("0", 0),
        ("0s", 0),
        ("30m1h", 5400),
        (" 5s ", 5),
        ("2562047h", 9223369200),
        ("0.1s", 0.1),
    ],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    ["", "s", "x", "-1s", "+1s", "1d", "10 s", "1h 30m", "10S", "1e3s", "1_000s", "1.5.5s", ".s", "5sec", "١s", "1s\0"],
)
def test_invalid_durations(text: str) -> None:
    with pytest.raises(ValueError, match="must be a duration such as 500ms, 10s or 1h30m, not "):
        parse_duration(text)


@pytest.mark.parametrize("text", ["5", "5.5", "00"])
def test_a_number_alone_has_no_unit(text: str) -> None:
    with pytest.raises(ValueError, match=f"^'{text}' has no unit: write {text}s, {text}ms or {text}m$"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["2562048h", "9" * 60 + "s"])
def test_longer_than_go_can(text: str) -> None:
    with pytest.raises(ValueError, match="is longer than 292 years"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (0.5, "500ms"),
        (1.5, "1.5s"),
        (0.0015, "1.5ms"),
        (1e-6, "1us"),
        (1.5e-6, "1.5us"),
        (1e-9, "1ns"),
        (60, "1m"),
        (90, "1m30s"),
        (5400, "1h30m"),
        (3600.25, "1h250ms"),
        (10.000000001, "10.000000001s"),
        (86400, "24h"),
    ],
)
def test_durations_are_written_short(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text
    assert parse_duration(text) == seconds


@given(st.integers(0, MAX_NANOSECONDS) | st.integers(0, 10**13))
def test_a_formatted_duration_parses_as_the_same(nanoseconds: int) -> None:
    seconds = nanoseconds / 10**9
    assert parse_duration(format_duration(seconds)) == seconds


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("1", 1),
        ("512", 512),
        ("512B", 512),
        ("1K", 1024),
        ("64KB", 64 * 1024),
        ("64kb", 64 * 1024),
        ("64KiB", 64 * 1024),
        ("10MB", 10 * 1024**2),
        ("10m", 10 * 1024**2),
        ("10 MB", 10 * 1024**2),
        ("1GiB", 1024**3),
        ("2T", 2 * 1024**4),
        ("1.5KB", 1536),
        ("0.3KB", 307),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "B", "x", "-1KB", "1XB", "1e3", "1KBB", "1 0KB", "1  MB", ".5KB", "1,5MB", "1iB"])
def test_invalid_sizes(text: str) -> None:
    with pytest.raises(ValueError, match="must be a size such as 64KB, 10MB or 1GiB, not "):
        parse_size(text)


def test_more_than_any_disk() -> None:
    with pytest.raises(ValueError, match="is too large"):
        parse_size("9999999TB")


@given(st.integers(0, MAX_BYTES) | st.integers(0, 2048).map(lambda number: number * 1024**2))
def test_a_formatted_size_parses_as_the_same(size: int) -> None:
    assert parse_size(format_size(size)) == size


@given(st.text(max_size=20) | st.from_regex(DURATION) | st.from_regex(SIZE))
def test_parser_and_schema_accept_the_same(text: str) -> None:
    for parse, pattern in ((parse_duration, DURATION), (parse_size, SIZE)):
        with suppress(ValueError):
            assert parse(text) >= 0
            assert re.fullmatch(pattern, text.strip())
