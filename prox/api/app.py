"""The app: one blueprint a resource, guarded, every error in JSON. It serves one supervisor."""

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
"""How long a request's body may take to arrive."""


def create_app(supervisor: Supervisor, settings: ApiSettings, recorder: Recorder | None = None) -> QuartTrio:
    """Return the app that serves a supervisor. ``recorder``: its proxy's, if one runs."""
    app = JsonApp(__name__, supervisor.hub.system)
    app.config.update(MAX_CONTENT_LENGTH=MAX_BODY, BODY_TIMEOUT=BODY_SECONDS)
    # An unknown route is one, not a redirect to a known one.
    app.url_map.merge_slashes = False
    answer_in_json(app)
    protect(app, settings)

    async def read_body() -> None:
        # Also where a route takes none, it is checked before anything is done.
        await request.get_data()

    app.before_request(read_body)
    for resource in (status, processes, groups, logs, events, reload, shutdown):
        app.register_blueprint(resource.routes(supervisor), url_prefix=PREFIX)
    app.register_blueprint(proxy.routes(supervisor, recorder), url_prefix=PREFIX)
    app.register_blueprint(openapi.routes(app, settings), url_prefix=PREFIX)
    app.register_blueprint(health.routes())
    app.register_blueprint(metrics.routes(supervisor))
    return app
