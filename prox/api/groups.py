"""``/groups``: goals for all members of a group at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quart import Blueprint, Response

from prox.api.answers import Success, json_response
from prox.api.openapi import describe

if TYPE_CHECKING:
    from prox.runtime.supervisor import Supervisor


def routes(supervisor: Supervisor) -> Blueprint:
    blueprint = Blueprint("groups", __name__)

    @blueprint.post("/groups/<name>/start")
    @describe(Success, errors=(404, 500, 503))
    async def start_group(name: str) -> Response:
        """Start the members of a group that do not run; the answer comes once all are spawned."""
        await supervisor.start_group(name).wait_done()
        return json_response(Success())

    @blueprint.post("/groups/<name>/stop")
    @describe(Success, errors=(404, 503))
    async def stop_group(name: str) -> Response:
        """Stop the members of a group, dependents first; the answer comes once all have stopped."""
        await supervisor.stop_group(name).wait_done()
        return json_response(Success())

    @blueprint.post("/groups/<name>/restart")
    @describe(Success, errors=(404, 500, 503))
    async def restart_group(name: str) -> Response:
        """Stop the members of a group, dependents first, then start them all."""
        await supervisor.restart_group(name).wait_done()
        return json_response(Success())

    return blueprint
