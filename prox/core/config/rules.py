"""Check constraints within one section of prox.yaml. ``check`` checks those across sections.

A rule gets the fields that are set, may add derived ones, and calls ``report`` with the wrong key; an empty key stands
for the section.
"""

from __future__ import annotations

import re
from ipaddress import IPv6Address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from prox.core.config import model
from prox.core.config.units import format_duration

if TYPE_CHECKING:
    from collections.abc import Callable

    from msgspec import Struct

    Values = dict[str, Any]
    Report = Callable[[str, str], None]

CHECKS = ("cmd", "http", "tcp", "log", "notify")
DEFAULT_HTTPS_PORT = 6789

_HOST = re.compile(r"[^\s/@\[\]]+")


def _healthcheck(values: Values, report: Report) -> None:
    kinds = [kind for kind in values if kind in CHECKS]
    if not kinds:
        report("", f"needs one of {', '.join(CHECKS)}")
    for kind in kinds[1:]:
        report(kind, f"conflicts with `{kinds[0]}`: exactly one of {', '.join(CHECKS)} is allowed")
    if "status" in values and "http" not in values:
        report("status", "requires `http`")
    if "listener" in values and "http" not in values and "tcp" not in values:
        report("listener", "requires `http` or `tcp`")
    for kind, wrong in (("http", _wrong_url), ("tcp", _wrong_address)):
        if isinstance(values.get(kind), str) and (message := wrong(values[kind])):
            report(kind, message)


def _wrong_url(url: str) -> str:
    if url.startswith("/"):
        return ""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        (parts.hostname or "").encode("idna" if not url.isascii() else "ascii")
    except ValueError:
        good = False
    else:
        if good and "@" in parts.netloc:
            # The URL is not shown: it may contain a password.
            return "must not contain a user or password; use `cmd` with a program that sends them"
    return "" if good else f"must be a path such as /health, or a URL such as http://localhost:8000/, not {url!r}"


def _wrong_address(address: str) -> str:
    host, colon, port = address.rpartition(":")
    good = port.isdecimal() and port.isascii() and len(port) < 6 and 0 < int(port) < 65536
    good = good and (_is_host(host) if colon else True)
    return "" if good else f"must be a port, host:port, or true for the process's own port, not {address!r}"


def _is_host(host: str) -> bool:
    if ":" not in host:
        return _HOST.fullmatch(host) is not None
    try:
        IPv6Address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True


def _dependency(values: Values, report: Report) -> None:
    condition = values.get("condition")
    if condition == "log" and "log" not in values:
        report("condition", "the condition log needs a pattern: {log: PATTERN}")
    if isinstance(condition, str) and condition != "log" and isinstance(values.get("log"), str):
        report("log", f"cannot be combined with condition {condition!r}")


def _service(values: Values, report: Report) -> None:
    if "port" not in values and "process" not in values:
        report("", "needs `port` or `process`")
    if "process" in values:
        for key in ("port", "host"):
            if key in values:
                report(key, "cannot be combined with `process`, which has its own port")


def _proxy(values: Values, report: Report) -> None:
    ports = [key for key in ("http_port", "https_port") if key in values]
    if values.get("enabled") is True and not ports:
        values["https_port"] = DEFAULT_HTTPS_PORT
    values.setdefault("enabled", bool(ports))


def _restart(values: Values, report: Report) -> None:
    usual = model.Restart()
    low, high = values.get("backoff", usual.backoff), values.get("max_backoff", usual.max_backoff)
    if isinstance(low, float) and isinstance(high, float) and low > high:
        if "backoff" in values:
            report("backoff", f"is longer than max_backoff, which is {format_duration(high)}")
        else:
            report("max_backoff", f"is shorter than backoff, which is {format_duration(low)}")


def _watch(values: Values, report: Report) -> None:
    if values.get("paths") == ():
        report("paths", "must not be empty")


def _job(values: Values, report: Report) -> None:
    if values.get("success_codes") == ():
        report("success_codes", "must not be empty: the job could never succeed")


RULES: dict[type[Struct], Callable[[Values, Report], None]] = {
    model.HealthCheck: _healthcheck,
    model.Dependency: _dependency,
    model.Service: _service,
    model.Proxy: _proxy,
    model.Restart: _restart,
    model.Watch: _watch,
    model.Job: _job,
}
