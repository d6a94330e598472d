"""Browser safety: a page on the web must not control processes on a developer's machine.

Host is checked against DNS rebinding, unless a token is required. Origin, or Sec-Fetch-Site if there is no Origin, is
always checked against cross-site requests. Only loopback origins get CORS headers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from quart import Response, request

from prox.api.auth import require_token
from prox.api.errors import ForbiddenHost, ForbiddenOrigin, Unauthorized
from prox.api.web import TICKET, is_page, no_access
from prox.core.addresses import host_name, is_loopback, origin_host, plain

if TYPE_CHECKING:
    from quart.wrappers import Request
    from quart_trio import QuartTrio

    from prox.api.sessions import Sessions
    from prox.api.settings import ApiSettings

HEALTH_PATH = "/health"
"""The only route that needs no token."""
CHANGE_HEADER = "X-Prox-Request"
"""A header that requests of a page with a cookie carry if they change something; a form of another site cannot."""

_CORS_HEADERS = "Authorization, Content-Type, Last-Event-ID, X-Prox-Request"
_CORS_SECONDS = "600"


def protect(app: QuartTrio, settings: ApiSettings, sessions: Sessions) -> None:
    """Check every request to the app, for any route and method, before it is handled."""

    async def check_request() -> Response | None:
        try:
            _check(request, settings, sessions)
        except Unauthorized:
            # The page checks a ticket itself, and its error is a page, too.
            if not is_page(request):
                raise
            return None if TICKET in request.args else no_access()
        return None

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


def _check(asked: Request, settings: ApiSettings, sessions: Sessions) -> None:
    headers = asked.headers
    if not settings.auth:
        # If bound to every address, the address that the client connected to is allowed too.
        here = (asked.scope.get("server") or ("",))[0]
        check_host(headers.get("Host", ""), frozenset(map(plain, (settings.host, here, *settings.allowed_hosts))))
    check_origin(headers.getlist("Origin"), headers.get("Sec-Fetch-Site", ""))
    # A browser sends no token with a preflight (Fetch, CORS protocol); its origin was checked above.
    preflight = asked.method == "OPTIONS" and "Access-Control-Request-Method" in headers and "Origin" in headers
    if settings.auth and settings.token and asked.path != HEALTH_PATH and not preflight:
        if "Authorization" not in headers and sessions.is_open(headers.get("Cookie", "")):
            _check_intent(asked)
        else:
            require_token(headers.get("Authorization"), settings.token)


def _check_intent(asked: Request) -> None:
    """Raise ForbiddenOrigin if a request with a cookie changes something and was not sent by a script of our page."""
    if asked.method not in ("GET", "HEAD", "OPTIONS") and asked.headers.get(CHANGE_HEADER) != "1":
        raise ForbiddenOrigin(f"a request that is authenticated by a cookie needs the header {CHANGE_HEADER}: 1")


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
