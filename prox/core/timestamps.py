"""Parse times: RFC 3339, or a duration back from now."""

from __future__ import annotations

import re
from datetime import datetime

from prox.core.config.units import DURATION, parse_duration

_DATE = (
    r"(?!0000)(?:[0-9]{4}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
    r"|(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29)"
)
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?"
_ZONE = r"(?:[Zz]|[+ -](?:[01][0-9]|2[0-3]):[0-5][0-9])"
INSTANT = rf"{_DATE}[Tt ]{_CLOCK}{_ZONE}|{DURATION}"
"""The pattern of a timestamp, for the JSON Schema (ECMA-262 reads it the same way)."""

_INSTANT = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d(?:\.\d+)?)(?:([Zz])|([+ -])(\d\d:\d\d))", re.ASCII)


def parse_instant(text: str, now: float) -> float:
    """Return the time of ``2025-01-19T10:32:01.123Z``, or ``5m`` before ``now``, in seconds since the epoch.

    Raises ValueError, with the expected format.
    """
    instant = _INSTANT.fullmatch(text)
    try:
        if instant is None:
            return now - parse_duration(text)
        day, time, _, sign, offset = instant.groups()
        # An unescaped plus in a URL arrives as a blank.
        zone = f"{sign.replace(' ', '+')}{offset}" if sign else "+00:00"
        return datetime.fromisoformat(f"{day}T{time}{zone}").timestamp()
    except ValueError:
        message = "must be a time such as 2025-01-19T10:32:01.123Z, or a duration back from now such as 5m"
        raise ValueError(message) from None
