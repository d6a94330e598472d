"""``/shutdown``: stop everything, and prox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quart import Blueprint, Response, request

from prox.api.openapi import describe
from prox.api.responses import Success, json_response
from prox.core.errors import ShuttingDown
from prox.core.text import one_line, printable

if TYPE_CHECKING:
    from prox.runtime.supervisor import Supervisor


MAX_WHO = 100
"""Characters of a client's User-Agent that are shown."""


def routes(supervisor: Supervisor) -> Blueprint:
    blueprint = Blueprint("shutdown", __name__)

    @blueprint.post("/shutdown")
    @describe(Success, errors=(503,))
    async def shutdown() -> Response:
        """Stop everything, then prox; respond at once. The API is available until the processes are gone."""
        if supervisor.status == "stopping":
            raise ShuttingDown("prox is already shutting down")
        who = request.headers.get("User-Agent", "an unnamed client")
        supervisor.hub.system(
            f"received POST /shutdown from {one_line(printable(who))[:MAX_WHO]} ({request.remote_addr}), stopping"
        )
        supervisor.shutdown()
        response = json_response(Success())
        response.headers["Connection"] = "close"
        return response

    return blueprint
