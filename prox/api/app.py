"""Create the Quart app of a supervisor: one blueprint for each resource, access checks, errors as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quart import request

from prox.api import events, groups, health, logs, metrics, openapi, processes, proxy, reload, shutdown, status
from prox.api.browser_safety import protect
from prox.api.errors import JsonApp, answer_in_json

if TYPE_CHECKING:
    from quart_trio import QuartTrio

    from prox.api.settings import ApiSettings
    from prox.proxy.recorder import Recorder
    from prox.runtime.supervisor import Supervisor

PREFIX = "/api/v1"
MAX_BODY = 1024 * 1024
BODY_SECONDS = 30
"""Seconds that a request's body may take to arrive."""


def create_app(supervisor: Supervisor, settings: ApiSettings, recorder: Recorder | None = None) -> QuartTrio:
    """Return the app of a supervisor. ``recorder``: that of its proxy, if one runs."""
    app = JsonApp(__name__, supervisor.hub.system)
    app.config.update(MAX_CONTENT_LENGTH=MAX_BODY, BODY_TIMEOUT=BODY_SECONDS)
    # `//status` is an unknown route, not a redirect.
    app.url_map.merge_slashes = False
    answer_in_json(app)
    protect(app, settings)

    async def read_body() -> None:
        # Read for every route, so that an invalid body is refused before any action.
        await request.get_data()

    app.before_request(read_body)
    for resource in (status, processes, groups, logs, events, reload, shutdown):
        app.register_blueprint(resource.routes(supervisor), url_prefix=PREFIX)
    app.register_blueprint(proxy.routes(supervisor, recorder), url_prefix=PREFIX)
    app.register_blueprint(openapi.routes(app, settings), url_prefix=PREFIX)
    app.register_blueprint(health.routes())
    app.register_blueprint(metrics.routes(supervisor))
    return app
