"""Create the Quart app of a supervisor: one blueprint for each resource, access checks, errors as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quart import request

from prox.api import (
    events,
    groups,
    health,
    log_files,
    logs,
    metrics,
    openapi,
    processes,
    proxy,
    reload,
    runs,
    shutdown,
    status,
    stream,
    tickets,
    usage,
    web,
)
from prox.api.browser_safety import protect
from prox.api.errors import JsonApp, answer_in_json
from prox.api.sessions import Sessions
from prox.runtime.usage_history import UsageHistory

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
    sessions = Sessions(supervisor.instance)
    protect(app, settings, sessions)

    async def read_body() -> None:
        # Read for every route, so that an invalid body is refused before any action.
        await request.get_data()

    app.before_request(read_body)
    for resource in (status, processes, groups, logs, log_files, events, reload, runs, shutdown):
        app.register_blueprint(resource.routes(supervisor), url_prefix=PREFIX)
    history = UsageHistory(supervisor.usage)
    app.register_blueprint(usage.routes(history), url_prefix=PREFIX)
    app.register_blueprint(stream.routes(supervisor, recorder, history), url_prefix=PREFIX)
    app.register_blueprint(proxy.routes(supervisor, recorder), url_prefix=PREFIX)
    app.register_blueprint(tickets.routes(sessions), url_prefix=PREFIX)
    app.register_blueprint(openapi.routes(app, settings), url_prefix=PREFIX)
    app.register_blueprint(health.routes())
    app.register_blueprint(metrics.routes(supervisor))
    app.register_blueprint(web.routes(settings, sessions))
    return app
