"""``http``: GET a path on the process's own port, or a URL, with h11 on Trio. Does not follow redirects."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import h11
import trio

from prox.core.health import CheckResult
from prox.runtime.probe.base import Probe
from prox.runtime.probe.connect import LOCALHOST, Unreachable, connect_own, own_port

if TYPE_CHECKING:
    from collections.abc import Collection

    from prox.runtime.probe.base import Target
    from prox.runtime.probe.connect import ProbeConnection

PORTS = {"http": 80, "https": 443}
CHUNK = 16 * 1024
MAX_BODY = 64 * 1024
"""Bytes of the body to read, so that a server can usually send its whole response."""
BODY_SECONDS = 0.5
"""Time limit for reading the body: the result depends on the status only, and some bodies never end."""
SHOWN = 512
"""Bytes of the body to show."""
PRINTABLE = "/?:@!$&'()*+,;=%-._~[]"
"""Characters that a request target may contain unescaped, beside letters and digits (RFC 3986 §2)."""


@dataclass(frozen=True, slots=True)
class _Url:
    """The target of an HTTP probe. ``port``: None for the process's own port."""

    scheme: str
    host: str
    port: int | None
    target: str

    def authority(self, port: int) -> str:
        """Return the value of the Host header (RFC 9110 §7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if port == PORTS[self.scheme] else f"{host}:{port}"


class HttpProbe(Probe):
    """An HTTP health check. ``status``: the healthy status codes; empty: any 2xx or 3xx.

    ``any_listener``: another process may listen in its place. Raises ValueError for an invalid URL.
    """

    def __init__(self, url: str, status: Collection[int], *, method: str = "GET", any_listener: bool = False) -> None:
        self._method, self._any_listener = method, any_listener
        self._url = _parse(url)
        self._status = frozenset(status) or frozenset(range(200, 400))

    async def check(self, target: Target) -> CheckResult:
        try:
            port = own_port(target) if self._url.port is None else self._url.port
            connection = await connect_own(target, self._url.host, port, any_listener=self._any_listener)
        except Unreachable as failure:
            return CheckResult(False, str(failure))
        stream = _secure(connection, self._url.host) if self._url.scheme == "https" else connection.stream
        try:
            status, output = await _ask(stream, self._method, self._url.authority(port), self._url.target)
        except (trio.BrokenResourceError, h11.ProtocolError) as error:
            return CheckResult(False, f"no response from {connection.address}: {_reason(error)}")
        finally:
            connection.stream.socket.close()
        return CheckResult(status in self._status, output)


async def _ask(stream: trio.abc.Stream, method: str, authority: str, target: str) -> tuple[int, str]:
    """Send the request; return the status code, and a text with status and beginning of the body."""
    http = h11.Connection(h11.CLIENT, max_incomplete_event_size=CHUNK)
    headers = [("Host", authority), ("User-Agent", "prox-healthcheck"), ("Accept", "*/*"), ("Connection", "close")]
    if method not in ("GET", "HEAD"):
        headers.append(("Content-Length", "0"))
    request = http.send(h11.Request(method=method, target=target, headers=headers))
    await stream.send_all(request or b"")
    http.send(h11.EndOfMessage())
    response = await _read_head(http, stream)
    body = await _read_body(http, stream)
    line = f"status {response.status_code} {response.reason.decode('latin-1')}".rstrip()
    text = body[:SHOWN].decode("utf-8", "replace").strip()
    return response.status_code, f"{line}: {text}" if text else line


async def _read_head(http: h11.Connection, stream: trio.abc.Stream) -> h11.Response:
    """Return the final response; skip informational ones (RFC 9110 §15.2)."""
    while True:
        event = http.next_event()
        if isinstance(event, h11.Response):
            return event
        if event is h11.NEED_DATA:
            chunk = bytes(await stream.receive_some(CHUNK))
            if not chunk:
                raise h11.RemoteProtocolError("the connection was closed")
            http.receive_data(chunk)


async def _read_body(http: h11.Connection, stream: trio.abc.Stream) -> bytes:
    body = bytearray()
    with trio.move_on_after(BODY_SECONDS):
        try:
            while len(body) < MAX_BODY:
                event = http.next_event()
                if isinstance(event, h11.Data):
                    body += event.data
                elif event is h11.NEED_DATA:
                    http.receive_data(bytes(await stream.receive_some(CHUNK)))
                else:
                    break
        except (trio.BrokenResourceError, h11.ProtocolError):
            # A truncated body: the status decides.
            pass
    return bytes(body)


def _secure(connection: ProbeConnection, host: str) -> trio.SSLStream[trio.SocketStream]:
    """Return a TLS stream. On loopback the certificate is not verified."""
    context = ssl.create_default_context()
    if connection.address.host.is_loopback:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return trio.SSLStream(connection.stream, context, server_hostname=host, https_compatible=True)


def _reason(error: Exception) -> str:
    """Describe a failure. The error of the system or of TLS is the cause of Trio's exception."""
    cause = error.__cause__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {cause.verify_message}"
    if isinstance(cause, ssl.SSLError):
        return f"TLS failed: {cause.reason or cause}"
    if isinstance(cause, OSError):
        return (cause.strerror or str(cause)).lower()
    return str(error)


def _parse(url: str) -> _Url:
    """Parse ``/path`` or ``http://host:port/path``. Raises ValueError."""
    if url.startswith("/"):
        return _Url("http", LOCALHOST, None, quote(url, safe=PRINTABLE))
    parts = urlsplit(url)
    if parts.scheme not in PORTS or not parts.hostname or "@" in parts.netloc:
        raise ValueError(f"{url!r} must be a path that begins with /, or an http:// or https:// URL without user")
    try:
        host = parts.hostname.encode("idna").decode() if not parts.hostname.isascii() else parts.hostname
    except UnicodeError:
        raise ValueError(f"{url!r} has an invalid host name") from None
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return _Url(parts.scheme, host, parts.port or PORTS[parts.scheme], quote(target, safe=PRINTABLE))
