"""Decompress and decode bodies for display, within a limit: a small body may expand to any size."""

from __future__ import annotations

import base64
import re
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prox.core.messages import Fields

MAX_SHOWN = 8 * 1024 * 1024
"""The most bytes of a body after decompression; the rest is left out."""
MAX_CODINGS = 4
_TEXT = re.compile(r"text/|.*(?:json|xml|javascript|yaml|x-www-form-urlencoded|graphql|event-stream)", re.IGNORECASE)
_CHARSET = re.compile(r'charset\s*=\s*"?([\w.:-]+)', re.IGNORECASE)


def value_of(fields: Fields, name: bytes) -> str:
    """Return the values of a field as one, empty if there is none."""
    return ", ".join(value.decode("latin-1") for each, value in fields if each.lower() == name)


def decompress(data: bytes, encoding: str) -> bytes | None:
    """Return at most MAX_SHOWN bytes of a body without its content codings (RFC 9110 §8.4); None if that fails.

    A truncated body yields the part that can be decompressed.
    """
    codings = [coding.strip().lower() for coding in encoding.split(",") if coding.strip()]
    if len(codings) > MAX_CODINGS:
        return None
    for coding in reversed(codings):
        try:
            decoded = _undo(data, coding)
        except Exception:
            # Each library raises its own errors. The body is then shown as it was sent.
            return None
        if decoded is None:
            return None
        data = decoded
    return data


def _undo(data: bytes, coding: str) -> bytes | None:
    match coding:
        case "identity":
            return data
        case "gzip" | "x-gzip":
            return zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(data, MAX_SHOWN)
        case "deflate":
            # Some servers omit the zlib header (RFC 9110 §8.4.1.2).
            raw = (data[:1] and (data[0] & 0x0F) != 8) or len(data) < 2
            return zlib.decompressobj(-zlib.MAX_WBITS if raw else zlib.MAX_WBITS).decompress(data, MAX_SHOWN)
        case "br":
            import brotli

            return bytes(brotli.Decompressor().process(data, output_buffer_limit=MAX_SHOWN))[:MAX_SHOWN]
        case "zstd":
            import zstandard

            with zstandard.ZstdDecompressor().stream_reader(data, read_across_frames=True) as reader:
                return bytes(reader.read(MAX_SHOWN))
    return None


def shown(data: bytes, fields: Fields) -> tuple[str, bool]:
    """Return a body as text, or in base64 if it is binary; and whether it is binary."""
    encoding = value_of(fields, b"content-encoding")
    plain = decompress(data, encoding) if encoding else data
    if plain is None:
        return base64.b64encode(data).decode(), True
    content_type = value_of(fields, b"content-type")
    charset = _CHARSET.search(content_type)
    try:
        text = plain.decode(charset[1] if charset else "utf-8")
    except (LookupError, UnicodeDecodeError, ValueError):
        if not _TEXT.match(content_type):
            return base64.b64encode(plain).decode(), True
        text = plain.decode("utf-8", "replace")
    if "\0" in text and not _TEXT.match(content_type):
        return base64.b64encode(plain).decode(), True
    return text, False
