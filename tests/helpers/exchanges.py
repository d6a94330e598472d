"""Exchanges for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prox.core.exchanges import Exchange

if TYPE_CHECKING:
    from collections.abc import Callable


class Body:
    def __init__(self, size: int = 0) -> None:
        self.size = size
        self.truncated = False

    def feed(self, data: bytes) -> None: ...

    def reader(self) -> Callable[[], bytes]:
        return bytes

    def discard(self) -> None: ...


def exchange(**changes: object) -> Exchange:
    usual: dict[str, object] = {
        "id": "0a1b2c3",
        "started_at": 1000.0,
        "method": "GET",
        "url": "/x?y",
        "host": "api.localhost:1",
        "scheme": "http",
        "subdomain": "api",
        "service": "api",
        "remote_addr": "127.0.0.1",
        "request_id": "r",
        "status": 200,
        "active": False,
        "duration": 0.0125,
        "request_body": Body(3),
        "response_body": Body(5),
    }
    return Exchange(**(usual | changes))  # type: ignore[arg-type]
