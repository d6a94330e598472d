"""Convert exchanges to HTTP Archive 1.2, readable by the importers of Chrome and Firefox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prox.core.logs.batch import timestamp
from prox.core.websocket import BINARY, CONTINUATION, TEXT, frame_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from prox.core.exchanges import Exchange, RecordedFrame
    from prox.core.messages import Fields
    from prox.core.websocket import Frame

HIDDEN = "[REDACTED]"
SECRET_FIELDS = {b"authorization", b"cookie", b"set-cookie", b"proxy-authorization"}


def visible(fields: Fields, *, secrets: bool) -> list[tuple[str, str]]:
    """Return fields as text; the values of secret ones only with ``secrets``."""
    return [
        (name.decode("latin-1"), value.decode("latin-1") if secrets or name.lower() not in SECRET_FIELDS else HIDDEN)
        for name, value in fields
    ]


def absolute_url(exchange: Exchange) -> str:
    return f"{exchange.scheme}://{exchange.host}{exchange.url}"


def absolute_url_of(record: Mapping[str, Any]) -> str:
    """Return the URL of a request record from the API."""
    return f"{record['scheme']}://{record['host']}{record['url']}"


def har(
    entries: Iterable[tuple[Exchange, tuple[str, bool] | None, tuple[str, bool] | None]], *, version: str, secrets: bool
) -> dict[str, Any]:
    """Return an archive. Each entry: an exchange, and its two bodies as (text, whether base64), or None."""
    return {
        "log": {
            "version": "1.2",
            "creator": {"name": "prox", "version": version},
            "pages": [],
            "entries": [_entry(*each, secrets=secrets) for each in entries],
        }
    }


def _entry(
    exchange: Exchange, request: tuple[str, bool] | None, response: tuple[str, bool] | None, *, secrets: bool
) -> dict[str, Any]:
    duration = round(exchange.duration * 1000, 3)
    found: dict[str, Any] = {
        "startedDateTime": timestamp(exchange.started_at),
        "time": duration,
        "request": _request(exchange, request, secrets),
        "response": _response(exchange, response, secrets),
        "cache": {},
        "timings": {"blocked": -1, "dns": -1, "connect": -1, "ssl": -1, "send": 0, "wait": duration, "receive": 0},
        "serverIPAddress": "127.0.0.1",
        "comment": exchange.error or "",
        "_id": exchange.id,
        "_service": exchange.service,
    }
    if exchange.frames is not None and response is not None:
        # As Chrome writes them.
        found["_resourceType"] = "websocket"
        found["_webSocketMessages"] = _messages(exchange.frames.kept)
    return found


def _messages(frames: Sequence[RecordedFrame]) -> list[dict[str, Any]]:
    """Return the messages of a WebSocket, their fragments joined; control frames are none."""
    found = []
    parts: dict[str, list[Frame]] = {"sent": [], "received": []}
    for time, direction, frame in frames:
        if frame.opcode not in (CONTINUATION, TEXT, BINARY):
            continue
        parts[direction].append(frame)
        if frame.final:
            whole = frame._replace(payload=b"".join(part.payload for part in parts[direction]))
            parts[direction].clear()
            kind = "send" if direction == "sent" else "receive"
            found.append({"type": kind, "time": time, "opcode": frame.message, "data": frame_text(whole)[0]})
    return found


def _request(exchange: Exchange, body: tuple[str, bool] | None, secrets: bool) -> dict[str, Any]:
    from urllib.parse import parse_qsl

    # Not with urlsplit, which refuses targets that a server may accept ("//[x").
    query = parse_qsl(exchange.url.partition("#")[0].partition("?")[2], keep_blank_values=True)
    found: dict[str, Any] = {
        "method": exchange.method,
        "url": absolute_url(exchange),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(visible(exchange.request_fields, secrets=secrets)),
        "queryString": _pairs(query),
        "headersSize": -1,
        "bodySize": exchange.request_bytes,
    }
    if body is not None and exchange.request_bytes:
        found["postData"] = {
            "mimeType": _value(exchange.request_fields, b"content-type"),
            "text": body[0],
            "params": [],
        }
    return found


def _response(exchange: Exchange, body: tuple[str, bool] | None, secrets: bool) -> dict[str, Any]:
    content: dict[str, Any] = {
        "size": exchange.response_bytes,
        "mimeType": _value(exchange.response_fields, b"content-type") or "x-unknown",
    }
    if body is not None:
        content["text"] = body[0]
        if body[1]:
            content["encoding"] = "base64"
    return {
        "status": exchange.status,
        "statusText": "",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(visible(exchange.response_fields, secrets=secrets)),
        "content": content,
        "redirectURL": _value(exchange.response_fields, b"location"),
        "headersSize": -1,
        "bodySize": exchange.response_bytes,
    }


def _pairs(values: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in values]


def _value(fields: Fields, name: bytes) -> str:
    return next((value.decode("latin-1") for each, value in fields if each.lower() == name), "")
