"""``/proxy``: the requests that the reverse proxy has seen. No proxy runs in this version, and each route says so."""

from __future__ import annotations

from quart import Blueprint, Response

from prox.api.errors import ProxyNotEnabled


def routes() -> Blueprint:
    # Not described in openapi.json: a description lists what can be had.
    blueprint = Blueprint("proxy", __name__)
    methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]

    @blueprint.route("/proxy", methods=methods, defaults={"rest": ""})
    @blueprint.route("/proxy/<path:rest>", methods=methods)
    async def proxy(rest: str) -> Response:
        raise ProxyNotEnabled("no proxy runs here")

    return blueprint
