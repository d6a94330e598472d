"""The dashboard: the files of ``prox/web``, served at the root. They contain nothing of the processes."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from quart import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from prox.system.threads import in_thread

if TYPE_CHECKING:
    from quart.wrappers import Request

    from prox.api.sessions import Sessions
    from prox.api.settings import ApiSettings

PAGE_PATH = "/"
TICKET = "ticket"
"""The parameter of the page that carries a ticket."""
FOLDER = Path(__file__).parents[1] / "web"
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}

NO_ACCESS = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>prox: no access</title></head>
<body>
<h1>No access</h1>
<p>This instance of prox requires authentication. Run <code>prox open</code> in the project's directory: it opens this
page with a link that works once, for 60 seconds.</p>
</body>
</html>
"""


class _File(NamedTuple):
    data: bytes
    type: str
    etag: str


def routes(settings: ApiSettings, sessions: Sessions) -> Blueprint:
    blueprint = Blueprint("web", __name__)

    @blueprint.get(PAGE_PATH)
    async def get_page() -> Response:
        if ticket := request.args.get(TICKET):
            if cookie := sessions.open(ticket):
                # The browser keeps the fragment, which names the view (Fetch §4.3).
                return Response(b"", 303, {"Location": "/", "Set-Cookie": cookie, "Cache-Control": "no-store"})
            if settings.auth:
                return no_access()
        return await _file("index.html")

    @blueprint.get("/web/<path:name>")
    async def get_file(name: str) -> Response:
        return await _file(name)

    return blueprint


def is_page(asked: Request) -> bool:
    """Return whether a request is for the page of the dashboard."""
    return asked.path == PAGE_PATH and asked.method in ("GET", "HEAD")


def no_access() -> Response:
    """Return the page for a browser without access."""
    headers = {"WWW-Authenticate": "Bearer", "Cache-Control": "no-store"}
    return Response(NO_ACCESS, 401, headers, content_type=TYPES[".html"])


async def _file(name: str) -> Response:
    file = (await in_thread(_files)).get(name)
    if file is None:
        raise NotFound
    headers = {"ETag": file.etag, "Cache-Control": "no-cache"}
    if request.headers.get("If-None-Match") == file.etag:
        return Response(b"", 304, headers)
    return Response(file.data, 200, headers, content_type=file.type)


@lru_cache(maxsize=1)
def _files() -> dict[str, _File]:
    """Return the files of the dashboard by their path below ``FOLDER``."""
    found = {}
    for path in FOLDER.rglob("*"):
        if path.suffix in TYPES and path.is_file():
            data = path.read_bytes()
            etag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
            found[path.relative_to(FOLDER).as_posix()] = _File(data, TYPES[path.suffix], etag)
    return found
