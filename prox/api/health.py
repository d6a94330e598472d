"""``/health``, at the root: answers ``ok``. The only route that needs no token."""

from __future__ import annotations

from quart import Blueprint, Response

from prox.api.browser_safety import HEALTH_PATH
from prox.api.openapi import describe


def routes() -> Blueprint:
    blueprint = Blueprint("health", __name__)

    @blueprint.get(HEALTH_PATH)
    @describe(str, media="text/plain")
    async def get_health() -> Response:
        """Respond with `ok`."""
        return Response("ok", content_type="text/plain; charset=utf-8")

    return blueprint
