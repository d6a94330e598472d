"""Every error of every route and method as JSON: ``{"error": sentence, "code": CODE}`` (``http-api.md``).

``ProxError`` and its children say what went wrong; their HTTP statuses are chosen here and nowhere else.
"""

from __future__ import annotations

import logging
import traceback
from typing import TYPE_CHECKING, Any

from quart_trio import QuartTrio
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from prox.api.answers import Failure, json_response
from prox.core.errors import ProxError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from quart import Response
    from quart.wrappers.base import BaseRequestWebsocket
    from werkzeug.routing import MapAdapter

log = logging.getLogger("prox.api")
# A program that embeds prox and does not log gets nothing on its stderr (logging's last resort).
log.addHandler(logging.NullHandler())

STATUS = {
    "INVALID_PARAMETER": 400,
    "INVALID_PATTERN": 400,
    "UNAUTHORIZED": 401,
    "FORBIDDEN_HOST": 403,
    "FORBIDDEN_ORIGIN": 403,
    "PROCESS_NOT_FOUND": 404,
    "REQUEST_NOT_FOUND": 404,
    "REPLAY_FAILED": 409,
    "PROCESS_ALREADY_RUNNING": 409,
    "PROCESS_NOT_RUNNING": 409,
    "SUPERSEDED": 409,
    "START_FAILED": 500,
    "NO_RESET": 409,
    "RESET_FAILED": 500,
    "SIGNAL_FAILED": 500,
    "CONFIG_ERROR": 409,
    "PROXY_NOT_ENABLED": 503,
    "SHUTDOWN_IN_PROGRESS": 503,
}
"""The status of each code that a ``ProxError`` may carry to a client; any other one is a mistake of ours."""

BAD_REQUEST = Failure("the request is not understood", "BAD_REQUEST")
_INTERNAL_ERROR = Failure("internal error; see .prox/prox.log", "INTERNAL_ERROR")
_HTTP_FAILURES = {
    400: BAD_REQUEST,
    404: Failure("there is no such route; /api/v1/openapi.json lists them", "NOT_FOUND"),
    405: Failure("this route does not take that method", "METHOD_NOT_ALLOWED"),
    408: Failure("the request's body took too long to arrive", "REQUEST_TIMEOUT"),
    413: Failure("the request's body is larger than 1 MB", "PAYLOAD_TOO_LARGE"),
    431: Failure("the request's head is larger than 16 KB", "HEADERS_TOO_LARGE"),
    500: _INTERNAL_ERROR,
    501: Failure("no other transfer encoding than chunked is understood", "NOT_IMPLEMENTED"),
}


class InvalidParameter(ProxError):
    """A parameter, or a field of a body, of the wrong type or out of its range; the message names both."""

    code = "INVALID_PARAMETER"


class Unauthorized(ProxError):
    """The token is missing or wrong."""

    code = "UNAUTHORIZED"


class ForbiddenHost(ProxError):
    """The request was meant for another name than ours."""

    code = "FORBIDDEN_HOST"


class ForbiddenOrigin(ProxError):
    """The request comes from a page of somebody else's."""

    code = "FORBIDDEN_ORIGIN"


class RequestNotFound(ProxError):
    """No request of that id is recorded."""

    code = "REQUEST_NOT_FOUND"


class ProxyNotEnabled(ProxError):
    """A proxy route, and no proxy runs."""

    code = "PROXY_NOT_ENABLED"


class JsonApp(QuartTrio):
    """A Quart app that answers nothing in HTML. Its log is ours, and ``report``: Quart's prints, from a thread."""

    def __init__(self, name: str, report: Callable[[str], None]) -> None:
        super().__init__(name, static_folder=None)
        self._report = report

    def create_url_adapter(self, request: BaseRequestWebsocket | None) -> MapAdapter | None:
        """Return what finds the route of a request.

        Quart's own reads the Host header, fails where that is no name, and no error handler ever hears of it. No
        route depends on it; the guard checks it.
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
    """Register the handlers that make an answer of every error."""
    # The environment of the user (QUART_DEBUG) must not turn errors into tracebacks.
    app.config.update(DEBUG=False, TESTING=False, PROPAGATE_EXCEPTIONS=False)
    app.register_error_handler(ProxError, _prox_error)
    app.register_error_handler(HTTPException, _http_error)


def http_failure(status: int) -> Failure:
    """Return what is said where nothing but a status is known."""
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
    """Answer what Quart and Werkzeug raise: no route, wrong method, a body too large, or a mistake of ours."""
    status = error.code if error.code in _HTTP_FAILURES else 500
    response = json_response(http_failure(status), status)
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return response
