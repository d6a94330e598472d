"""The proxy's own responses: HTML for browsers, JSON for other clients. All inserted text is escaped."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

import msgspec

from prox.core.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from prox.core.logs.batch import LogLine
    from prox.core.messages import RequestHead
    from prox.core.plain_heads import PlainRequest

SHOWN_LINES = 20
RETRY_AFTER_SECONDS = 1

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 50rem; margin: 3rem auto; padding: 0 1rem; }
pre { overflow-x: auto; padding: 1rem; border: 1px solid #8888; border-radius: .4rem; font-size: .85rem; }
table { border-collapse: collapse; } td, th { padding: .2rem 1.5rem .2rem 0; text-align: left; }
"""


@dataclass(frozen=True, slots=True)
class Page:
    """A response: ``title`` and ``error`` are sentences, ``code`` is for programs, ``body`` is safe HTML."""

    status: int
    code: str
    title: str
    error: str
    body: str = ""
    refresh: bool = False
    """Whether the page reloads itself, and Retry-After is sent."""
    extra: tuple[tuple[str, object], ...] = ()
    """Further members of the JSON."""


def wants_html(head: RequestHead | PlainRequest) -> bool:
    """Return whether a request is that of a browser for a page."""
    accept = b",".join(value for name, value in head.fields if name.lower() == b"accept").lower()
    return head.method in (b"GET", b"HEAD") and re.search(rb"(?:^|[,\s])text/html", accept) is not None


def render(page: Page, *, as_html: bool, close: bool = False) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Return the fields and the content of the response."""
    if as_html:
        content = _document(page).encode()
        kind = "text/html; charset=utf-8"
    else:
        failure = {"error": page.error, "code": page.code} if page.status >= 400 else {}
        content = msgspec.json.encode(failure | dict(page.extra))
        kind = "application/json"
    fields = [
        ("Content-Type", kind),
        ("Content-Length", str(len(content))),
        ("Cache-Control", "no-store"),
        ("Server", "prox"),
        ("X-Content-Type-Options", "nosniff"),
        ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
    ]
    if page.refresh or page.status == 503:
        fields.append(("Retry-After", str(RETRY_AFTER_SECONDS)))
    if close:
        fields.append(("Connection", "close"))
    return [(name.encode(), value.encode()) for name, value in fields], content


def refusal(page: Page) -> bytes:
    """Return a response in JSON, as bytes, with ``Connection: close``."""
    fields, content = render(page, as_html=False, close=True)
    lines = b"".join(b"%s: %s\r\n" % field for field in fields)
    return b"HTTP/1.1 %d %s\r\n%s\r\n%s" % (page.status, phrase(page.status), lines, content)


def phrase(status: int) -> bytes:
    """Return the usual reason phrase of a status."""
    try:
        return HTTPStatus(status).phrase.encode()
    except ValueError:
        return b""


def _document(page: Page) -> str:
    refresh = f'<meta http-equiv="refresh" content="{RETRY_AFTER_SECONDS}">' if page.refresh else ""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">{refresh}'
        f'<meta name="viewport" content="width=device-width"><title>{html.escape(page.title)}</title>'
        f"<style>{_STYLE}</style></head><body><main><h1>{html.escape(page.title)}</h1>"
        f"<p>{html.escape(page.error)}</p>{page.body}</main></body></html>\n"
    )


def lines_block(lines: Sequence[LogLine]) -> str:
    """Return log lines as HTML."""
    shown = "\n".join(html.escape(printable(line.text)) for line in lines[-SHOWN_LINES:])
    return f"<h2>Last lines</h2><pre>{shown}</pre>" if shown else ""


def services_table(rows: Iterable[tuple[str, str, str]]) -> str:
    """Return a table of services: name, URL, state."""
    cells = "".join(
        f'<tr><td><a href="{html.escape(url)}">{html.escape(name)}</a></td><td>{html.escape(state)}</td></tr>'
        for name, url, state in rows
    )
    return f"<table><thead><tr><th>Service</th><th>State</th></tr></thead><tbody>{cells}</tbody></table>"


def command(text: str) -> str:
    return f"<pre>{html.escape(text)}</pre>"
