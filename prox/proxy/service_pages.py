"""The proxy's responses about services: the index, an unknown service, and one that is down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prox.core.logs.query import LogFilter
from prox.proxy import pages
from prox.proxy.pages import Page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prox.core.logs.batch import LogLine
    from prox.proxy.context import ProxyContext
    from prox.proxy.targets import NotUp
    from prox.proxy.upstream import Unreachable


def index(context: ProxyContext) -> Page:
    """Return the list of all services, with their URLs and states."""
    rows = [(name, context.urls[name], _state(context, name)) for name in context.services]
    listed = tuple({"name": name, "url": url, "state": state} for name, url, state in rows)
    text = f"{len(rows)} services behind {context.settings.domain}"
    return Page(200, "OK", "prox", text, pages.services_table(rows), extra=(("services", listed),))


def unknown(context: ProxyContext, host: bytes | None) -> Page:
    """Return the response to a request whose Host names no service."""
    listed = index(context)
    asked = host.decode("latin-1") if host else "(no host)"
    known = ", ".join(context.services) or "none"
    text = f"no service named {asked}; known services: {known}"
    return Page(404, "SERVICE_NOT_FOUND", "No such service", text, listed.body, extra=listed.extra)


def not_up(context: ProxyContext, found: NotUp) -> Page:
    """Return the response for a service whose process is not ready, with its last lines."""
    name = found.process.name
    block = pages.lines_block(_last_lines(context, name))
    if found.starting:
        return Page(503, "SERVICE_STARTING", f"{name} is starting", found.reason, block, refresh=True)
    fix = pages.command(f"prox start {name}")
    code = found.process.exit_code
    ended = f" (exit code {code})" if code is not None and str(code) not in found.reason else ""
    return Page(502, "SERVICE_DOWN", f"{name} is {found.process.status}", found.reason + ended, fix + block)


def unreachable(context: ProxyContext, service: str, why: Unreachable) -> Page:
    """Return the response for a service that cannot be connected to."""
    text = f"{service} does not answer: {why}"
    process = context.services[service].process
    block = pages.lines_block(_last_lines(context, process)) if process else ""
    return Page(502, "BAD_GATEWAY", f"{service} does not answer", text, block)


def _state(context: ProxyContext, name: str) -> str:
    service = context.services[name]
    if service.process is None:
        return f"{service.host}:{service.port}"
    process = context.supervisor.process(service.process)
    return process.status if process.health == "unknown" else f"{process.status}, {process.health}"


def _last_lines(context: ProxyContext, name: str) -> Sequence[LogLine]:
    wanted = LogFilter(processes=frozenset({name}))
    return context.supervisor.hub.select(wanted, lines=pages.SHOWN_LINES).lines
