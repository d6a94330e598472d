"""Browser safety: a page on the web must not drive what runs on a developer's machine.

Host is checked against DNS rebinding while no token is required, Origin (and Sec-Fetch-Site, which browsers
send where Origin is left out) against cross-site requests always. CORS headers go to loopback origins only.
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
"""The one route that needs no token."""

_CORS_HEADERS = "Authorization, Content-Type, Last-Event-ID"
_CORS_SECONDS = "600"


def protect(app: QuartTrio, settings: ApiSettings) -> None:
    """Check every request of the app, whatever its route and method, before anything else happens."""

    async def check_request() -> None:
        _check(request, settings)

    app.before_request(check_request)
    app.after_request(_allow_loopback_pages)


def check_host(header: str, allowed: frozenset[str]) -> None:
    """Raise ForbiddenHost unless a Host header names this machine for itself, or one of ``allowed`` (plain)."""
    host = host_name(header)
    if host is None or not (is_loopback(host) or host in allowed):
        raise ForbiddenHost("this name is not answered to; use localhost, or add it to api.allowed_hosts in prox.yaml")


def check_origin(origins: list[str], fetch_site: str) -> None:
    """Raise ForbiddenOrigin where a request comes from a page that this machine did not serve to itself."""
    if not all(map(is_loopback_origin, origins)) or (not origins and fetch_site.lower() == "cross-site"):
        raise ForbiddenOrigin("requests from pages of other sites are not answered")


def is_loopback_origin(origin: str) -> bool:
    return is_loopback(origin_host(origin) or "")


def _check(asked: Request, settings: ApiSettings) -> None:
    headers = asked.headers
    if not settings.auth:
        # Bound to every address, the one at which the client came in is a bound one too.
        here = (asked.scope.get("server") or ("",))[0]
        check_host(headers.get("Host", ""), frozenset(map(plain, (settings.host, here, *settings.allowed_hosts))))
    check_origin(headers.getlist("Origin"), headers.get("Sec-Fetch-Site", ""))
    # A browser sends no token with a preflight (Fetch, CORS protocol); that of a loopback page was let through above.
    preflight = asked.method == "OPTIONS" and "Access-Control-Request-Method" in headers and "Origin" in headers
    if settings.auth and settings.token and asked.path != HEALTH_PATH and not preflight:
        require_token(headers.get("Authorization"), settings.token)


async def _allow_loopback_pages(response: Response) -> Response:
    """Add the CORS headers of the Fetch standard (§3.2) for a page from this machine."""
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
