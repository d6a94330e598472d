"""Parse and format durations and sizes."""

from __future__ import annotations

import re
from fractions import Fraction

NANOSECONDS = {
    "ns": 1,
    "us": 1000,
    "µs": 1000,
    "μs": 1000,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}
"""Units of Go's time.ParseDuration."""
MAX_NANOSECONDS = 2**63 - 1
"""Go's longest duration, about 292 years."""
BYTES = {"": 1, "b": 1, "k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4}
MAX_BYTES = 2**63 - 1

DURATION = r"0|(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+"
SIZE = r"(?:[0-9]+(?:\.[0-9]+)?) ?(?:[bB]|[kKmMgGtT](?:[iI]?[bB])?)?"
"""Patterns of durations and sizes, also for the JSON Schema (ECMA-262 reads them the same way)."""

_DURATION = re.compile(DURATION)
_PART = re.compile(r"([0-9.]+)([a-zµμ]+)")
_SIZE = re.compile(SIZE)
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_MAX_LENGTH = 64


def parse_duration(text: str) -> float:
    """Return the seconds of a duration in Go's syntax: ``500ms``, ``10s``, ``1h30m``, ``1.5s``. Raises ValueError."""
    text = text.strip()
    if _NUMBER.fullmatch(text) and text != "0" and len(text) <= _MAX_LENGTH:
        raise ValueError(f"{text!r} has no unit: write {text}s, {text}ms or {text}m")
    if len(text) > _MAX_LENGTH or not _DURATION.fullmatch(text):
        raise ValueError(f"must be a duration such as 500ms, 10s or 1h30m, not {text[:_MAX_LENGTH]!r}")
    total = sum(Fraction(number.rstrip(".")) * NANOSECONDS[unit] for number, unit in _PART.findall(text))
    if total > MAX_NANOSECONDS:
        raise ValueError(f"{text!r} is longer than 292 years")
    return int(total) / 10**9


def format_duration(seconds: float) -> str:
    """Return the shortest exact text of a duration."""
    # Fractions, since the product of floats would not be exact.
    left = min(round(Fraction(seconds) * 10**9), MAX_NANOSECONDS)
    text = ""
    for unit in ("h", "m"):
        count, left = divmod(left, NANOSECONDS[unit])
        text += f"{count}{unit}" if count else ""
    for unit, digits in (("s", 9), ("ms", 6), ("us", 3), ("ns", 0)):
        count, rest = divmod(left, NANOSECONDS[unit])
        if count:
            fraction = f".{rest:0{digits}d}".rstrip("0").rstrip(".")
            return f"{text}{count}{fraction}{unit}"
    return text or "0s"


def parse_size(text: str) -> int:
    """Return the bytes of a size: ``64KB``, ``10MB``, ``1GiB``; K, KB and KiB are all 1024. Raises ValueError."""
    text = text.strip()
    if len(text) > _MAX_LENGTH or not _SIZE.fullmatch(text):
        raise ValueError(f"must be a size such as 64KB, 10MB or 1GiB, not {text[:_MAX_LENGTH]!r}")
    number = _NUMBER.match(text)
    assert number is not None
    size = int(Fraction(number[0]) * BYTES[text[number.end() :].strip().lower()[:1]])
    if size > MAX_BYTES:
        raise ValueError(f"{text!r} is too large")
    return size


def format_size(size: int) -> str:
    """Return the shortest exact text of a size."""
    for unit, factor in (("GB", 1024**3), ("MB", 1024**2), ("KB", 1024)):
        if size and size % factor == 0:
            return f"{size // factor}{unit}"
    return f"{size}B"
