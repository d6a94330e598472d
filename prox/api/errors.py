"""Turn every error into JSON, ``{"error": message, "code": CODE}``, with its HTTP status."""

from __future__ import annotations

import logging
import traceback
from typing import TYPE_CHECKING, Any

from quart_trio import QuartTrio
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from prox.api.responses import Failure, json_response
from prox.core.errors import ProxError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from quart import Response
    from quart.wrappers.base import BaseRequestWebsocket
    from werkzeug.routing import MapAdapter

log = logging.getLogger("prox.api")
# Without a handler, logging's last resort would print to the stderr of a program that embeds prox.
log.addHandler(logging.NullHandler())

STATUS = {
    "INVALID_PARAMETER": 400,
    "INVALID_PATTERN": 400,
    "UNAUTHORIZED": 401,
    "FORBIDDEN_HOST": 403,
    "FORBIDDEN_ORIGIN": 403,
    "PROCESS_NOT_FOUND": 404,
    "REQUEST_NOT_FOUND": 404,
    "RUN_NOT_FOUND": 404,
    "REPLAY_FAILED": 409,
    "PROCESS_ALREADY_RUNNING": 409,
    "PROCESS_NOT_RUNNING": 409,
    "SUPERSEDED": 409,
    "START_FAILED": 500,
    "NO_RESET": 409,
    "RESET_FAILED": 500,
    "SIGNAL_FAILED": 500,
    "CONFIG_ERROR": 409,
    "LOG_FILE_UNREADABLE": 500,
    "PROXY_NOT_ENABLED": 503,
    "SHUTDOWN_IN_PROGRESS": 503,
}
"""The status of each error code that clients may get; any other code is an internal error."""

BAD_REQUEST = Failure("malformed request", "BAD_REQUEST")
_INTERNAL_ERROR = Failure("internal error; see .prox/prox.log", "INTERNAL_ERROR")
_HTTP_FAILURES = {
    400: BAD_REQUEST,
    404: Failure("no such route; /api/v1/openapi.json lists them", "NOT_FOUND"),
    405: Failure("method not allowed on this route", "METHOD_NOT_ALLOWED"),
    408: Failure("request body took too long to arrive", "REQUEST_TIMEOUT"),
    413: Failure("request body larger than 1 MB", "PAYLOAD_TOO_LARGE"),
    431: Failure("request head larger than 16 KB", "HEADERS_TOO_LARGE"),
    500: _INTERNAL_ERROR,
    501: Failure("unsupported transfer encoding; use chunked", "NOT_IMPLEMENTED"),
}


class InvalidParameter(ProxError):
    """A parameter or field of a body has the wrong type or is out of range; the message names both."""

    code = "INVALID_PARAMETER"


class Unauthorized(ProxError):
    """The token is missing or wrong."""

    code = "UNAUTHORIZED"


class ForbiddenHost(ProxError):
    """The Host header names another host."""

    code = "FORBIDDEN_HOST"


class ForbiddenOrigin(ProxError):
    """The request comes from a page of another site."""

    code = "FORBIDDEN_ORIGIN"


class RequestNotFound(ProxError):
    """No request with that id is recorded."""

    code = "REQUEST_NOT_FOUND"


class RunNotFound(ProxError):
    """No run with that id is kept, or it has no record."""

    code = "RUN_NOT_FOUND"


class ProxyNotEnabled(ProxError):
    """A proxy route was requested, but no proxy runs."""

    code = "PROXY_NOT_ENABLED"


class JsonApp(QuartTrio):
    """A Quart app without HTML responses. It logs to ``prox.api`` and ``report``; Quart would print, from a thread."""

    def __init__(self, name: str, report: Callable[[str], None]) -> None:
        super().__init__(name, static_folder=None)
        self._report = report

    def create_url_adapter(self, request: BaseRequestWebsocket | None) -> MapAdapter | None:
        """Return the URL adapter of a request.

        Quart's own fails on a malformed Host header before any error handler runs. No route depends on Host;
        ``browser_safety`` checks it.
        """
        if request is None:
            return None
        return self.url_map.bind(
            "localhost", url_scheme=request.scheme, default_method=request.method, path_info=request.path
        )

    async def make_default_options_response(self) -> Response:
        response = await super().make_default_options_response()
        response.status_code = 204
        response.headers.pop("Content-Type")
        response.headers.pop("Content-Length")
        return response

    def log_exception(
        self, exception_info: tuple[type, BaseException, TracebackType] | tuple[None, None, None]
    ) -> None:
        log.error("the API failed to answer a request", exc_info=exception_info)
        self._report("".join(["the API failed to answer a request\n", *traceback.format_exception(exception_info[1])]))


def answer_in_json(app: QuartTrio) -> None:
    """Register the error handlers that respond with JSON."""
    # The environment of the user (QUART_DEBUG) must not turn errors into tracebacks.
    app.config.update(DEBUG=False, TESTING=False, PROPAGATE_EXCEPTIONS=False)
    app.register_error_handler(ProxError, _prox_error)
    app.register_error_handler(HTTPException, _http_error)


def http_failure(status: int) -> Failure:
    """Return the error for a status that is not caused by a ProxError."""
    return _HTTP_FAILURES.get(status, _INTERNAL_ERROR if status >= 500 else BAD_REQUEST)


async def _prox_error(error: ProxError) -> Response:
    status = STATUS.get(error.code)
    if status is None:
        raise error
    response = json_response(Failure("; ".join(str(error).splitlines()), error.code), status)
    if isinstance(error, Unauthorized):
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


async def _http_error(error: Any) -> Response:
    """Respond to errors of Quart and Werkzeug: unknown route, wrong method, large body, internal error."""
    status = error.code if error.code in _HTTP_FAILURES else 500
    response = json_response(http_failure(status), status)
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return response
