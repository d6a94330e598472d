"""Between Hypercorn and Quart: odd targets, the name on every answer, bodies that are refused, the end of an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import trio

from prox.api.errors import BAD_REQUEST

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from hypercorn.typing import ASGIReceiveCallable, ASGIReceiveEvent, ASGISendCallable, ASGISendEvent, Scope

LINGER_SECONDS = 2.0
"""How long the rest of a body that was refused is read and thrown away."""
LAST_BYTES_SECONDS = 1.0
"""How long the end of an answer may take. In HTTP/2 it would wait for ever for a client that is gone."""


class Edge:
    """An ASGI app around another one. ``instance`` is the id of this run, which every answer carries."""

    def __init__(
        self, app: Callable[[Scope, ASGIReceiveCallable, ASGISendCallable], Awaitable[None]], instance: str
    ) -> None:
        self._app = app
        self._signature = [(b"server", b"prox"), (b"x-prox-instance", instance.encode())]

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        async def signed_send(message: Any) -> None:
            if message["type"].endswith(".response.start"):
                message["headers"] = [*message["headers"], *self._signature]
            await send(message)

        assert scope["type"] != "lifespan"  # the server has none
        # Quart takes a path only, not the target's other forms (RFC 9112 §3.2). In HTTP/2 a query may be any bytes.
        if scope["path"].startswith("/") and scope["query_string"].isascii():
            await self._lingering(scope, receive, signed_send)
        else:
            with trio.move_on_after(LAST_BYTES_SECONDS):
                await _refuse(scope["type"], signed_send)

    async def _lingering(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """End the answer once its request has been read, or after a while.

        Closed with bytes unread it would be reset, and a client that sends first and reads then would never see
        why it was refused (RFC 9112 §9.6).
        """
        all_read = trio.Event()

        async def watched_receive() -> ASGIReceiveEvent:
            message = await receive()
            if message["type"] != "http.request" or not message["more_body"]:
                all_read.set()
            return message

        async def patient_send(message: ASGISendEvent) -> None:
            if message["type"] != "http.response.body" or message["more_body"]:
                await send(message)
                return
            with trio.move_on_after(LINGER_SECONDS):
                await all_read.wait()
            # In the middle of this call Hypercorn tells Quart that the request is over, and Quart-Trio cancels
            # what it does for it: the connection would neither be closed nor made ready for the next request.
            with trio.move_on_after(LAST_BYTES_SECONDS, shield=True):
                await send(message)

        await self._app(scope, watched_receive, patient_send)


async def _refuse(kind: str, send: Callable[[Any], Awaitable[None]]) -> None:
    """Answer 400 to a request, or to one for a WebSocket."""
    prefix = "http" if kind == "http" else "websocket.http"
    body = msgspec.json.encode(BAD_REQUEST)
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": f"{prefix}.response.start", "status": 400, "headers": headers})
    await send({"type": f"{prefix}.response.body", "body": body, "more_body": False})
