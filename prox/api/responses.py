"""Encode frozen types as JSON responses."""

from __future__ import annotations

import json
import re

import msgspec
from quart import Response


class Success(msgspec.Struct, frozen=True):
    """The response to a successful request."""

    success: bool = True


class Failure(msgspec.Struct, frozen=True):
    """An error: a message for people and a stable code for programs."""

    error: str
    code: str


def json_response(value: object, status: int = 200) -> Response:
    """Return a response with a value, usually a struct, as JSON."""
    return Response(encode(value), status, content_type="application/json")


def encode(value: object) -> bytes:
    """Return a value as JSON. Lone surrogates, for example from file names, become U+FFFD."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        text = json.dumps(msgspec.to_builtins(value), ensure_ascii=False, separators=(",", ":"))
        return re.sub("[\ud800-\udfff]", "\ufffd", text).encode()
