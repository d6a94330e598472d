"""Bodies are decompressed and decoded for display."""

from __future__ import annotations

import base64
import gzip
import zlib

import brotli
import pytest
import zstandard

from prox.proxy.decoding import MAX_SHOWN, decompress, shown

TEXT = "größer als vorher\n" * 100
DATA = TEXT.encode()
CODED = {
    "gzip": gzip.compress(DATA),
    "x-gzip": gzip.compress(DATA),
    "deflate": zlib.compress(DATA),
    "br": brotli.compress(DATA),
    "zstd": zstandard.compress(DATA),
    "identity": DATA,
    "gzip, br": brotli.compress(gzip.compress(DATA)),
}


def fields(encoding: str = "", kind: str = "text/plain") -> list[tuple[bytes, bytes]]:
    return [(b"Content-Type", kind.encode()), *([(b"Content-Encoding", encoding.encode())] if encoding else [])]


@pytest.mark.parametrize("encoding", CODED)
def test_each_coding(encoding: str) -> None:
    assert shown(CODED[encoding], fields(encoding)) == (TEXT, False)
    # A part, as where a body was not kept whole, gives a part.
    part = decompress(CODED[encoding][: len(CODED[encoding]) // 2], encoding)
    assert part is None or DATA.startswith(part)


def test_deflate_without_its_wrapper() -> None:
    raw = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    assert shown(raw.compress(DATA) + raw.flush(), fields("deflate")) == (TEXT, False)


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd", "deflate", "unknown", "gzip, gzip, gzip, gzip, gzip"])
def test_an_unknown_coding_is_shown_as_sent(encoding: str) -> None:
    assert shown(b"\xffnot that", fields(encoding)) == (base64.b64encode(b"\xffnot that").decode(), True)


BOMBS = {"gzip": gzip.compress, "br": brotli.compress, "zstd": zstandard.compress}


@pytest.mark.parametrize("encoding", BOMBS)
def test_a_bomb_is_cut(encoding: str) -> None:
    found = decompress(BOMBS[encoding](bytes(4 * MAX_SHOWN)), encoding)
    assert found is not None
    assert len(found) <= MAX_SHOWN


def test_charsets_and_binary() -> None:
    assert shown("é".encode("latin-1"), fields(kind="text/plain; charset=iso-8859-1")) == ("é", False)
    assert shown(b"\xff\xfe", fields(kind="text/plain")) == ("\ufffd\ufffd", False)
    assert shown(b"\xff\xfe", fields(kind="image/png")) == ("//4=", True)
    assert shown(b"a\0b", fields(kind="application/octet-stream")) == ("YQBi", True)
    assert shown(b'{"a": 1}', fields(kind="application/problem+json")) == ('{"a": 1}', False)
    assert shown(b"x", fields(kind="text/plain; charset=no-such")) == ("x", False)
    assert shown(b"", []) == ("", False)
