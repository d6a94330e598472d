"""What a page of another origin gets from an instance, in Chromium: nothing."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from helpers.dashboard import authorized, drive, link
from helpers.project import Project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.real("vite"), pytest.mark.real("chromium")]

PROCESSES = """
processes:
  web: echo classified; exec sleep 1000
"""


def test_other_origins_get_nothing(project: Project, tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir()
    closed = Project.create(tmp_path / "closed")
    project.write("api: {port: 0, auth: false}" + PROCESSES)
    closed.write("api: {port: 0, auth: true}" + PROCESSES)
    with project.up() as prox, closed.up() as other, another_site() as port:
        projects = (project, closed)
        assert all(each.client("wait", "web").returncode == 0 for each in projects)
        before = [project.get("/processes").json(), authorized(closed, "/processes").json()]
        values = {"port": port, "open": prox.url, "closed": other.url, "link": link(closed)}
        drive("origins.mjs", values)
        after = [project.get("/processes").json(), authorized(closed, "/processes").json()]
        for was, now in zip(before, after, strict=True):
            (then,), (process,) = was["processes"], now["processes"]
            changes = {key: process[key] for key in ("status", "pid", "restarts") if process[key] != then[key]}
            assert not changes
        assert project.get("/status").json()["status"] == "running"


@contextmanager
def another_site() -> Iterator[int]:
    """Serve an empty page; return the port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Page)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        content = b"<!DOCTYPE html><title>evil</title><body>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None: ...
