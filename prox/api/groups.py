"""``/groups``: start, stop or restart all members of a group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quart import Blueprint, Response

from prox.api.openapi import describe
from prox.api.responses import Success, json_response

if TYPE_CHECKING:
    from prox.runtime.supervisor import Supervisor


def routes(supervisor: Supervisor) -> Blueprint:
    blueprint = Blueprint("groups", __name__)

    @blueprint.post("/groups/<name>/start")
    @describe(Success, errors=(404, 500, 503))
    async def start_group(name: str) -> Response:
        """Start the members of a group that are not running; respond when all are spawned."""
        await supervisor.start_group(name).wait_done()
        return json_response(Success())

    @blueprint.post("/groups/<name>/stop")
    @describe(Success, errors=(404, 503))
    async def stop_group(name: str) -> Response:
        """Stop the members of a group, dependents first; respond when all have stopped."""
        await supervisor.stop_group(name).wait_done()
        return json_response(Success())

    @blueprint.post("/groups/<name>/restart")
    @describe(Success, errors=(404, 500, 503))
    async def restart_group(name: str) -> Response:
        """Stop the members of a group, dependents first, then start all of them."""
        await supervisor.restart_group(name).wait_done()
        return json_response(Success())

    return blueprint
