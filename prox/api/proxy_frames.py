"""The frames of a recorded WebSocket, as the API shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET, Struct, UnsetType

from prox.core.exchanges import Direction  # noqa: TC001 -- msgspec reads the annotation
from prox.core.logs.batch import timestamp
from prox.core.websocket import CLOSE, TYPES, close_code, frame_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prox.core.exchanges import RecordedFrame


class FrameShown(Struct, frozen=True, kw_only=True):
    """A frame of a WebSocket: ``size`` as sent; ``data`` (with `include=body`) decompressed, as text or base64."""

    timestamp: str
    direction: Direction
    """`sent` by the client, or `received` by it."""
    type: str
    """`text`, `binary`, `continuation`, `close`, `ping`, `pong`, or the number of an unknown opcode."""
    final: bool
    """Whether it ends its message."""
    size: int
    truncated: bool
    """Whether there is more than `data`."""
    is_binary: bool
    close_code: int | None = None
    data: str | UnsetType = UNSET


def frames_shown(frames: Sequence[RecordedFrame], *, with_data: bool) -> list[FrameShown]:
    """Return frames as the API shows them. Call it in a thread: there may be 8 MiB of text."""
    found = []
    for time, direction, frame in frames:
        text, is_binary = frame_text(frame)
        found.append(
            FrameShown(
                timestamp=timestamp(time),
                direction=direction,
                type=TYPES.get(frame.opcode, str(frame.opcode)),
                final=frame.final,
                size=frame.size,
                truncated=frame.truncated,
                is_binary=is_binary,
                close_code=close_code(frame.payload) if frame.opcode == CLOSE else None,
                data=text if with_data else UNSET,
            )
        )
    return found
