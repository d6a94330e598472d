"""Lines of JSON and logfmt: a short form for one row, and the whole for several."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import msgspec

MAX_STRUCTURED = 64 * 1024
"""Characters of a line beyond which it is shown as it is."""
_MESSAGES = ("msg", "message", "event", "@m", "text")
_LEVELS = {"level", "severity", "lvl", "levelname", "loglevel", "log.level", "@l"}
_TIMES = {"time", "timestamp", "ts", "@timestamp", "@t", "t", "asctime"}
_PAIR = re.compile(r'([A-Za-z_@][\w.@/-]{0,60})=("(?:[^"\\]|\\.)*"|[^\s"]*)(?:\s+|$)')


class Structured(NamedTuple):
    """The fields of a line. ``message`` is "" if it has none; level and time are in ``fields`` only."""

    message: str
    fields: list[tuple[str, Any]]

    def short(self) -> str:
        """Return message and fields in one row, without level and time, which are shown otherwise."""
        rest = [f"{name}={_short(value)}" for name, value in self.fields if name not in _HIDDEN]
        return "  ".join(filter(None, [self.message, " ".join(rest)]))

    def long(self) -> list[str]:
        """Return one row for each field; values of several lines have several rows."""
        rows = []
        for name, value in self.fields:
            text = value if isinstance(value, str) else msgspec.json.format(msgspec.json.encode(value)).decode()
            first, *more = text.splitlines() or [""]
            rows += [f"  {name}: {first}", *(f"    {line}" for line in more)]
        return rows


_HIDDEN = {*_MESSAGES, *_LEVELS, *_TIMES}


def structured(text: str) -> Structured | None:
    """Return the fields of a line of JSON or logfmt; None for any other line."""
    if len(text) > MAX_STRUCTURED:
        return None
    if text.startswith("{") and text.rstrip().endswith("}"):
        return _of_json(text)
    return _of_logfmt(text)


def _of_json(text: str) -> Structured | None:
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    return _of_fields(list(found.items())) if isinstance(found, dict) and found else None


def _of_logfmt(text: str) -> Structured | None:
    """Parse a line that consists of at least two ``name=value`` and nothing else."""
    fields: list[tuple[str, Any]] = []
    place = 0
    while place < len(text):
        found = _PAIR.match(text, place)
        if found is None:
            return None
        value = found[2]
        fields.append((found[1], _unquoted(value) if value.startswith('"') else value))
        place = found.end()
    return _of_fields(fields) if len(fields) >= 2 else None


def _of_fields(fields: list[tuple[str, Any]]) -> Structured:
    values = dict(fields)
    message = next((values[name] for name in _MESSAGES if isinstance(values.get(name), str)), "")
    return Structured(message, fields)


def _unquoted(value: str) -> str:
    try:
        found = msgspec.json.decode(value)
    except msgspec.DecodeError:
        return value[1:-1]
    return found if isinstance(found, str) else value


def _short(value: Any) -> str:
    if isinstance(value, str):
        return value if value and " " not in value else f'"{value}"'
    return msgspec.json.encode(value).decode()
