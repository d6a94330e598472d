"""Every error of every route and method as JSON: ``{"error": sentence, "code": CODE}`` (``http-api.md``).

``ProxError`` and its children say what went wrong; their HTTP statuses are chosen here and nowhere else.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from quart_trio import QuartTrio
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from prox.api.answers import Failure, json_response
from prox.core.errors import ProxError

if TYPE_CHECKING:
    from types import TracebackType

    from quart import Response

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
    "PROCESS_ALREADY_RUNNING": 409,
    "PROCESS_NOT_RUNNING": 409,
    "START_FAILED": 500,
    "CONFIG_ERROR": 500,
    "PROXY_NOT_ENABLED": 503,
    "SHUTDOWN_IN_PROGRESS": 503,
}
"""The status of each code that a ``ProxError`` may carry to a client; any other one is a mistake of ours."""

_HTTP = {
    400: ("BAD_REQUEST", "the request is not understood"),
    404: ("NOT_FOUND", "there is no such route; /api/v1/openapi.json lists them"),
    405: ("METHOD_NOT_ALLOWED", "this route does not take that method"),
    408: ("REQUEST_TIMEOUT", "the request's body took too long to arrive"),
    413: ("PAYLOAD_TOO_LARGE", "the request's body is larger than 1 MB"),
}
_INTERNAL = Failure("prox made a mistake here; its log says more", "INTERNAL_ERROR")


class InvalidParameter(ProxError):
    """A query parameter of the wrong type or out of its range; the message names both."""

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


class ProxyNotEnabled(ProxError):
    """A proxy route, and no proxy runs."""

    code = "PROXY_NOT_ENABLED"


class JsonErrorsApp(QuartTrio):
    """A Quart app whose unexpected errors go to our log; Quart's own logger prints to stderr from a thread."""

    def log_exception(
        self, exception_info: tuple[type, BaseException, TracebackType] | tuple[None, None, None]
    ) -> None:
        log.error("the API failed to answer a request", exc_info=exception_info)


def answer_in_json(app: QuartTrio) -> None:
    """Register the handlers that make an answer of every error."""
    # The environment of the user (QUART_DEBUG) must not turn errors into tracebacks.
    app.config.update(DEBUG=False, TESTING=False, PROPAGATE_EXCEPTIONS=False)
    app.register_error_handler(ProxError, _prox_error)
    app.register_error_handler(HTTPException, _http_error)


def bad_request() -> Response:
    """Answer what is no request for this server at all."""
    code, sentence = _HTTP[400]
    return json_response(Failure(sentence, code), 400)


async def _prox_error(error: ProxError) -> Response:
    status = STATUS.get(error.code)
    if status is None:
        log.error("an error that the API does not know", exc_info=error)
        return json_response(_INTERNAL, 500)
    response = json_response(Failure("; ".join(str(error).splitlines()), error.code), status)
    if isinstance(error, Unauthorized):
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


async def _http_error(error: Any) -> Response:
    """Answer what Quart and Werkzeug raise: no route, wrong method, a body too large, or a mistake of ours."""
    status = error.code if error.code in _HTTP else 500
    code, sentence = _HTTP.get(status, (_INTERNAL.code, _INTERNAL.error))
    response = json_response(Failure(sentence, code), status)
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return response
