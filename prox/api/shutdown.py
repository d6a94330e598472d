"""``/shutdown``: the end of everything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quart import Blueprint, Response

from prox.api.answers import Success, json_response
from prox.api.openapi import describe
from prox.core.errors import ShuttingDown

if TYPE_CHECKING:
    from prox.runtime.supervisor import Supervisor


def routes(supervisor: Supervisor) -> Blueprint:
    blueprint = Blueprint("shutdown", __name__)

    @blueprint.post("/shutdown")
    @describe(Success, errors=(503,))
    async def shutdown() -> Response:
        """Begin to stop everything, then prox itself. The API answers until the processes are gone."""
        if supervisor.status == "stopping":
            raise ShuttingDown("prox is stopping everything already")
        supervisor.shutdown()
        response = json_response(Success())
        response.headers["Connection"] = "close"
        return response

    return blueprint
