"""WebSocket frames in a stream of bytes (RFC 6455 §5.2), with their messages decompressed (RFC 7692)."""

from __future__ import annotations

import zlib
from base64 import b64encode
from typing import Final, NamedTuple

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
TYPES = {
    CONTINUATION: "continuation", TEXT: "text", BINARY: "binary", CLOSE: "close", PING: "ping", PONG: "pong",
}  # fmt: skip
MAX_INFLATED = 4 * 1024 * 1024
"""Bytes that one read may decompress to; beyond it, the direction is no longer decompressed. It bounds the time."""
_STEP = 256 * 1024
_TAIL = b"\x00\x00\xff\xff"
"""What a sender omits at the end of a compressed message (RFC 7692 §7.2.1)."""


class Frame(NamedTuple):
    """One frame."""

    opcode: int
    message: int
    """The opcode of its message: TEXT or BINARY also for a continuation."""
    final: bool
    size: int
    """Bytes of the payload as sent."""
    payload: bytes
    """The beginning of the payload, unmasked and decompressed."""
    truncated: bool
    """Whether there is more of it."""
    compressed: bool
    """Whether ``payload`` is empty since it is compressed in a way that is not understood."""


class FrameReader:
    """Reads the frames of one direction. ``keep``: bytes kept of each payload.

    ``inflates``: whether permessage-deflate was negotiated. Memory for it is taken at the first compressed frame.
    """

    __slots__ = (
        "_cut", "_final", "_head", "_inflated", "_inflates", "_inflating", "_keep", "_kept", "_left", "_mask",
        "_message", "_opcode", "_payload", "_size", "_stream", "frames",
    )  # fmt: skip

    def __init__(self, keep: int, *, inflates: bool = False) -> None:
        self.frames = 0
        """The number of frames that have begun."""
        self._keep: Final = keep
        self._inflates = inflates
        self._stream: zlib._Decompress | None = None
        self._head = bytearray()
        self._left = -1
        """Bytes of the payload still to come; -1: the head is read."""
        self._size = self._opcode = self._kept = self._inflated = 0
        self._message = BINARY
        self._final = self._inflating = self._cut = False
        """``_inflating``: whether the current message is compressed; ``_cut``: whether not all of it was kept."""
        self._mask = b""
        self._payload: list[bytes] = []

    def feed(self, data: bytes) -> list[Frame]:
        """Return the frames that end with the next bytes."""
        found: list[Frame] = []
        at = self._inflated = 0
        while at < len(data) or self._left == 0:
            if self._left < 0:
                self._head.append(data[at])
                at += 1
                if len(self._head) >= 2 and len(self._head) == self._head_size():
                    self._begin()
                continue
            end = min(len(data), at + self._left)
            if end > at:
                self._take(data, at, end)
            self._left -= end - at
            at = end
            if self._left == 0:
                found.append(self._end())
        return found

    def _head_size(self) -> int:
        short = self._head[1] & 0x7F
        return 2 + {126: 2, 127: 8}.get(short, 0) + (4 if self._head[1] & 0x80 else 0)

    def _begin(self) -> None:
        head, self._head = self._head, bytearray()
        self.frames += 1
        short = head[1] & 0x7F
        size = {126: 2, 127: 8}.get(short, 0)
        self._size = self._left = int.from_bytes(head[2 : 2 + size], "big") if size else short
        self._mask = bytes(head[2 + size :])
        self._opcode, self._final = head[0] & 0x0F, bool(head[0] & 0x80)
        if self._opcode in (TEXT, BINARY):
            self._message, self._inflating = self._opcode, bool(head[0] & 0x40)
        self._payload, self._kept, self._cut = [], 0, False

    @property
    def _is_compressed(self) -> bool:
        # Control frames between the fragments of a message are not compressed (RFC 7692 §6.1).
        return self._inflating and self._opcode < CLOSE

    def _take(self, data: bytes, begin: int, end: int) -> None:
        """Take in a part of the payload."""
        if self._is_compressed:
            if self._inflates:
                self._inflate(_unmask(data[begin:end], self._mask, self._size - self._left))
        elif self._kept < self._keep:
            part = data[begin : min(end, begin + self._keep - self._kept)]
            self._add(_unmask(part, self._mask, self._size - self._left))

    def _add(self, part: bytes) -> None:
        room = self._keep - self._kept
        self._cut |= len(part) > room
        part = part[:room]
        if part:
            self._payload.append(part)
            self._kept += len(part)

    def _inflate(self, data: bytes) -> None:
        """Decompress a part of a message; what is not kept is needed for what follows."""
        try:
            stream = self._stream = self._stream or zlib.decompressobj(-zlib.MAX_WBITS)
            while data:
                part = stream.decompress(data, _STEP)
                data = stream.unconsumed_tail
                self._inflated += len(part)
                self._add(part)
                if self._inflated > MAX_INFLATED or stream.eof:
                    raise zlib.error
        except zlib.error:
            # Without what came before, nothing that follows can be decompressed.
            self._inflates, self._stream = False, None

    def _end(self) -> Frame:
        compressed = self._is_compressed
        if compressed and self._final and self._inflates:
            self._inflate(_TAIL)
        known = not compressed or self._inflates
        payload = b"".join(self._payload) if known else b""
        whole = self._size if not compressed else 0
        self._left, self._payload = -1, []
        return Frame(
            opcode=self._opcode,
            message=self._message if self._opcode in (CONTINUATION, TEXT, BINARY) else self._opcode,
            final=self._final,
            size=self._size,
            payload=payload,
            truncated=not known or self._cut or len(payload) < whole,
            compressed=not known,
        )


def frame_text(frame: Frame) -> tuple[str, bool]:
    """Return the payload of a frame as text, or in base64, and whether it is binary. Of a close frame: its reason."""
    if frame.opcode == CLOSE:
        return frame.payload[2:].decode("utf-8", "replace"), False
    if frame.message == TEXT:
        return frame.payload.decode("utf-8", "replace"), False
    if frame.opcode in (PING, PONG) and frame.payload.isascii():
        return frame.payload.decode("ascii"), False
    return b64encode(frame.payload).decode("ascii"), True


def close_code(payload: bytes) -> int | None:
    """Return the status code of a close frame (RFC 6455 §5.5.1); None if it has none."""
    return int.from_bytes(payload[:2], "big") if len(payload) >= 2 else None


def _unmask(data: bytes, mask: bytes, position: int) -> bytes:
    """Return unmasked bytes (RFC 6455 §5.3). ``position``: that of the first byte in the payload."""
    if not mask or not any(mask):
        return data
    turned = mask[position % 4 :] + mask[: position % 4]
    key = (turned * (len(data) // 4 + 1))[: len(data)]
    return (int.from_bytes(data, "big") ^ int.from_bytes(key, "big")).to_bytes(len(data), "big")
