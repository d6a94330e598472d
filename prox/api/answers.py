"""JSON out of frozen types: what every resource answers with."""

from __future__ import annotations

import json
import re

import msgspec
from quart import Response


class Success(msgspec.Struct, frozen=True):
    """The response to a request that has been carried out."""

    success: bool = True


class Failure(msgspec.Struct, frozen=True):
    """Why a request failed: a sentence for a person, and a stable code for programs."""

    error: str
    code: str


def json_response(value: object, status: int = 200) -> Response:
    """Encode a value, as a rule a struct, as the body of an answer."""
    return Response(encode(value), status, content_type="application/json")


def encode(value: object) -> bytes:
    """Return a value as JSON. What is no Unicode, as in names of files, is shown as U+FFFD."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        text = json.dumps(msgspec.to_builtins(value), ensure_ascii=False, separators=(",", ":"))
        return re.sub("[\ud800-\udfff]", "\ufffd", text).encode()
