"""WebSocket frames, however the bytes are split; compressed messages; what cannot be read."""

from __future__ import annotations

import zlib

import pytest

from prox.core.websocket import (
    BINARY,
    CLOSE,
    CONTINUATION,
    MAX_INFLATED,
    PING,
    TEXT,
    Frame,
    FrameReader,
    close_code,
    frame_text,
)

KEEP = 1000


def frame(
    opcode: int, payload: bytes, *, final: bool = True, rsv1: bool = False, mask: bytes = b"", wide: int = 0
) -> bytes:
    """Return an encoded frame. ``wide``: encode the length in 2 or 8 bytes although it is short."""
    size = len(payload)
    wide = wide or (8 if size > 0xFFFF else 2 if size > 125 else 0)
    short = {0: size, 2: 126, 8: 127}[wide]
    length = size.to_bytes(wide, "big") if wide else b""
    head = bytes([final << 7 | rsv1 << 6 | opcode, bool(mask) << 7 | short]) + length
    masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload)) if mask else payload
    return head + mask + masked


def read(data: bytes, step: int = 0, *, keep: int = KEEP, inflates: bool = True) -> list[Frame]:
    reader = FrameReader(keep, inflates=inflates)
    step = step or len(data) or 1
    found = [each for at in range(0, len(data), step) for each in reader.feed(data[at : at + step])]
    assert reader.frames == len(found)
    return found


class Deflater:
    """A sender with permessage-deflate. ``takeover``: whether messages refer to earlier ones."""

    def __init__(self, *, takeover: bool = True) -> None:
        self._takeover = takeover
        self._stream = zlib.compressobj(wbits=-15)

    def __call__(self, text: bytes) -> bytes:
        if not self._takeover:
            self._stream = zlib.compressobj(wbits=-15)
        return (self._stream.compress(text) + self._stream.flush(zlib.Z_SYNC_FLUSH))[:-4]


@pytest.mark.parametrize("step", [1, 2, 3, 7, 10**6])
def test_frames_however_the_bytes_are_split(step: int) -> None:
    data = b"".join([
        frame(TEXT, b"now"),
        frame(TEXT, b"from a client", mask=b"\x01\x02\x03\xff"),
        frame(BINARY, bytes(200)),
        frame(TEXT, b"wide", wide=8, mask=b"mask"),
        frame(PING, b""),
        frame(CLOSE, b"\x03\xe8bye"),
    ])  # fmt: skip
    found = read(data, step)
    assert [(each.opcode, each.size, each.payload) for each in found] == [
        (TEXT, 3, b"now"), (TEXT, 13, b"from a client"), (BINARY, 200, bytes(200)), (TEXT, 4, b"wide"), (PING, 0, b""),
        (CLOSE, 5, b"\x03\xe8bye"),
    ]  # fmt: skip
    assert not any(each.truncated or each.compressed for each in found)
    assert close_code(found[-1].payload) == 1000
    assert close_code(b"") is None


@pytest.mark.parametrize("step", [1, 13, 10**6])
@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536])
def test_lengths(size: int, step: int) -> None:
    found = read(frame(BINARY, b"x" * size, mask=b"abcd") + frame(TEXT, b"next"), step, keep=100)
    assert [(each.size, each.payload, each.truncated) for each in found] == [
        (size, b"x" * min(size, 100), size > 100),
        (4, b"next", False),
    ]


def test_control_frames_between_the_fragments_of_a_message() -> None:
    deflate = Deflater()
    whole = deflate(b"one two three")
    data = b"".join([
        frame(TEXT, b"he", final=False), frame(PING, b"p"), frame(CONTINUATION, b"llo"),
        frame(TEXT, whole[:5], final=False, rsv1=True), frame(PING, b"q"), frame(CONTINUATION, whole[5:]),
    ])  # fmt: skip
    found = read(data, 3)
    assert [(each.opcode, each.message, each.final) for each in found[:3]] == [
        (TEXT, TEXT, False), (PING, PING, True), (CONTINUATION, TEXT, True)
    ]  # fmt: skip
    assert b"".join(each.payload for each in found[3:] if each.opcode != PING) == b"one two three"
    assert found[4].payload == b"q"


@pytest.mark.parametrize("takeover", [True, False])
def test_compressed_messages(takeover: bool) -> None:
    deflate = Deflater(takeover=takeover)
    texts = [b'{"price": 1}', b'{"price": 2}', b"x" * 5000, b"", b"y" * KEEP, b'{"price": 3}']
    data = b"".join(frame(TEXT, deflate(text), rsv1=True, mask=b"mask") for text in texts)
    found = read(data, 11)
    assert [each.payload for each in found] == [text[:KEEP] for text in texts]
    assert [each.truncated for each in found] == [False, False, True, False, False, False]


def test_messages_that_cannot_be_decompressed() -> None:
    deflate = Deflater()
    good, bomb, later = (frame(TEXT, deflate(text), rsv1=True) for text in (b"good", bytes(MAX_INFLATED + 1), b"later"))
    plain = frame(TEXT, b"plain")
    for bad in (bomb, frame(TEXT, b"\xff\xff\xff no deflate", rsv1=True)):
        found = read(good + bad + later + plain)
        assert [(each.payload, each.compressed, each.truncated) for each in found] == [
            (b"good", False, False), (b"", True, True), (b"", True, True), (b"plain", False, False)
        ]  # fmt: skip
    # Without the extension, the bit means something else.
    assert [each.compressed for each in read(good + plain, inflates=False)] == [True, False]


def test_many_small_bombs_in_one_read() -> None:
    """Each of a kilobyte makes a megabyte: without a bound for a read, all else would wait for them."""
    deflate = Deflater()
    data = b"".join(frame(TEXT, deflate(bytes(1024 * 1024)), rsv1=True) for _ in range(40))
    assert len(data) < 65_536
    decompressed = [each for each in read(data) if not each.compressed]
    assert 0 < len(decompressed) * 1024 * 1024 <= MAX_INFLATED
    # A message that comes in many reads may be as long as it likes.
    deflate = Deflater()
    long = frame(TEXT, deflate(bytes(3 * MAX_INFLATED)), rsv1=True)
    assert [each.compressed for each in read(long, 100)] == [False]


def test_whatever_comes_is_bounded() -> None:
    huge = b"\x82\xff" + b"\xff" * 8 + b"mask"
    reader = FrameReader(KEEP)
    assert reader.feed(huge + bytes(100_000)) == []
    assert reader.frames == 1
    assert sum(map(len, reader._payload)) == KEEP
    (unknown,) = read(frame(11, b"?"))
    assert (unknown.opcode, unknown.message) == (11, 11)


def test_text_of_a_frame() -> None:
    found = read(frame(TEXT, "grün".encode()) + frame(BINARY, b"\xff\0") + frame(CLOSE, b"\x03\xe8bye")
                 + frame(PING, b"hi") + frame(PING, b"\xff"))  # fmt: skip
    assert [frame_text(each) for each in found] == [
        ("grün", False), ("/wA=", True), ("bye", False), ("hi", False), ("/w==", True)
    ]  # fmt: skip
