"""Browser safety: a page on the web must not control processes on a developer's machine.

Host is checked against DNS rebinding, unless a token is required. Origin, or Sec-Fetch-Site if there is no Origin, is
always checked against cross-site requests. Only loopback origins get CORS headers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from quart import Response, request

from prox.api.auth import require_token
from prox.api.errors import ForbiddenHost, ForbiddenOrigin
from prox.core.addresses import host_name, is_loopback, origin_host, plain

if TYPE_CHECKING:
    from quart.wrappers import Request
    from quart_trio import QuartTrio

    from prox.api.settings import ApiSettings

HEALTH_PATH = "/health"
"""The only route that needs no token."""

_CORS_HEADERS = "Authorization, Content-Type, Last-Event-ID"
_CORS_SECONDS = "600"


def protect(app: QuartTrio, settings: ApiSettings) -> None:
    """Check every request to the app, for any route and method, before it is handled."""

    async def check_request() -> None:
        _check(request, settings)

    app.before_request(check_request)
    app.after_request(_allow_loopback_pages)


def check_host(header: str, allowed: frozenset[str]) -> None:
    """Raise ForbiddenHost unless a Host header has a loopback name or one of ``allowed`` (plain)."""
    host = host_name(header)
    if host is None or not (is_loopback(host) or host in allowed):
        raise ForbiddenHost("this Host is not allowed; use localhost, or add it to api.allowed_hosts in prox.yaml")


def check_origin(origins: list[str], fetch_site: str) -> None:
    """Raise ForbiddenOrigin if a request comes from a page that was not served from a loopback address."""
    if not all(map(is_loopback_origin, origins)) or (not origins and fetch_site.lower() == "cross-site"):
        raise ForbiddenOrigin("requests from pages of other sites are refused")


def is_loopback_origin(origin: str) -> bool:
    return is_loopback(origin_host(origin) or "")


def _check(asked: Request, settings: ApiSettings) -> None:
    headers = asked.headers
    if not settings.auth:
        # If bound to every address, the address that the client connected to is allowed too.
        here = (asked.scope.get("server") or ("",))[0]
        check_host(headers.get("Host", ""), frozenset(map(plain, (settings.host, here, *settings.allowed_hosts))))
    check_origin(headers.getlist("Origin"), headers.get("Sec-Fetch-Site", ""))
    # A browser sends no token with a preflight (Fetch, CORS protocol); its origin was checked above.
    preflight = asked.method == "OPTIONS" and "Access-Control-Request-Method" in headers and "Origin" in headers
    if settings.auth and settings.token and asked.path != HEALTH_PATH and not preflight:
        require_token(headers.get("Authorization"), settings.token)


async def _allow_loopback_pages(response: Response) -> Response:
    """Add CORS headers (Fetch §3.2) for a page from a loopback origin."""
    origin = request.headers.get("Origin", "")
    if response.status_code == 403 or not is_loopback_origin(origin):
        return response
    response.headers["Access-Control-Allow-Origin"] = origin
    response.headers.add("Vary", "Origin")
    if request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Methods"] = response.headers.get("Allow", "")
        response.headers["Access-Control-Allow-Headers"] = _CORS_HEADERS
        response.headers["Access-Control-Max-Age"] = _CORS_SECONDS
    return response
