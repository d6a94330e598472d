"""Instants as people give them: RFC 3339, or a duration back from now."""

from __future__ import annotations

import re
from datetime import datetime

from prox.core.config.units import parse_duration

_INSTANT = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d(?:\.\d+)?)(?:([Zz])|([+ -])(\d\d:\d\d))", re.ASCII)


def parse_instant(text: str, now: float) -> float:
    """Return the instant, in seconds since the epoch, that ``2025-01-19T10:32:01.123Z`` or ``5m`` means.

    Raises ValueError, with what it must be.
    """
    instant = _INSTANT.fullmatch(text)
    try:
        if instant is None:
            return now - parse_duration(text)
        day, time, _, sign, offset = instant.groups()
        # A plus that was not escaped in a URL arrives as a blank.
        zone = f"{sign.replace(' ', '+')}{offset}" if sign else "+00:00"
        return datetime.fromisoformat(f"{day}T{time}{zone}").timestamp()
    except ValueError:
        message = "must be a time such as 2025-01-19T10:32:01.123Z, or a duration back from now such as 5m"
        raise ValueError(message) from None
